"""Keys that are alike: p-values hold over random keys on any text, whoever wrote it, and for whom.

Texts that were marked for one key, or forged by a writer without any, must not convict others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from phalanx.evidence.tails import lattice_log10_sf
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.kgw_transformers import KgwTransformers
from phalanx.watermark.schemes.sbw import Sbw, _hashed
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.schemes.synthid import SynthId

Tokens = npt.NDArray[np.int64]

KEYS = 20_000
LENGTH = 3000
CHOICES = 24
VOCABULARY = 32_000
MULTIPLIER = 6364136223846793005
RARE = 1e-4
"""Chance that a sound law fails at one of the levels."""


def _state(text: Tokens | list[int]) -> int:
    state = 1
    for token in text:
        state = ((state + int(token)) * MULTIPLIER + 1) & 0xFFFF
    return state


def _at_random(_scheme: SynthId, random: np.random.Generator) -> list[int]:
    text: list[int] = random.integers(0, VOCABULARY, LENGTH).tolist()
    return text


def _favouring(
    scheme: SynthId, offsets: npt.NDArray[np.int64], random: np.random.Generator
) -> list[int]:
    """Send of some tokens the one with most ones at some offsets, which anyone can guess."""
    text: list[int] = random.integers(0, VOCABULARY, 4).tolist()
    table = scheme._table
    while len(text) < LENGTH:
        before = _state(text[-4:])
        choices = random.integers(0, VOCABULARY, CHOICES)
        states = ((before + choices) * (MULTIPLIER & 0xFFFF) + 1) & 0xFFFF
        places = ((states[:, None] + offsets) * (MULTIPLIER & 0xFFFF) + 1) & 0xFFFF
        text.append(int(choices[table[places].sum(axis=1).argmax()]))
    return text


def _for_another(scheme: SynthId, random: np.random.Generator) -> list[int]:
    return _favouring(scheme, random.integers(0, 1 << 16, 30), random)


def _for_many(scheme: SynthId, random: np.random.Generator) -> list[int]:
    return _favouring(scheme, random.integers(0, 1 << 16, 500), random)


def _require_level(logs: npt.NDArray[np.float64]) -> None:
    for level in (1e-2, 1e-3, 1e-4):
        below = int((logs <= np.log10(level)).sum())
        assert stats.binom.sf(below - 1, logs.size, level) > RARE, (level, below)


@pytest.mark.parametrize("write", [_at_random, _for_another, _for_many])
def test_levels_hold_over_random_keys(
    write: Callable[[SynthId, np.random.Generator], list[int]],
) -> None:
    """No text is such that more random keys than stated fall below a level."""
    scheme, random = SynthId(), np.random.default_rng(17)
    drawn = draw([write(scheme, random)], 4, "context")
    keys = random.integers(0, 256, (KEYS, 120), dtype=np.uint8)
    logs = scheme.setting.law(scheme.totals(drawn, keys), drawn)
    _require_level(logs)
    # The law is no mere bound: levels are not missed by far, either.
    assert stats.binom.cdf((logs <= -1.0).sum(), KEYS, 0.1) > RARE


def test_a_law_of_so_many_draws_would_not_hold() -> None:
    """The text that is written for another key is a trial: independent bits do not explain it."""
    scheme, random = SynthId(), np.random.default_rng(17)
    drawn = draw([_for_another(scheme, random)], 4, "context")
    keys = random.integers(0, 256, (KEYS, 120), dtype=np.uint8)
    logs = scheme.setting.law_of_count(scheme.totals(drawn, keys), drawn.count)
    assert (logs <= -4.0).sum() > 20


def test_the_key_itself_is_seen() -> None:
    """The key whose offsets the text favours is far beyond all others."""
    scheme, random = SynthId(), np.random.default_rng(18)
    offsets = random.integers(0, 1 << 16, 30)
    drawn = draw([_favouring(scheme, offsets, random)], 4, "context")
    key = b"".join(int(offset).to_bytes(4, "big") for offset in offsets)
    total = scheme.totals(drawn, np.frombuffer(key, np.uint8)[None])
    assert scheme.setting.law(total, drawn)[0] < -30.0


def test_the_law_is_that_of_all_keys() -> None:
    """With one layer and with two, every key can be tried: the law is their share."""
    random = np.random.default_rng(3)
    for depth in (1, 2):
        scheme = SynthId(depth)
        drawn = draw([random.integers(0, VOCABULARY, 100)], 4, "context")
        ones, tied = scheme._ones(drawn)
        assert tied == 0
        places = random.integers(0, 1 << 16, 50)
        for place in places:
            key = int(place).to_bytes(4, "big") * depth
            scores = SynthId(1).scores(drawn, key[:4])
            assert scores.sum() == ones[place]
        share = np.bincount(ones, minlength=drawn.count + 1) / ones.size
        law = share if depth == 1 else np.convolve(share, share)
        tails = np.cumsum(law[::-1])[::-1]
        reachable = np.arange(50 * depth, 80 * depth)
        logs = scheme.setting.law(reachable.astype(float), drawn)
        expected = np.log10(np.maximum(tails[reachable], 1e-300))
        seen = tails[reachable] > 1e-12
        assert logs[seen] == pytest.approx(expected[seen], abs=1e-4)


def test_few_layers_reach_no_further_than_their_keys() -> None:
    """No p-value is below one in all keys, and what a level takes says so."""
    scheme = SynthId(1)
    assert scheme.setting.law_of_count(np.array([900.0]), 900)[0] == pytest.approx(
        -16 * np.log10(2)
    )


def test_a_law_of_few_high_scores_is_added_up_right() -> None:
    """Offsets of another key's text stand far above all others: sums with several, too."""
    scores = np.concatenate([np.full(65_506, 10), np.full(20, 90), np.arange(100, 110)])
    chances = np.bincount(scores) / scores.size
    law = np.ones(1)
    for _ in range(30):
        law = np.convolve(law, chances)
    tails = np.cumsum(law[::-1])[::-1]
    totals = np.arange(301, 1200, 7)
    assert lattice_log10_sf(totals, 30, chances) == pytest.approx(np.log10(tails[totals]), abs=1e-6)


