"""`synthid-transformers-v1`: the tournament of transformers' `SynthIDTextWatermarkingConfig`.

Each token has one bit for each of up to thirty layers, under the context and the layer's key;
in each layer, tokens whose bit is 1 win against others. The mean of the bits of what was sent
lies above that of other texts. The recipe was checked against transformers 5.24 on torch 2.13,
bit for bit. The table of bits is that of torch's generator on a CPU; on a GPU torch fills
another: marks that were set there are not seen here.

The bit stands in a public table of 65,536. Its place depends on the n-gram and on the key only
by their low 16 bits. Three consequences decide what counts:

- n-grams with the same 16 bits have the same bits in every layer, whatever the key. They are
  tied: the second gets coins, or one coincidence would count thirty-fold again. A test has
  65,536 draws at most; beyond, there is no more evidence in the scheme.
- Layers whose keys have the same 16 bits have the same bit for every n-gram, however different
  the keys look. All but the first get coins, for the same reason.
- Under a random key each layer reads the table from a random place. Different n-grams read
  different bits of it, drawn without replacement; layers are independent. So the chance of a
  bit is the table's share of ones, not one half. From some thousand draws on, sums vary less
  than the binomial law says, which errs to the safe side.

A context counts once, because the generator sets no mark where a context comes again.
"""

from __future__ import annotations

from functools import partial

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import binomial_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.names import write_name
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.ties import find_tied, toss
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
            law=partial(_law, depth=depth, share=self._share),
            most=float(depth),
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return the ones of each draw, with coins for what is tied: a draw, or a layer of all.

        Raises:
            ValueError: If the key has another length.
        """
        ngrams, layers = self._ngrams(draws), self._layers(key)
        same = find_tied(layers & _PLACE)
        bits = np.empty((ngrams.size, self._depth - same.size), dtype=np.uint8)
        _look_up(ngrams, np.delete(layers, same), self._table, bits)
        values: npt.NDArray[np.float64] = bits.sum(axis=1, dtype=np.float64)
        if same.size:
            values += toss(draws, np.arange(draws.count), key, self._share, same.size)
        tied = find_tied(ngrams & _PLACE)
        values[tied] = toss(draws, tied, key, self._share, self._depth)
        return values

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key; n-grams are hashed once for all."""
        ngrams = self._ngrams(draws)
        tied = find_tied(ngrams & _PLACE)
        fresh = np.delete(ngrams, tied)
        rows = [key.tobytes() for key in keys]
        coins = [toss(draws, tied, row, self._share, self._depth).sum() for row in rows]
        layers = np.array([self._layers(row) for row in rows], dtype=np.uint64)
        layers = layers.reshape(-1, self._depth)
        sums = np.empty(len(rows))
        _total(fresh, layers, self._table, sums)
        sums += coins
        # Of random keys one in 150 has two layers that are the same.
        gaps = np.diff(np.sort(layers & _PLACE, axis=1), axis=1)
        for row in np.flatnonzero((gaps == 0).any(axis=1)):
            sums[row] = self.scores(draws, rows[row]).sum()
        return sums

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

    def _layers(self, key: bytes) -> npt.NDArray[np.uint64]:
        if len(key) != self.setting.key_bytes:
            message = (
                f"a key of {NAME} has {LAYER_BYTES} bytes for each of {self._depth} layers, "
                f"{self.setting.key_bytes} in all, not {len(key)}"
            )
            raise ValueError(message)
        return np.frombuffer(key, dtype=">u4").astype(np.uint64)


def _law(
    totals: npt.NDArray[np.float64], draws: int, depth: int, share: float
) -> npt.NDArray[np.float64]:
    return binomial_log10_sf(totals, draws * depth, share)


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


@numba.njit(cache=True, nogil=True)
def _total(
    ngrams: npt.NDArray[np.uint64],
    keys: npt.NDArray[np.uint64],
    table: npt.NDArray[np.uint8],
    sums: npt.NDArray[np.float64],
) -> None:
    for row in range(keys.shape[0]):
        ones = np.int64(0)
        for index in range(ngrams.size):
            for layer in range(keys.shape[1]):
                ones += np.int64(table[_step(ngrams[index], keys[row, layer]) & _PLACE])
        sums[row] = ones
