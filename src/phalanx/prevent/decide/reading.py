"""What a prompt asks for, read while it waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.sketches.prompts.kernel import MAXIMUM_TOKENS
from phalanx.sketches.prompts.lexicon import capability_mask, compiled_lexicon
from phalanx.text.tokens import tokenise

MOST_CHARACTERS = 16 * MAXIMUM_TOKENS
"""That are looked at: the scan reads so many tokens, and hardly any is longer."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lexicon sees in a prompt."""

    capabilities: int
    """As a mask, see `phalanx.sketches.prompts`."""

    quotes_code: bool


def read_prompt(prompt: str, system_prompt: str | None) -> Reading:
    """Read a prompt, and the instructions before it, as the scan does.

    Examples:
        >>> from phalanx.sketches.prompts import names_of
        >>> names_of(read_prompt("Grade the following answer.", "Think step by step.").capabilities)
        ('reasoning', 'grading')
    """
    mask, code = _read(prompt)
    if system_prompt:
        mask |= _read(system_prompt)[0]
    return Reading(mask, code)


def _read(text: str) -> tuple[int, bool]:
    data = np.frombuffer(text[:MOST_CHARACTERS].encode("utf-8", "replace") or b"\0", np.uint8)
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    count, _, code = tokenise(data, 0, data.size, tokens)
    lexicon = compiled_lexicon()
    mask = capability_mask(
        tokens, count, lexicon.slots, lexicon.phrases, lexicon.lengths, lexicon.bits
    )
    return int(mask), code > 0
