"""Files of an audit: what was written is read, and anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.audit import Plan, imagined_field, leaning_of, parse_recorded, read_plan

PLAN = Plan(
    suspect="x", mode="answers", scheme="phalanx-gumbel-v1", key_ids=("a", "b"), key_commitment="",
    prompts_digest="1" * 64, prompts=5, reference="base", reference_digest="", level=1e-6, decoys=9,
    decoy_seed=7, candidates=64, places=1_000, made_at="2026-11-25T12:00:00Z",
)  # fmt: skip
PLACE = {"at": 2, "candidates": [5, 6], "marked": [-1, -1], "suspect": [-1.0, -2], "reference": [
    -1, -1]}  # fmt: skip
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.lists(st.integers() | st.text(max_size=2), max_size=3)
)


def test_a_plan_is_read_as_it_was_written() -> None:
    """Byte for byte: another way to write the same is another digest."""
    assert read_plan(PLAN.as_bytes()) == PLAN
    with pytest.raises(InputError):
        read_plan(json.dumps(json.loads(PLAN.as_bytes())).encode())
    with pytest.raises(InputError):
        read_plan(PLAN.as_bytes() + b"\n")


@given(st.binary(max_size=100))
def test_other_bytes_are_no_plan_and_no_record(data: bytes) -> None:
    """Whatever they are."""
    with pytest.raises(InputError):
        read_plan(data)
    assert parse_recorded(data) is None


@given(st.sampled_from(sorted(json.loads(PLAN.as_bytes()))), VALUES)
def test_a_changed_plan_is_refused_or_a_plan(name: str, value: Any) -> None:
    """Nothing but the named error is raised."""
    import rfc8785

    changed = json.loads(PLAN.as_bytes()) | {name: value}
    try:
        data = rfc8785.dumps(changed)
    except (ValueError, rfc8785.CanonicalizationError):
        return
    try:
        found = read_plan(data)
    except InputError:
        return
    assert found.as_bytes() == data
    assert 0.0 < found.level < 1.0


@given(st.sampled_from(sorted(PLACE)), VALUES)
def test_a_changed_place_is_refused_or_usable(name: str, value: Any) -> None:
    """A record that is taken has as many logarithms as candidates, none far out of range."""
    line = json.dumps({"tokens": [1, 2, 3], "places": [PLACE | {name: value}]}).encode()
    found = parse_recorded(line)
    if found is not None:
        ((at, (candidates, logs)),) = found.places.items()
        assert 0 < at < 3
        assert logs.shape == (3, candidates.size)
        assert np.isfinite(logs).all()


def test_contexts_count_once_over_all_records() -> None:
    """What stands in a second document again says nothing new; nor what a prompt has shown."""
    places = [PLACE | {"at": at} for at in (2, 3, 4)]
    line = json.dumps({"tokens": [7, 8, 9, 7, 8], "places": places}).encode()
    found = parse_recorded(line)
    assert found is not None
    leaning = leaning_of([found, found], 2)
    assert leaning.field.draws.positions.tolist() == [2, 3, 4]
    assert leaning.log_lean[0].tolist() == [0.0, -1.0]
    assert np.exp(leaning.field.log_p).sum(axis=1) == pytest.approx(1.0)
    known = leaning_of([found], 2, [np.array([7, 8, 9])])
    assert known.field.draws.count == 2
    with pytest.raises(InputError, match="nothing was recorded that counts"):
        leaning_of([found], 2, [np.array([7, 8, 9, 7, 8])])


def test_an_imagined_model_has_the_entropy_that_was_asked_for() -> None:
    """And one that no such model has is refused."""
    with pytest.raises(ValueError, match="entropy_nats"):
        imagined_field(10, 4.2, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="places"):
        imagined_field(0, 1.0, 4, np.random.default_rng(0))
