"""Where the value of an option comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.scan_options import ScanOptions, scan_config
from phalanx.cli.settings import read_config
from phalanx.errors import ConfigError


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[str, str]]:
    """Return option -> (value, source), as `phalanx config show` prints them."""
    tail = ["--", *words] if words else []
    assert main(["config", "show", "-f", "json", *tail]) == ExitCode.CLEAN
    return {
        f"{row['command']} {row['option']}": (row["value"], row["source"])
        for row in json.loads(capsys.readouterr().out)
    }


def test_default(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that nobody set has its default."""
    assert _shown(capsys)["scan --fdr"] == ("0.01", "default")


def test_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`phalanx.toml` in the working directory is read without being named."""
    Path("phalanx.toml").write_text('[scan]\nfdr = 0.05\nfail_on = "pool"\n')
    shown = _shown(capsys)
    assert shown["scan --fdr"] == ("0.05", "phalanx.toml")
    assert shown["scan --fail-on"] == ("pool", "phalanx.toml")


def test_environment_outranks_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of the environment is stronger than the file."""
    Path("phalanx.toml").write_text("[scan]\nfdr = 0.05\n")
    monkeypatch.setenv("PHALANX_SCAN_FDR", "0.1")
    assert _shown(capsys)["scan --fdr"] == ("0.1", "environment")


def test_option_outranks_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line is the strongest."""
    Path("phalanx.toml").write_text("[scan]\nfdr = 0.05\n")
    monkeypatch.setenv("PHALANX_SCAN_FDR", "0.1")
    shown = _shown(capsys, "scan", "log.jsonl", "--fdr", "0.2")
    assert shown["scan --fdr"] == ("0.2", "option")


def test_file_named_by_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PHALANX_CONFIG` names another file."""
    Path("other.toml").write_text("[scan]\nseed = 7\n")
    monkeypatch.setenv("PHALANX_CONFIG", "other.toml")
    assert _shown(capsys)["scan --seed"] == ("7", "other.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[scna]\nfdr = 0.05\n", "scna"),
        ("[scan]\nfrd = 0.05\n", "frd"),
        ('[scan]\nfdr = "much"\n', "much"),
        ("[scan\n", "TOML"),
    ],
)
def test_mistake_in_file_is_told(text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A setting that does not exist or does not fit is refused by name, never ignored."""
    Path("phalanx.toml").write_text(text)
    assert main(["scan", "log.jsonl"]) == ExitCode.BAD_INPUT
    assert told in capsys.readouterr().err


def test_misspelt_option_is_told_with_the_right_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of the file or a variable that nearly names an option is refused with that name."""
    Path("phalanx.toml").write_text("[scan]\nfdrr = 0.05\n")
    assert main(["scan", "log.jsonl"]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "phalanx.toml: [scan] has no option 'fdrr'" in said
    assert "Did you mean fdr?" in said
    Path("phalanx.toml").unlink()
    monkeypatch.setenv("PHALANX_SCAN_FDDR", "0.05")
    assert main(["scan", "log.jsonl"]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "PHALANX_SCAN_FDDR names no option of phalanx scan" in said
    assert "Did you mean PHALANX_SCAN_FDR?" in said


def test_variables_of_nested_commands_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What sets `campaigns show` is no mistake of `campaigns`."""
    monkeypatch.setenv("PHALANX_CAMPAIGNS_SHOW_FORMAT", "json")
    monkeypatch.setenv("PHALANX_CONFIG_SHOW_FORMAT", "json")
    assert main(["config", "show"]) == ExitCode.CLEAN


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[scan]\nfrd = 0.05\n", "frd"),
        ('[scan]\nfdr = "much"\n', "--fdr cannot be 'much'"),
        ("[scan]\nfdr = 5\n", "--fdr cannot be '5'"),
        ('[prices]\n"*" = 3\n', "[prices]"),
        ("[scan\n", "TOML"),
    ],
)
def test_settings_that_are_wrong_are_not_shown_as_absent(
    text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`config show` refuses a broken file by name; it leaves no command out silently."""
    Path("phalanx.toml").write_text(text)
    assert main(["config", "show"]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert told in said
    assert "phalanx.toml" in said


def test_required_options_and_prices_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What must be given is called so, and the price list has a row for each model."""
    shown = _shown(capsys)
    assert shown["evaluate --labels"] == ("(required)", "default")
    price = "3 in, 15 out (USD per million tokens)"
    assert shown["[prices] *"] == (price, "default")
    Path("phalanx.toml").write_text('[prices]\n"small-*" = [0.1, 0.4]\n"*" = [3, 15]\n')
    shown = _shown(capsys, "scan")
    assert shown["[prices] *"] == (price, "phalanx.toml")
    assert shown["[prices] small-*"] == (
        "0.1 in, 0.4 out (USD per million tokens)", "phalanx.toml"
    )  # fmt: skip


def test_named_file_must_exist() -> None:
    """A file that is named and absent is an error; the default one may be absent."""
    assert read_config(None) == {}
    with pytest.raises(ConfigError, match="no such configuration file"):
        read_config(Path("absent.toml"))


def test_file_that_is_no_text() -> None:
    """Bytes that are no UTF-8 text are a told error."""
    Path("phalanx.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a readable TOML file"):
        read_config(None)


def test_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `-f json` the same is a table."""
    assert main(["config", "show"]) == ExitCode.CLEAN
    assert "--clear-identifiers" in capsys.readouterr().out


def test_prices_from_the_file() -> None:
    """The table `[prices]` of the settings file prices the scan."""
    Path("phalanx.toml").write_text('[prices]\n"small-*" = [0.1, 0.4]\n"*" = [3, 15]\n')
    config = scan_config(ScanOptions(clear_identifiers=True), None)
    assert config.prices_usd_per_million_tokens["small-*"] == (0.1, 0.4)


def test_price_file_outranks_the_table() -> None:
    """`--prices` replaces the table of the settings file."""
    Path("phalanx.toml").write_text('[prices]\n"*" = [3, 15]\n')
    Path("list.toml").write_text('"*" = [1, 2]\n')
    config = scan_config(ScanOptions(clear_identifiers=True, prices=Path("list.toml")), None)
    assert dict(config.prices_usd_per_million_tokens) == {"*": (1.0, 2.0)}


def test_options_of_a_group_hold_for_its_commands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What commands share is said once, in file or environment; what is said of one is stronger."""
    Path("phalanx.toml").write_text(
        '[share.hub]\ndatabase = "all.hub"\nkey = "a.key"\n[share.hub.show]\ndatabase = "one.hub"\n'
    )
    shown = _shown(capsys)
    assert shown["share hub serve --database"] == ("all.hub", "phalanx.toml")
    assert shown["share hub serve --key"] == ("a.key", "phalanx.toml")
    assert shown["share hub show --database"] == ("one.hub", "phalanx.toml")
    assert shown["share keys serve --database"] == ("keys.db", "default")
    monkeypatch.setenv("PHALANX_SHARE_HUB_DATABASE", "two.hub")
    monkeypatch.setenv("PHALANX_SHARE_HUB_ADD_MEMBER_DATABASE", "three.hub")
    shown = _shown(capsys)
    assert shown["share hub serve --database"] == ("two.hub", "environment")
    assert shown["share hub add-member --database"] == ("three.hub", "environment")


def test_mistake_in_the_table_of_a_group_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that no command of the group has is refused by each of them."""
    Path("phalanx.toml").write_text('[share.hub]\ndatabas = "a.hub"\n')
    assert main(["share", "hub", "show"]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "no command of [share.hub] has an option 'databas'" in said
    assert "Did you mean database?" in said
