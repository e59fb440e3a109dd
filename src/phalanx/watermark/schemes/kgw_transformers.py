"""`kgw-transformers-v1`: the green lists of transformers' `WatermarkingConfig`.

For each context a part of the vocabulary, the green list, is raised in the logits. Which part,
`torch.randperm` decides under a seed: the key times the last token (`lefthash`), or the smallest
product of key, hash of a recent token and hash of the candidate itself (`selfhash`). The
generator is rebuilt here, so that detection needs no torch; the recipe was checked against
transformers 5.24 on torch 2.13. That is the generator of a CPU. On a GPU torch has another one:
marks that were set there are not seen here.

Under one seed the list is drawn without replacement, so that each seed counts once. Its low 32
bits are all that the generator takes.

After a token that is a multiple of a power of two, that many of a key's bits are lost to the
seed: who writes only after multiples of 2^13 writes for one key of half a million. So under
`lefthash` draws after multiples of 2^8, one in 256, get coins. What is left heeds 25 bits or
more of a key, and 32 mostly: of p-values far below one in 2^25 only texts that nobody wrote
with that in mind are as rare as they say.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, get_args

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import binomial_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.names import Value, write_name
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.ties import find_tied, toss
from phalanx.watermark.schemes.twister import is_among_first, permutation

NAME = "kgw-transformers-v1"
KEY_BYTES = 7
"""torch takes integers below 2^63."""

Seeding = Literal["lefthash", "selfhash"]

MOST_VOCABULARY = 1 << 20
"""Four times the largest vocabulary that is in use. Memory and time of each list grow with it, and
names of schemes come from outside: an unbounded one would take all memory."""

_SHARE = 0.25
_TABLE = 1_000_003
_LOW = np.uint64(0xFFFFFFFF)
_COARSE = 1 << 8
"""Multiples of this as the context lose eight bits of a key, and more."""


class KgwTransformers:
    """Green lists of Kirchenbauer et al., as transformers draws them on a CPU.

    Parameters:
        vocabulary: Tokens that the model has logits for, as its configuration says.
        greenlist_ratio: Share of the vocabulary that is green.
        seeding: `lefthash` or `selfhash`.
        context_width: Tokens that `selfhash` looks at, the candidate being the last of them.
            `lefthash` looks at one, whatever the generator was told.

    Raises:
        ValueError: If a parameter is out of range.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> scheme = KgwTransformers(100, greenlist_ratio=0.5)
        >>> scheme.scores(draw([[5, 6, 7, 8]], 1, "context"), bytes(6) + b"*").tolist()
        [1.0, 1.0, 0.0]
    """

    def __init__(
        self,
        vocabulary: int,
        greenlist_ratio: float = _SHARE,
        seeding: Seeding = "lefthash",
        context_width: int = 1,
    ) -> None:
        """Name the setting."""
        _check(vocabulary, greenlist_ratio, seeding, context_width)
        self._vocabulary = vocabulary
        self._first = int(vocabulary * greenlist_ratio)
        self._window = context_width if seeding == "selfhash" else 0
        self._inverses = 1.0 / (vocabulary - np.arange(self._first))
        self._share = self._first / vocabulary
        usual: dict[str, Value] = {
            "greenlist_ratio": _SHARE,
            "seeding": "lefthash",
            "context_width": 1,
        }
        chosen: dict[str, Value] = {
            "vocabulary": vocabulary,
            "greenlist_ratio": greenlist_ratio,
            "seeding": seeding,
            "context_width": max(self._window, 1),
        }
        self.setting = Setting(
            name=write_name(NAME, chosen, usual),
            # Of the window the candidate is one; without any before it, one stands for none.
            context_width=max(self._window - 1, 1),
            unit="pair" if self._window else "context",
            key_bytes=KEY_BYTES,
            null_hypothesis="The text was written without the key.",
            assumptions=(
                "Lists under different seeds are independent.",
                "The generator takes 32 bits: whoever has marked text can try every seed.",
                "If p is far below 10^-7: nobody wrote the text for many keys at once.",
                "The mark was set on a CPU: torch draws other lists on a GPU.",
            ),
            cost="Quality: green tokens are preferred, the more the bias; generation time.",
            law_of_count=partial(binomial_log10_sf, share=self._share),
            widest_token=vocabulary - 1,
            most=1.0,
            gain=partial(green_gain, share=self._share),
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return 1 for green tokens, 0 for others, and a coin for what is tied to another draw.

        Raises:
            InputError: If a token is beyond the vocabulary.
            ValueError: If the key has another length, or none of it reaches the generator.
        """
        if len(key) != KEY_BYTES:
            message = f"a key of {NAME} has {KEY_BYTES} bytes, not {len(key)}"
            raise ValueError(message)
        self.setting.check_tokens(draws)
        number = int.from_bytes(key, "big")
        if not number & 0xFFFFFFFF:
            message = f"a key of {NAME} must not end in four bytes of 0: all lists would be one"
            raise ValueError(message)
        if self._window:
            seeds = self._own_seeds(draws, number)
        else:
            seeds = _left_seeds(draws.stream[draws.positions - 1], np.uint64(number))
        values = np.empty(draws.count)
        _score(seeds, draws.tokens, self._first, self._vocabulary, self._inverses, values)
        # A list under seed 0 is the same for every key, and under few seeds for many keys.
        alike = seeds == 0
        if not self._window:
            alike |= draws.stream[draws.positions - 1] % _COARSE == 0
        tied = np.union1d(find_tied(seeds), np.flatnonzero(alike))
        values[tied] = toss(draws, tied, key, self._share)
        return values

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the green tokens under each key; each list is drawn anew for each key."""
        return np.array([self.scores(draws, key.tobytes()).sum() for key in keys])

    def _own_seeds(self, draws: Draws, number: int) -> npt.NDArray[np.uint64]:
        """Return the seeds of `selfhash`, whose table is shuffled by the key."""
        table = permutation(np.uint64(number), _TABLE) + 1
        return _minimum_seeds(
            draws.stream, draws.positions, draws.tokens, self._window - 1, np.int64(number), table
        )


def green_gain(entropy_nats: float, share: float) -> float:
    """Return how often a marked token is green, taken low: the bias is the writer's own choice.

    Of tokens that would have been red, a tenth is taken to turn green for each nat of a choice,
    up to two: as under a bias of 1 where a quarter is green. The usual bias of 2 turns twice as
    many, and so do lists of half of the tokens.

    Examples:
        >>> round(green_gain(1.0, 0.25), 4)
        0.325
    """
    return share + (1.0 - share) * 0.1 * min(entropy_nats, 2.0)


def _check(vocabulary: int, greenlist_ratio: float, seeding: str, context_width: int) -> None:
    if not 2 <= vocabulary <= MOST_VOCABULARY:
        message = f"vocabulary must be 2 to {MOST_VOCABULARY:,}, not {vocabulary}"
        raise ValueError(message)
    if not 0.0 < greenlist_ratio < 1.0 or int(vocabulary * greenlist_ratio) < 1:
        message = f"greenlist_ratio must leave green and red tokens, not {greenlist_ratio}"
        raise ValueError(message)
    if seeding not in get_args(Seeding):
        message = f"seeding must be lefthash or selfhash, not {seeding!r}"
        raise ValueError(message)
    if not 1 <= context_width <= 64:
        message = f"context_width must be 1 to 64, not {context_width}"
        raise ValueError(message)


@numba.njit(cache=True, nogil=True)
def _left_seeds(before: npt.NDArray[np.int64], key: np.uint64) -> npt.NDArray[np.uint64]:
    """Return key times token modulo 2^64 - 1, of which the generator takes the low 32 bits.

    The product has up to 119 bits: its high half is added to its low one.
    """
    half = np.uint64(32)
    seeds = np.empty(before.size, dtype=np.uint64)
    for index in range(before.size):
        token = np.uint64(before[index])
        low = (key & _LOW) * token
        high = (key >> half) * token + (low >> half)
        bottom = (high << half) | (low & _LOW)
        top = high >> half
        total = bottom + top
        if total < bottom:
            total += np.uint64(1)
        if total == np.uint64(0xFFFFFFFFFFFFFFFF):
            total = np.uint64(0)
        seeds[index] = total & _LOW
    return seeds


@numba.njit(cache=True, nogil=True)
def _minimum_seeds(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    before: int,
    key: np.int64,
    table: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint64]:
    """Return the smallest signed product of key, table of a token and table of the candidate."""
    seeds = np.empty(positions.size, dtype=np.uint64)
    for index in range(positions.size):
        own = table[tokens[index] % _TABLE]
        least = key * own * own
        for place in range(positions[index] - before, positions[index]):
            least = min(least, key * table[stream[place] % _TABLE] * own)
        # Python's remainder by 2^64 - 1 of a negative number is one less than modulo 2^64.
        seeds[index] = np.uint64(least - 1 if least < 0 else least) & _LOW
    return seeds


@numba.njit(cache=True, nogil=True)
def _score(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    seeds: npt.NDArray[np.uint64],
    tokens: npt.NDArray[np.int64],
    first: int,
    size: int,
    inverses: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
) -> None:
    state = np.empty(624, dtype=np.uint32)
    for index in range(seeds.size):
        values[index] = is_among_first(seeds[index], tokens[index], first, size, inverses, state)
