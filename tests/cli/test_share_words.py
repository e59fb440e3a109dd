"""What a person mistypes is told before anything is read, asked, or replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from phalanx.cli import ExitCode, main
from phalanx.errors import InputError
from phalanx.share.exchange.answering import SeenHere, seen_by_scan
from phalanx.share.exchange.matching import ALLIANCE_SCHEMA

BROKEN = "caf\udce9"
"""What the command line makes of a byte that is no UTF-8."""


@pytest.mark.parametrize(
    "words",
    [
        ("publish", "--describe", BROKEN),
        ("publish", "--submit", BROKEN),
        ("opine", "campaign--1", "--value", "agree", "--explain", BROKEN),
        ("opine", BROKEN),
        ("retract", "campaign--1", BROKEN),
        ("check", "b.json", "--agreement", "a.toml", "--member", BROKEN),
        ("compare", "ask", "scan", "--identifiers", "i.csv", "--member", BROKEN),
    ],
)
def test_half_a_character_is_named(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A byte of another script is a message, and no crash when it is signed or kept."""
    assert main(["share", *words]) == ExitCode.BAD_INPUT
    assert "bytes that are no UTF-8" in capsys.readouterr().err


def test_a_log_is_not_replaced_by_its_matches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`match` writes over neither a log nor a record that it reads, by whatever name."""
    log, link = tmp_path / "log.parquet", tmp_path / "link.parquet"
    log.write_bytes(b"the log")
    link.symlink_to(log)
    for words in (
        (str(log), "-o", str(log)),
        (str(log), "-o", str(link)),
        ("--identifiers", str(log), "-o", str(log)),
    ):
        assert main(["share", "match", *words]) == ExitCode.BAD_INPUT
        assert "would be replaced" in capsys.readouterr().err
    assert log.read_bytes() == b"the log"


def test_a_bundle_is_asked_for_with_what_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`publish --output` without `--dry-run` would have written nothing, in silence."""
    assert main(["share", "publish", "-o", "b.json"]) == ExitCode.BAD_INPUT
    assert "Add --dry-run" in capsys.readouterr().err


def test_a_table_of_accounts_that_no_scan_wrote_is_refused() -> None:
    """Columns that lack, of another type or without values are told, and a right one is read."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    match = {"account_id": "x", "campaign": "c", "kind": "payment", "matches": 1}
    matches = pa.Table.from_pylist([match], schema=ALLIANCE_SCHEMA)
    row = {
        "account_id": "x", "campaign_id": "campaign-1", "exchanges": 7, "first_seen": now,
        "last_seen": now,
    }  # fmt: skip
    for wrong in (
        {"account_id": "x"},
        {**row, "exchanges": "seven"},
        {**row, "first_seen": None},
        {**row, "last_seen": "soon"},
    ):
        with pytest.raises(InputError, match="not what a scan writes"):
            seen_by_scan(matches, pa.Table.from_pylist([wrong]), "c", {"x": "x"})
    seen = seen_by_scan(matches, pa.Table.from_pylist([row]), "c", {"x": "x"})
    assert seen == SeenHere(exchanges=7, first_seen=now, last_seen=now)
