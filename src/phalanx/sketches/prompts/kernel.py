"""The only code that reads prompts: one pass, a few integers per exchange.

Per exchange it yields *content values*, integers that two prompts share when they come
from one template or one list: MinHash bands over masked word shingles, the masked
opening and closing words, the exact text; and on which
sides of 64 random planes its words lie, of which two prompts share the more the more alike they
are. Text never leaves this module.

What is chosen from a prompt, such as its smallest shingles, is chosen the same under every
key, and each value is keyed when it leaves: which prompts agree, and so which groups are
found, does not depend on the key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.siphash import Key, hash_key, siphash
from phalanx.sketches.prompts.lexicon import capability_mask, compiled_lexicon
from phalanx.text.hashing import disguise, finish, mix, text_buffers
from phalanx.text.tokens import tokenise

BANDS = 4
ROWS_PER_BAND = 3
SHINGLE_WORDS = 3
EDGE_WORDS = 8
"""Words of the opening and of the closing that make one value each."""

MINIMUM_TOKENS = 5
"""A shorter prompt carries no content value: everyone says "hello"."""

MAXIMUM_TOKENS = 1024
"""Tokens of a prompt that are read; the closing words are then those of this part."""

SIGNS = 64
"""Random planes, and places into which words are hashed; a power of two."""

_SEED = np.uint64(0xD1B54A32D192ED03)
"""Public, so that no key decides which prompts agree. Who knows it can aim at a band, or away
from it, as whoever rewords each prompt can anyhow."""

_PERMUTATIONS = BANDS * ROWS_PER_BAND
_MULTIPLIERS = np.random.default_rng(20260223).integers(
    2**31, size=_PERMUTATIONS, dtype=np.uint32
) * np.uint32(2) + np.uint32(1)
_LANES = 32
"""Shingles that the machine compares at once, unrolled."""

_PLACES = tuple(
    np.uint64(prime) for prime in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)

_SEEN = 4096
"""Marks by which a word is known that came before; some are taken for one another."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Arrays with one entry per exchange; 0 means that the exchange has no such value."""

    bands: npt.NDArray[np.int64]
    """MinHash bands, shape (rows, BANDS)."""

    opening: npt.NDArray[np.int64]
    closing: npt.NDArray[np.int64]
    exact: npt.NDArray[np.int64]
    """Hash of the prompt's bytes."""

    signs: npt.NDArray[np.int64]
    """Bit d tells on which side of the d-th plane the prompt's words lie; not keyed."""

    words: npt.NDArray[np.int32]
    """Words (or characters of scripts without spaces), estimated beyond the part read."""

    capabilities: npt.NDArray[np.int16]
    """Capability mask, see `lexicon`."""

    code: npt.NDArray[np.bool_]
    """Whether the prompt carries quoted code."""


