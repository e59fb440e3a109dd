"""`phalanx reveal`: pseudonyms resolved for those who hold the key, and noted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.reveal import _render


def _pseudonyms(scan_folder: Path) -> list[str]:
    table = pq.read_table(scan_folder / "accounts.parquet")
    return [str(account) for account in table.column("account_id").to_pylist()]


Reveal = Callable[..., int]


@pytest.fixture
def reveal(scan_folder: Path, key: Path) -> Reveal:
    """Return a function that runs `phalanx reveal` on the scan with its key."""
    return lambda *words: main(
        ["reveal", str(scan_folder), "-f", "json", "--key", str(key), *words]
    )


def test_resolves_from_the_log(
    reveal: Reveal, scan_folder: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hashing the accounts of the log again finds who stands behind a pseudonym."""
    wanted = _pseudonyms(scan_folder)[:3]
    words = [word for pseudonym in wanted for word in ("--account", pseudonym)]
    assert reveal("--log", str(log), *words) == ExitCode.CLEAN
    found = json.loads(capsys.readouterr().out)
    raw = set(pq.read_table(log).column("account_id").to_pylist())
    assert set(found) == set(wanted)
    assert set(found.values()) <= raw


def test_resolves_from_a_list(
    reveal: Reveal, scan_folder: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list of candidates serves as well as the log; who is not on it stays hidden."""
    wanted = _pseudonyms(scan_folder)[:2]
    words = [word for pseudonym in wanted for word in ("--account", pseudonym)]
    reveal("--log", str(log), *words)
    first, second = json.loads(capsys.readouterr().out).items()
    (tmp_path / "ids.txt").write_text(f"{first[1]}\nsomebody else\n")
    assert reveal("--ids", str(tmp_path / "ids.txt"), *words) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out) == {first[0]: first[1]}
    assert second[0] != first[0]


def test_notes_who_asked(reveal: Reveal, scan_folder: Path, log: Path) -> None:
    """Each reveal adds a line to `reveals.jsonl`: when, who, how many."""
    note = scan_folder / "reveals.jsonl"
    before = note.read_text().splitlines() if note.exists() else []
    reveal("--log", str(log), "--account", _pseudonyms(scan_folder)[0])
    added = note.read_text().splitlines()[len(before) :]
    (line,) = map(json.loads, added)
    assert line.keys() == {"at", "by", "asked", "resolved"}
    assert (line["asked"], line["resolved"]) == (1, 1)


def test_other_key_is_refused(
    scan_folder: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key of another scan would resolve nobody, so it is told."""
    other = tmp_path / "other.key"
    other.write_bytes(bytes(32))
    other.chmod(0o600)
    words = ["reveal", str(scan_folder), "--log", str(log), "--key", str(other)]
    assert main(words) == ExitCode.BAD_INPUT
    assert "key_" in capsys.readouterr().err


def test_absent_key_is_not_made(scan_folder: Path, log: Path, tmp_path: Path) -> None:
    """A reveal never makes a key: a new one could resolve nothing."""
    absent = tmp_path / "absent.key"
    words = ["reveal", str(scan_folder), "--log", str(log), "--key", str(absent)]
    assert main(words) == ExitCode.BAD_INPUT
    assert not absent.exists()


def test_candidates_are_needed(
    reveal: Reveal, scan_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a log or a list there is nobody to compare with."""
    assert reveal("--account", _pseudonyms(scan_folder)[0]) == ExitCode.BAD_INPUT
    assert "--log or --ids" in capsys.readouterr().err


def test_candidates_come_from_one_place(
    reveal: Reveal, log: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log and a list at once are refused."""
    words = ["--log", str(log), "--ids", str(labels), "--account", "acct_0"]
    assert reveal(*words) == ExitCode.BAD_INPUT
    assert "--log or --ids" in capsys.readouterr().err


def test_folder_that_is_no_scan(
    log: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without `run.json` is told."""
    words = ["reveal", str(tmp_path), "--log", str(log), "--key", str(key)]
    assert main(words) == ExitCode.BAD_INPUT
    assert "run.json" in capsys.readouterr().err


def test_scan_in_clear_has_nothing_to_reveal(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Identifiers that were never hidden are not revealed."""
    main(["scan", str(log), "--clear-identifiers", "--out", str(tmp_path / "clear"), "-q"])
    assert main(["reveal", str(tmp_path / "clear"), "--log", str(log)]) == ExitCode.BAD_INPUT
    assert "in clear" in capsys.readouterr().err


def test_people_read_a_list(
    scan_folder: Path, log: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `-f json` there is one line for each pseudonym."""
    wanted = _pseudonyms(scan_folder)[0]
    words = ["reveal", str(scan_folder), "--log", str(log), "--key", str(key)]
    assert main([*words, "--account", wanted]) == ExitCode.CLEAN
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{wanted}  ")


@pytest.mark.parametrize("output_format", ["table", "json"])
def test_a_revealed_name_cannot_steer_the_terminal(output_format: str) -> None:
    """An account that is named like an escape sequence is shown and does nothing."""
    shown = _render({"acct_1": "\x1b[2Jbob\u202e\x9b"}, output_format)
    assert "bob" in shown
    assert not {"\x1b", "\u202e", "\x9b"} & set(shown)


def test_a_file_of_names_is_for_its_owner(
    reveal: Reveal, scan_folder: Path, log: Path, tmp_path: Path
) -> None:
    """What `reveal` writes cannot be read by others."""
    output = tmp_path / "names.json"
    account = _pseudonyms(scan_folder)[0]
    reveal("--log", str(log), "--account", account, "--output", str(output))
    assert output.stat().st_mode & 0o777 == 0o600
