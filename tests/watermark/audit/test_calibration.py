"""Under the null hypothesis of an audit its e-values have a mean of at most one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phalanx.watermark.audit import Field, Leaning, answers_log10_e, lean_log10_e
from phalanx.watermark.audit.power import simulate_power
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

SCHEME = PhalanxGumbel(2)
KEYS = 4_000


def field(places: int, candidates: int, seed: int) -> Field:
    """Return places with contexts and probabilities that have nothing to do with a key."""
    random = np.random.default_rng(seed)
    stream = random.integers(0, 10_000, places * 3)
    positions = np.arange(places) * 3 + 2
    log_p = np.log(random.dirichlet(np.full(candidates, 0.3), places) + 1e-9)
    log_p -= np.logaddexp.reduce(log_p, axis=1, keepdims=True)
    chosen = np.tile(np.arange(candidates), (places, 1))
    return Field(Draws(stream, positions, stream[positions], 2, 0), chosen, log_p)


def keys(count: int, seed: int) -> list[bytes]:
    """Return random keys."""
    random = np.random.default_rng(seed)
    return [random.bytes(32) for _ in range(count)]


@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
def test_mean_e_of_leaning_is_at_most_one(spread: float) -> None:
    """However much the suspect differs from the reference, for whatever other reason."""
    places = field(8, 6, 1)
    lean = np.random.default_rng(2).normal(0.0, spread, places.log_p.shape)
    e = 10.0 ** lean_log10_e(Leaning(places, lean), SCHEME, keys(KEYS, 3))
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(KEYS)
    assert (e >= 20.0).mean() <= 0.05


def test_mean_e_of_answers_is_at_most_one() -> None:
    """Whatever probabilities the tokens are thought to have."""
    places = field(40, 6, 4)
    log_p = np.log(np.random.default_rng(5).uniform(0.001, 1.0, 40))
    e = 10.0 ** answers_log10_e(places.draws, log_p, SCHEME, keys(KEYS, 6))
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(KEYS)
    assert (e >= 20.0).mean() <= 0.05


def test_a_certain_token_and_an_impossible_one_say_nothing_and_no_nan() -> None:
    """Probabilities of one, and of nothing, are no special case."""
    places = field(4, 3, 7)
    log_p = np.array([0.0, -np.inf, -1e-12, -800.0])
    assert np.isfinite(answers_log10_e(places.draws, log_p, SCHEME, keys(20, 8))).all()
    lean = np.full(places.log_p.shape, -np.inf)
    lean[:, 0] = np.inf
    assert np.isfinite(lean_log10_e(Leaning(places, lean), SCHEME, keys(20, 9))).all()


@pytest.mark.parametrize("mode", ["weights", "answers"])
def test_power_grows_with_what_was_learnt_and_starts_at_the_level(mode: Any) -> None:
    """Nothing learnt is named no more often than was promised, all of it always."""
    curve = simulate_power(
        field(400, 16, 10),
        mode,
        SCHEME,
        (0.0, 0.05, 1.0),
        3.0,
        runs=40,
        random=np.random.default_rng(11),
    )
    assert curve[0].power == 0.0
    assert curve[2].power == 1.0
    medians = [each.median_log10_e for each in curve]
    assert medians == sorted(medians)
