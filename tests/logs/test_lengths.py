"""Lengths: cutting long texts, counting responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.lengths import cut, response_characters

_texts = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=12), max_size=8)


@given(_texts, st.integers(1, 12), st.integers(0, 2))
def test_cutting_keeps_the_beginning(values: list[str | None], limit: int, skip: int) -> None:
    """Each text keeps its first characters, and those that lost some are counted."""
    column = pa.array(["long enough to cut"] * skip + values, pa.string()).slice(skip)
    result, truncated = cut(column, limit)
    assert result.to_pylist() == [None if text is None else text[:limit] for text in values]
    assert truncated == sum(1 for text in values if text is not None and len(text) > limit)


@pytest.mark.parametrize(
    ("responses", "lengths"),
    [
        (pa.array(["naïve", None, ""]), [5, -1, 0]),
        (pa.array(["naïve", None, ""], pa.large_string()), [5, -1, 0]),
        (pa.array(["ab", None, "ab"]).dictionary_encode(), [2, -1, 2]),
        (pa.array(["naïve".encode(), None, b""]), [5, -1, 0]),
        (pa.array([b"\xff\xfe", None, b"a"]).view(pa.string()), None),
        (pa.array([[{"text": "abc"}], None, []]), [3, -1, 0]),
        (pa.array([{"content": "abcd"}, None, {"content": None}]), [4, -1, 0]),
        (pa.nulls(3), [-1, -1, -1]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_responses_of_any_type(responses: pa.Array, lengths: list[int] | None) -> None:
    """Responses as text, bytes or structures have a length; what is missing has -1."""
    found = response_characters({"response": responses}, 3).to_pylist()
    assert found[1] == -1
    assert lengths is None or found == lengths


def test_a_given_length_comes_before_the_text() -> None:
    """Where a log has both, the given length counts, and the text fills the gaps."""
    columns = {
        "response_characters": pa.array([7, None, -3]),
        "response": pa.array(["abc", "abc", None]),
    }
    assert response_characters(columns, 3).to_pylist() == [7, 3, -1]


def test_long_prompts_histories_and_system_prompts_are_cut(
    row: Callable[..., dict[str, Any]], read: Callable[..., Any]
) -> None:
    """All three texts of an exchange are held to the limit, each with its note."""
    messages = [
        {"role": "system", "content": "s" * 50},
        {"role": "user", "content": "h" * 50},
        {"role": "user", "content": "p" * 50},
    ]
    table = pa.Table.from_pylist([row(0, prompt=messages), row(1, prompt=messages[2:])])
    result, log = read(table, maximum_prompt_characters=20)
    assert {len(text) for text in result["prompt"].to_pylist()} == {20}
    assert len(result["history"][0].as_py()) == len(result["system_prompt"][0].as_py()) == 20
    assert log.notes == {
        "prompt: truncated to 20 characters": 2,
        "history: truncated to 20 characters": 1,
        "system_prompt: truncated to 20 characters": 1,
    }
