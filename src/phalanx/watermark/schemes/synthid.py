"""`synthid-transformers-v1`: the tournament of transformers' `SynthIDTextWatermarkingConfig`.

Each token has one bit for each of up to thirty layers, under the context and the layer's key;
in each layer, tokens whose bit is 1 win against others. The mean of the bits of what was sent
lies above that of other texts. The recipe was checked against transformers 5.24 on torch 2.13,
bit for bit. The table of bits is that of torch's generator on a CPU; on a GPU torch fills
another: marks that were set there are not seen here.

The bit stands in a public table of 65,536. Its place depends on the n-gram and on the key only
by their low 16 bits: a layer's key is an offset at which the table is read. Consequences:

- n-grams with the same 16 bits have the same bits in every layer, whatever the key. They are
  tied: the second scores the same for every key, as many ones as are usual, or one coincidence
  would count thirty-fold again. A test has 65,536 draws at most; beyond, there is no more
  evidence in the scheme.
- Two random keys of thirty layers share an offset with a chance of one in 73. Text that was
  marked under the one then scores under the other; and who has no key can write text that
  scores at offsets of his choice, and at some keys with them. So scores of different draws are
  not independent of one another over keys, and no law of a number of draws can be right.
- Given the text, how many ones a layer reads follows from its offset alone. Offsets of a random
  key are independent and uniform, and all 65,536 can be tried at once. So the law of the sum
  given the text is known exactly, whoever wrote it: that of thirty draws, with replacement, from
  what the offsets read.
- Layers with the same offset have the same bit for every n-gram, however different the keys
  look. All but the first read at an offset that is derived from the whole key instead, so that
  keys that were not drawn at random do not count one layer often. Of random keys one in 150 has
  such layers; whatever their offsets show, it is at most 1 / (chance of none) times as frequent
  as under the law of thirty independent draws. P-values are multiplied by that, 1.0067.

A context counts once, because the generator sets no mark where a context comes again.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import partial

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import binomial_log10_sf, lattice_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.names import write_name
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.ties import find_tied
from phalanx.watermark.schemes.twister import stream

NAME = "synthid-transformers-v1"
DEPTH = 30
NGRAM = 5
LAYER_BYTES = 4
"""Of a layer's key; the generator heeds the last two."""

_TABLE = 1 << 16
_MULTIPLIER = np.uint64(6364136223846793005)
_ONE = np.uint64(1)
_PLACE = np.uint64(_TABLE - 1)
_ADDED, _NATS = 0.048, 2.0
"""Ones that a layer adds for each nat of a choice, and up to how many nats."""

_PURPOSE = b"phalanx offsets of equal layers"


