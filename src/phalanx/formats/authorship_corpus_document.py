"""What `phalanx authorship detect --corpus` answers, as types that its schema is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phalanx.formats.authorship_parts import (
    Count,
    Level,
    Share,
)

CORPUS_SCHEMA_ID: Literal["phalanx.authorship-corpus/1"] = "phalanx.authorship-corpus/1"


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
