"""The texts of one request as bytes: cut into tokens once, read, sketched and hashed."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import siphash
from phalanx.prevent.knowledge.templates import MOST_CHARACTERS, sketch_epochs
from phalanx.prevent.state.contents import together
from phalanx.sketches.prompts.lexicon import capability_mask
from phalanx.sketches.templates.kernel import MAXIMUM_TOKENS
from phalanx.text.tokens import tokenise

PART, WHOLE, EPOCHS = 0, 1, 2
"""Places among the keys of a reader: of a part of a content, of the whole, of templates."""

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]


@numba.njit(cache=True, nogil=True)
def end_of_read(data: Bytes, start: int, end: int) -> int:
    """Return where the characters that are looked at end."""
    if end - start <= MOST_CHARACTERS:
        return end
    characters = 0
    for position in range(start, end):
        # Bytes of UTF-8 that go on with a character begin with the bits 10.
        if data[position] & 0xC0 != 0x80:
            if characters == MOST_CHARACTERS:
                return position
            characters += 1
    return end


@numba.njit(cache=True, nogil=True)
def read_prompt(
    text: Bytes,
    begin: int,
    end: int,
    sent: Bytes,
    start: int,
    stop: int,
    has_history: bool,
    before: Words,
    keys: Words,
    slots: npt.NDArray[np.int64],
    phrases: Words,
    lengths: npt.NDArray[np.int64],
    bits: npt.NDArray[np.int64],
    views: Bytes,
    counts: npt.NDArray[np.int64],
) -> tuple[int, bool, np.uint64]:
    """Read a prompt from `text[begin:end]`, and hash what is sent.

    Parameters:
        sent: The turns before, and from `start` to `stop` the prompt.
        before: Hash of the system prompt, and whether there is one.
        keys: Of a part of a content, of the whole, and of each epoch of templates.
        views: Filled for each of these epochs; so is `counts`.

    Returns:
        Capabilities, whether the prompt quotes code, and what stands for the content.
    """
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    count, _, code = tokenise(text, begin, end_of_read(text, begin, end), tokens)
    mask = capability_mask(tokens, count, slots, phrases, lengths, bits)
    sketch_epochs(tokens, count, keys[EPOCHS:], views, counts)
    of_part = keys[PART, 0], keys[PART, 1]
    hashes, said = np.empty(3, dtype=np.uint64), np.empty(3, dtype=np.bool_)
    hashes[0], said[0] = before[0], before[1] != np.uint64(0)
    hashes[1], said[1] = siphash(sent, 0, start, of_part), has_history
    hashes[2], said[2] = siphash(sent, start, stop, of_part), True
    return mask, code > 0, together(hashes, said, (keys[WHOLE, 0], keys[WHOLE, 1]))


@numba.njit(cache=True, nogil=True)
def read_alone(
    text: Bytes,
    end: int,
    sent: Bytes,
    stop: int,
    keys: Words,
    slots: npt.NDArray[np.int64],
    phrases: Words,
    lengths: npt.NDArray[np.int64],
    bits: npt.NDArray[np.int64],
) -> tuple[int, np.uint64]:
    """Return the capabilities that a text names, and its hash as a part of a content."""
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    count, _, _ = tokenise(text, 0, end_of_read(text, 0, end), tokens)
    mask = capability_mask(tokens, count, slots, phrases, lengths, bits)
    return mask, siphash(sent, 0, stop, (keys[PART, 0], keys[PART, 1]))
