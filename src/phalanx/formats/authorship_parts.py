"""What several answers of `phalanx authorship` hold, as types that schemas are made of.

`phalanx.cli` writes the answers; what stands here and in the files named `authorship_..._document`
describes them to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Log10Chance = Annotated[float, Field(le=0.0)]
Level = Annotated[float, Field(gt=0.0, lt=1.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(ge=0.0)]


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
