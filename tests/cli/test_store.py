"""`phalanx scan --store`: day by day, from a command line."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main


@pytest.fixture
def store(log: Path, key: Path, scan_folder: Path, tmp_path: Path) -> Path:
    """Return a store in which the log was scanned, under the key of `scan_folder`."""
    assert scan_folder.exists()
    path = tmp_path / "days.store"
    main(scanning(log, key, path))
    return path


def scanning(log: Path, key: Path, store: Path, *more: str) -> list[str]:
    """Return the words of a daily scan."""
    out = str(store.parent / "scan")
    words = ["scan", str(log), "--out", out, "--key", str(key), "--store", str(store)]
    return [*words, "--since", "last", "-q", *more]


def document(folder: Path) -> object:
    """Return what a scan concluded."""
    found = json.loads((folder / "campaigns.json").read_text(encoding="utf-8"))
    del found["run"]
    return found


def test_a_daily_scan_reports_what_one_scan_does(
    log: Path, key: Path, store: Path, scan_folder: Path
) -> None:
    """The first time, and again when nothing is new; the store is recorded."""
    assert document(store.parent / "scan") == document(scan_folder)
    main(scanning(log, key, store))
    assert document(store.parent / "scan") == document(scan_folder)
    run = json.loads((store.parent / "scan" / "run.json").read_text(encoding="utf-8"))
    assert run["parameters"]["store"] == str(store)
    assert run["notes"]["exchange seen by an earlier scan, skipped"] > 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--seed", "7"], "seed was 0 and is 7"),
        (["--step-hours", "24"], "step_hours was 6 and is 24"),
        (["--since", "start"], "holds 1 scans already"),
        (["--clear-identifiers"], "this scan has identifiers in clear"),
    ],
)
def test_a_daily_scan_that_differs_is_refused(
    more: list[str],
    said: str,
    log: Path,
    key: Path,
    store: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit status 2, what changed, and the next step; no traceback."""
    words = scanning(log, key, store)
    if "--since" in more:
        words = words[: words.index("--since")]
    assert main([*words, *more]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Next:" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("place", ["phalanx.formats.folder", "phalanx.cli.rendering"])
def test_a_scan_whose_findings_were_not_written_is_not_kept(
    place: str, log: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill` before folder and file are written leaves the store as it was: repeat the scan."""

    def killed(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    store, output = tmp_path / "days.store", tmp_path / "found.txt"
    words = scanning(log, key, store, "-o", str(output), "--step-hours", "24")
    with monkeypatch.context() as patched:
        patched.setattr(f"{place}.write_{'scan' if 'folder' in place else 'text'}", killed)
        assert main(words) == ExitCode.TERMINATED
    assert main(words) != ExitCode.BAD_INPUT
    run = json.loads((tmp_path / "scan" / "run.json").read_text(encoding="utf-8"))
    assert "exchange seen by an earlier scan, skipped" not in run["notes"]
    assert output.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--since", "last"], "--since last needs a store"),
        (["--store-folder", "parts"], "--store-folder needs a store"),
        (["--store", "postgresql://me:hunter2@db/days"], "holds a password"),
        (["--store", "postgresql://db/days"], "holds no files"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    more: list[str], said: str, log: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is read, and without repeating a secret."""
    assert main(["scan", str(log), "--key", str(key), *more]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "hunter2" not in told


def test_a_damaged_store_is_refused(
    log: Path, key: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 with the path."""
    (part,) = store.parent.glob("days.store.parts/*/uses.parquet")
    part.write_bytes(b"PAR1")
    assert main(scanning(log, key, store)) == 2
    assert "uses.parquet: not the file that the scan wrote" in capsys.readouterr().err
