"""Sketches of prompts in bulk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.sketches.templates.kernel import sketch_rows
from phalanx.sketches.templates.keys import GroupKey
from phalanx.sketches.templates.spoken import spoken
from phalanx.text.hashing import text_buffers


@dataclass(frozen=True, slots=True)
class Sketches:
    """Sketches under one key."""

    epoch: int
    minhash: npt.NDArray[np.uint8]
    """Shape (rows, 128)."""

    simhash: npt.NDArray[np.uint64]
    tokens: npt.NDArray[np.int32]
    """Of each prompt, up to 1,024; 0 where it is too short for a sketch, and has none."""


def sketch_of(prompts: pa.Array, key: GroupKey) -> Sketches:
    """Sketch whole prompts.

    Parameters:
        prompts: String array in one chunk; a null has no sketch.
        key: Of the group. Sketches under two keys have nothing in common.

    References:
        Broder, "On the resemblance and containment of documents", SEQUENCES 1997; Li & König,
        "b-Bit minwise hashing", WWW 2010; Charikar, "Similarity estimation techniques from
        rounding algorithms", STOC 2002.

    Examples:
        >>> from datetime import date
        >>> key = GroupKey(1, date(2026, 1, 1), bytes(32))
        >>> text = 'Grade answer {} of "{}" by the rubric below and say in one line what it lacks.'
        >>> sketches = sketch_of(pa.array([text.format(1, "x"), text.format(2, "y")]), key)
        >>> bool((sketches.minhash[0] == sketches.minhash[1]).all())
        True
    """
    offsets, data = text_buffers(spoken(prompts))
    return Sketches(key.epoch, *sketch_rows(offsets, data, key.hash_key))
