"""`phalanx share sketches`: group keys are made, listed and dropped, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.sketches.templates import read_group_keys


def test_keys_rotate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key now, the next one ahead, the old one gone in the end; fingerprints only are printed."""
    file = str(tmp_path / "group.keys")
    assert main(["share", "sketches", "new-key", file]) == ExitCode.CLEAN
    made = capsys.readouterr().out
    assert main(["share", "sketches", "new-key", file, "--begins", "2999-01-01"]) == ExitCode.CLEAN
    assert main(["share", "sketches", "keys", file]) == ExitCode.CLEAN
    listed = capsys.readouterr().out
    first, second = read_group_keys(Path(file)).keys
    assert made.startswith("epoch 1 from ")
    assert first.fingerprint in made
    assert f"epoch 2 from 2999-01-01, fingerprint {second.fingerprint}" in listed
    assert main(["share", "sketches", "drop-keys", file, "--before", "2"]) == ExitCode.CLEAN
    assert [key.epoch for key in read_group_keys(Path(file)).keys] == [2]
    printed = made + listed + "".join(capsys.readouterr())
    assert first.secret.hex()[:16] not in printed
    assert second.secret.hex()[:16] not in printed


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_that_holds_no_keys_or_is_open_is_bad_input(
    tmp_path: Path, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, with the next step."""
    file = tmp_path / "group.keys"
    file.write_text("none\n")
    file.chmod(mode)
    assert main(["share", "sketches", "keys", str(file)]) == ExitCode.BAD_INPUT
    assert "Next: " in capsys.readouterr().err
