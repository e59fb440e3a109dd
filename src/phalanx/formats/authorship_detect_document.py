"""What `phalanx authorship detect` answers, as types that its schema is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phalanx.formats.authorship_parts import (
    Count,
    DetectorUsed,
    LeftOut,
    Level,
    Log10Chance,
    Number,
)

DETECT_SCHEMA_ID: Literal["phalanx.authorship-detect/1"] = "phalanx.authorship-detect/1"
Source = Literal["served", "mark", "log-probabilities", "statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDocument:
    """What may be said of one document by its rank."""

    document: str
    """What its line calls it, or where it stands."""

    kind: Literal["text", "code"]
    """What it is."""

    language: str
    """As in a cell."""

    verdict: Literal["consistent with a model's writing", "mixed", "not told apart",
                     "not evaluable"]  # fmt: skip
    """What the rank says. Mixed: its beginning is at the level, and enough of its windows rank as
    humans' do, so that nothing is said of all of it."""

    reason: str
    """Why it is mixed or not evaluable; empty otherwise."""

    rule_id: str
    """Rule of the finding; `phalanx explain` describes it."""

    size_read: Count
    """Words or lines that were read."""

    size: Count
    """The same of all of the document."""

    log10_p: Log10Chance | None
    """Rank among human documents, base-10 logarithm; null where there is none."""

    domain: str | None
    """Domain of the cell that the rank is from: of several the one with the largest."""

    reference_size: Count
    """Human documents of that cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsTogether:
    """What may be said of all documents together."""

    rule_id: str
    """Rule of the finding."""

    null_hypothesis: str
    """What would be true if nothing wrong happened."""

    judged: Count
    """Documents that are evaluable."""

    consistent: Count
    """Those of them at or below the level."""

    expected: Number
    """How many of them would be if humans had written all."""

    counted: Count
    """Different documents that were ranked, on which `log10_p` rests; copies count once, and what
    was turned away as never at the level."""

    log10_p: Log10Chance
    """How unlikely so many at the level are if humans wrote all, base-10 logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStep:
    """One kind of evidence about a document."""

    source: Source
    """Which."""

    evaluable: bool
    """Whether it says anything."""

    said: str
    """What was seen, or why nothing is said."""

    rule_id: str | None
    """Rule of the finding; null where it says nothing."""

    null_hypothesis: str | None
    """What would be true if nothing wrong happened; null as above."""

    log10_p: Log10Chance | None
    """Base-10 logarithm of the p-value; null as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAbout:
    """All evidence about one document in one statement."""

    document: str
    """As in `documents`."""

    words: str
    """`consistent with ...`, `not told apart`, or `not evaluable`."""

    decided_by: Source | None
    """The first kind of evidence that is at or below its part of the level; null if none is."""

    log10_p: Log10Chance | None
    """Of the null hypothesis that all of them share, corrected for their number."""

    log10_e: float | None
    """The mean of their e-values, base-10 logarithm: valid however they depend."""

    evidence: tuple[EvidenceStep, ...]
    """In the order in which it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllStatements:
    """Statements about all documents."""

    null_hypothesis: str
    """What would be true if nothing wrong happened."""

    assumption: str
    """What must hold for the level."""

    documents: tuple[StatementAbout, ...]
    """In the order of the documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedPassage:
    """Neighbouring windows that are consistent with a model's writing."""

    start_character: Count
    """First character."""

    stop_character: Count
    """Character after the last."""

    windows: Count
    """How many there are."""

    log10_p: Log10Chance
    """Of the window that ranks lowest among them, before any correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassagesOf:
    """What is said of the passages of one document."""

    document: str
    """As in `documents`."""

    windows: Count
    """Into which it was cut."""

    evaluable: Count
    """Those of them that have a rank."""

    reason: str
    """Why nothing is located; empty where passages are told, or none was found."""

    passages: tuple[LocatedPassage, ...]
    """Of which an expected share of at most the level is wrong, in each document; of a document
    that is mixed, whose windows are each at the level by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectDocument:
    """What `phalanx authorship detect -f json` writes."""

    schema: Literal["phalanx.authorship-detect/1"]
    """Identifier of this format with its major version."""

    found: bool
    """Whether any document is consistent with a model's writing, or with us."""

    decided: bool
    """Whether every document was evaluable, and none is mixed."""

    level: Level
    """Share of human documents that may be called consistent with a model's writing."""

    domain: str | None
    """That was named; null where the largest p-value of all domains counts."""

    null_hypothesis: str
    """What would be true of a document if nothing wrong happened."""

    method: str
    """Name and version of the test."""

    assumptions: tuple[str, ...]
    """What must hold for a p-value to mean what it says."""

    detectors: tuple[DetectorUsed, ...]
    """By which documents were ranked."""

    documents: tuple[JudgedDocument, ...]
    """In the order in which they were handed in."""

    together: DocumentsTogether
    """All of them."""

    statements: AllStatements | None
    """All evidence about each; null where only ranks were asked for."""

    passages_expected_by_chance: Number | None
    """Documents of those in `passages` that would have one if humans had written all, at most."""

    passages: tuple[PassagesOf, ...] | None
    """Of all documents where they were asked for, of those that are mixed otherwise; null where
    there is none of either."""

    rejects: tuple[LeftOut, ...]
    """What was left out."""
