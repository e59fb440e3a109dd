"""`phalanx appeal`: one page for one account, whoever asks and whatever is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.cli import ExitCode, main
from phalanx.logs.pseudonym import pseudonym


@pytest.fixture(scope="session")
def scan_folder(log: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a scan whose rate is generous enough for the campaign to be listed."""
    folder = tmp_path_factory.mktemp("generous")
    main(["scan", str(log), "--out", str(folder), "--key", str(key), "--fdr", "0.3", "-q"])
    return folder


@pytest.fixture(scope="session")
def pseudonyms(scan_folder: Path) -> list[str]:
    """Return the accounts of the scan, those that stand in a group first."""
    table = pq.read_table(scan_folder / "accounts.parquet", columns=["account_id", "group_id"])
    rows = sorted(table.to_pylist(), key=lambda row: (row["group_id"] is None, row["account_id"]))
    return [str(row["account_id"]) for row in rows]


@pytest.fixture
def copy(scan_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the scan that may be damaged."""
    return Path(shutil.copytree(scan_folder, tmp_path / "scan"))


def test_a_pseudonym_needs_no_key(
    scan_folder: Path, pseudonyms: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """An account as it stands in the scan is shown without any secret."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["appeal", pseudonyms[0], "--scan", str(scan_folder)]) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert pseudonyms[0] in shown
    assert "if something did not count" in shown
    assert not [name for name in pseudonyms[1:] if name in shown]


@pytest.mark.parametrize("output_format", ["table", "html", "json"])
def test_an_account_in_clear_is_looked_up_with_the_key(
    copy: Path, log: Path, key: Path, output_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page of a name in the log is that of its pseudonym; the name is not on it."""
    name = str(pq.read_table(log, columns=["account_id"])["account_id"][0])
    words = ["appeal", name, "--scan", str(copy), "--key", str(key), "-f", output_format]
    assert main(words) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert pseudonym(key.read_bytes(), "account_id", name) in shown
    assert name not in shown
    line = json.loads((copy / "reveals.jsonl").read_text().splitlines()[-1])
    assert (line["asked"], line["resolved"]) == (1, 1)


def test_an_unknown_account_is_told(
    copy: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whom the scan did not see gets no page but a plain message, and the question is noted."""
    words = ["appeal", "nobody", "--scan", str(copy), "--key", str(key)]
    assert main(words) == ExitCode.BAD_INPUT
    said = capsys.readouterr()
    assert "saw no account 'nobody'" in said.err
    assert said.out == ""
    line = json.loads((copy / "reveals.jsonl").read_text().splitlines()[-1])
    assert line["resolved"] == 0


def test_without_the_key_nobody_is_looked_up(
    scan_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account in clear needs the scan's key, and none is made."""
    absent = tmp_path / "absent.key"
    words = ["appeal", "alice", "--scan", str(scan_folder), "--key", str(absent)]
    assert main(words) == ExitCode.BAD_INPUT
    assert "none can be looked up" in capsys.readouterr().err
    assert not absent.exists()


@pytest.mark.parametrize("name", ["accounts.parquet", "looks.parquet", "links.parquet"])
@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1", b"\x00" * 4096])
def test_a_damaged_table_is_told(
    copy: Path, pseudonyms: list[str], name: str, content: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A table that is no Parquet is named."""
    (copy / name).write_bytes(content)
    assert main(["appeal", pseudonyms[0], "--scan", str(copy)]) == ExitCode.BAD_INPUT
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("name", ["accounts.parquet", "looks.parquet", "campaigns.json"])
def test_an_absent_file_is_told(
    copy: Path, pseudonyms: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scan that lacks a file that the page needs is refused."""
    (copy / name).unlink()
    assert main(["appeal", pseudonyms[0], "--scan", str(copy)]) == ExitCode.BAD_INPUT
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "somebody.else/1"}', "\udcff"])
def test_foreign_json_is_told(
    copy: Path, pseudonyms: list[str], content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document that is not of a scan is refused."""
    (copy / "campaigns.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    assert main(["appeal", pseudonyms[0], "--scan", str(copy)]) == ExitCode.BAD_INPUT
    assert "campaigns.json" in capsys.readouterr().err


def test_files_of_two_scans_are_told(
    copy: Path, pseudonyms: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Looks of another scan do not hold the group that was judged."""
    looks = pq.read_table(copy / "looks.parquet")
    pq.write_table(looks.slice(0, 0), copy / "looks.parquet")
    assert main(["appeal", pseudonyms[0], "--scan", str(copy)]) == ExitCode.BAD_INPUT
    assert "looks.parquet" in capsys.readouterr().err


def test_the_page_is_for_its_owner(
    scan_folder: Path, pseudonyms: list[str], tmp_path: Path
) -> None:
    """The file cannot be read by others on the machine."""
    page = tmp_path / "page.html"
    words = ["appeal", pseudonyms[0], "--scan", str(scan_folder), "-f", "html", "-o", str(page)]
    assert main(words) == ExitCode.CLEAN
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(account=st.text(min_size=1).filter(lambda text: not text.startswith("-")))
def test_any_name_is_answered(
    scan_folder: Path, key: Path, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Odd names are unknown accounts, and what is printed of them steers no terminal."""
    status = main(["appeal", account, "--scan", str(scan_folder), "--key", str(key)])
    assert status == ExitCode.BAD_INPUT
    assert not {"\x1b", "\u202e", "\x9b", "\x07"} & set(capsys.readouterr().err)
