"""What `phalanx authorship fit`, `join` and `index` answer, as types that schemas are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phalanx.formats.authorship_parts import Count, DetectorUsed, LeftOut

FIT_SCHEMA_ID: Literal["phalanx.authorship-fit/1"] = "phalanx.authorship-fit/1"
INDEX_SCHEMA_ID: Literal["phalanx.authorship-index/1"] = "phalanx.authorship-index/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitDocument:
    """What `phalanx authorship fit -f json` and `join -f json` write."""

    schema: Literal["phalanx.authorship-fit/1"]
    """Identifier of this format with its major version."""

    written: str
    """File of the detector."""

    detector: DetectorUsed
    """It says nothing until it is calibrated: then it has cells."""

    rejects: tuple[LeftOut, ...]
    """What was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDocument:
    """What `phalanx authorship index -f json` writes."""

    schema: Literal["phalanx.authorship-index/1"]
    """Identifier of this format with its major version."""

    index: str
    """Folder that was written."""

    responses: Count
    """That it holds now."""

    new_responses: Count
    """Of these from the logs of this run."""

    too_short: Count
    """Responses that have too few phrases to be found by, in all runs; they are not among the
    others."""

    entries: Count
    """Parts of responses that can be found."""

    size_bytes: Count
    """Of the folder."""

    warnings: tuple[str, ...]
    """What in the logs could not be used."""
