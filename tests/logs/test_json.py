"""The native table as JSON: lines, arrays, and whatever went wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.contract import Example, LogReaderContract
from phalanx.logs.json_documents import documents
from phalanx.logs.json_records import parse_lines
from phalanx.logs.lines import block_of, blocks
from phalanx.logs.native import NativeReader
from phalanx.logs.quality import Quality

Row = Callable[..., dict[str, Any]]
Lines = Callable[..., Path]
Read = Callable[..., Any]

_ROWS = [
    {
        "timestamp": 1777636800 + number,
        "account_id": f"a{number}",
        "model": "m",
        "prompt": f"p{number}",
    }
    for number in range(30)
]


class TestNativeReaderOfJson(LogReaderContract):
    """The native reader keeps the contract for JSON."""

    reader = NativeReader()
    examples = (
        Example("\n".join(json.dumps(row) for row in _ROWS).encode(), 30),
        Example(json.dumps(_ROWS).encode(), 30),
        Example(json.dumps(_ROWS, indent=2).encode(), 30),
        Example("\n".join(json.dumps(row, indent=1) for row in _ROWS).encode(), 30),
    )


def test_lines_arrays_and_documents_read_the_same(tmp_path: Path, row: Row, read: Read) -> None:
    """The layout of a JSON file makes no difference."""
    rows = [row(number, status=200, stream=True, response="abc") for number in range(4)]
    forms = {
        "lines": "\n".join(json.dumps(each) for each in rows),
        "windows": "\r\n".join(json.dumps(each) for each in rows),
        "spaced": "\n\n".join(json.dumps(each) for each in rows),
        "array": json.dumps(rows),
        "pretty": json.dumps(rows, indent=2),
        "one after the other": "".join(json.dumps(each) for each in rows),
        "sequence": "".join(f"\x1e{json.dumps(each)}\n" for each in rows),
    }
    tables = {}
    for name, text in forms.items():
        path = tmp_path / name
        path.write_text(text)
        tables[name], _ = read(path)
    for name, table in tables.items():
        assert table.equals(tables["lines"]), name
    assert tables["lines"].num_rows == 4
    assert tables["lines"]["response_characters"].to_pylist() == [3] * 4


def test_broken_lines_are_rejected_by_number(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """Each broken line is listed with its number, and its neighbours are kept."""
    path = lines(row(0), '{"timestamp": "2026', row(1), "[1, 2]", "", "nonsense", row(2))
    listed = tmp_path / "rejects.jsonl"
    table, log = read(path, rejects_path=listed)
    assert table["account_id"].to_pylist() == ["user-0", "user-1", "user-2"]
    assert log.rejects == {"not valid JSON": 2, "not a JSON object": 1}
    entries = [json.loads(line) for line in listed.read_text().splitlines()]
    assert sorted((entry["line"], entry["reason"]) for entry in entries) == [
        (2, "not valid JSON"),
        (4, "not a JSON object"),
        (6, "not valid JSON"),
    ]
    assert {entry["file"] for entry in entries} == {str(path)}


def test_a_broken_first_line_hides_nothing(lines: Lines, row: Row, read: Read) -> None:
    """A file that begins in the middle of a line is read from the next."""
    table, log = read(lines('question 7"}', row(1), row(2)))
    assert table.num_rows == 2
    assert log.rejects == {"not valid JSON": 1}


def test_lines_run_together_are_taken_apart(lines: Lines, row: Row, read: Read) -> None:
    """Two records that lost the line end between them are both kept."""
    joined = json.dumps(row(1)) + json.dumps(row(2))
    table, log = read(lines(row(0), joined, row(3)))
    assert table["account_id"].to_pylist() == ["user-0", "user-1", "user-2", "user-3"]
    assert not log.rejects


def test_a_line_in_another_encoding_is_kept(lines: Lines, row: Row, read: Read) -> None:
    """Latin-1 among UTF-8 is read as what it most likely is, and counted."""
    latin = json.dumps(row(1, prompt="café"), ensure_ascii=False).encode("latin-1")
    utf8 = json.dumps(row(2, prompt="茶"), ensure_ascii=False)
    table, log = read(lines(row(0), latin, utf8))
    assert table["prompt"].to_pylist() == ["Question 0", "café", "茶"]
    assert log.notes == {"line: not valid UTF-8, read as Windows-1252": 1}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_whole_files_in_other_encodings(
    encoding: str, tmp_path: Path, row: Row, read: Read
) -> None:
    """A byte-order mark, or zeros in every second place, tells the encoding."""
    text = "\n".join(
        json.dumps(row(number, prompt="茶 café"), ensure_ascii=False) for number in (0, 1)
    )
    path = tmp_path / "log"
    path.write_bytes(text.encode(encoding))
    table, _ = read(path)
    assert table["prompt"].to_pylist() == ["茶 café"] * 2


def test_nul_bytes(lines: Lines, row: Row, read: Read) -> None:
    """Zeros that a crash left around a line are passed over; those inside a text stay."""
    padded = b"\0" * 50 + json.dumps(row(1)).encode()
    inside = json.dumps(row(2, prompt="a?b")).encode().replace(b"?", b"\0")
    escaped = json.dumps(row(3, prompt="c\0d"))
    table, log = read(lines(row(0), padded, inside, escaped, b"\0\0\0"))
    assert table["prompt"].to_pylist() == ["Question 0", "Question 1", "a\0b", "c\0d"]
    assert log.rejects == {"not valid JSON": 1}


def test_lone_surrogates_are_mended(lines: Lines, row: Row, read: Read) -> None:
    """Half a surrogate pair, which UTF-8 cannot hold, costs its character only."""
    broken = json.dumps(row(1)).replace("Question 1", "half \\ud800 pair")
    table, _ = read(lines(row(0), broken))
    assert table["prompt"].to_pylist() == ["Question 0", "half ? pair"]


def test_deep_nesting_is_a_reject(lines: Lines, row: Row, read: Read) -> None:
    """A line that nests a hundred thousand levels is rejected, not fatal."""
    deep = "[" * 100_000 + "]" * 100_000
    inside = json.dumps(row(1)).replace('"large"', deep)
    table, log = read(lines(row(0), inside, row(2)))
    assert table.num_rows == 2
    assert sum(log.rejects.values()) == 1


def test_deep_nesting_in_an_array(tmp_path: Path, row: Row, read: Read) -> None:
    """In an array reading goes on behind a record that nests too deeply."""
    deep = json.dumps(row(1)).replace('"large"', "[" * 100_000 + "]" * 100_000)
    path = tmp_path / "deep.json"
    path.write_text(f"[{json.dumps(row(0))}, {deep}, {json.dumps(row(2))}]")
    table, log = read(path)
    assert table["account_id"].to_pylist() == ["user-0", "user-2"]
    assert log.rejects == {"JSON nested too deeply": 1}


def test_records_that_open_inside_each_other(tmp_path: Path, row: Row, read: Read) -> None:
    """A million openings are few rejects, and the record inside the innermost is kept."""
    path = tmp_path / "deep.json"
    deep = '{"timestamp":' * 1_000_000
    path.write_text(f"[{json.dumps(row(0))}, {deep}{json.dumps(row(2))}]")
    table, log = read(path)
    assert table["account_id"].to_pylist() == ["user-0", "user-2"]
    assert log.rejects.keys() <= {"JSON nested too deeply", "not valid JSON"}
    assert sum(log.rejects.values()) < 100


def test_a_huge_prompt_is_kept_and_cut(lines: Lines, row: Row, read: Read) -> None:
    """A prompt of 50 MB neither stops the scan nor is lost."""
    huge = row(1, prompt="word " * 10_000_000)
    table, log = read(lines(row(0), huge, row(2)), maximum_prompt_characters=1000)
    assert [len(text) for text in table["prompt"].to_pylist()] == [10, 1000, 10]
    assert log.notes == {"prompt: truncated to 1,000 characters": 1}


def test_a_line_beyond_memory_is_rejected() -> None:
    """A line longer than the limit is given up without being held."""
    pieces = iter([b"one\n", *[b"x" * (1 << 20)] * 270, b"\ntwo\nthree\n"])
    found = list(blocks(pieces))
    assert [(block.first_line, block.complete) for block in found][-1] == (3, True)
    assert [block.complete for block in found].count(False) == 1
    assert found[-1].data == b"two\nthree\n"


def test_types_may_change_on_the_way(lines: Lines, row: Row, read: Read) -> None:
    """Numbers as text, then as numbers, later with a fraction: every row is read."""
    path = lines(
        *(row(number, max_tokens=5) for number in range(300)),
        row(301, max_tokens="6"),
        row(302, max_tokens=7.0),
        row(303, max_tokens={"limit": 8}),
        row(304, account_id=12),
    )
    table, log = read(path)
    assert table["max_tokens"].to_pylist()[300:] == [6, 7, None, None]
    assert table["account_id"].to_pylist()[-1] == "12"
    assert log.notes == {"max_tokens: value of a wrong type or size, left empty": 1}


def test_a_mapped_field_that_never_occurs_is_noted(lines: Lines, row: Row, read: Read) -> None:
    """A misspelt field of an optional column is told, not taken for an absent column."""
    _, log = read(lines(row(0)), columns={"asn": "as_numbre", "response_characters": "length"})
    assert log.notes == {
        "asn: mapped to as_numbre, which no row has a value for": 1,
        "response_characters: mapped to length, which no row has a value for": 1,
    }


def test_a_column_that_comes_late_is_not_missed(lines: Lines, row: Row, read: Read) -> None:
    """An optional field that first occurs after the sampled lines is read."""
    path = lines(*(row(number) for number in range(500)), row(500, conversation_id="c"))
    table, log = read(path)
    assert table["conversation_id"].to_pylist()[-1] == "c"
    assert log.columns == {"conversation_id"}


def test_required_field_missing_everywhere(lines: Lines, row: Row) -> None:
    """The error names the fields that the records have, nested ones too."""
    rows = [{**row(number), "user": {"id": "x"}} for number in range(3)]
    for each in rows:
        del each["account_id"]
    with pytest.raises(InputError) as caught:
        list(open_log(lines(*rows)).batches())
    assert "no column for account_id; it has: timestamp, model, prompt, user.id" in str(
        caught.value
    )
    assert "--map account_id=FIELD" in caught.value.next_step


def test_mapping_of_nested_fields(lines: Lines, row: Row, read: Read) -> None:
    """A mapped path is followed in every record; records without it are rejected."""
    rows = [{**row(number), "user": {"id": f"u{number}"}} for number in range(3)]
    rows.append({**row(3), "user": None})
    table, log = read(lines(*rows), columns={"account_id": "user.id"})
    assert table["account_id"].to_pylist() == ["u0", "u1", "u2"]
    assert log.rejects == {"account_id missing or not text": 1}


def test_prompts_as_messages(lines: Lines, row: Row, read: Read) -> None:
    """Lists of messages, lists as text, and parts all come apart the same way."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two?"},
    ]
    parts = [{**each, "content": [{"type": "text", "text": each["content"]}]} for each in messages]
    path = lines(row(0, prompt=messages), row(1, prompt=json.dumps(messages)), row(2, prompt=parts))
    table, _ = read(path)
    assert table["prompt"].to_pylist() == ["Two?"] * 3
    assert table["system_prompt"].to_pylist() == ["Be brief."] * 3
    assert table["history"].to_pylist() == ["\x1euser\x1fOne?\x1eassistant\x1f1"] * 3
    assert table["history_turns"].to_pylist() == [2] * 3


