"""What the command line promises whatever the command: status, messages, quick help."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from phalanx import __version__
from phalanx.cli import ExitCode, main
from phalanx.cli.application import command_paths

HEAVY = {"altair", "duckdb", "ibis", "networkit", "numba", "numpy", "pandas", "pyarrow", "pydantic"}
HELPED = [[], *map(list, command_paths())]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`phalanx --help` lists all commands and ends well."""
    assert main(["--help"]) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert all(words[0] in shown for words in command_paths())


def test_help_says_what_each_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command stands in a line with its summary."""
    main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    for name in {words[0] for words in command_paths()}:
        (line,) = (line for line in lines if line.startswith(f"│ {name} "))
        assert len(line.strip("│ ").split()) > 2, line


@pytest.mark.parametrize("words", [["share"], ["share", "--help"], ["share", "hub", "-h"]])
def test_help_says_what_each_command_of_a_group_does(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is followed by its summary, though it is imported for this alone."""
    main(words)
    rows = [line.split("\u2502")[1] for line in capsys.readouterr().out.splitlines()[5:]
            if line.startswith("\u2502 ")]  # fmt: skip
    assert len(rows) > 8
    assert not [row for row in rows if row.strip() and not row[12:].strip()]


def test_no_words_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`phalanx` alone says what can be done."""
    assert main([]) == ExitCode.CLEAN
    assert "scan" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`phalanx --version` prints the version and nothing else."""
    assert main(["--version"]) == ExitCode.CLEAN
    assert capsys.readouterr().out.strip() == __version__


@pytest.fixture(scope="module")
def imported_for_help() -> dict[str, set[str]]:
    """Return what the help of each command imports, each in a process of its own."""
    # A fork is as good as a new process, and quicker; the help of no command is read before.
    script = (
        "import json, os, sys; from phalanx.cli import main; main(['--help'])\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    if not os.fork():\n"
        "        main([*words, '--help'])\n"
        "        names = sorted(name for name in sys.modules if '.' not in name)\n"
        "        print('\\n#', json.dumps([' '.join(words), names]))\n"
        "        sys.exit()\n"
        "    if os.wait()[1]:\n"
        "        sys.exit(f'no help: {words}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(HELPED)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = [json.loads(line[2:]) for line in done.stdout.splitlines() if line.startswith("# ")]
    return {words: set(names) for words, names in told}


@pytest.mark.parametrize("words", HELPED, ids=" ".join)
def test_help_imports_nothing_heavy(
    words: list[str], imported_for_help: dict[str, set[str]]
) -> None:
    """Help must stay quick, so it imports none of the large libraries."""
    imported = imported_for_help[" ".join(words)]
    assert "phalanx" in imported
    assert not HEAVY & imported


@pytest.mark.parametrize(
    "words",
    [
        ["scna"],
        ["scan"],
        ["scan", "log.jsonl", "--no-such-option"],
        ["scan", "log.jsonl", "--fdr", "1.5"],
        ["scan", "log.jsonl", "--format", "pdf"],
        ["scan", "log.jsonl", "--seed", "-1"],
        ["scan", "log.jsonl", "--seed", str(2**64)],
        ["simulate", "--seed", str(2**63 + 1)],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that cannot be used is told so on standard error."""
    assert main(words) == ExitCode.BAD_INPUT
    captured = capsys.readouterr()
    assert captured.err.strip()
    assert not captured.out.strip()


def test_error_says_what_and_next(capsys: pytest.CaptureFixture[str]) -> None:
    """An error is a message with a next step; only `-v` adds a traceback."""
    words = ["scan", "log.jsonl", "--config", "absent.toml"]
    assert main(words) == ExitCode.BAD_INPUT
    message = capsys.readouterr().err
    assert "absent.toml" in message
    assert "Next:" in message
    assert "Traceback" not in message
    main([*words, "-v"])
    assert "Traceback" in capsys.readouterr().err


def test_standard_input_is_refused_with_advice(capsys: pytest.CaptureFixture[str]) -> None:
    """`scan -` says how to scan what a program prints."""
    assert main(["scan", "-"]) == ExitCode.BAD_INPUT
    assert "Write it to a file" in capsys.readouterr().err


def test_a_crash_is_no_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw ends with a status of its own, in two lines; `-v` adds the traceback."""

    def fail(*_: object) -> None:
        message = "first line\nsecond line"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("phalanx.cli.scan.scan_into", fail)
    assert main(["scan", "log.jsonl", "--clear-identifiers"]) == ExitCode.CRASHED
    said = capsys.readouterr().err
    assert said.splitlines()[0] == "phalanx: unexpected ZeroDivisionError: first line"
    assert "report it" in said
    assert "Traceback" not in said
    main(["scan", "log.jsonl", "--clear-identifiers", "-v"])
    assert "Traceback" in capsys.readouterr().err


def test_reader_that_leaves_is_no_error() -> None:
    """`phalanx ... | head -1` ends without a traceback."""
    command = f"{sys.executable} -m phalanx scan --help | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert not done.stderr


def test_output_that_is_closed_is_no_error(tmp_path: Path) -> None:
    """A pipe whose reader left before the first line ends without a traceback."""
    command = f"{sys.executable} -m phalanx config show -f json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "0"
    assert not done.stderr


def test_full_disk_is_told_without_a_traceback(tmp_path: Path) -> None:
    """Where standard output has no room left, the command says so."""
    command = f"{sys.executable} -m phalanx config show -f json > /dev/full"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stderr.startswith("phalanx: cannot be written: No space left")


def test_module_is_the_command_line() -> None:
    """`python -m phalanx` is `phalanx`."""
    done = subprocess.run(
        [sys.executable, "-m", "phalanx", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == __version__