class SynthId:
    """Tournament sampling (Dathathri et al. 2024), as transformers does it on a CPU.

    The key is the layers' keys one after another, four bytes each, big-endian; integers with
    more bits, or below 0, are cut to these. The score of a draw is the number of its ones.

    Parameters:
        depth: Layers, 1 to 30.
        ngram_len: Tokens of context and the token, 2 to 33.
        table_seed: Seed of the table, 0 to 2^64 - 1; its low 32 bits decide.

    Raises:
        ValueError: If a parameter is out of range.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> SynthId(depth=4).scores(draw([range(8)], 4, "context"), bytes(range(16))).tolist()
        [3.0, 3.0, 1.0, 2.0]
    """

    def __init__(self, depth: int = DEPTH, ngram_len: int = NGRAM, table_seed: int = 0) -> None:
        """Name the setting."""
        if not 1 <= depth <= DEPTH or not 2 <= ngram_len <= 33:
            message = f"depth must be 1 to 30 and ngram_len 2 to 33, not {depth} and {ngram_len}"
            raise ValueError(message)
        if not 0 <= table_seed < 1 << 64:
            message = f"table_seed must be 0 to 2^64 - 1, not {table_seed}"
            raise ValueError(message)
        self._depth = depth
        self._table = _bits(table_seed)
        self._share = float(self._table.mean())
        self._usual = round(depth * self._share)
        # What is read of an n-gram stands a multiple away from its place and the offset.
        places = (np.arange(_TABLE, dtype=np.uint64) * _MULTIPLIER + _ONE) & _PLACE
        self._spectrum = np.fft.rfft(self._table[places.astype(np.int64)].astype(np.float64))
        self.setting = Setting(
            name=write_name(
                NAME,
                {"depth": depth, "ngram_len": ngram_len, "table_seed": table_seed},
                {"depth": DEPTH, "ngram_len": NGRAM, "table_seed": 0},
            ),
            context_width=ngram_len - 1,
            unit="context",
            key_bytes=depth * LAYER_BYTES,
            null_hypothesis="The text was written without the key.",
            assumptions=(
                "The keys of the layers were drawn at random, each apart from the others.",
                "The table is public and keys have 16 bits: whoever saw marked text may find them.",
                "The mark was set on a CPU: torch fills another table on a GPU.",
            ),
            cost="None on average over keys; the same context gets the same answer again; time.",
            law_of_count=partial(_law_of_count, depth=depth, share=self._share),
            law_given_draws=self._law_given_draws,
            most=float(depth),
            gain=partial(_gain, depth=depth, share=self._share),
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return the ones of each draw; of draws tied to an earlier one, as many as are usual.

        Raises:
            ValueError: If the key has another length.
        """
        self.setting.check_tokens(draws)
        ngrams = self._ngrams(draws)
        bits = np.empty((ngrams.size, self._depth), dtype=np.uint8)
        _look_up(ngrams, self._apart(key), self._table, bits)
        values: npt.NDArray[np.float64] = bits.sum(axis=1, dtype=np.float64)
        values[find_tied(ngrams & _PLACE)] = self._usual
        return values

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key.

        For many keys what each offset reads is found once.
        """
        if len(keys) * draws.count < _TABLE:
            return np.array([self.scores(draws, key.tobytes()).sum() for key in keys])
        self.setting.check_tokens(draws)
        layers = np.array([self._apart(key.tobytes()) for key in keys], dtype=np.uint64)
        places = (layers & _PLACE).astype(np.int64).reshape(-1, self._depth)
        ones, tied = self._ones(draws)
        sums: npt.NDArray[np.float64] = ones[places].sum(axis=1, dtype=np.float64)
        return sums + self._usual * tied

    def _ones(self, draws: Draws) -> tuple[npt.NDArray[np.int64], int]:
        """Return how many ones a layer reads at each offset, shape (65536,), and tied draws."""
        read = np.zeros(_TABLE)
        read[(self._ngrams(draws) & _PLACE).astype(np.int64)] = 1.0
        products = np.conj(np.fft.rfft(read)) * self._spectrum
        ones = np.rint(np.fft.irfft(products, _TABLE)).astype(np.int64)
        return ones, draws.count - int(read.sum())

    def _law_given_draws(
        self, totals: npt.NDArray[np.float64], draws: Draws
    ) -> npt.NDArray[np.float64]:
        """Return the tails over random keys: of one offset for each layer, drawn at random."""
        ones, tied = self._ones(draws)
        least = int(ones.min())
        chances = np.bincount(ones - least) / _TABLE
        above = totals - float(self._depth * least + self._usual * tied)
        logs = lattice_log10_sf(above, self._depth, chances)
        apart = np.log10(1.0 - np.arange(self._depth) / _TABLE).sum()
        result: npt.NDArray[np.float64] = np.minimum(logs - apart, 0.0)
        return result

    def bits(self, ngrams: npt.NDArray[np.uint64], key: bytes) -> npt.NDArray[np.uint8]:
        """Return the bits of hashed n-grams, shape (n-grams, depth)."""
        values = np.empty((ngrams.size, self._depth), dtype=np.uint8)
        _look_up(ngrams, self._layers(key), self._table, values)
        return values

    def _ngrams(self, draws: Draws) -> npt.NDArray[np.uint64]:
        hashes: npt.NDArray[np.uint64] = hash_ngrams(
            draws.stream, draws.positions, draws.tokens, draws.context_width
        )
        return hashes

    def _apart(self, key: bytes) -> npt.NDArray[np.uint64]:
        """Return the layers' keys, with others for those whose offset an earlier one has."""
        layers = self._layers(key)
        same = find_tied(layers & _PLACE)
        if same.size:
            digest = hmac.digest(key, _PURPOSE, hashlib.sha512)
            layers[same] = np.frombuffer(digest, dtype=">u2")[same]
        return layers

    def _layers(self, key: bytes) -> npt.NDArray[np.uint64]:
        if len(key) != self.setting.key_bytes:
            message = (
                f"a key of {NAME} has {LAYER_BYTES} bytes for each of {self._depth} layers, "
                f"{self.setting.key_bytes} in all, not {len(key)}"
            )
            raise ValueError(message)
        return np.frombuffer(key, dtype=">u4").astype(np.uint64)


def _law_of_count(
    totals: npt.NDArray[np.float64], draws: int, depth: int, share: float
) -> npt.NDArray[np.float64]:
    """Return the tails of random bits: no p-values, but what a level takes.

    No p-value is below that of one key of all: with few layers, some levels are out of reach.
    """
    logs = binomial_log10_sf(totals, draws * depth, share)
    result: npt.NDArray[np.float64] = np.maximum(logs, -depth * np.log10(_TABLE))
    return result


def _gain(entropy_nats: float, depth: int, share: float) -> float:
    """Return about the least mean of ones of a winner.

    Thirty layers add 1.44 to 1.6 ones for each nat, because a layer adds at least 1 / ln 2 ones
    for each nat of choice that it uses up. Fewer layers add more each. Of choices of up to two
    nats this holds in all kinds that were tried: heavy heads, long tails, even ones.
    """
    return depth * (share + _ADDED * min(entropy_nats, _NATS))


def _bits(seed: int) -> npt.NDArray[np.uint8]:
    """Return the table, as `torch.randint` fills it on a CPU."""
    return (stream(np.uint64(seed), _TABLE) & np.uint32(1)).astype(np.uint8)


@numba.njit(cache=True, nogil=True)
def hash_ngrams(
    words: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    width: int,
) -> npt.NDArray[np.uint64]:
    """Return the hash of each context with its token, by a linear congruential generator."""
    hashes = np.empty(positions.size, dtype=np.uint64)
    for index in range(positions.size):
        state = _ONE
        for place in range(positions[index] - width, positions[index]):
            state = _step(state, np.uint64(words[place]))
        hashes[index] = _step(state, np.uint64(tokens[index]))
    return hashes


@numba.njit(cache=True, nogil=True, inline="always")
def _step(state: np.uint64, value: np.uint64) -> np.uint64:
    return (state + value) * _MULTIPLIER + _ONE


@numba.njit(cache=True, nogil=True)
def _look_up(
    ngrams: npt.NDArray[np.uint64],
    layers: npt.NDArray[np.uint64],
    table: npt.NDArray[np.uint8],
    values: npt.NDArray[np.uint8],
) -> None:
    for index in range(ngrams.size):
        for layer in range(layers.size):
            values[index, layer] = table[_step(ngrams[index], layers[layer]) & _PLACE]
