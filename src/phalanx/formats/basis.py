"""What lines of evidence rest on, said once for all lines that rest on the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from phalanx.model import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What one or several lines of evidence rest on, said once."""

    letter: str
    null_hypothesis: str
    assumptions: tuple[str, ...]
    method: str


def with_basis(evidence: Sequence[Evidence]) -> tuple[tuple[Evidence, Basis], ...]:
    """Give each line of evidence the letter under which its basis is said.

    Parameters:
        evidence: Lines of one judgement.
    """
    bases: dict[tuple[str, tuple[str, ...], str], Basis] = {}
    lettered = []
    for line in evidence:
        key = (line.null_hypothesis, line.assumptions, line.method)
        if key not in bases:
            bases[key] = Basis(
                letter=_letter(len(bases)),
                null_hypothesis=line.null_hypothesis,
                assumptions=line.assumptions,
                method=line.method,
            )
        lettered.append((line, bases[key]))
    return tuple(lettered)


def bases_of(evidence: Sequence[tuple[Evidence, Basis]]) -> tuple[Basis, ...]:
    """Return each basis once, in the order of its letters.

    Parameters:
        evidence: Lines with their bases.
    """
    return tuple(dict.fromkeys(basis for _, basis in evidence))


def _letter(place: int) -> str:
    letter = chr(ord("a") + place % 26)
    return _letter(place // 26 - 1) + letter if place >= 26 else letter
