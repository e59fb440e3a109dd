"""Split a whole column of prompts, as text or as lists of messages, at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.logs.cast import Mask, offsets_of, texts, to_text
from phalanx.logs.messages import ROLES, Conversation, split_messages, split_prompt_text
from phalanx.logs.schema import HISTORY_ROLE_END, HISTORY_TURN_START

_ROLE_CODES = {"system": 0, "user": 1, "assistant": 2, "tool": 3}
_CODE_OF_KNOWN_ROLE = np.array([_ROLE_CODES[role] for role in ROLES.values()])
_SIMPLE_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@dataclass(frozen=True, slots=True)
class Prompts:
    """A column of prompts, taken apart as `messages.Conversation` says."""

    prompt: pa.Array
    """Null where the cell was null, or neither text nor messages."""

    system_prompt: pa.Array | None
    """Null when no prompt had a system turn."""

    history: pa.Array | None
    """Null when no prompt had a history."""

    history_turns: pa.Array
    mended: int = 0
    """Cells whose text was not valid UTF-8."""


def split_prompts(array: pa.Array) -> Prompts:
    """Take apart a column of prompts.

    Parameters:
        array: Text, text that holds JSON lists of messages, or lists of messages.

    Examples:
        >>> prompts = split_prompts(pa.array(["Hi", '[{"role": "user", "content": "Bye"}]']))
        >>> prompts.prompt.to_pylist(), prompts.history_turns.to_pylist()
        (['Hi', 'Bye'], [0, 0])
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if _is_list(array.type):
        return _split_lists(array)
    cast = to_text(array)
    text = cast.values
    candidates = np.flatnonzero(_may_be_json_list(text))
    if not len(candidates):
        return Prompts(text, None, None, pa.array(np.zeros(len(text), np.int32)), cast.mended)
    chosen = text.take(pa.array(candidates))
    split = _split_simple_json(chosen)
    if split is None:
        split = from_conversations([split_prompt_text(cell) for cell in chosen.to_pylist()])
    return _merged(text, candidates, split, cast.mended)


def from_conversations(conversations: list[Conversation | None]) -> Prompts:
    """Build the columns from single conversations; a null one has a null prompt.

    Examples:
        >>> from_conversations([Conversation("Hi"), None]).prompt.to_pylist()
        ['Hi', None]
    """
    known = [each or Conversation("") for each in conversations]
    return Prompts(
        prompt=texts([None if each is None else each.prompt for each in conversations]),
        system_prompt=texts([each.system_prompt for each in known]),
        history=texts([each.history for each in known]),
        history_turns=pa.array([each.history_turns for each in known], pa.int32()),
    )


def _may_be_json_list(text: pa.Array) -> Mask:
    """Look at the first visible byte, and further only after a bracket: prompts are long."""
    data = text.buffers()[2]
    if data is None:
        return np.zeros(len(text), np.bool_)
    suspects = _start_with_bracket(offsets_of(text), np.frombuffer(data, np.uint8))
    if text.null_count:
        suspects &= text.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(suspects)
    if len(rows):
        has_role = pc.match_substring(text.take(pa.array(rows)), '"role"')
        suspects[rows] = has_role.to_numpy(zero_copy_only=False)
    return suspects


@numba.njit(cache=True, nogil=True)
def _start_with_bracket(offsets: npt.NDArray[np.integer], data: npt.NDArray[np.uint8]) -> Mask:
    """Mark the cells whose first byte that JSON does not count as white space is a bracket."""
    marked = np.zeros(len(offsets) - 1, np.bool_)
    for row in range(len(marked)):
        for position in range(offsets[row], offsets[row + 1]):
            byte = data[position]
            if byte not in (32, 9, 10, 13):
                marked[row] = byte == 91
                break
    return marked


def _split_simple_json(cells: pa.Array) -> Prompts | None:
    """Parse cells by Arrow when all are lists of plain role and content, else give up."""
    import pyarrow.json as arrow_json  # noqa: PLC0415 - 20 ms that plain prompts never need

    lines = pc.binary_join_element_wise('{"m":', cells, "}", "")
    block = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")[0].as_buffer()
    try:
        table = arrow_json.read_json(
            pa.BufferReader(block),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=block.size + 1),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=pa.schema([("m", _SIMPLE_MESSAGES)]),
                newlines_in_values=True,
                unexpected_field_behavior="ignore",
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    if table.num_rows != len(cells):
        return None
    parsed = table.column("m").combine_chunks()
    return None if parsed.null_count else _split_arrow_lists(parsed)


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
    )


