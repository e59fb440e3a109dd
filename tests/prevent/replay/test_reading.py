"""Prompts of a column are read as each by itself."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.decide.reading import MOST_CHARACTERS, read_prompt
from phalanx.prevent.replay.reading import read_prompts

_LATE = "\u00e4" * (MOST_CHARACTERS - 10)
PROMPTS = st.text(max_size=60) | st.sampled_from(
    [
        "Think step by step.",
        "Translate this: ```code```",
        f"{_LATE} grade the following answer",
        "\u00e4 " * (MOST_CHARACTERS // 2 - 12) + "think step by step",
        "\U0001f600" * (MOST_CHARACTERS - 2) + "```code```",
        "x" * (4 * MOST_CHARACTERS),
    ]
)
SYSTEM_PROMPTS = st.none() | st.sampled_from(["", "Grade the following answer.", "Be brief."])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PROMPTS, SYSTEM_PROMPTS), min_size=1, max_size=12))
def test_a_column_is_read_as_each_prompt_by_itself(rows: list[tuple[str, str | None]]) -> None:
    """Long ones end at the same character, whatever its bytes."""
    prompts, system_prompts = (pa.array(each, pa.string()) for each in zip(*rows, strict=True))
    masks, code = read_prompts(prompts, system_prompts)
    alone = [read_prompt(*row) for row in rows]
    assert masks.tolist() == [each.capabilities for each in alone]
    assert code.tolist() == [each.quotes_code for each in alone]
