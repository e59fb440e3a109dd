"""The folder of a scan: whole or absent, and readable again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from phalanx.detect.result import ScanResult
from phalanx.errors import InputError
from phalanx.formats.document import document_of
from phalanx.formats.folder import FILES, read_scan, write_scan


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_writes_every_file(result: ScanResult, tmp_path: Path) -> None:
    """A scan leaves its nine files and nothing else."""
    written = write_scan(result, tmp_path / "deep" / "scan")
    assert tuple(written) == FILES
    assert _names(tmp_path / "deep" / "scan") == sorted(FILES)
    assert written["rejects.jsonl"].read_bytes() == b""


def test_reading_back_loses_nothing(result: ScanResult, tmp_path: Path) -> None:
    """What was written can be rendered again in any form."""
    write_scan(result, tmp_path)
    again = read_scan(tmp_path)
    assert document_of(again) == document_of(result)
    assert again.links.equals(result.links)
    assert again.accounts.equals(result.accounts)
    assert again.daily.equals(result.daily)
    assert again.looks.equals(result.looks)
    assert again.groups.equals(result.groups)


def test_a_folder_of_an_earlier_version_is_read(result: ScanResult, tmp_path: Path) -> None:
    """A scan that was written before looks and groups were kept can still be rendered."""
    write_scan(result, tmp_path)
    (tmp_path / "looks.parquet").unlink()
    (tmp_path / "groups.parquet").unlink()
    again = read_scan(tmp_path)
    assert again.looks.num_rows == again.groups.num_rows == 0


def test_run_record_repeats_the_scan(result: ScanResult, tmp_path: Path) -> None:
    """`run.json` holds versions, parameters, stages and inputs."""
    run = json.loads(write_scan(result, tmp_path)["run.json"].read_text(encoding="utf-8"))
    assert run["versions"]["duckdb"] == "2.0.0"
    assert run["parameters"]["trusted"] == ["org-a", "org-b"]
    assert run["stage_seconds"]["sketch"] == 4.0
    assert run["inputs"] == {"logs/march.parquet": "9f" * 32}


def test_rejects_are_kept(result: ScanResult, tmp_path: Path) -> None:
    """The rows that were rejected while reading are copied beside the results."""
    rejects = tmp_path / "rejected"
    rejects.write_bytes(b'{"line": 3}\n')
    written = write_scan(result, tmp_path / "scan", rejects=rejects)
    assert written["rejects.jsonl"].read_bytes() == b'{"line": 3}\n'
    assert rejects.exists()


def test_rejects_of_the_last_scan_do_not_linger(result: ScanResult, tmp_path: Path) -> None:
    """A scan without rejected rows empties the file of the scan before it."""
    (tmp_path / "rejects.jsonl").write_text("old\n")
    write_scan(result, tmp_path, rejects=tmp_path / "none-were-written")
    assert (tmp_path / "rejects.jsonl").read_bytes() == b""


def test_other_files_are_left_alone(result: ScanResult, tmp_path: Path) -> None:
    """A second scan replaces the first one's files and touches no other."""
    (tmp_path / "notes.txt").write_text("mine")
    write_scan(result, tmp_path)
    first = (tmp_path / "links.parquet").stat().st_ino
    write_scan(result, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "links.parquet").stat().st_ino != first
    assert _names(tmp_path) == sorted([*FILES, "notes.txt"])


def test_a_failure_leaves_the_old_scan_whole(
    result: ScanResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fills half-way, the earlier files stand and no half file is left."""
    write_scan(result, tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    def fill_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", fill_disk)
    with pytest.raises(InputError, match="No space left on device"):
        write_scan(result, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert _names(tmp_path) == sorted(FILES)


def test_a_file_is_no_folder(result: ScanResult, tmp_path: Path) -> None:
    """A path that is a file is refused before anything is rendered, and stays."""
    path = tmp_path / "scan"
    path.write_text("precious")
    with pytest.raises(InputError, match="is a file") as caught:
        write_scan(result, path)
    assert caught.value.next_step
    assert path.read_text() == "precious"


def test_a_folder_in_the_place_of_a_file_is_refused(result: ScanResult, tmp_path: Path) -> None:
    """Nothing is written where one of the files could not be put in place."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(InputError, match=r"report\.html is a folder"):
        write_scan(result, tmp_path)
    assert _names(tmp_path) == ["report.html"]


def test_a_folder_below_a_file_is_refused(result: ScanResult, tmp_path: Path) -> None:
    """A folder that cannot be made is bad input, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_scan(result, tmp_path / "file" / "scan")


@pytest.mark.parametrize("name", ["campaigns.json", "accounts.parquet", "links.parquet"])
def test_an_incomplete_folder_is_refused_by_name(
    result: ScanResult, tmp_path: Path, name: str
) -> None:
    """A folder without one of its files is refused, and the message names the file."""
    write_scan(result, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        read_scan(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\xff\xfe\x00", b"{}"])
@pytest.mark.parametrize("name", ["campaigns.json", "daily.parquet"])
def test_damaged_files_are_refused_by_name(
    result: ScanResult, tmp_path: Path, name: str, content: bytes
) -> None:
    """A damaged file is bad input that names the file and the next step."""
    write_scan(result, tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        read_scan(tmp_path)
    assert caught.value.next_step


def test_tables_are_parquet(result: ScanResult, tmp_path: Path) -> None:
    """Any tool that reads Parquet can read the tables."""
    written = write_scan(result, tmp_path)
    assert pq.read_schema(written["links.parquet"]) == result.links.schema


@pytest.mark.parametrize("key_id", ["", "k-1"])
def test_a_scan_is_for_its_owner(key_id: str, result: ScanResult, tmp_path: Path) -> None:
    """No other user can read a file of the scan, with pseudonyms or without."""
    written = write_scan(replace(result, run=replace(result.run, key_id=key_id)), tmp_path / "scan")
    assert {path.stat().st_mode & 0o777 for path in written.values()} == {0o600}