def _alike(scheme: Scheme, text: Tokens, key: int, other: int) -> float:
    """Return how many of the scores under two keys agree."""
    setting = scheme.setting
    drawn = draw([text], setting.context_width, setting.unit)
    first, second = (scheme.scores(drawn, each.to_bytes(7, "big")) for each in (key, other))
    return float((first == second).mean())


def test_seeds_that_heed_few_bits_of_a_key_convict_no_other() -> None:
    """Keys that agree in their low bits score apart on texts that heed only these."""
    random = np.random.default_rng(5)
    poor = np.array([token for token in range(1 << 18) if _hashed(token) & 0xFFF == 0])
    text = random.choice(poor, 2000)
    key = int(random.integers(1, 1 << 55))
    assert _alike(Sbw(), text, key, key ^ (0xFFFF << 39)) == pytest.approx(0.5, abs=0.1)


def test_lists_after_multiples_of_powers_of_two_convict_no_other() -> None:
    """The same for green lists, whose seeds are the key times the last token."""
    random = np.random.default_rng(6)
    text = np.empty(400, np.int64)
    text[::2] = 256 * np.arange(1, 201)
    text[1::2] = random.integers(0, 65_536, 200)
    key = int(random.integers(1, 1 << 30))
    scheme = KgwTransformers(65_536, greenlist_ratio=0.5)
    drawn = draw([text], 1, "context")
    coarse = np.flatnonzero(drawn.stream[drawn.positions - 1] % 256 == 0)
    scores = [
        scheme.scores(drawn, each.to_bytes(7, "big"))[coarse] for each in (key, key ^ (1 << 24))
    ]
    assert coarse.size >= 200
    assert (scores[0] == scores[1]).mean() == pytest.approx(0.5, abs=0.15)
