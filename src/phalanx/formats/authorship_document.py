"""The answers of `phalanx authorship` as types, published as schemas.

`phalanx.cli` writes the documents; what stands here describes them to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

DETECT_SCHEMA_ID: Literal["phalanx.authorship-detect/1"] = "phalanx.authorship-detect/1"
LOOKUP_SCHEMA_ID: Literal["phalanx.authorship-lookup/1"] = "phalanx.authorship-lookup/1"
CORPUS_SCHEMA_ID: Literal["phalanx.authorship-corpus/1"] = "phalanx.authorship-corpus/1"
CALIBRATE_SCHEMA_ID: Literal["phalanx.authorship-calibrate/1"] = "phalanx.authorship-calibrate/1"

Log10Chance = Annotated[float, Field(le=0.0)]
Level = Annotated[float, Field(gt=0.0, lt=1.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(ge=0.0)]
Source = Literal["served", "mark", "log-probabilities", "statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What was handed in and could not be used."""

    where: str
    """File, and number of the line."""

    reason: str
    """Why, without anything of what stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingModel:
    """The language model whose readings were joined."""

    name: str
    """What it is called."""

    sha256: str
    """Over its files, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanCell:
    """Human documents of one domain, language and length that documents are ranked among."""

    domain: str
    """What they are."""

    language: str
    """`en` or `other` for prose, the name of the programming language for code."""

    size_from: Count
    """Least size of its documents, in words or lines."""

    documents: Count
    """How many there are: no rank is below one in so many and one."""

    flagged_share_95: tuple[Share, Share]
    """Between which shares of humans such a reference flags at 1 %, in 95 of 100 references; zeros
    where it is too small to claim at 1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorUsed:
    """A detector with its reference."""

    kind: Literal["text", "code"]
    """What it reads."""

    languages: tuple[str, ...]
    """That it was fitted on."""

    fitted_on: str
    """On what, in words."""

    reference: str
    """What the human documents are, in words."""

    sha256: str
    """Of its file, in hexadecimal."""

    margin: Number
    """Taken from the score of a document whose domain is not named."""

    readings_by: ReadingModel | None
    """Who reads along; null where nobody does."""

    cells: tuple[HumanCell, ...]
    """Of its reference."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUsed:
    """The index of what was served."""

    documents: Count
    """Responses in it."""

    entries: Count
    """Their parts."""

    key_id: str
    """Of the key that it was made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedMatch:
    """A part of what was served that shares phrases with the text: a lead."""

    account_id: str | None
    """To whom it was served."""

    served_at: datetime
    """When, in UTC."""

    log10_p: Log10Chance
    """With all entries and all parts of the text counted, base-10 logarithm."""

    common_phrases: Count
    """Phrases in common that share no word with each other."""

    phrases: Count
    """The same of all phrases of the smaller of the two parts."""

    candidates: Count
    """Entries that share any phrase with this part of the text."""

    tokens: tuple[Count, Count]
    """Where in the text: first token, and the one after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUpDocument:
    """What was found of one text."""

    document: str
    """What its line calls it, or where it stands."""

    verdict: Literal["consistent with what was served",
                     "not told apart from texts on its subject", "not evaluable"]  # fmt: skip
    """What is said of it."""

    parts: Count
    """Parts of the text that were looked up."""

    cut_short: bool
    """Whether there was more to read, or to compare, than is."""

    alike: Count
    """Served parts that share as much with the text as the best match, itself among them: above 1
    no account is singled out."""

    reason: str
    """Why it is not evaluable; empty otherwise."""

    rule_id: str | None
    """Rule of the finding; null where it is not evaluable."""

    observation: str | None
    """What was seen, in words and numbers; null as above."""

    log10_p: Log10Chance | None
    """Of the best match, base-10 logarithm; null as above."""

    log10_e: float | None
    """The e-value of the same; null as above."""

    reachable_log10_e: float | None
    """Largest e-value that could have come out; null as above."""

    matches: tuple[ServedMatch, ...]
    """The best of each part, below the level too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupDocument:
    """What `phalanx authorship lookup -f json` writes."""

    schema: Literal["phalanx.authorship-lookup/1"]
    """Identifier of this format with its major version."""

    found: bool
    """Whether any text is consistent with what was served."""

    level: Level
    """Share of texts that owe nothing to what was served and may be called consistent with it."""

    null_hypothesis: str
    """What would be true of a text if nothing wrong happened."""

    method: str
    """Name and version of the test."""

    assumptions: tuple[str, ...]
    """What must hold for a p-value to mean what it says."""

    index: IndexUsed
    """In which was looked."""

    expected_by_chance: Number
    """Texts at or below the level if all were written without what was served."""

    documents: tuple[LookedUpDocument, ...]
    """In the order in which they were handed in."""

    rejects: tuple[LeftOut, ...]
    """What was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument:
    """A document on the list of a corpus."""

    document: str
    """File, and number of the line."""

    group: str
    """Commit that it belongs to; itself elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusAnswer:
    """What a corpus says to one question."""

    rule_id: str
    """Rule of the finding."""

    question: Literal["a model's writing", "what was served"]
    """Which."""

    null_hypothesis: str
    """What would be true of a document if nothing wrong happened."""

    evaluable: Count
    """Documents."""

    not_evaluable: Count
    """Documents of which nothing is said."""

    clusters: Count
    """Of near-duplicates among those that are evaluable: what is counted."""

    claimed_clusters: Count
    """Whose first document is at or below the level."""

    share: Share | None
    """Of clusters for which the null hypothesis does not hold; null where nobody measured how many
    of a model's documents are found."""

    share_low: Share
    """Lower bound of it."""

    share_high: Share
    """Upper bound of it."""

    log10_e: float
    """Of "the null hypothesis holds for every cluster": base-10 logarithm of the e-value."""

    false_claims: tuple[Share, Share]
    """Bounds of the share of other documents that are claimed."""

    true_claims: tuple[Share, Share] | None
    """Bounds of the share of such documents that are claimed; null where nobody measured it."""

    list_needs: Count | None
    """Clusters that must rank above all humans before any can be listed, since no rank says more
    than the reference lets it; null where nothing bounds it."""

    listed: tuple[ListedDocument, ...]
    """Documents of clusters of which an expected share of at most the rate is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusDocument:
    """What `phalanx authorship detect --corpus -f json` writes."""

    schema: Literal["phalanx.authorship-corpus/1"]
    """Identifier of this format with its major version."""

    found: bool
    """Whether a share is above zero, or a document is on a list."""

    corpus: str
    """Folder."""

    unit: Literal["file", "commit"]
    """What of a repository was read."""

    level: Level
    """At or below which a document is claimed."""

    false_discovery_rate: Level
    """Of the lists, at most."""

    confidence: Level
    """Of the bounds of a share."""

    method: str
    """Name and version of the test."""

    assumptions: tuple[str, ...]
    """What must hold for the bounds to mean what they say."""

    documents: Count
    """That were read."""

    rejected: Count
    """That could not be used."""

    answers: tuple[CorpusAnswer, ...]
    """To each question that was asked; they are never added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateDocument:
    """What `phalanx authorship calibrate -f json` writes."""

    schema: Literal["phalanx.authorship-calibrate/1"]
    """Identifier of this format with its major version."""

    calibrated: str
    """File that was written."""

    domain: str
    """Of the human documents that were handed in."""

    detector: DetectorUsed
    """With the reference that it has now."""

    rejects: tuple[LeftOut, ...]
    """What was left out."""
