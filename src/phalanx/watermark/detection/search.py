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
from phalanx.evidence import calibrate_p_mixed, holm
from phalanx.watermark.detection.decoys import (
    DOUBT_LOG10_P,
    decoys_ahead,
    draw_decoys,
    law_doubt_log10_p,
    rank_log10_p,
)
from phalanx.watermark.detection.evaluable import why_not_evaluable
from phalanx.watermark.detection.findings import Decider, Finding, Reading, Verdict
from phalanx.watermark.detection.strongest import Floats, Strongest
from phalanx.watermark.draws import draw
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

    def add(self, block: KeyBlock) -> None:
        """Try some keys, and keep the names of those that lead."""
        start = self.best.tried
        self.best.add(block.keys)
        self.names = {
            place: self.names[place] if place < start else block.names[place - start]
            for place in self.best.places.tolist()
        }


def search(  # noqa: PLR0913 - each is one choice of who asks
    readings: Sequence[Reading],
    sources: Iterable[tuple[Scheme, Iterable[KeyBlock]]],
    *,
    level: float = LEVEL,
    decoys: int = DECOYS,
    kept: int = KEPT,
    random: np.random.Generator | None = None,
) -> Searched:
    """Test documents for marks under more keys than memory holds.

    Null hypothesis of each test: the text was written without the key. The law decides; where
    decoys contradict it at 0.001 on this text, the larger of its p-value and that of the rank
    among the decoys. Holm's correction over all tests. For few keys take `detect`, where decoys
    may decide: a family as large as this one is beyond what they could reach.

    Parameters:
        readings: The same documents, once for each tokenizer.
        sources: Schemes, each with its keys in blocks, which are gone through once.
        level: Chance of any false finding at all that is accepted, above 0 and below 1.
        decoys: Random keys for each reading and scheme; 0 for none.
        kept: Findings of each reading and scheme that are returned, at least 1.
        random: Draws the decoys; by default seeded by the system.

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
    source = np.random.default_rng() if random is None else random
    found: list[_Tried] = []
    for scheme, blocks in sources:
        begun = [_begun(reading, scheme, decoys, kept, source) for reading in readings]
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
    return Searched(findings=_findings(found, family, level), tried=family, level=level)


def _begun(
    reading: Reading, scheme: Scheme, decoys: int, kept: int, random: np.random.Generator
) -> _Tried:
    setting = scheme.setting
    draws = draw(
        reading.documents,
        setting.context_width,
        setting.unit,
        known=reading.known,
        before_first=setting.before_first,
    )
    others = scheme.totals(draws, draw_decoys(decoys, setting.key_bytes, random))
    return _Tried(reading, scheme, others, Strongest(draws, scheme, kept))


def _findings(found: Sequence[_Tried], family: int, level: float) -> tuple[Finding, ...]:
    """Judge the strongest keys of each reading and scheme, corrected for all that were tried."""
    judged = [_deciding(each) for each in found]
    log10_p = np.concatenate([values for values, _ in judged])
    adjusted, log10_e = holm(log10_p, family=family), calibrate_p_mixed(log10_p)
    findings: list[Finding] = []
    for each, (_, decider) in zip(found, judged, strict=True):
        setting, draws = each.scheme.setting, each.best.draws
        law, ahead = each.best.log10_p, decoys_ahead(each.best.totals, each.decoys)
        reason = why_not_evaluable(
            setting, draws.count, float(np.log10(level / family)), each.reading.entropy_nats
        )
        if decider == "decoys":
            reason = reason or "decoys contradict the scheme's law on this text"
        for at, place in enumerate(each.best.places.tolist()):
            index = len(findings)
            verdict = _verdict(float(adjusted[index]), level, reason)
            findings.append(
                Finding(
                    setting=setting,
                    key_id=each.names[place],
                    tokenizer=each.reading.tokenizer,
                    draws=draws.count,
                    repeats=draws.repeats,
                    total=float(each.best.totals[at]),
                    law_log10_p=float(law[at]),
                    decoys=each.decoys.size,
                    decoys_ahead=int(ahead[at]),
                    decided_by=decider,
                    log10_p=float(log10_p[index]),
                    adjusted_log10_p=float(adjusted[index]),
                    log10_e=float(log10_e[index]),
                    family=family,
                    level=level,
                    verdict=verdict,
                    reason=reason if verdict == "not evaluable" or decider == "decoys" else "",
                )
            )
    return tuple(sorted(findings, key=lambda each: (each.log10_p, each.law_log10_p)))


def _deciding(tried: _Tried) -> tuple[Floats, Decider]:
    """Return the p-values that decide, and whose they are."""
    law, decoys = tried.best.log10_p, tried.decoys
    doubt = law_doubt_log10_p(tried.scheme.setting.law(decoys, tried.best.draws.count))
    if decoys.size and doubt <= DOUBT_LOG10_P:
        ranks = rank_log10_p(decoys_ahead(tried.best.totals, decoys), decoys.size)
        return np.maximum(law, ranks), "decoys"
    return law, "law"


def _verdict(adjusted_log10_p: float, level: float, reason: str) -> Verdict:
    if adjusted_log10_p <= np.log10(level):
        return "marked"
    return "not evaluable" if reason else "no mark seen"
