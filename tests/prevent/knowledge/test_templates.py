"""The template that a prompt is most alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.knowledge.templates import Templates, templates_of
from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    Snapshot,
    TemplateIndex,
    TemplateRows,
    match_prompts,
    sketch_of,
)
from phalanx.sketches.templates.rows import uuids_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOW_US = round(NOW.timestamp() * 1_000_000)
KEYS = GroupKeys((GroupKey(1, date(2026, 1, 1), bytes(32)),))
TEMPLATES = [
    "Grade the answer below by the rubric, say in one line what it lacks, and give it a mark: {}",
    (
        "You are given a function in a language of your choice; write tests that break it, then "
        "mend it, and explain each step that you take on the way: {}"
    ),
]


def _snapshot(epoch: int = 1, valid_days: int = 30) -> Snapshot:
    key = GroupKey(epoch, date(2026, 1, 1), bytes(32))
    sketches = sketch_of(pa.array([each.format("") for each in TEMPLATES]), key)
    names = [f"indicator--00000000-0000-0000-0000-00000000000{n}" for n in range(len(TEMPLATES))]
    until = round((NOW + timedelta(days=valid_days)).timestamp() * 1_000_000)
    rows = TemplateRows(
        epoch,
        sketches.minhash,
        uuids_of(pa.array(names)),
        np.arange(len(TEMPLATES), dtype=np.int32),
        tuple(f"campaign--{n}" for n in range(len(TEMPLATES))),
        np.full(len(TEMPLATES), until, dtype=np.int64),
    )
    return TemplateIndex([rows]).snapshot


SNAPSHOT = _snapshot()


@pytest.fixture(scope="module")
def templates() -> Templates:
    """Hold two templates."""
    return templates_of(SNAPSHOT, KEYS)


@pytest.mark.parametrize("number", [0, 1])
def test_a_prompt_made_from_a_template_matches_it(templates: Templates, number: int) -> None:
    """With its campaign and its indicator."""
    found = templates.best(TEMPLATES[number].format("the moon is made of cheese"), NOW_US)
    assert found is not None
    assert found.campaign == f"campaign--{number}"
    assert found.indicator.endswith(str(number))
    assert 0.5 <= found.jaccard <= 1


WORDS = st.lists(st.sampled_from(" ".join(TEMPLATES).split()), max_size=60).map(" ".join)


@settings(max_examples=60)
@given(
    st.sampled_from(TEMPLATES).flatmap(lambda text: WORDS.map(text.format))
    | WORDS
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
    | WORDS.map(lambda text: f'[{{"role":"user","content":"{text}"}}]')
)
def test_one_prompt_gets_the_answer_of_the_batch(prompt: str) -> None:
    """What the scan and the hub find, the gateway finds."""
    table = match_prompts(pa.array([prompt]), SNAPSHOT, KEYS, NOW).table
    found = templates_of(SNAPSHOT, KEYS).best(prompt, NOW_US)
    if table.num_rows == 0:
        assert found is None
    else:
        assert found is not None
        assert found.jaccard == max(table["jaccard"].to_pylist())
        assert found.campaign in table["campaign"].to_pylist()


def test_a_template_that_is_over_matches_nothing() -> None:
    """Nor one whose key is not held, which is told."""
    prompt = TEMPLATES[0].format("")
    assert templates_of(_snapshot(valid_days=0), KEYS).best(prompt, NOW_US) is None
    unread = templates_of(_snapshot(epoch=2), KEYS)
    assert unread.best(prompt, NOW_US) is None
    assert unread.unread_epochs == (2,)


@pytest.mark.parametrize("prompt", ["", "\ud800", "\0", "x" * 1_000_000])
def test_hostile_prompts_match_nothing_and_break_nothing(templates: Templates, prompt: str) -> None:
    """Whatever a client sends."""
    assert templates.best(prompt, NOW_US) is None
