"""What `phalanx authorship calibrate` answers, as types that its schema is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phalanx.formats.authorship_parts import (
    DetectorUsed,
    LeftOut,
)

CALIBRATE_SCHEMA_ID: Literal["phalanx.authorship-calibrate/1"] = "phalanx.authorship-calibrate/1"


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
