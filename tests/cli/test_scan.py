"""`phalanx scan`: what it writes, prints and returns."""

from __future__ import annotations

import gzip
import json
import signal
import stat
import tempfile
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.rendering import FORMATS
from phalanx.cli.scan import FailOn, fails
from phalanx.formats.folder import FILES, read_scan
from phalanx.model import Campaign, Harm, SuspiciousParty, UndeclaredPool


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_writes_the_scan_folder(scan_folder: Path) -> None:
    """All files of a scan stand in the folder of `--out`."""
    assert {path.name for path in scan_folder.iterdir()} >= set(FILES)


def test_prints_the_chosen_format(
    log: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-f json` prints what `campaigns.json` holds, and nothing else on standard output."""
    main(["scan", str(log), "-f", "json", "--key", str(key)])
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    assert printed == json.loads((tmp_path / "phalanx-scan/campaigns.json").read_text())
    assert "report.html" in captured.err


def test_same_scan_again_gives_the_same_findings(
    scan_folder: Path, log: Path, key: Path, tmp_path: Path
) -> None:
    """A scan with the same key and seed repeats its findings byte for byte."""
    main(["scan", str(log), "--out", "again", "--key", str(key), "-q"])
    first, again = (
        {key: value for key, value in json.loads(path.read_text()).items() if key != "run"}
        for path in (scan_folder / "campaigns.json", tmp_path / "again/campaigns.json")
    )
    assert first == again


def test_pseudonyms_by_default(scan_folder: Path, log: Path) -> None:
    """No account id of the log stands in any result."""
    raw = set(pq.read_table(log).column("account_id").to_pylist())
    kept = set(pq.read_table(scan_folder / "accounts.parquet").column("account_id").to_pylist())
    assert kept
    assert not raw & kept
    assert not any(account in (scan_folder / "report.html").read_text() for account in raw)


def test_clear_identifiers_on_request(log: Path, tmp_path: Path) -> None:
    """`--clear-identifiers` keeps account ids as they stand in the log, and makes no key."""
    main(["scan", str(log), "--clear-identifiers", "-q"])
    raw = set(pq.read_table(log).column("account_id").to_pylist())
    kept = pq.read_table(tmp_path / "phalanx-scan/accounts.parquet").column("account_id")
    assert set(kept.to_pylist()) <= raw
    assert json.loads((tmp_path / "phalanx-scan/run.json").read_text())["key_id"] == ""


def test_default_key_is_made_once_and_private(
    log: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--key`, a key for the owner alone is made in the configuration folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    main(["scan", str(log), "-q"])
    key = tmp_path / "config/phalanx/pseudonym.key"
    made = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    main(["scan", str(log), "-q"])
    assert key.read_bytes() == made


@pytest.mark.parametrize(
    ("found", "failing"),
    [
        ("campaign", {"campaign", "pool", "party"}),
        ("pool", {"pool", "party"}),
        ("party", {"party"}),
        ("nothing", set()),
    ],
)
def test_fail_on(scan_folder: Path, pool: UndeclaredPool, found: str, failing: set[FailOn]) -> None:
    """`--fail-on` is the least finding that counts; a campaign outranks a pool, a pool a party."""
    result = read_scan(scan_folder)
    facts, judgement = pool.facts, pool.judgement
    campaign = Campaign(
        campaign_id="campaign-1",
        facts=facts,
        judgement=judgement,
        harm=Harm(output_tokens=0, estimated_cost_usd=0.0, share_of_known_sets={}),
        actions=(),
    )
    party = SuspiciousParty(party_id="party-1", facts=facts, judgement=judgement)
    only = replace(
        result,
        campaigns=(campaign,) if found == "campaign" else (),
        undeclared_pools=(pool,) if found == "pool" else (),
        suspicious_parties=(party,) if found == "party" else (),
    )
    assert {level for level in get_args(FailOn) if fails(only, level)} == failing


def test_status_says_whether_something_was_found(scan_folder: Path, log: Path, key: Path) -> None:
    """The exit status is that of the findings, and `never` makes it 0."""
    result = read_scan(scan_folder)
    words = ["scan", str(log), "--key", str(key), "-q", "-o", "out.txt"]
    expected = ExitCode.FINDINGS if fails(result, "party") else ExitCode.CLEAN
    assert main([*words, "--fail-on", "party"]) == expected
    assert main([*words, "--fail-on", "never"]) == ExitCode.CLEAN


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.jsonl", None),
        ("empty.jsonl", b""),
        ("noise.parquet", b"PAR1 not really"),
        ("other.jsonl", b'{"what": "ever"}\n'),
        ("broken.jsonl", b"{{{{\n\x00\x00\n"),
    ],
)
def test_log_that_cannot_be_used(
    name: str, content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no log is status 2 with a next step; nothing is left half-written."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["scan", name]) == ExitCode.BAD_INPUT
    message = capsys.readouterr().err
    assert "Next:" in message
    assert "Traceback" not in message
    assert not (tmp_path / "phalanx-scan").exists()


def test_cut_log_is_a_warning(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A compressed log that ends early is read as far as it goes, and everybody is told."""
    rows = pq.read_table(log).slice(0, 2000).to_pylist()
    text = "\n".join(json.dumps(row, default=str) for row in rows)
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(text.encode())[:-2000])
    main(["scan", "cut.jsonl.gz", "--clear-identifiers"])
    said = "cut.jsonl.gz: the compressed data end early; what came before was read"
    captured = capsys.readouterr()
    assert f"warning: {said}" in captured.err
    assert f"noted 1 x {said}" in captured.out
    assert said in (tmp_path / "phalanx-scan/report.html").read_text()
    for name in ("run.json", "campaigns.json"):
        record = json.loads((tmp_path / "phalanx-scan" / name).read_text())
        assert record.get("run", record)["notes"][said] == 1


def test_run_json_is_all_that_a_repeat_needs(log: Path, key: Path, tmp_path: Path) -> None:
    """Files of settings, readers, prices, threads, clock and versions are on record; no key is."""
    pq.write_table(pq.read_table(log).slice(0, 500), "log.parquet")
    account = pq.read_table("log.parquet")["account_id"][0].as_py()
    Path("trusted.txt").write_text(f"{account}\n")
    Path("parties.csv").write_text(f"account_id,party\n{account},p\n")
    Path("prices.toml").write_text('"*" = [1, 2]\n')
    Path("phalanx.toml").write_text("[scan]\nseed = 3\n")
    words = ["--trusted", "trusted.txt", "--parties", "parties.csv", "--prices", "prices.toml"]
    main(["scan", "log.parquet", *words, "--key", str(key), "-q"])
    text = (tmp_path / "phalanx-scan/run.json").read_text()
    run = json.loads(text)
    given = {"config": "phalanx.toml", "trusted": "trusted.txt", "parties": "parties.csv",
             "prices": "prices.toml"}  # fmt: skip
    assert {each["role"]: (each["path"], each["sha256"]) for each in run["files"]} == {
        role: (name, sha256(Path(name).read_bytes()).hexdigest()) for role, name in given.items()
    }
    assert run["readers"] == {"log.parquet": "native"}
    assert run["prices_usd_per_million_tokens"] == {"*": [1.0, 2.0]}
    assert run["default_prices"] is False
    assert run["parameters"]["seed"] == 3
    assert run["parameters"]["threads"] >= 1
    assert run["parameters"]["clear_identifiers"] is False
    assert datetime.fromisoformat(run["parameters"]["now"]).tzinfo is not None
    assert {"narwhals", "sqlglot", "python"} <= set(run["versions"])
    assert key.read_bytes().hex() not in text


def test_folder_that_cannot_be_written(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file where the folder should be is told."""
    (tmp_path / "taken").write_text("mine")
    assert main(["scan", str(log), "--out", "taken", "-q"]) == ExitCode.BAD_INPUT
    assert "taken" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("words", [["--out", "taken/sub"], ["-o", "folder"], ["-o", "taken/x"]])
def test_places_are_checked_before_anything_is_read(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that does not exist is not missed: the place comes first."""
    (tmp_path / "taken").write_text("mine")
    (tmp_path / "folder").mkdir()
    given = ["scan", "absent.jsonl", "--clear-identifiers", "-q", *words]
    assert main(given) == ExitCode.BAD_INPUT
    assert "cannot be written" in capsys.readouterr().err


def test_unknown_column_in_map(capsys: pytest.CaptureFixture[str]) -> None:
    """A mapping to a column that does not exist is told with those that do."""
    assert main(["scan", "log.jsonl", "--map", "acount=user"]) == ExitCode.BAD_INPUT
    assert "account_id" in capsys.readouterr().err


@pytest.mark.parametrize("output_format", FORMATS)
def test_output_file(scan_folder: Path, tmp_path: Path, output_format: str) -> None:
    """`-o` writes a rendering into a file, in every format."""
    words = ["campaigns", str(scan_folder), "-f", output_format, "-o", "sub/out"]
    assert main(words) == ExitCode.CLEAN
    assert (tmp_path / "sub/out").read_text()
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["out"]


def test_output_file_that_cannot_be_written(
    scan_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path that cannot be written is told."""
    words = ["campaigns", str(scan_folder), "-o", "/proc/none/out"]
    assert main(words) == ExitCode.BAD_INPUT
    assert "/proc/none/out" in capsys.readouterr().err


def test_interrupt_is_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during a scan ends it without a traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phalanx.cli.scan.scan_into", interrupt)
    assert main(["scan", "log.jsonl", "--clear-identifiers"]) == ExitCode.INTERRUPTED


def test_sigterm_is_status_143_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill` ends a scan in order: what it wrote aside is removed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def stopped(*_: object, **__: object) -> None:
        assert list(tmp_path.iterdir())
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("phalanx.detect.scan", stopped)
    assert main(["scan", "log.jsonl", "--clear-identifiers"]) == ExitCode.TERMINATED
    assert not list(tmp_path.iterdir())
