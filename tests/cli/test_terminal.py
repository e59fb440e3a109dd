"""How much a command says."""

from __future__ import annotations

import pytest

from phalanx.cli.terminal import Common


def test_progress_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal a bar shows the stage; standard output stays free for the result."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with Common().progress("scan") as progress:
        progress("replay", 0.5)
    captured = capsys.readouterr()
    assert "scan" in captured.err
    assert not captured.out


def test_no_bar_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe or a log file there is no bar; `-v` writes a line for each step."""
    with Common().progress("scan") as progress:
        progress("replay", 0.5)
    assert capsys.readouterr().err == ""
    with Common(verbose=True).progress("scan") as progress:
        progress("replay", 0.5)
    assert capsys.readouterr().err == " 50% replay\n"


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """`-q` outranks `-v`."""
    quiet = Common(quiet=True, verbose=True)
    quiet.say("something")
    quiet.detail("more")
    assert capsys.readouterr().err == ""
