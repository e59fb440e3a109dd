"""The native table as CSV: quotes, line ends, ragged lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.logs import delimited, delimited_records, open_log
from phalanx.logs.contract import Example, LogReaderContract
from phalanx.logs.delimited_records import records_of
from phalanx.logs.lines import block_of
from phalanx.logs.native import NativeReader
from phalanx.logs.quality import Quality

Read = Callable[..., Any]
_HEADER = "timestamp,account_id,model,prompt\n"
_TIME = "2026-05-01T12:00:00Z"


class TestNativeReaderOfDelimited(LogReaderContract):
    """The native reader keeps the contract for delimited text."""

    reader = NativeReader()
    examples = (
        Example((_HEADER + f'{_TIME},a,m,"one, ""two""\nthree"\n' * 20).encode(), 20),
        Example((_HEADER + f"{_TIME},a,m,plain\n" * 20).replace(",", ";").encode(), 20),
        Example((_HEADER + f"{_TIME},a,m,plain\r\n" * 20).replace(",", "\t").encode(), 20),
    )


def _file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_quotes_and_line_ends_in_fields(tmp_path: Path, read: Read) -> None:
    """Quoted fields hold delimiters, doubled quotes and line ends."""
    text = _HEADER + f'{_TIME},a,m,"line one\nline ""two"", end"\n{_TIME},b,m,plain\n'
    table, log = read(_file(tmp_path, text))
    assert table["prompt"].to_pylist() == ['line one\nline "two", end', "plain"]
    assert not log.rejects


def test_ragged_lines_are_rejected_by_number(tmp_path: Path, read: Read) -> None:
    """Lines with too few or too many fields are listed; the others are kept."""
    listed = tmp_path / "rejects.jsonl"
    text = _HEADER + f"{_TIME},a,m,one\n{_TIME},b\n\n{_TIME},c,m,x,y\n{_TIME},d,m,two\n"
    table, log = read(_file(tmp_path, text), rejects_path=listed)
    assert table["account_id"].to_pylist() == ["a", "d"]
    assert log.rejects == {"not 4 fields, or quotes that do not match": 2}
    assert '"line": 3' in listed.read_text()
    assert '"line": 5' in listed.read_text()


def test_positions_count_physical_lines(tmp_path: Path, read: Read) -> None:
    """A reject behind a field with line ends is listed where an editor finds it."""
    listed = tmp_path / "rejects.jsonl"
    text = _HEADER + f'\n{_TIME},a,m,"1\n2\n3"\nsoon,b,m,late\n'
    _, log = read(_file(tmp_path, text), rejects_path=listed)
    assert log.rejects == {"timestamp missing or unreadable": 1}
    assert '"line": 6' in listed.read_text()


def test_a_quote_that_never_closes_costs_one_line(tmp_path: Path, read: Read) -> None:
    """An unmatched quote does not swallow the lines behind it."""
    good = "".join(f"{_TIME},user-{number},m,fine\n" for number in range(50))
    text = _HEADER + good + f'{_TIME},bad,m,"open\n' + good
    table, log = read(_file(tmp_path, text))
    assert table.num_rows == 100
    assert sum(log.rejects.values()) == 1


def test_a_stray_quote_inside_a_field_is_text(tmp_path: Path, read: Read) -> None:
    """A quote in the middle of an unquoted field is a character like any other."""
    text = _HEADER + f'{_TIME},a,m,a 5" pipe\n{_TIME},b,m,plain\n'
    table, log = read(_file(tmp_path, text))
    assert table["prompt"].to_pylist() == ['a 5" pipe', "plain"]
    assert not log.rejects


def test_encodings(tmp_path: Path, read: Read) -> None:
    """Latin-1 lines, byte-order marks and UTF-16 are read."""
    latin = (_HEADER + f"{_TIME},a,m,").encode() + b"caf\xe9\n" + f"{_TIME},b,m,茶\n".encode()
    table, log = read(_file(tmp_path, latin))
    assert table["prompt"].to_pylist() == ["café", "茶"]
    assert log.notes == {"prompt: not valid UTF-8, read as Windows-1252": 1}
    for encoding in ("utf-8-sig", "utf-16"):
        table, _ = read(_file(tmp_path, (_HEADER + f"{_TIME},a,m,茶\n").encode(encoding)))
        assert table["prompt"].to_pylist() == ["茶"]


def test_empty_cells_are_missing(tmp_path: Path, read: Read) -> None:
    """An empty optional cell is null; an empty required cell rejects its row."""
    text = f"{_HEADER.strip()},asn,status\n{_TIME},a,m,p,,200\n{_TIME},,m,p,1,\n"
    table, log = read(_file(tmp_path, text))
    assert table["asn"].to_pylist() == [None]
    assert table["status"].to_pylist() == [200]
    assert log.rejects == {"account_id missing or not text": 1}


def test_numbers_and_truth_from_text(tmp_path: Path, read: Read) -> None:
    """Cells of numeric and boolean columns are read from their text."""
    header = f"{_HEADER.strip()},temperature,stream,max_tokens,logprobs"
    table, log = read(_file(tmp_path, f"{header}\n{_TIME},a,m,p,0.7,true,12,no\n"))
    (row,) = table.to_pylist()
    assert (row["temperature"], row["stream"], row["max_tokens"]) == (0.7, True, 12)
    assert row["logprobs"] is False
    assert log.columns == {"temperature", "stream", "max_tokens", "logprobs"}


def test_a_huge_field_is_kept(tmp_path: Path, read: Read) -> None:
    """A quoted prompt of 50 MB with line ends is one row."""
    huge = '"' + "many words\n" * 4_800_000 + '"'
    text = _HEADER + f"{_TIME},a,m,one\n{_TIME},b,m,{huge}\n{_TIME},c,m,two\n"
    table, _ = read(_file(tmp_path, text), maximum_prompt_characters=50)
    assert [len(prompt) for prompt in table["prompt"].to_pylist()] == [3, 50, 3]


def test_missing_column_is_named(tmp_path: Path) -> None:
    """The error names what the header has."""
    path = _file(tmp_path, "time,account_id,model,prompt\n1,a,m,p\n")
    with pytest.raises(InputError, match="no column for timestamp; it has: time, account_id"):
        list(open_log(path).batches())


def test_a_header_without_rows(tmp_path: Path) -> None:
    """A file of only a header has no usable exchanges, and the error says so."""
    with pytest.raises(InputError, match="no usable exchanges"):
        list(open_log(_file(tmp_path, _HEADER)).batches())


_cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@given(st.lists(st.lists(_cells, min_size=3, max_size=3), min_size=1, max_size=10))
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    """Records that a CSV writer made come back, whatever they hold."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    block = block_of(buffer.getvalue().encode())
    assert [fields for _, fields in records_of(block, ",", 3, Quality())] == rows