def test_messages_by_arrow_and_by_record_are_equal(lines: Lines, row: Row, read: Read) -> None:
    """A broken line, which forces the careful path, changes nothing for the others."""
    messages = [
        {"role": "user", "content": "One?", "name": "x"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]},
        {"role": "tool", "content": "3", "tool_call_id": "1"},
    ]
    rows = [row(number, prompt=messages) for number in range(3)]
    sound, _ = read(lines(*rows, name="sound"))
    careful, _ = read(lines(*rows, "{broken", name="careful"))
    assert careful.equals(sound)


def test_a_prompt_that_is_an_object_is_rejected(lines: Lines, row: Row, read: Read) -> None:
    """A prompt that is neither text nor messages rejects its row."""
    table, log = read(lines(row(0), row(1, prompt={"a": 1}), row(2, prompt=[1]), row(3)))
    assert table.num_rows == 2
    assert log.rejects == {"prompt missing, or neither text nor messages": 2}


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_objects = st.dictionaries(st.text(min_size=1), _values, min_size=1, max_size=4)


@given(st.lists(_objects, min_size=1, max_size=8), st.integers(1, 40))
def test_documents_survive_any_cut(records: list[dict[str, Any]], size: int) -> None:
    """However the bytes of an array arrive, its records come out in order."""
    content = json.dumps(records, ensure_ascii=False).encode(errors="surrogatepass")
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    quality = Quality()
    found = [value for _, _, value in documents(pieces, "x", quality)]
    assert found == json.loads(json.dumps(records))
    assert not quality.rejects


