"""A search through a register of any size: a million keys, one text, and the few that matter.

What `detect` answers for each key is answered here for the strongest ones alone, corrected for all
that were tried. Names and keys come in blocks, and none stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.watermark.detection.decoys import decoys_ahead, derive_decoys, law_doubt_log10_p
from phalanx.watermark.detection.findings import Finding, Reading
from phalanx.watermark.detection.judging import judge
from phalanx.watermark.detection.scoring import Group, drawn
from phalanx.watermark.detection.strongest import Floats, Strongest
from phalanx.watermark.schemes.scheme import Scheme

LEVEL = 1e-3
DECOYS = 999
KEPT = 100


@dataclass(frozen=True, slots=True, eq=False)
class KeyBlock:
    """Some keys of one scheme, with their names."""

    names: Sequence[str]
    keys: npt.NDArray[np.uint8] = field(repr=False)
    """Shape (keys, key_bytes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The answer to a search."""

    findings: tuple[Finding, ...]
    """Of the strongest keys, the strongest first; each corrected for all that were tried."""

    tried: int
    """Tests in all: keys times readings, over all schemes."""

    level: float
    """Chance of any false finding that was accepted beforehand."""

    @property
    def marked(self) -> tuple[Finding, ...]:
        """Findings that name a mark."""
        return tuple(each for each in self.findings if each.verdict == "marked")


class _Tried:
    """One reading under the keys of one scheme, as far as they came."""

    def __init__(self, reading: Reading, scheme: Scheme, decoys: Floats, best: Strongest) -> None:
        """Begin without any key."""
        self.reading = reading
        self.scheme = scheme
        self.decoys = decoys
        self.best = best
        self.names: dict[int, str] = {}

    def group(self) -> Group:
        """Return the tests of those that lead."""
        setting, draws = self.scheme.setting, self.best.draws
        return Group(
            self.reading,
            self.scheme,
            tuple(self.names[place] for place in self.best.places.tolist()),
            None,
            draws.count,
            draws.repeats,
            self.best.totals,
            self.best.log10_p,
            decoys_ahead(self.best.totals, self.decoys),
            law_doubt_log10_p(setting.law(self.decoys, draws)),
        )

    def add(self, block: KeyBlock) -> None:
        """Try some keys, and keep the names of those that lead."""
        start = self.best.tried
        self.best.add(block.keys)
        self.names = {
            place: self.names[place] if place < start else block.names[place - start]
            for place in self.best.places.tolist()
        }


def search(
    readings: Sequence[Reading],
    sources: Iterable[tuple[Scheme, Iterable[KeyBlock]]],
    *,
    level: float = LEVEL,
    decoys: int = DECOYS,
    kept: int = KEPT,
) -> Searched:
    """Test documents for marks under more keys than memory holds.

    Null hypothesis of each test: the text was written without the key. Judged as by `detect`, with
    Holm's correction over all tests; in a family of this size the law decides, unless the decoys
    contradict it on this text.

    Parameters:
        readings: The same documents, once for each tokenizer.
        sources: Schemes, each with its keys in blocks, which are gone through once.
        level: Chance of any false finding at all that is accepted, above 0 and below 1.
        decoys: Random keys for each reading and scheme; 0 for none.
        kept: Findings of each reading and scheme that are returned, at least 1.

    Raises:
        InputError: If there is nothing to test, or a block has not as many names as keys.
        ValueError: If a number is out of range.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> blocks = (KeyBlock([f"k{at}"], np.full((1, 32), at, np.uint8)) for at in range(9))
        >>> reading = Reading(tokenizer="bytes", documents=[list(b"a short note")])
        >>> found = search([reading], [(PhalanxGumbel(), blocks)], decoys=99, kept=2)
        >>> found.tried, len(found.findings), found.findings[0].family, found.marked
        (9, 2, 9, ())
    """
    if not 0.0 < level < 1.0 or decoys < 0 or kept < 1:
        message = f"level is above 0 and below 1, decoys at least 0, kept at least 1: {level}"
        raise ValueError(message)
    found: list[_Tried] = []
    for scheme, blocks in sources:
        begun = [_begun(reading, scheme, decoys, kept) for reading in readings]
        for block in blocks:
            if len(block.names) != len(block.keys):
                message = f"{len(block.names)} names came with {len(block.keys)} keys"
                raise InputError(message, next_step="Give each key one name.")
            for each in begun:
                each.add(block)
        found += begun
    family = sum(each.best.tried for each in found)
    if not family:
        message = "there is nothing to test"
        raise InputError(message, next_step="Pass documents, a scheme and keys.")
    judged = judge([each.group() for each in found], decoys, level, family=family)
    return Searched(findings=judged.findings, tried=family, level=level)


def _begun(reading: Reading, scheme: Scheme, decoys: int, kept: int) -> _Tried:
    draws = drawn(reading, scheme.setting)
    # Of the text alone: the keys are not there yet, and never all at once.
    others = scheme.totals(draws, derive_decoys(decoys, scheme.setting, draws, ()))
    return _Tried(reading, scheme, others, Strongest(draws, scheme, kept))
