"""Errors: what a person reads of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.errors import reason_of


def test_reasons_are_words(tmp_path: Path) -> None:
    """Whatever a library makes of a failure of the system, its number does not reach a person."""
    failed: list[Exception] = []
    for read in (
        (tmp_path / "none").read_bytes,
        lambda: pq.read_table(tmp_path / "none.parquet"),
    ):
        try:
            read()
        except (OSError, pa.ArrowException) as error:
            failed.append(error)
    assert len(failed) == 2
    for each in [*failed, OSError("[Errno 13] Permission denied: 'x'"), ValueError()]:
        assert reason_of(each)
        assert "rrno" not in reason_of(each)
        assert "[" not in reason_of(each)


@pytest.mark.parametrize(
    "words",
    [
        ["share", "check", "none", "--agreement", "none", "--member", "m"],
        ["share", "publish", "none", "--alliance-config", "none.toml"],
        ["campaigns", "none"],
        ["share", "hub", "show", "--database", "file/alliance.hub"],
        ["share", "keys", "show", "--database", "file/keys.db"],
        ["share", "pool", "show", "--pool", "file/pool.db"],
    ],
)
def test_no_number_of_an_error_reaches_a_person(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A path that is not there, or leads through a file, is named with a reason and a next step."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert main(words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "rrno" not in said
    assert "Next: " in said
