"""Prompts: text, messages, and the two ways to split them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.messages import (
    Conversation,
    conversation,
    split_messages,
    split_prompt_text,
    text_of,
)
from phalanx.logs.prompts import from_conversations, split_prompts
from phalanx.logs.schema import HISTORY_ROLE_END, HISTORY_TURN_START

_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_roles = st.sampled_from(["system", "developer", "user", "User ", "assistant", "tool", "critic"])
_messages = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": _roles, "content": _texts}),
        st.just({"role": "assistant", "content": None}),
    ),
    min_size=1,
    max_size=6,
)


def _columns(split: Any, rows: int) -> list[list[Any]]:
    nothing = [None] * rows
    return [
        split.prompt.to_pylist(),
        nothing if split.system_prompt is None else split.system_prompt.to_pylist(),
        nothing if split.history is None else split.history.to_pylist(),
        split.history_turns.to_pylist(),
    ]


@given(st.lists(_messages, min_size=1, max_size=6))
def test_columns_split_as_single_lists_do(column: list[list[dict[str, Any]]]) -> None:
    """Splitting a column of lists, or of their JSON, agrees with splitting each list."""
    single = from_conversations([split_messages(messages) for messages in column])
    expected = _columns(single, len(column))
    kind = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    assert _columns(split_prompts(pa.array(column, kind)), len(column)) == expected
    encoded = pa.array([json.dumps(messages) for messages in column])
    assert _columns(split_prompts(encoded), len(column)) == expected


@given(st.lists(st.one_of(_texts, _messages.map(json.dumps), st.none()), max_size=8))
def test_plain_and_structured_prompts_mix(cells: list[str | None]) -> None:
    """A column may hold plain text and messages side by side, and be a slice."""
    singles = [None if cell is None else split_prompt_text(cell) for cell in cells]
    column = pa.array(["pad", *cells, "pad"], pa.string()).slice(1, len(cells))
    expected = _columns(from_conversations(singles), len(cells))
    assert _columns(split_prompts(column), len(cells)) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), _texts), min_size=1
    )
)
def test_no_turn_is_lost(turns: list[tuple[str, str]]) -> None:
    """Every turn stands in the prompt, the system prompt or the history."""
    split = conversation(turns)
    spoken = [text for role, text in turns if role != "system"]
    assert split.history_turns == max(len(spoken) - 1, 0)
    marks = (split.history or "").count(HISTORY_TURN_START)
    inside = sum(text.count(HISTORY_TURN_START) for text in spoken)
    assert split.history_turns <= marks <= split.history_turns + inside


def test_the_history_of_a_later_call_begins_with_that_of_an_earlier() -> None:
    """In an agent's loop the conversation only grows, and so does the history."""
    asked = [("user", "Fix it")]
    first = conversation([*asked, ("assistant", "looking")])
    second = conversation([*asked, ("assistant", "looking"), ("tool", "found")])
    assert first.history is not None
    assert second.history is not None
    assert second.history.startswith(first.history)
    assert second.prompt == "Fix it"


def test_history_marks_roles() -> None:
    """Each turn of the history carries its role between two control characters."""
    split = conversation([("user", "a"), ("assistant", "b"), ("user", "c")])
    assert split.history == (
        f"{HISTORY_TURN_START}user{HISTORY_ROLE_END}a"
        f"{HISTORY_TURN_START}assistant{HISTORY_ROLE_END}b"
    )


def test_only_system_turns() -> None:
    """A conversation of system turns has the last of them as its prompt."""
    assert conversation([("system", "a"), ("system", "b")]) == Conversation("b", "a")


@pytest.mark.parametrize(
    "text",
    [
        "[1] A footnote",
        '["a", "list"]',
        '[{"role": 5}]',
        '[{"role": "user", "content": "cut',
        '[{"no": "role"}, {"role": "user"}]',
        '["role"]' + "[" * 50_000,
        "",
        "[",
    ],
)
def test_text_that_only_looks_like_messages(text: str) -> None:
    """Text that begins with a bracket stays the prompt that it is."""
    assert split_prompt_text(text) == Conversation(text)
    assert split_prompts(pa.array([text])).prompt.to_pylist() == [text]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}], "a"),
        ([{"type": "input_text", "text": "a"}, "b"], "a\nb"),
        ([{"type": "tool_use", "name": "f", "input": {"x": 1}}], 'f {"x": 1}'),
        ([{"type": "tool_result", "content": [{"type": "text", "text": "r"}]}], "r"),
        ({"text": "redacted"}, "redacted"),
        (7, ""),
        (b"bytes", ""),
    ],
)
def test_content_in_all_shapes(content: object, text: str) -> None:
    """Text is found in whatever shape providers give their content."""
    assert text_of(content) == text


def test_content_that_nests_without_end() -> None:
    """Content that nests too deeply is left out, without a fault."""
    value: object = "deep"
    for _ in range(5000):
        value = [value]
    assert text_of(value) == ""


def test_lists_of_other_shapes_are_split_one_by_one() -> None:
    """Lists whose messages have parts, or null and empty lists, are read all the same."""
    column = pa.array(
        [
            [{"role": "user", "content": [{"type": "text", "text": "a"}], "parts": None}],
            [{"role": "model", "content": None, "parts": [{"text": "b"}]}],
            None,
            [],
            [{"role": None, "content": None, "parts": None}],
        ]
    )
    assert split_prompts(column).prompt.to_pylist() == ["a", "b", None, None, None]


def test_lists_of_numbers_are_no_prompts() -> None:
    """A column of embeddings in the place of prompts has nothing to read."""
    assert split_prompts(pa.array([[1.0, 2.0]])).prompt.to_pylist() == [None]


def test_a_name_beside_a_text_does_not_hide_it() -> None:
    """Models read the text; of a call all is kept, whatever else it says."""
    assert text_of([{"type": "text", "name": "x", "text": "Why?"}]) == "Why?"
    call = {"name": "f", "arguments": "{}"}
    assert text_of(call) == "f {}"
    assert text_of(call | {"text": "Why?"}) == "f {}\nWhy?"
    assert text_of({"name": "f", "content": [{"text": "a"}]}) == "a"