@given(st.binary(max_size=300))
def test_noise_never_stops_the_parsers(content: bytes) -> None:
    """Any bytes end in records and rejects, never in an exception."""
    quality = Quality()
    list(parse_lines(block_of(content), "x", quality))
    numbers = [number for number, _, _ in documents(iter([content]), "x", quality)]
    assert numbers == sorted(set(numbers))


@given(st.data())
def test_damage_costs_only_what_it_touches(data: st.DataObject) -> None:
    """When some lines are overwritten with noise, all other lines are read."""
    count = data.draw(st.integers(1, 12))
    rows = [json.dumps({"n": number}) for number in range(count)]
    hurt = data.draw(st.sets(st.integers(0, count - 1)))
    noise = st.binary(min_size=1, max_size=20).map(
        lambda text: b"!" + text.replace(b"\n", b".").replace(b"{", b"(")
    )
    content = b"\n".join(
        data.draw(noise) if number in hurt else row.encode() for number, row in enumerate(rows)
    )
    quality = Quality()
    records = parse_lines(block_of(content), "x", quality)
    assert [record.value["n"] for record in records] == [
        number for number in range(count) if number not in hurt
    ]
    assert sum(quality.rejects.values()) == len(hurt)


def test_blocks_keep_every_byte_and_line_number() -> None:
    """Blocks put together are the text, and know on which line they begin."""
    text = b"".join(b"%d %s\n" % (number, b"x" * (number % 97)) for number in range(400_000))
    pieces = [text[start : start + 999_983] for start in range(0, len(text), 999_983)]
    found = list(blocks(iter(pieces)))
    assert b"".join(block.data for block in found) == text
    assert len(found) > 2
    for block in found:
        assert block.data.startswith(b"%d " % (block.first_line - 1))


def test_an_unfinished_batch_leaves_no_rejects_file(lines: Lines, row: Row, tmp_path: Path) -> None:
    """A reader that stops half way leaves nothing half-written behind."""
    listed = tmp_path / "rejects.jsonl"
    log = open_log(lines("broken", row(0)), ReadOptions(rejects_path=listed))
    stream = cast("Generator[object]", log.batches())
    next(stream)
    stream.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl"]


def test_one_bad_line_among_thousands(lines: Lines, row: Row, read: Read, tmp_path: Path) -> None:
    """A bad line in a large block is found, listed by its number, and costs only itself."""
    rows: list[Any] = [row(number, prompt="x" * 400) for number in range(6000)]
    rows[4321] = "broken"
    listed = tmp_path / "rejects.jsonl"
    table, log = read(lines(*rows), rejects_path=listed)
    expected = [f"user-{number}" for number in range(6000) if number != 4321]
    assert table["account_id"].to_pylist() == expected
    assert log.rejects == {"not valid JSON": 1}
    assert json.loads(listed.read_text())["line"] == 4322
