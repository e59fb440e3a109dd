"""`phalanx completion`: words that the shell can finish."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.application import command_paths


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The script of each shell names all commands."""
    assert main(["completion", shell]) == ExitCode.CLEAN
    script = capsys.readouterr().out
    assert all(words[0] in script for words in command_paths())


def test_script_is_valid_bash(capsys: pytest.CaptureFixture[str]) -> None:
    """Bash reads the script without complaint."""
    main(["completion", "bash"])
    script = capsys.readouterr().out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_shell_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a name, `$SHELL` says which; one without completion is told."""
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert main(["completion"]) == ExitCode.CLEAN
    assert "complete -c phalanx" in capsys.readouterr().out
    monkeypatch.setenv("SHELL", "/usr/bin/tcsh")
    assert main(["completion"]) == ExitCode.BAD_INPUT
    assert "tcsh" in capsys.readouterr().err


def test_install_puts_it_where_the_shell_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--install` writes the script into the home folder and says where."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["completion", "fish", "--install"]) == ExitCode.CLEAN
    told = capsys.readouterr().err
    (script,) = (path for path in tmp_path.rglob("phalanx.fish") if path.is_file())
    assert str(script) in told
