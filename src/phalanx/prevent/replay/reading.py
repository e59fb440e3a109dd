"""What the prompts of a column ask for: as `decide.reading` reads one, without an object a row."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.prevent.decide.kernel import end_of_read
from phalanx.sketches.prompts.kernel import MAXIMUM_TOKENS
from phalanx.sketches.prompts.lexicon import capability_mask, compiled_lexicon
from phalanx.text.hashing import text_buffers
from phalanx.text.tokens import tokenise

Masks = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def read_prompts(prompts: pa.Array, system_prompts: pa.Array) -> tuple[Masks, Flags]:
    """Read a column of prompts, each with the instructions before it.

    Parameters:
        prompts: String array without nulls, in one chunk.
        system_prompts: String array of the same length, in one chunk. Few differ: each is read
            once.

    Returns:
        Capabilities as masks, and whether the prompt quotes code; of each row.
    """
    masks, code = _read(prompts)
    encoded = system_prompts.dictionary_encode()
    of_system = np.append(_read(encoded.dictionary)[0], np.int64(0))
    places = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return masks | of_system[places], code


def _read(texts: pa.Array) -> tuple[Masks, Flags]:
    offsets, data = text_buffers(texts)
    masks = np.empty(len(texts), dtype=np.int64)
    code = np.empty(len(texts), dtype=np.bool_)
    lexicon = compiled_lexicon()
    _read_rows(
        offsets, data, lexicon.slots, lexicon.phrases, lexicon.lengths, lexicon.bits, masks, code
    )
    return masks, code


@numba.njit(cache=True, nogil=True)
def _read_rows(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    slots: npt.NDArray[np.int64],
    phrases: npt.NDArray[np.uint64],
    lengths: npt.NDArray[np.int64],
    bits: npt.NDArray[np.int64],
    masks: Masks,
    code: Flags,
) -> None:
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    for row in range(masks.size):
        end = end_of_read(data, offsets[row], offsets[row + 1])
        count, _, code_tokens = tokenise(data, offsets[row], end, tokens)
        masks[row] = capability_mask(tokens, count, slots, phrases, lengths, bits)
        code[row] = code_tokens > 0
