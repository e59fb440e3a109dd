"""Which files are read, and what is said of the others."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.errors import ConfigError, InputError
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.decompress import HARMLESS_BYTES

Row = Callable[..., dict[str, Any]]
Lines = Callable[..., Path]
Read = Callable[..., Any]


def _refused(source: object) -> InputError:
    with pytest.raises(InputError) as caught:
        list(open_log(source).batches())
    assert caught.value.next_step
    return caught.value


def test_paths_globs_and_folders(row: Row, read: Read, tmp_path: Path) -> None:
    """Files are found by name, pattern and folder, each read once, in a fixed order."""
    inner = tmp_path / "logs" / "day"
    inner.mkdir(parents=True)
    for number in range(3):
        (inner / f"{number}.log").write_text(json.dumps(row(number)))
    for hidden in (".hidden", "_SUCCESS"):
        (inner / hidden).write_text(json.dumps(row(9)))
    expected = ["user-0", "user-1", "user-2"]
    for source in (
        tmp_path / "logs",
        str(inner / "*.log"),
        [inner / "0.log", str(tmp_path / "**" / "*.log")],
        [tmp_path / "logs", inner / "2.log"],
    ):
        table, _ = read(source)
        assert table["account_id"].to_pylist() == expected
    _, log = read([inner / "0.log", inner / "0.log"])
    assert log.notes == {"file named twice, read once": 1}


def test_inputs_have_their_digests(lines: Lines, row: Row, read: Read) -> None:
    """Each file is listed with the SHA-256 of its bytes."""
    path = lines(row(0))
    _, log = read(path)
    assert log.inputs == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}


def test_content_decides_not_the_name(tmp_path: Path, row: Row, read: Read) -> None:
    """A Parquet file called .csv is read as what it is."""
    path = tmp_path / "misnamed.csv"
    pq.write_table(pa.Table.from_pylist([row(0)]), path)
    table, _ = read(path)
    assert table.num_rows == 1


def test_formats_may_mix(lines: Lines, row: Row, read: Read, tmp_path: Path) -> None:
    """One log may come in files of several formats."""
    parquet = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([row(0)]), parquet)
    table, log = read([parquet, lines(row(1))])
    assert table.num_rows == 2
    assert set(log.inputs) == {str(parquet), str(tmp_path / "log.jsonl")}


def test_what_is_missing_or_empty(tmp_path: Path) -> None:
    """Missing paths, patterns without a match and empty files each say what they are."""
    assert "does not exist" in str(_refused(tmp_path / "nowhere"))
    assert "no file matches" in str(_refused(str(tmp_path / "*.jsonl")))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert "empty" in str(_refused(empty))
    blank = tmp_path / "blank.jsonl"
    blank.write_text("\n\n  \n")
    assert "empty" in str(_refused(blank))
    assert "no log files were given" in str(_refused([]))


def test_an_empty_file_among_others_is_noted(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """An empty file beside a full one does no harm."""
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    table, log = read([empty, lines(row(0))])
    assert table.num_rows == 1
    assert log.notes == {"empty file, passed over": 1}


def test_a_folder_without_logs(tmp_path: Path) -> None:
    """A folder of prose, pictures and settings holds no logs."""
    (tmp_path / "README.md").write_text("# Title\n\nWords, with commas, here.\n")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (tmp_path / "settings.json").write_text('{"theme": "dark"}')
    assert "no logs in this folder" in str(_refused(tmp_path))
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert "no logs in this folder" in str(_refused(nothing))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that another user may enter, and be another user than root meanwhile.

    Root may read everything, so that no permission could be tested.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        me = os.geteuid()
        if me == 0:
            nobody = 65534
            os.chown(folder, nobody, nobody)
            os.seteuid(nobody)
        yield folder
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        os.seteuid(me)


@pytest.mark.parametrize("pattern", ["", "*", "*.jsonl", "day*/*"])
@pytest.mark.parametrize("mode", [0o000, 0o311])
def test_a_folder_that_may_not_be_read(public_folder: Path, pattern: str, mode: int) -> None:
    """A folder without permission, named or in a pattern, is refused with that reason."""
    locked = public_folder / "locked"
    locked.mkdir()
    locked.chmod(mode)
    refused = _refused(str(locked / pattern))
    assert "Permission denied" in str(refused)
    assert str(locked) in str(refused)


@pytest.mark.parametrize("mode", [0o000, 0o311, 0o444])
def test_a_folder_inside_that_may_not_be_read(public_folder: Path, row: Row, mode: int) -> None:
    """The rest of the folder is read, and the folder that was not is named."""
    (public_folder / "log.jsonl").write_text(json.dumps(row(0)))
    locked = public_folder / "locked"
    locked.mkdir()
    (locked / "log.jsonl").write_text(json.dumps(row(1)))
    locked.chmod(mode)
    log = open_log(public_folder)
    assert sum(batch.num_rows for batch in log.batches()) == 1
    said = f"{locked}: Permission denied, folder passed over"
    assert (log.notes, log.warnings) == ({said: 1}, (said,))


def test_other_files_in_a_folder_are_passed_over(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """A log beside other files is read, and the others are counted."""
    lines(row(0))
    (tmp_path / "notes.txt").write_text("Dear all, see below.\n")
    table, log = read(tmp_path)
    assert table.num_rows == 1
    assert log.notes == {"file in a folder that is no log, passed over": 1}


def test_a_named_file_that_is_no_log(tmp_path: Path) -> None:
    """A picture that was named is an error which lists the formats."""
    path = tmp_path / "x.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "litellm, native, ocsf, otel" in str(_refused(path))


def test_one_unreadable_file_stops_before_anything_is_read(
    lines: Lines, row: Row, tmp_path: Path
) -> None:
    """Of several files the bad one is named before the good ones are read."""
    with pytest.raises(InputError, match="gone"):
        open_log([lines(row(0)), tmp_path / "gone.jsonl"])


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read(lines: Lines, row: Row) -> None:
    """Missing permission is told as such."""
    path = lines(row(0))
    path.chmod(0)
    assert "Permission denied" in str(_refused(path))


def test_links_are_followed_and_loops_are_not(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """A link to a log is a log; one to nothing is an error; loops end."""
    folder = tmp_path / "logs"
    folder.mkdir()
    target = lines(row(0))
    (folder / "link.jsonl").symlink_to(target)
    (folder / "again").symlink_to(folder)
    table, _ = read(folder)
    assert table.num_rows == 1
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    assert "symbolic link to nothing" in str(_refused(dangling))
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    _refused(circle)


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    """What never ends, or can be read only once, is refused without waiting for it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "pipe" in str(_refused(pipe))
    assert "device" in str(_refused("/dev/zero"))


