"""What a prompt asks for, read from short phrases in nine languages.

The lexicon says which capability a prompt targets. It does not accuse anyone: honest
people ask for reasoning and translations too. Phrases are matched on normalised tokens,
so case, numbers and punctuation do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numba
import numpy as np
import numpy.typing as npt

from phalanx.sketches.prompts.phrases import PHRASES
from phalanx.text.tokens import tokens_of

CAPABILITIES = (
    "reasoning",
    "grading",
    "task generation",
    "rewriting",
    "tool use",
    "coding",
    "translation",
)
"""Bit number in the capability mask -> capability."""

CAPABILITY_BIT: Mapping[str, int] = MappingProxyType(
    {name: 1 << bit for bit, name in enumerate(CAPABILITIES)}
)

ELICITATION_MASK = sum(
    CAPABILITY_BIT[name] for name in ("reasoning", "grading", "task generation", "rewriting")
)
"""Capabilities whose prompts ask for training material rather than for an answer."""

TARGETED_MASK = sum(CAPABILITY_BIT[name] for name in ("reasoning", "grading", "tool use"))
"""Capabilities that students are trained for and that few honest prompts name."""

_MAXIMUM_PHRASE_TOKENS = 12
_SLOTS = 4096


@dataclass(frozen=True, slots=True)
class CompiledLexicon:
    """The phrases as arrays that numba can walk."""

    slots: npt.NDArray[np.int64]
    """Open-addressing table: position in `phrases` plus one, 0 where empty."""

    phrases: npt.NDArray[np.uint64]
    """Token hashes, one phrase a row, zero-padded, sorted by first token."""

    lengths: npt.NDArray[np.int64]
    """Tokens of each phrase."""

    bits: npt.NDArray[np.int64]
    """Capability bit of each phrase."""


@cache
def compiled_lexicon() -> CompiledLexicon:
    """Compile the phrases once per process.

    Raises:
        ValueError: If a phrase is empty or too long, which is a mistake in the lexicon.
    """
    rows: list[tuple[tuple[int, ...], int]] = []
    for capability, texts in PHRASES.items():
        for text in texts:
            tokens = tuple(int(token) for token in tokens_of(text))
            if not 0 < len(tokens) <= _MAXIMUM_PHRASE_TOKENS:
                message = f"phrase {text!r} has {len(tokens)} tokens, expected 1 to 12"
                raise ValueError(message)
            rows.append((tokens, CAPABILITY_BIT[capability]))
    rows = sorted(set(rows))
    phrases = np.zeros((len(rows), _MAXIMUM_PHRASE_TOKENS), dtype=np.uint64)
    for row, (tokens, _) in enumerate(rows):
        phrases[row, : len(tokens)] = tokens
    slots = np.zeros(_SLOTS, dtype=np.int64)
    for row in range(len(rows)):
        if row and phrases[row, 0] == phrases[row - 1, 0]:
            continue
        slot = int(phrases[row, 0]) % _SLOTS
        while slots[slot]:
            slot = (slot + 1) % _SLOTS
        slots[slot] = row + 1
    return CompiledLexicon(
        slots,
        phrases,
        np.array([len(tokens) for tokens, _ in rows], dtype=np.int64),
        np.array([bit for _, bit in rows], dtype=np.int64),
    )


@numba.njit(cache=True, nogil=True)
def capability_mask(
    tokens: npt.NDArray[np.uint64],
    count: int,
    slots: npt.NDArray[np.int64],
    phrases: npt.NDArray[np.uint64],
    lengths: npt.NDArray[np.int64],
    bits: npt.NDArray[np.int64],
) -> int:
    """Return the capabilities that `tokens[:count]` mention, as a bit mask."""
    mask = 0
    for position in range(count):
        token = tokens[position]
        slot = np.int64(token & np.uint64(_SLOTS - 1))
        while slots[slot] and phrases[slots[slot] - 1, 0] != token:
            slot = (slot + 1) % slots.size
        row = slots[slot] - 1
        while 0 <= row < lengths.size and phrases[row, 0] == token:
            length = lengths[row]
            matches = position + length <= count
            for offset in range(1, length):
                if not matches:
                    break
                matches = phrases[row, offset] == tokens[position + offset]
            if matches:
                mask |= bits[row]
            row += 1
    return mask


def capabilities_of(text: str) -> tuple[str, ...]:
    """Name the capabilities that one text targets.

    Examples:
        >>> capabilities_of("Let's think step by step, then grade the following answer.")
        ('reasoning', 'grading')
        >>> capabilities_of("What time is it?")
        ()
    """
    lexicon = compiled_lexicon()
    tokens = tokens_of(text)
    mask = capability_mask(
        tokens, tokens.size, lexicon.slots, lexicon.phrases, lexicon.lengths, lexicon.bits
    )
    return names_of(mask)


def names_of(mask: int) -> tuple[str, ...]:
    """Return the names of the capabilities in a mask."""
    return tuple(name for name, bit in CAPABILITY_BIT.items() if mask & bit)
