"""What may be said of a document, and of all documents that were asked about at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phalanx.authorship.documents import Document

Verdict = Literal[
    "consistent with a model's writing", "mixed", "not told apart", "not evaluable"
]  # fmt: skip

CONSISTENT: Verdict = "consistent with a model's writing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What may be said of one document."""

    document: Document
    verdict: Verdict
    reason: str
    """Why nothing is said of it as a whole: it is mixed or not evaluable; empty otherwise."""

    size: int
    """Words or lines that were read."""

    whole_size: int
    """The same of all of the document."""

    log10_p: float | None
    """Rank among human documents; null where there is none."""

    domain: str | None
    """Domain of the cell that the rank is from: of several the one with the largest."""

    reference_size: int
    """Human documents of that cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What may be said of all documents together."""

    judged: int
    """Documents that are evaluable."""

    consistent: int
    """Those of them at or below the level."""

    expected: float
    """How many of them would be if humans had written all."""

    counted: int
    """Different documents that were ranked, on which `log10_p` rests: what reads like another or
    stands in one group with it counts once, what was turned away as never at the level."""

    log10_p: float
    """How unlikely so many at the level are if humans wrote all, Bonferroni over cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What may be said."""

    judgements: tuple[Judgement, ...]
    """In the order of the documents."""

    batch: Batch
    level: float