def test_a_list_of_tables_is_refused(row: Row) -> None:
    """Tables are passed one at a time."""
    assert "paths only" in str(_refused([pa.Table.from_pylist([row(0)])]))


@pytest.mark.parametrize("codec", ["gzip", "zstd", "bz2", "lz4"])
def test_compressed_files_of_any_form(codec: str, tmp_path: Path, row: Row, read: Read) -> None:
    """JSON and Parquet are read through compression, whatever the name."""
    table = pa.Table.from_pylist([row(number) for number in range(50)])
    parquet = pa.BufferOutputStream()
    pq.write_table(table, parquet)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    text = "\n".join(json.dumps(each) for each in table.to_pylist()).encode()
    for name, content in {
        "json": text,
        "parquet": parquet.getvalue(),
        "arrow": stream.getvalue(),
    }.items():
        path = tmp_path / name
        with pa.CompressedOutputStream(str(path), codec) as file:
            file.write(content)
        result, log = read(path)
        assert result["account_id"].to_pylist() == table["account_id"].to_pylist()
        assert log.inputs[str(path)] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_gzip_of_several_members(tmp_path: Path, row: Row, read: Read) -> None:
    """Files that were compressed and joined are read to the end."""
    path = tmp_path / "joined.gz"
    parts = [gzip.compress((json.dumps(row(number)) + "\n").encode()) for number in range(3)]
    path.write_bytes(b"".join(parts) + bytes(100))
    table, _ = read(path)
    assert table.num_rows == 3


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_data_that_end_early(codec: str, tmp_path: Path, row: Row, read: Read) -> None:
    """What comes before the end of a cut file is read, and the cut is noted."""
    rows = [row(number, prompt=os.urandom(40).hex()) for number in range(20_000)]
    whole = tmp_path / "whole"
    with pa.CompressedOutputStream(str(whole), codec) as file:
        file.write("\n".join(json.dumps(each) for each in rows).encode())
    cut = tmp_path / "cut"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    table, log = read(cut)
    assert 12_000 < table.num_rows < 14_000
    assert table["prompt"].to_pylist() == [each["prompt"] for each in rows[: table.num_rows]]
    assert any("end early" in note for note in log.notes)
    assert log.warnings == tuple(log.notes)


