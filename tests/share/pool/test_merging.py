"""What members say of a token, merged: an e-value under the null that is stated, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from phalanx.share.pool.merging import (
    by_circle,
    least_without_one,
    merged,
    under_any_dependence,
    without,
)

_DRAWS = 20_000
_VALUES = st.dictionaries(
    st.sampled_from([f"m{number}" for number in range(6)]), st.floats(-9, 9), min_size=2
)


_SHARE = 0.05


def _e_values(rng: np.random.Generator, members: int, alike: int) -> NDArray[np.float64]:
    """Draw log10 e of members under the null, in sets of alike ones; shape (draws, members).

    Each is 20 with probability 1/20 and nearly 0 else, so that its mean is one and its tail as
    heavy as one can be there; members of a set see the same customer, and so the same.
    """
    sets = -(-members // alike)
    is_unusual = np.repeat(rng.random((_DRAWS, sets)) < _SHARE, alike, axis=1)[:, :members]
    return np.where(is_unusual, -np.log10(_SHARE), -30.0)


def _tempered(log10_es: NDArray[np.float64]) -> NDArray[np.float64]:
    names = [f"m{number}" for number in range(log10_es.shape[1])]
    return np.array([merged(dict(zip(names, row, strict=True)), {}) for row in log10_es])


def _mean_and_margin(log10_es: NDArray[np.float64]) -> tuple[float, float]:
    values = 10.0 ** np.asarray(log10_es)
    return float(values.mean()), float(3.0 * values.std() / np.sqrt(values.size))


@pytest.mark.parametrize(
    ("members", "alike"), [(2, 1), (3, 1), (4, 1), (4, 2), (6, 2), (9, 3), (16, 4)]
)
def test_merged_evidence_is_an_e_value(members: int, alike: int) -> None:
    """With K members in sets of at most √K alike ones, the mean is at most one."""
    merged_values = _tempered(_e_values(np.random.default_rng(members), members, alike))
    mean, margin = _mean_and_margin(merged_values)
    assert mean <= 1.0 + margin
    for level in (1.0, 2.0, 3.0):
        share = np.mean(merged_values >= level)
        assert share <= 10.0**-level + 3 * np.sqrt(10.0**-level / _DRAWS)


@pytest.mark.parametrize("members", [2, 4, 6])
def test_a_product_breaks_where_all_see_one_customer(members: int) -> None:
    """If the same honest customer stands behind all members, products claim far too much."""
    drawn = _e_values(np.random.default_rng(7), members, members)
    assert np.mean(drawn.sum(axis=1) >= 2.0) > 0.03
    circle = dict.fromkeys([f"m{number}" for number in range(members)], "cloud")
    averaged = np.array(
        [merged(dict(zip(circle, row, strict=True)), circle) for row in drawn[:2_000]]
    )
    assert np.mean(averaged >= 2.0) <= 0.01 + 3 * np.sqrt(0.01 / 2_000)


@pytest.mark.parametrize("alike", [1, 2, 6])
def test_the_mean_holds_under_any_dependence(alike: int) -> None:
    """What is reported beside is valid whoever sees whom."""
    drawn = _e_values(np.random.default_rng(alike), 6, alike)
    values = np.array([under_any_dependence(row) for row in drawn])
    assert np.mean(values >= 2.0) <= 0.01 + 3 * np.sqrt(0.01 / _DRAWS)
    mean, margin = _mean_and_margin(values)
    assert mean <= 1.0 + margin


@given(_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(values: dict[str, float], chance: object) -> None:
    """Members are merged alike in whatever order they came."""
    shuffled = list(values.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # of random.Random
    assert merged(dict(shuffled), {}) == pytest.approx(merged(values, {}))


@given(_VALUES, st.floats(0, 50))
def test_no_member_decides_alone(values: dict[str, float], more: float) -> None:
    """The least that is left without one member does not grow with what any one of them says."""
    member = min(values)
    louder = {**values, member: values[member] + more}
    others = without(values, member, {})
    assert least_without_one(louder, {}) <= others + 1e-9


@given(_VALUES)
def test_the_mean_never_exceeds_the_strongest(values: dict[str, float]) -> None:
    """Averaging says only what somebody knew alone."""
    assert under_any_dependence(values.values()) <= max(values.values()) + 1e-9


def test_a_circle_is_no_member_of_its_name() -> None:
    """Members of a circle that is named like another member are not averaged with it."""
    assert len(by_circle({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": "c", "b": "c"})) == 2