def _split_lists(array: pa.Array) -> Prompts:
    item = array.type.value_type
    if pa.types.is_struct(item) and array.null_count == 0 and len(array):
        names = {field.name: field.type for field in item}
        if names.get("role") == names.get("content") == pa.string():
            split = _split_arrow_lists(array)
            if split is not None:
                return split
    cells = array.to_pylist()
    return from_conversations([split_messages(_without_nulls(cell)) for cell in cells])


def _without_nulls(cell: object) -> object:
    """Drop the null fields with which Arrow fills structs of several shapes."""
    if isinstance(cell, list):
        return [_without_nulls(item) for item in cell]
    if isinstance(cell, dict):
        return {name: _without_nulls(item) for name, item in cell.items() if item is not None}
    return cell


def _split_arrow_lists(lists: pa.Array) -> Prompts | None:
    """Take apart lists of plain role and content without a Python object a row.

    The rules are those of `messages.split_messages`; a test compares the two. Null when
    a list is empty or holds a message whose text lies elsewhere than in its content.
    """
    turns = lists.flatten()
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    role_text = pc.struct_field(turns, "role")
    content = pc.struct_field(turns, "content")
    if role_text.null_count or np.bincount(rows, minlength=len(lists)).min() == 0:
        return None
    known = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(role_text)), value_set=_known_roles())
    known_codes = known.fill_null(0).to_numpy(zero_copy_only=False)
    is_known = known.is_valid().to_numpy(zero_copy_only=False)
    codes = np.where(is_known, _CODE_OF_KNOWN_ROLE[known_codes], _ROLE_CODES["tool"])
    silent = content.is_null().to_numpy(zero_copy_only=False)
    if (silent & (codes != _ROLE_CODES["assistant"])).any():
        return None
    content = content.fill_null("")
    last = _last_turn(codes, rows, len(lists))
    is_prompt = np.zeros(len(codes), np.bool_)
    is_prompt[last] = True
    is_system = (codes == _ROLE_CODES["system"]) & ~is_prompt
    is_history = (codes != _ROLE_CODES["system"]) & ~is_prompt
    marked = pc.binary_join_element_wise(_marked_roles().take(pa.array(codes)), content, "")
    counts = np.bincount(rows[is_history], minlength=len(lists))
    return Prompts(
        prompt=content.take(pa.array(last)),
        system_prompt=_joined(content, is_system, rows, len(lists), "\n\n"),
        history=_joined(marked, is_history, rows, len(lists), ""),
        history_turns=pa.array(counts.astype(np.int32)),
    )


@cache
def _known_roles() -> pa.Array:
    # Not a constant of the module: the first array that Arrow builds imports pandas.
    return pa.array(list(ROLES))


@cache
def _marked_roles() -> pa.Array:
    return pa.array([f"{HISTORY_TURN_START}{role}{HISTORY_ROLE_END}" for role in _ROLE_CODES])


def _last_turn(
    codes: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """Return the flat index of the last user turn, else last spoken, else last turn."""
    position = np.arange(len(codes))
    last = np.zeros(count, np.int64)
    # Later wishes overwrite earlier ones: within a row numpy keeps the last assignment.
    spoken = codes != _ROLE_CODES["system"]
    user = codes == _ROLE_CODES["user"]
    for wanted in (np.ones(len(codes), np.bool_), spoken, user):
        last[rows[wanted]] = position[wanted]
    return last


def _joined(
    values: pa.Array, chosen: Mask, rows: npt.NDArray[np.int64], count: int, separator: str
) -> pa.Array | None:
    if not chosen.any():
        return None
    lengths = np.bincount(rows[chosen], minlength=count)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    picked = values.filter(pa.array(chosen))
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), picked), separator)
    return pc.if_else(pa.array(lengths > 0), joined, pa.scalar(None, pa.string()))


def _merged(
    text: pa.Array,
    rows: npt.NDArray[np.int64],
    split: Prompts,
    mended: int,
) -> Prompts:
    """Put the split cells back among the plain ones."""
    mask = np.zeros(len(text), np.bool_)
    mask[rows] = True
    where = pa.array(mask)
    turns = np.zeros(len(text), np.int32)
    turns[rows] = split.history_turns.to_numpy(zero_copy_only=False)

    def scattered(values: pa.Array | None) -> pa.Array | None:
        if values is None:
            return None
        return pc.replace_with_mask(pa.nulls(len(text), pa.string()), where, values)

    return Prompts(
        prompt=pc.replace_with_mask(text, where, split.prompt),
        system_prompt=scattered(split.system_prompt),
        history=scattered(split.history),
        history_turns=pa.array(turns),
        mended=mended,
    )
