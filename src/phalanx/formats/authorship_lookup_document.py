"""What `phalanx authorship lookup` answers, as types that its schema is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from phalanx.formats.authorship_parts import (
    Count,
    LeftOut,
    Level,
    Log10Chance,
    Number,
)

LOOKUP_SCHEMA_ID: Literal["phalanx.authorship-lookup/1"] = "phalanx.authorship-lookup/1"


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
