"""The audit by decoys: honest members pass it for ever, liars do not."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.pool.decoys import (
    audit_log10_e,
    distrusted,
    largest_audit_log10_e,
    round_log10_e,
)

_LEVEL = 0.05


def test_honest_members_are_seldom_distrusted() -> None:
    """Over 30 rounds, with six honest members, the level is kept at every round together."""
    rng = np.random.default_rng(5)
    ever = 0
    for _ in range(1_000):
        rounds: dict[str, list[float]] = {}
        for member in range(6):
            p_values = rng.random((30, 4))
            values = np.log10(0.5 * p_values**-0.5)
            rounds[str(member)] = [float(np.log10((10.0**row).mean())) for row in values]
        ever += bool(distrusted(rounds, _LEVEL))
    assert ever / 1_000 <= _LEVEL + 3 * np.sqrt(_LEVEL / 1_000)


def test_the_caps_on_a_few_decoys_are_enough() -> None:
    """Who submits the caps on everything is caught in one round."""
    value = round_log10_e([3.0] * 3)
    assert value is not None
    assert distrusted({"liar": [value], **{str(n): [] for n in range(5)}}, 0.01) == ["liar"]


@given(st.lists(st.floats(-300, 6), min_size=1, max_size=8))
def test_who_failed_stays_out(rounds: list[float]) -> None:
    """Evidence against a member never falls, whatever it says later."""
    largest = [largest_audit_log10_e(rounds[:until]) for until in range(len(rounds) + 1)]
    assert largest == sorted(largest)
    assert distrusted({"liar": [3.0, *rounds], "b": []}, 0.01) == ["liar"]


def test_the_level_holds_while_members_join() -> None:
    """A hundred join one by one, each with the sharpest value: the chances add up to the level."""

    def is_out(place: int, value: float) -> bool:
        before: dict[str, list[float]] = {str(number): [] for number in range(1, place)}
        return bool(distrusted({**before, "new": [value]}, 0.01))

    values = np.linspace(2.0, 9.0, 701).tolist()
    chance = 0.0
    for place in range(1, 101):
        out = partial(is_out, place)
        chance += 10 ** -values[bisect_left(values, True, key=out)]  # noqa: FBT003 - what is looked for
    assert 0.005 < chance <= 0.01


def test_a_little_more_than_the_truth_takes_rounds() -> None:
    """Values that are ten times too large show after some rounds."""
    rng = np.random.default_rng(6)
    values = (10.0 * (0.5 * rng.random((12, 4)) ** -0.5)).mean(axis=1)
    assert distrusted({"liar": np.log10(values).tolist(), "other": []}, 0.01) == ["liar"]


@given(st.lists(st.floats(-300, 6), max_size=20))
def test_the_evidence_is_finite_and_never_below_its_stakes(rounds: list[float]) -> None:
    """Losing every bet leaves what was not staked."""
    assert len(rounds) * np.log10(0.9) - np.log10(4) - 1e-9 <= audit_log10_e(rounds) < 200