def test_a_compressed_parquet_that_ends_early_is_refused(tmp_path: Path, row: Row) -> None:
    """Half a Parquet file is none, compressed or not."""
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([row(n) for n in range(500)]), buffer)
    path = tmp_path / "cut.parquet.gz"
    path.write_bytes(gzip.compress(buffer.getvalue().to_pybytes())[:-500])
    assert "cut.parquet.gz: cannot be read" in str(_refused(path))


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_bombs_are_refused(codec: str, tmp_path: Path, row: Row) -> None:
    """A file that expands beyond reason is refused before it fills memory or time."""
    path = tmp_path / "bomb"
    line = (json.dumps(row(0, prompt="x" * 4_000_000)) + "\n").encode()
    with pa.CompressedOutputStream(str(path), codec) as file:
        written = 0
        while written < HARMLESS_BYTES + (64 << 20):
            file.write(line)
            written += len(line)
    assert "decompression bomb" in str(_refused(path))


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c"])
def test_archives_are_refused_with_advice(start: bytes, tmp_path: Path) -> None:
    """Archives that are not read say that they must be unpacked."""
    path = tmp_path / "archive"
    path.write_bytes(start + bytes(100))
    assert "Unpack it" in _refused(path).next_step


def test_a_log_is_read_once(lines: Lines, row: Row) -> None:
    """A second call for the batches is a programming fault."""
    log = open_log(lines(row(0)))
    list(log.batches())
    with pytest.raises(ValueError, match="only once"):
        log.batches()


def test_nothing_rejected_leaves_an_empty_list(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """The rejects file exists, and is empty, when all was well."""
    listed = tmp_path / "rejects.jsonl"
    read(lines(row(0)), rejects_path=listed)
    assert listed.read_text() == ""


def test_a_rejects_file_that_cannot_be_written(lines: Lines, row: Row, tmp_path: Path) -> None:
    """The error names the path of the list, not that of the log."""
    options = ReadOptions(rejects_path=tmp_path / "no" / "rejects.jsonl")
    with pytest.raises(InputError, match="rejected rows cannot be listed here"):
        list(open_log(lines(row(0)), options).batches())


def test_options_are_checked() -> None:
    """Unknown columns, short keys and senseless numbers are refused at once."""
    with pytest.raises(ConfigError, match="cannot map user"):
        ReadOptions(columns={"user": "x"})
    with pytest.raises(ValueError, match="at least 16 bytes"):
        ReadOptions(pseudonym_key=b"x")
    with pytest.raises(ValueError, match="batch_rows"):
        ReadOptions(batch_rows=0)
    with pytest.raises(ValueError, match="maximum_prompt_characters"):
        ReadOptions(maximum_prompt_characters=0)
