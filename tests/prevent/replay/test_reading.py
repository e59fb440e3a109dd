"""Requests of a column are read as each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.decide.reading import Reader, Reading
from phalanx.prevent.knowledge.templates import MOST_CHARACTERS, templates_of
from phalanx.prevent.replay.reading import read_prompts
from phalanx.prevent.request import Request
from phalanx.prevent.state.contents import contents_of
from phalanx.sketches.prompts.kernel import MAXIMUM_TOKENS
from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    TemplateIndex,
    TemplateRows,
    sketch_of,
)

KEY = bytes(range(32))
NOW_US = round(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1_000_000)
SHARED = "Grade the answer below by the rubric, say in one line what it lacks, and give it a mark: "
GROUP_KEYS = GroupKeys(
    tuple(
        GroupKey(epoch, date(2026, 1, 1) + timedelta(epoch), bytes([epoch]) * 32)
        for epoch in (1, 2)
    )
)


def _rows(key: GroupKey) -> TemplateRows:
    sketches = sketch_of(pa.array([SHARED]), key)
    return TemplateRows(
        key.epoch, sketches.minhash, np.array([[0, key.epoch]], dtype=np.uint64),
        np.zeros(1, dtype=np.int32), (f"campaign--{key.epoch}",),
        np.full(1, NOW_US + key.epoch, dtype=np.int64),
    )  # fmt: skip


TEMPLATES = templates_of(
    TemplateIndex([_rows(key) for key in GROUP_KEYS.keys]).snapshot, GROUP_KEYS
)

_LATE = "\u00e4" * (MOST_CHARACTERS - 10)
PROMPTS = st.text(max_size=60) | st.sampled_from(
    [
        "Think step by step.",
        "Translate this: ```code```",
        f"{SHARED} the moon is made of cheese",
        f'[{{"role":"user","content":"{SHARED}"}}]',
        f"{_LATE} grade the following answer",
        "\u00e4 " * (MOST_CHARACTERS // 2 - 12) + "think step by step",
        "\U0001f600" * (MOST_CHARACTERS - 2) + "```code```",
        "x" * (4 * MOST_CHARACTERS),
    ]
)
SYSTEM_PROMPTS = st.none() | st.sampled_from(["", "Grade the following answer.", "Be brief."])
HISTORIES = st.none() | st.text(max_size=20)
Parts = tuple[str, str | None, str | None]


def _read(reader: Reader, parts: Parts, now_us: int = NOW_US) -> Reading:
    prompt, system_prompt, history = parts
    request = Request.model_construct(
        exchange_id="r", account_id="a", model="m", prompt=prompt, system_prompt=system_prompt,
        history=history,
    )  # fmt: skip
    return reader.read(request, now_us)


def _alone(rows: Sequence[Parts]) -> list[Reading]:
    reader = Reader(KEY, TEMPLATES)
    return [_read(reader, row) for row in rows]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PROMPTS, SYSTEM_PROMPTS, HISTORIES), min_size=1, max_size=12))
def test_a_column_is_read_as_each_request_by_itself(rows: list[Parts]) -> None:
    """Long prompts end at the same character, whatever its bytes."""
    prompts, system_prompts, histories = (
        pa.array(each, pa.string()) for each in zip(*rows, strict=True)
    )
    masks, code = read_prompts(prompts, system_prompts)
    alone = _alone(rows)
    assert masks.tolist() == [each.capabilities for each in alone]
    assert code.tolist() == [each.quotes_code for each in alone]
    contents = contents_of((system_prompts, histories, prompts), KEY)
    assert contents.tolist() == [each.content for each in alone]
    assert [TEMPLATES.best(row[0], NOW_US) for row in rows] == [each.template for each in alone]


def test_tokens_are_read_once_for_capabilities_and_templates() -> None:
    """So both look at as many of them."""
    assert 16 * MAXIMUM_TOKENS == MOST_CHARACTERS


def test_templates_of_every_epoch_are_compared() -> None:
    """Each under its own key, until it ends."""
    reader, parts = Reader(KEY, TEMPLATES), (SHARED, None, None)
    found = [_read(reader, parts, NOW_US + after).template for after in (0, 1, 2)]
    named = [None if each is None else each.campaign for each in found]
    assert named == ["campaign--1", "campaign--2", None]


def test_half_a_character_is_a_content_of_its_own() -> None:
    """Hostile requests carry half surrogates; nothing breaks, and each is told from the other."""
    contents = [each.content for each in _alone([("\ud800", None, None), ("\udc00", None, None)])]
    assert len(set(contents)) == 2
