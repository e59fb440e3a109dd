"""Every scheme that ships passes the contract, in its usual setting and in another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.contract import SchemeContract
from phalanx.watermark.schemes.kgw_transformers import KgwTransformers
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.sbw import Sbw
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.schemes.synthid import SynthId
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel
from phalanx.watermark.schemes.vllm_gumbel_dual import VllmGumbelDual

CHOICES = 4


def write(scheme: Scheme, key: bytes, length: int, seed: int) -> npt.NDArray[np.int64]:
    """Write a text, taking of four tokens the one that scores highest: marks of any scheme."""
    random = np.random.default_rng(seed)
    width = scheme.setting.context_width
    text = random.integers(0, 1000, length)
    for at in range(width, length):
        choices = random.integers(0, 1000, CHOICES)
        # One at a time: draws of one context are tied in some schemes.
        scores = [
            scheme.scores(Draws(text, np.array([at]), np.array([token]), width, 0), key)[0]
            for token in choices
        ]
        text[at] = choices[np.argmax(scores)]
    return text


class TestPhalanxGumbel(SchemeContract):
    """The scheme that is marked with here."""

    scheme = PhalanxGumbel()
    mark = staticmethod(write)


class TestPhalanxGumbelNarrow(SchemeContract):
    """With one token of context."""

    scheme = PhalanxGumbel(1)
    mark = staticmethod(write)


class TestVllmGumbel(SchemeContract):
    """The engine's scheme."""

    scheme = VllmGumbel()
    mark = staticmethod(write)


class TestVllmGumbelWide(SchemeContract):
    """With more tokens of context than one block holds."""

    scheme = VllmGumbel(7)
    mark = staticmethod(write)


class TestVllmGumbelDual(SchemeContract):
    """The engine's scheme with two keys."""

    scheme = VllmGumbelDual()
    mark = staticmethod(write)


class TestVllmGumbelDualHalf(SchemeContract):
    """With both keys alike."""

    scheme = VllmGumbelDual(0.5, 2)
    mark = staticmethod(write)


class TestKgwLefthash(SchemeContract):
    """Green lists under the last token."""

    scheme = KgwTransformers(1000)
    mark = staticmethod(write)


class TestKgwLefthashHalf(SchemeContract):
    """With half of the vocabulary green, and a vocabulary of a real model."""

    scheme = KgwTransformers(32_003, greenlist_ratio=0.5)


@pytest.mark.slow
class TestKgwSelfhash(SchemeContract):
    """Green lists under the token itself and what is before it: each key shuffles a table."""

    scheme = KgwTransformers(1000, seeding="selfhash", context_width=3)


@pytest.mark.slow
class TestKgwSelfhashAlone(SchemeContract):
    """Green lists under the token alone: every second coming of a token is tied."""

    scheme = KgwTransformers(1000, seeding="selfhash")


class TestSbw(SchemeContract):
    """Green tokens one by one."""

    scheme = Sbw()
    mark = staticmethod(write)


class TestSbwQuarter(SchemeContract):
    """With a quarter green."""

    scheme = Sbw(0.25)
    mark = staticmethod(write)


class TestSynthId(SchemeContract):
    """The tournament of thirty layers."""

    scheme = SynthId()
    mark = staticmethod(write)


class TestSynthIdShallow(SchemeContract):
    """With few layers, another table, and shorter n-grams."""

    scheme = SynthId(depth=8, ngram_len=3, table_seed=5)
    mark = staticmethod(write)
