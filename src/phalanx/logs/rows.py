"""Build native chunks from rows that were read as Python mappings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from phalanx.logs.cast import texts
from phalanx.logs.chunk import NativeChunk, Unit
from phalanx.logs.messages import Conversation, split_messages, split_prompt_text, text_of
from phalanx.logs.prompts import from_conversations
from phalanx.logs.quality import Quality
from phalanx.logs.schema import EXCHANGE_SCHEMA, MAPPABLE_COLUMNS, RESPONSE_CHARACTERS

_CHUNK_CHARACTERS = 16 << 20

Row = Mapping[str, object]
"""Native column -> cell. `prompt` may be text, messages, or a `Conversation`."""


class PlacedRow(NamedTuple):
    """A row, and where in its file it stands."""

    unit: Unit
    position: int
    characters: int
    """Length of the record that it came from."""

    row: Row


def chunks_of(
    rows: Iterable[PlacedRow], batch_rows: int, quality: Quality, *, responses: bool = False
) -> Iterator[NativeChunk]:
    """Yield chunks of rows as they come, bounded in rows and in text.

    Parameters:
        rows: Rows in order.
        batch_rows: Largest number of rows in a chunk, at least 1.
        quality: Takes notes on cells of a wrong type.
        responses: Whether chunks carry the text of responses.

    Examples:
        >>> rows = [PlacedRow("line", number, 9, {"prompt": "p"}) for number in range(1, 6)]
        >>> [chunk.rows for chunk in chunks_of(rows, 2, Quality())]
        [2, 2, 1]
    """
    held: list[PlacedRow] = []
    characters = 0
    for placed in rows:
        held.append(placed)
        characters += placed.characters
        if len(held) >= batch_rows or characters >= _CHUNK_CHARACTERS:
            yield _chunk(held, quality, responses=responses)
            held, characters = [], 0
    if held:
        yield _chunk(held, quality, responses=responses)


def _chunk(held: Sequence[PlacedRow], quality: Quality, *, responses: bool) -> NativeChunk:
    rows = [placed.row for placed in held]
    positions = [placed.position for placed in held]
    return chunk_of(rows, positions, held[0].unit, quality, responses=responses)


def chunk_of(
    rows: Sequence[Row],
    positions: Sequence[int],
    unit: Unit,
    quality: Quality,
    *,
    responses: bool = False,
) -> NativeChunk:
    """Build a chunk from rows.

    Parameters:
        rows: Rows in order; a missing key is a missing cell.
        positions: Where each stands.
        unit: What `positions` count.
        quality: Takes notes on cells of a wrong type.
        responses: Whether the chunk carries the text of responses.

    Examples:
        >>> chunk = chunk_of([{"model": "m", "prompt": "Hi"}], [1], "line", Quality())
        >>> chunk.columns["prompt"].to_pylist(), sorted(chunk.columns)
        (['Hi'], ['history', 'history_turns', 'model', 'prompt'])
    """
    present = {name for row in rows for name in row}
    columns = {
        name: _column(name, [row.get(name) for row in rows], quality)
        for name in MAPPABLE_COLUMNS
        if name in present and name not in ("prompt", "response")
    }
    columns |= _prompt_columns(rows, columns.get("system_prompt"))
    if "response" in present:
        lengths = [row.get(RESPONSE_CHARACTERS, _characters(row.get("response"))) for row in rows]
        columns[RESPONSE_CHARACTERS] = _column(RESPONSE_CHARACTERS, lengths, quality)
        if responses:
            cells = [row.get("response") for row in rows]
            columns["response"] = texts([None if each is None else text_of(each) for each in cells])
    return NativeChunk(rows=len(rows), positions=positions, unit=unit, columns=columns)


def field_at(record: Mapping[str, object], path: str) -> object:
    """Return the value at a dotted path; a field of the dotted name itself comes first.

    Examples:
        >>> field_at({"user": {"id": 7}}, "user.id"), field_at({"user.id": 8}, "user.id")
        (7, 8)
        >>> field_at({"user": None}, "user.id") is None, field_at({"a": ["x"]}, "a.0")
        (True, 'x')
    """
    value = record.get(path)
    if value is not None or "." not in path:
        return value
    value = record
    for step in _steps(path):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def first_at(record: Mapping[str, object], *paths: str) -> object:
    """Return the first value that is there and not empty.

    Examples:
        >>> first_at({"a": "", "b": 2}, "a", "b")
        2
    """
    for path in paths:
        value = field_at(record, path)
        if value is not None and value != "":
            return value
    return None


def _column(name: str, values: list[object], quality: Quality) -> pa.Array:
    """Build one column; cells of several types become text, for `conform` to read."""
    try:
        return pa.array(values)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError):
        pass
    cells = [_text(value) for value in values]
    lost = sum(
        1 for cell, value in zip(cells, values, strict=True) if cell is None and value is not None
    )
    if name in EXCHANGE_SCHEMA.names and EXCHANGE_SCHEMA.field(name).nullable:
        quality.note(f"{name}: value of a wrong type or size, left empty", lost)
    return texts(cells)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | float) else None


def _prompt_columns(rows: Sequence[Row], declared: pa.Array | None) -> dict[str, pa.Array]:
    split = from_conversations([_conversation(row.get("prompt")) for row in rows])
    columns: dict[str, pa.Array] = {
        "prompt": split.prompt,
        "history": split.history,
        "history_turns": split.history_turns,
    }
    found = split.system_prompt
    if found is not None and found.null_count < len(found):
        columns["system_prompt"] = found if declared is None else _first(declared, found)
    return columns


def _first(declared: pa.Array, found: pa.Array) -> pa.Array:
    pairs = zip(declared.to_pylist(), found.to_pylist(), strict=True)
    return texts([_text(left) if _text(left) is not None else right for left, right in pairs])


def _conversation(prompt: object) -> Conversation | None:
    if isinstance(prompt, Conversation):
        return prompt
    if isinstance(prompt, str):
        return split_prompt_text(prompt)
    if isinstance(prompt, int | float) and prompt is not None:
        return Conversation(str(prompt))
    return split_messages(prompt)


def _characters(response: object) -> int | None:
    return None if response is None else len(text_of(response))
