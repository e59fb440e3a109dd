"""Sketches of known collections of prompts, which providers exchange without the prompts.

Students are often trained on answers to prompts that everybody knows: the public seed sets of
distillation. A sketch holds a 32-bit hash of every run of four words of such a set (numbers
and quotations are masked; a run may hold one mask). A prompt
is known if at least half of its own runs, and three, are among them: a reworded prompt still
is, a prompt on the same subject is not.

The hashes have no key, or two providers could not compare. Whoever holds a sketch can
therefore try out texts on it: a sketch gives away which public prompts are in it, and short
runs of words of those that are not public.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.text.hashing import finish, mix, text_buffers
from phalanx.text.tokens import ADDRESS, tokenise

RUN_WORDS = 4
MAXIMUM_TOKENS = 1024
"""Tokens of a prompt that are read."""

MINIMUM_RUNS = 3
"""Known runs below which a prompt is not known, whatever their share."""

MINIMUM_SHARE = 0.5
"""Share of a prompt's runs that must be known."""

_BITS_PER_RUN = 128
"""Bits of the table for each run: one run in so many is taken for known by accident."""

_FEWEST_BITS, _MOST_BITS = 16, 32
_SEED = np.uint64(0x6A09E667F3BCC909)
"""Public: every provider's sketches are made with it."""


@dataclass(frozen=True, slots=True)
class CorpusSketch:
    """A known collection of prompts."""

    name: str
    prompts: int
    """Distinct prompts that it was made of."""

    runs: npt.NDArray[np.uint32]
    """Hashes of runs of four words, ascending, each once."""


def sketch_corpus(name: str, prompts: pa.Array) -> CorpusSketch:
    """Sketch a collection of prompts.

    Parameters:
        name: How reports call it.
        prompts: String array without nulls, in one chunk.

    Examples:
        >>> sketch = sketch_corpus("poems", pa.array(["Write a short poem about rain."] * 2))
        >>> sketch.prompts, sketch.runs.size
        (1, 3)
    """
    distinct = prompts.unique()
    offsets, data = text_buffers(distinct)
    return CorpusSketch(name, len(distinct), np.unique(_all_runs(offsets, data)))


class KnownPrompts:
    """Tells which prompts come from known collections.

    Parameters:
        sketches: At least one.

    References:
        Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13 (1970),
        with one hash function, for one look into memory per run.

    Examples:
        >>> seeds = pa.array(["Give three tips for staying healthy in a cold winter."])
        >>> known = KnownPrompts([sketch_corpus("tips", seeds)])
        >>> known.contain(pa.array([
        ...     "Please give three tips for staying healthy in a cold winter",
        ...     "How do I stay warm in a cold winter without heating?",
        ... ])).tolist()
        [True, False]
    """

    def __init__(self, sketches: Sequence[CorpusSketch]) -> None:
        """Put all runs into one table of bits."""
        runs = np.concatenate([sketch.runs for sketch in sketches])
        bits = int(np.ceil(np.log2(max(runs.size, 1) * _BITS_PER_RUN)))
        bits = min(max(bits, _FEWEST_BITS), _MOST_BITS)
        self._shift = np.uint32(32 - bits)
        self._table = _table_of(runs, self._shift, np.zeros(1 << (bits - 3), dtype=np.uint8))

    def contain(self, prompts: pa.Array) -> npt.NDArray[np.bool_]:
        """Return which prompts are known, shape (prompts,).

        Parameters:
            prompts: String array without nulls, in one chunk.
        """
        offsets, data = text_buffers(prompts)
        return np.asarray(_known(offsets, data, self._table, self._shift))


@numba.njit(cache=True, nogil=True)
def _runs_of(tokens: npt.NDArray[np.uint64], count: int, runs: npt.NDArray[np.uint32]) -> int:
    """Hash every four tokens in a row of which three are words; return how many there are."""
    found = 0
    for position in range(count - RUN_WORDS + 1):
        state, masked = _SEED, 0
        for offset in range(RUN_WORDS):
            token = tokens[position + offset]
            state = mix(state, token)
            masked += token <= ADDRESS
        if masked < 2:
            runs[found] = np.uint32(finish(state) >> np.uint64(32))
            found += 1
    return found


@numba.njit(cache=True, nogil=True)
def _all_runs(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint32]:
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    runs = np.empty(MAXIMUM_TOKENS, dtype=np.uint32)
    # A token takes at least one byte.
    found = np.empty(max(0, offsets[-1] - offsets[0]), dtype=np.uint32)
    filled = 0
    for row in range(offsets.size - 1):
        count, _, _ = tokenise(data, offsets[row], offsets[row + 1], tokens)
        more = _runs_of(tokens, count, runs)
        found[filled : filled + more] = runs[:more]
        filled += more
    return found[:filled].copy()


@numba.njit(cache=True, nogil=True)
def _table_of(
    runs: npt.NDArray[np.uint32], shift: np.uint32, table: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    for run in runs:
        place = run >> shift
        table[place >> np.uint32(3)] |= np.uint8(1 << (place & np.uint32(7)))
    return table


@numba.njit(cache=True, nogil=True)
def _known(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    table: npt.NDArray[np.uint8],
    shift: np.uint32,
) -> npt.NDArray[np.bool_]:
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    runs = np.empty(MAXIMUM_TOKENS, dtype=np.uint32)
    known = np.zeros(offsets.size - 1, dtype=np.bool_)
    for row in range(known.size):
        count, _, _ = tokenise(data, offsets[row], offsets[row + 1], tokens)
        found = _runs_of(tokens, count, runs)
        hits = 0
        for position in range(found):
            place = runs[position] >> shift
            hits += (table[place >> np.uint32(3)] >> (place & np.uint32(7))) & np.uint8(1)
        known[row] = hits >= MINIMUM_RUNS and hits >= MINIMUM_SHARE * found
    return known
