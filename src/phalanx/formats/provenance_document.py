"""The content of a verdict about a model as a type, published as a schema.

`phalanx.provenance.verdict` writes and reads the document; what stands here describes it to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from phalanx.provenance.tests.changes import Changes
from phalanx.provenance.verdict import Conclusion, Family, How, Party, State

PROVENANCE_SCHEMA_ID: Literal["phalanx.provenance/1"] = "phalanx.provenance/1"
"""What a document says it is. The number is the major version of the schema."""

Log10Chance = Annotated[float, Field(le=0.0)]
Level = Annotated[float, Field(gt=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOfTest:
    """One test of one null hypothesis."""

    rule_id: str
    """Rule that produced it, for example `PHX-P001`; `phalanx explain` describes it."""

    name: str
    """Short name of what was seen, for people."""

    family: str
    """Part of Phalanx that the test belongs to: `provenance` or `watermark`."""

    null_hypothesis: str
    """What would be true if nothing wrong happened, in words."""

    observation: str
    """What was seen, in words and numbers."""

    log10_e: float
    """Base-10 logarithm of the e-value."""

    reachable_log10_e: float | None
    """Largest value that could have come out; null when it is unbounded."""

    sample_size: Count
    """Comparisons, texts or answers that were counted."""

    reference_size: Count
    """Reference models that formed the null distribution; 0 where it is exact."""

    method: str
    """Name and version of the test."""

    assumptions: tuple[str, ...]
    """What must hold for it to mean what it says."""

    decisive: bool
    """Whether it may decide alone, or is for reading or in company."""

    log10_p: Log10Chance
    """Base-10 logarithm of the p-value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactResult(EvidenceOfTest):
    """A test with a p-value of its own."""

    kind: Literal["exact"]
    """Tells it from other results."""

    exact_log10_p: float
    """Base-10 logarithm of the p-value, corrected for the tests that it was planned with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EValueResult(EvidenceOfTest):
    """A test whose p-value is what its e-value implies."""

    kind: Literal["e-value"]
    """Tells it from other results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InconclusiveResult:
    """A test that could not be asked, or not answer."""

    kind: Literal["inconclusive"]
    """Tells it from other results."""

    reason: str
    """Why, in words."""

    reachable_log10_e: float
    """Largest e-value that could have come out, base-10 logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyAnswer:
    """Tests that answer one question, held against their part of the level."""

    family: Family
    """Which."""

    null_hypothesis: str
    """What would be true if nothing wrong happened."""

    state: State
    """How it answered."""

    reason: str
    """Why it is not evaluable, or why what it found does not count; empty else."""

    log10_p: Log10Chance
    """Smallest p-value that may decide, corrected within the family, base-10 logarithm."""

    recipients: tuple[str, ...]
    """Recipients whose copies are seen within the level."""

    corrected_for_besides: Count
    """Questions that the family answers, by which its p-value was multiplied."""

    corrected_for: Count
    """Tests that the results were corrected for together."""

    references: Count
    """Reference models, or ancestors of ours, that were asked the same: they can only clear."""

    objection: str
    """Why a rejection would not count; empty if nothing speaks against it."""

    asked_recipients: tuple[str, ...]
    """Whose copy each result after the first is about."""

    results: tuple[
        Annotated[ExactResult | EValueResult | InconclusiveResult, Field(discriminator="kind")],
        ...,
    ]
    """Every test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayMade:
    """One way in which the suspect was made, as far as its weights say it."""

    how: How
    """Which."""

    seen: str
    """By what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOfLayers:
    """Which blocks of the suspect come from which of ours."""

    ours: tuple[str, ...]
    """Our blocks: the layer's number, and the expert's behind a stroke."""

    theirs: tuple[str, ...]
    """The suspect's blocks."""

    log10_p: tuple[tuple[Log10Chance | None, ...], ...]
    """For each of ours, each of theirs: base-10 logarithms, corrected for all pairs; null where two
    cannot be compared."""

    left_out: Count
    """Blocks of experts that were not compared, for their number."""

    log10_level: float
    """Level at which a pair is called kin, base-10 logarithm."""

    origins: dict[str, str]
    """Block of the suspect -> block of ours that it comes from, within the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceDocument:
    """What all tests together say of a suspect; everything follows from `families`."""

    schema: Literal["phalanx.provenance/1"]
    """Identifier of this format with its major version."""

    version: str
    """Of Phalanx."""

    made_at: datetime
    """When, in UTC."""

    ours: Party
    """Our model."""

    suspect: Party
    """The model under test."""

    accuses: bool
    """Whether any conclusion says that the suspect has something of ours."""

    conclusions: Annotated[tuple[Conclusion, ...], Field(min_length=1)]
    """What follows, the gravest first."""

    in_words: Annotated[tuple[str, ...], Field(min_length=1)]
    """Each conclusion as a sentence."""

    shown: tuple[str, ...]
    """What each family that rejects its null hypothesis shows, in words."""

    made: tuple[WayMade, ...]
    """How the suspect was made; empty where its weights show no kinship."""

    level: Level
    """Chance of accusing an independent model that is accepted, all families together."""

    level_of_each_family: Level
    """Part of it that each family has."""

    families: Annotated[tuple[FamilyAnswer, ...], Field(min_length=1)]
    """Those that were asked, fixed beforehand."""

    layer_map: MapOfLayers | None
    """Null where no weights were compared."""

    changes: Changes | None
    """What was counted between the files; null where they are no kin, or were not read for it."""

    notes: tuple[str, ...]
    """What could not be compared, and what was left out."""

    assumptions: tuple[str, ...]
    """What must hold for the numbers to mean what they say."""

    not_said: tuple[str, ...]
    """What the verdict never says."""
