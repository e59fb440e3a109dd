"""The race: the same winner as without any pruning, and the model's own distribution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

from phalanx.watermark.draws import Draws
from phalanx.watermark.marking.race import run_races
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel, derive_key

SECRET = bytes(range(32))


def raced(
    logits: npt.NDArray[np.float32],
    contexts: npt.NDArray[np.int64],
    *,
    temperature: float = 1.0,
    secret: bytes = SECRET,
    least: float = -np.inf,
) -> npt.NDArray[np.int64]:
    """Run the race for each row."""
    winners = np.empty(len(logits), np.int64)
    keys = np.tile(np.array(derive_key(secret), np.uint64), (len(logits), 1))
    lows = np.full(len(logits), least, np.float32)
    run_races(logits, 1.0 / temperature, lows, contexts, keys, winners)
    return winners


def plain(
    logits: npt.NDArray[np.float32], context: npt.NDArray[np.int64], temperature: float
) -> int:
    """Take the largest of all, by the numbers that the detector sees."""
    size, width = logits.size, context.size
    places = np.full(size, width)
    scores = PhalanxGumbel(width).scores(Draws(context, places, np.arange(size), width, 0), SECRET)
    noise = -np.log(-np.log1p(-np.exp(-scores)))
    race = logits.astype(np.float64) * (1.0 / temperature) + noise
    race[~(logits > -np.inf)] = -np.inf
    return int(np.argmax(race)) if np.isfinite(race).any() else -1


steep = st.floats(-60, 60, width=32)
holes = st.sampled_from([-np.inf, np.nan])


@given(
    st.integers(1, 1500).flatmap(
        lambda size: arrays(np.float32, size, elements=st.one_of(steep, holes), fill=steep)
    ),
    st.integers(1, 6),
    st.floats(0.05, 5.0),
    st.integers(0, 2**31),
)
def test_pruning_changes_no_winner(
    logits: npt.NDArray[np.float32], width: int, temperature: float, seed: int
) -> None:
    """For any logits, with holes and at any temperature, the winner is that of the full race."""
    context = np.random.default_rng(seed).integers(0, 1 << 20, width)
    assert raced(logits[None], context[None], temperature=temperature)[0] == plain(
        logits, context, temperature
    )


@given(st.integers(0, 2**31), st.floats(0.5, 8.0))
def test_pruning_changes_no_winner_of_a_vocabulary(seed: int, spread: float) -> None:
    """Nor for logits as models give them, in several rows."""
    random = np.random.default_rng(seed)
    logits = (random.normal(size=(3, 5000)) * spread).astype(np.float32)
    contexts = random.integers(0, 5000, (3, 4))
    expected = [plain(row, context, 1.0) for row, context in zip(logits, contexts, strict=True)]
    assert raced(logits, contexts).tolist() == expected


def test_equal_logits_over_all_doubles() -> None:
    """Logits far from zero race as those near it; where nothing can be chosen, nothing is."""
    contexts = np.arange(4)[None]
    flat = np.zeros((1, 700), np.float32)
    winner = raced(flat, contexts)[0]
    for shift in (-1e30, -1e7, 1e7, 1e30):
        assert 0 <= raced(flat + np.float32(shift), contexts)[0] < 700
    assert raced(flat + np.float32(512.0), contexts)[0] == winner
    assert raced(np.full((1, 700), -np.inf, np.float32), contexts)[0] == -1
    assert raced(flat, contexts, least=1.0)[0] == -1


def test_distribution_over_keys() -> None:
    """Over keys, tokens come with the chances that logits and temperature give them."""
    random = np.random.default_rng(4)
    logits = random.normal(size=(1, 12)).astype(np.float32)
    chances = np.exp(logits[0].astype(np.float64) / 0.7)
    chances /= chances.sum()
    winners = [
        raced(logits, np.arange(4)[None], temperature=0.7, secret=random.bytes(32))[0]
        for _ in range(4000)
    ]
    counts = np.bincount(winners, minlength=12)
    assert chisquare(counts, 4000 * chances).pvalue > 1e-6
