"""`phalanx scan --alliance`: files are checked, their digests kept."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.cli import main
from phalanx.detect.alliance.mark_file import MARK_SCHEMA
from phalanx.detect.simulate import SimulationConfig, simulate


def write_log(folder: Path) -> Path:
    """Write a small log."""
    made = simulate(SimulationConfig(benign_accounts=20, days=2, campaigns=()))
    path = folder / "log.parquet"
    pq.write_table(made.exchanges, path)
    return path


def test_run_names_the_file(tmp_path: Path) -> None:
    """`run.json` holds the digest of the file and counts marks of strangers."""
    path = tmp_path / "alliance.parquet"
    row = {"account_id": "nobody", "campaign": "x", "kind": "email", "matches": 1}
    pq.write_table(pa.Table.from_pylist([row], schema=MARK_SCHEMA), path)
    out = tmp_path / "out"
    arguments = ["scan", str(write_log(tmp_path)), "--clear-identifiers", "--out", str(out)]
    assert main([*arguments, "--alliance", str(path)]) == 0
    run = json.loads((out / "run.json").read_text())
    (file,) = [each for each in run["files"] if each["role"] == "alliance"]
    assert file["sha256"] == sha256(path.read_bytes()).hexdigest()
    assert run["notes"]["alliance: marked account that does not occur in the log"] == 1


@pytest.mark.parametrize("content", [b"", b"account_id,campaign\n", b"PAR1broken"])
def test_what_is_no_file_of_marks_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 2, with a sentence and no traceback."""
    path = tmp_path / "alliance.parquet"
    path.write_bytes(content)
    assert main(["scan", str(tmp_path), "--clear-identifiers", "--alliance", str(path)]) == 2
    said = capsys.readouterr().err
    assert "not a Parquet file" in said
    assert "phalanx share match" in said
    assert "Traceback" not in said