@numba.njit(cache=True, nogil=True)
def _shingle(tokens: npt.NDArray[np.uint64], count: int, shingles: npt.NDArray[np.uint32]) -> int:
    """Hash every three tokens in a row to 32 bits; return how many entries are filled.

    The last shingle is repeated up to a multiple of `_LANES`, which changes no minimum.
    """
    written = count - SHINGLE_WORDS + 1
    for position in range(written):
        together = tokens[position] * _PLACES[0]
        together += tokens[position + 1] * _PLACES[1]
        together += tokens[position + 2] * _PLACES[2]
        shingles[position] = np.uint32(mix(_SEED, together) >> np.uint64(32))
    filled = -(-written // _LANES) * _LANES
    shingles[written:filled] = shingles[written - 1]
    return filled


@numba.njit(cache=True, nogil=True)
def _smallest(shingles: npt.NDArray[np.uint32], count: int, multiplier: np.uint32) -> np.uint32:
    """Smallest shingle under one permutation; 32 bits, so that the machine takes eight at once."""
    smallest = np.uint32(0xFFFFFFFF)
    for position in range(count):
        smallest = min(smallest, np.uint32(shingles[position] * multiplier))
    return smallest


@numba.njit(cache=True, nogil=True)
def _signs_of(
    tokens: npt.NDArray[np.uint64],
    count: int,
    seen: npt.NDArray[np.bool_],
    sums: npt.NDArray[np.int32],
) -> np.uint64:
    """Return on which sides of random planes the words of a prompt lie.

    Each word adds +1 or -1 to one of `SIGNS` places (feature hashing), once however often it
    stands there; a Walsh-Hadamard transform turns them so that every place tells of every word.
    """
    seen[:] = False
    sums[:] = 0
    for position in range(count):
        # The upper bits are those that `mix` has mixed best.
        value = mix(_SEED, tokens[position] * _PLACES[0]) >> np.uint64(40)
        mark = value & np.uint64(_SEEN - 1)
        if not seen[mark]:
            seen[mark] = True
            sign = np.int32(1) - np.int32(2) * np.int32((value >> np.uint64(12)) & np.uint64(1))
            sums[value >> np.uint64(18)] += sign
    half = 1
    while half < sums.size:
        for start in range(0, sums.size, 2 * half):
            for place in range(start, start + half):
                upper, lower = sums[place], sums[place + half]
                sums[place], sums[place + half] = upper + lower, upper - lower
        half *= 2
    signs = np.uint64(0)
    for place in range(sums.size):
        signs |= np.uint64(sums[place] > 0) << np.uint64(place)
    return signs


@numba.njit(cache=True, nogil=True)
def _sketch_rows(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    key: Key,
    multipliers: npt.NDArray[np.uint32],
    slots: npt.NDArray[np.int64],
    phrases: npt.NDArray[np.uint64],
    lengths: npt.NDArray[np.int64],
    bits: npt.NDArray[np.int64],
    bands: npt.NDArray[np.uint64],
    opening: npt.NDArray[np.uint64],
    closing: npt.NDArray[np.uint64],
    exact: npt.NDArray[np.uint64],
    signs: npt.NDArray[np.uint64],
    words: npt.NDArray[np.int32],
    capabilities: npt.NDArray[np.int16],
    code: npt.NDArray[np.bool_],
) -> None:
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    shingles = np.empty(MAXIMUM_TOKENS, dtype=np.uint32)
    minima = np.empty(multipliers.size, dtype=np.uint32)
    seen = np.empty(_SEEN, dtype=np.bool_)
    sums = np.empty(SIGNS, dtype=np.int32)
    for row in range(offsets.size - 1):
        start, end = offsets[row], offsets[row + 1]
        count, _, code_tokens = tokenise(data, start, end, tokens)
        exact[row] = siphash(data, start, end, key)
        code[row] = code_tokens > 0
        words[row] = count if count < MAXIMUM_TOKENS else max(count, (end - start) // 6)
        capabilities[row] = capability_mask(tokens, count, slots, phrases, lengths, bits)
        if count < MINIMUM_TOKENS:
            continue
        signs[row] = max(_signs_of(tokens, count, seen, sums), np.uint64(1))
        filled = _shingle(tokens, count, shingles)
        for permutation in range(multipliers.size):
            minima[permutation] = _smallest(shingles, filled, multipliers[permutation])
        for band in range(bands.shape[1]):
            state = mix(_SEED, np.uint64(band + 1))
            for offset in range(ROWS_PER_BAND):
                state = mix(state, np.uint64(minima[band * ROWS_PER_BAND + offset]))
            bands[row, band] = disguise(finish(state), key)
        if count > EDGE_WORDS:
            state, tail = mix(_SEED, np.uint64(101)), mix(_SEED, np.uint64(102))
            for offset in range(EDGE_WORDS):
                state = mix(state, tokens[offset])
                tail = mix(tail, tokens[count - EDGE_WORDS + offset])
            opening[row] = disguise(finish(state), key)
            closing[row] = disguise(finish(tail), key)


def capability_masks(texts: pa.Array) -> npt.NDArray[np.int16]:
    """Return the capability mask of each text, 0 for null.

    Parameters:
        texts: String array in one chunk. Equal texts are looked at once.

    Examples:
        >>> texts = pa.array(["Think step by step.", None, "Be brief."])
        >>> [bool(mask) for mask in capability_masks(texts)]
        [True, False, False]
    """
    encoded = texts.dictionary_encode()
    unique = encoded.dictionary
    masks = np.zeros(len(unique) + 1, dtype=np.int16)
    if len(unique):
        masks[:-1] = sketch_prompts(unique, np.uint64(0)).capabilities
    # The last entry serves the nulls.
    places = encoded.indices.fill_null(len(unique)).to_numpy(zero_copy_only=False)
    return np.asarray(masks[places])


def sketch_prompts(prompts: pa.Array, seed: np.uint64) -> Sketch:
    """Sketch a column of prompts.

    Parameters:
        prompts: String array without nulls, in one chunk.
        seed: Keyed seed. Values of two seeds cannot be compared; which rows agree is the
            same under all.

    Returns:
        One entry per prompt.

    References:
        Broder, "On the resemblance and containment of documents", SEQUENCES 1997.

    Examples:
        >>> texts = pa.array([f'Grade answer {i} of "pupil {i}" by the rubric.' for i in (1, 2)])
        >>> sketch = sketch_prompts(texts, np.uint64(1))
        >>> bool((sketch.bands[0] == sketch.bands[1]).all())
        True
        >>> bool(sketch.exact[0] == sketch.exact[1])
        False
    """
    offsets, data = text_buffers(prompts)
    rows = len(prompts)
    lexicon = compiled_lexicon()
    bands = np.zeros((rows, BANDS), dtype=np.uint64)
    opening, closing, exact, signs = (np.zeros(rows, dtype=np.uint64) for _ in range(4))
    words = np.zeros(rows, dtype=np.int32)
    capabilities = np.zeros(rows, dtype=np.int16)
    code = np.zeros(rows, dtype=np.bool_)
    _sketch_rows(
        offsets, data, hash_key(seed.tobytes()), _MULTIPLIERS,
        lexicon.slots, lexicon.phrases, lexicon.lengths, lexicon.bits,
        bands, opening, closing, exact, signs, words, capabilities, code,
    )  # fmt: skip
    return Sketch(
        bands.view(np.int64), opening.view(np.int64), closing.view(np.int64),
        exact.view(np.int64), signs.view(np.int64), words, capabilities, code,
    )  # fmt: skip
