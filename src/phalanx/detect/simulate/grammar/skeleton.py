"""Skeletons: prompts with holes.

Three kinds of hole, all in braces:

- `{topic}` is filled for every exchange anew, from the vocabulary `topic`;
- `{~ask}` is wording: a phrase list whose entry belongs to the *template*, so that all
  exchanges written with one template say it alike;
- `{write|compose|draft}` is wording with its phrases in place.

`{{` and `}}` are braces.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from dataclasses import dataclass

import numpy as np

from phalanx.detect.simulate.grammar.hashing import key_of, pick

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_CHOICE = re.compile(r"\{([^{}]+)\}")
_MOST_VARIANTS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A place in a skeleton that is filled from a vocabulary."""

    vocabulary: str
    """Name of the vocabulary; wording in place is its own name, `a|b|c`."""

    key: np.uint64
    """Key of the choice: the same for the same vocabulary and occurrence in any skeleton."""

    wording: bool
    """Whether the template chooses, rather than the exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """A parsed prompt: literal text and holes, in order."""

    pieces: tuple[str | Hole, ...]


def parse_skeleton(text: str) -> Skeleton:
    """Parse one skeleton.

    Examples:
        >>> [p if isinstance(p, str) else p.vocabulary for p in parse_skeleton("Hi {name}!").pieces]
        ['Hi ', 'name', '!']
    """
    pieces: list[str | Hole] = []
    seen: dict[str, int] = {}
    start = 0
    for match in _HOLE.finditer(text):
        pieces.append(text[start : match.start()])
        start = match.end()
        name = match.group(1)
        if name is None:
            pieces.append(match.group(0)[0])
            continue
        occurrence = seen.get(name, 0)
        seen[name] = occurrence + 1
        pieces.append(
            Hole(
                vocabulary=name.removeprefix("~"),
                key=key_of(name, occurrence),
                wording=name.startswith("~") or "|" in name,
            )
        )
    pieces.append(text[start:])
    return Skeleton(pieces=_joined(pieces))


def _joined(pieces: list[str | Hole]) -> tuple[str | Hole, ...]:
    """Merge neighbouring literals and drop empty ones."""
    merged: list[str | Hole] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "":
            merged.append(piece)
    return tuple(merged)


def blocks(text: str) -> tuple[str, ...]:
    """Split a data module's text into its entries, which blank lines separate."""
    return tuple(block for block in re.split(r"\n(?:[ \t]*\n)+", text.strip()) if block)


def entries(text: str) -> tuple[str, ...]:
    """Split a data module's text into its entries, which semicolons end."""
    found = (" ".join(entry.split()) for entry in text.split(";"))
    return tuple(entry for entry in found if entry)


def lines(text: str) -> tuple[str, ...]:
    r"""Split a data module's text into its entries, one a line; deeper lines continue one.

    Examples:
        >>> lines("\n  one\n  two\n    and a half\n")
        ('one', 'two and a half')
    """
    found: list[str] = []
    for line in textwrap.dedent(text.strip("\n")).splitlines():
        if line.startswith(" ") and line.strip():
            found[-1] += " " + line.strip()
        elif line.strip():
            found.append(line.strip())
    return tuple(found)


def variants(phrase: str) -> tuple[str, ...]:
    """Write out the choices in a phrase, at most 24 of them, spread over all.

    Examples:
        >>> variants("{write|draft} {a|one} note")
        ('write a note', 'write one note', 'draft a note', 'draft one note')
    """
    parts = _CHOICE.split(phrase)
    options = [part.split("|") if at % 2 else [part] for at, part in enumerate(parts)]
    total = int(np.prod([len(option) for option in options]))
    if total <= _MOST_VARIANTS:
        return tuple("".join(chosen) for chosen in itertools.product(*options))
    seeds = np.arange(_MOST_VARIANTS, dtype=np.uint64)
    columns = [pick(seeds, key_of(phrase, at), len(o)) for at, o in enumerate(options)]
    written = [
        "".join(option[column[row]] for option, column in zip(options, columns, strict=True))
        for row in range(_MOST_VARIANTS)
    ]
    return tuple(dict.fromkeys(written))