def _expected(lines: list[str], width: int) -> list[tuple[int, list[str] | None]]:
    """Read records as the definition says: from each line on, all that follows."""
    found: list[tuple[int, list[str] | None]] = []
    index = 0
    while index < len(lines):
        reader = csv.reader(lines[index:], strict=True)
        try:
            fields = next(reader)
        except csv.Error:
            line = lines[index]
            lenient = next(csv.reader([line]), []) if line.count('"') % 2 == 0 else []
            found.append((index + 1, lenient if len(lenient) == width else None))
            index += 1
        else:
            if fields:
                found.append((index + 1, fields if len(fields) == width else None))
            index += reader.line_num
    return found


@given(st.lists(st.text(st.sampled_from('""",,ab'), max_size=8), max_size=12))
def test_records_follow_their_definition(lines: list[str]) -> None:
    """However quotes are broken, records are those of a parser that starts at each line."""
    ended = [line + "\n" for line in lines]
    block = block_of("".join(ended).encode())
    assert list(records_of(block, ",", 3, Quality())) == _expected(ended, 3)


@pytest.mark.parametrize(
    "line", ['"a"b,c,d,e', '"open,c,d,e\nx,"y"z,d,e', 'a""","', '"', '"""'], ids=repr
)
def test_broken_records_take_no_more_time_than_others(line: str) -> None:
    """No line is parsed more than a few times, however many records before it are broken."""
    lines = [f"{part}\n" for part in (f"{line}\n" * 3_000).splitlines()]
    parsed = 0

    def counted(rows: list[str], delimiter: str) -> tuple[list[str] | None, bool]:
        nonlocal parsed
        parsed += len(rows)
        return real(rows, delimiter)

    real = delimited_records._parsed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_records, "_parsed", counted)
        records = list(records_of(block_of("".join(lines).encode()), ",", 4, Quality()))
    assert records
    assert parsed <= 4 * len(lines)


@given(st.text(st.sampled_from('"a\n'), max_size=40), st.integers(1, 7))
def test_ends_of_records_do_not_depend_on_the_parts(text: str, part: int) -> None:
    """Line ends outside quotes are found the same, however the text is cut."""
    data = text.encode()
    outside = [
        (place, data.count(b"\n", 0, place + 1))
        for place, byte in enumerate(data)
        if byte == ord("\n") and data.count(b'"', 0, place) % 2 == 0
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_PART_BYTES", part)
        found = [pair for ends, lines in delimited._record_ends(data)
                 for pair in zip(ends.tolist(), lines.tolist(), strict=True)]  # fmt: skip
        assert found == outside
        assert delimited._last_record_end(data) == max((end + 1 for end, _ in outside), default=0)


@given(st.binary(max_size=200))
def test_noise_never_stops_the_parser(content: bytes) -> None:
    """Any bytes end in records, each on a line of the block."""
    lines = content.count(b"\n") + 1
    for line, fields in records_of(block_of(content), ",", 3, Quality()):
        assert 1 <= line <= lines
        assert fields is None or len(fields) == 3


def test_a_field_beyond_memory_is_rejected(tmp_path: Path, read: Read) -> None:
    """A line that goes on for more than 256 MiB is given up; what follows is read."""
    path = tmp_path / "log.csv"
    with path.open("wb") as file:
        file.write(f"{_HEADER}{_TIME},a,m,one\n{_TIME},b,m,".encode())
        for _ in range(270):
            file.write(b"x" * (1 << 20))
        file.write(f"\n{_TIME},c,m,two\n".encode())
    table, log = read(path)
    assert table["account_id"].to_pylist() == ["a", "c"]
    assert log.rejects == {"line longer than 256 MiB": 1}
