"""Options that commands of `phalanx release` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

KeyFile = Annotated[Path, Parameter(name="--keys")]
Issuer = Annotated[Path, Parameter(name="--issuer")]
Recipient = Annotated[Path, Parameter(name="--recipient")]
Optional = Annotated[Path | None, Parameter(show_default=False)]
LogFolder = Annotated[Path | None, Parameter(name="--log", show_default=False)]
Names = Annotated[list[str] | None, Parameter(show_default=False, negative_iterable=())]
Tier = Literal["black-box", "grey-box", "white-box"]

KEYS = Path("release.keys")
"""Of one's own, if nothing else is said."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class MarksOptions:
    """Where marks in weights are kept."""

    marks: Optional = None
    """Register of marks: who got a copy, and what the mark is made for."""

    marks_key: Optional = None
    """Key of the marks, for its owner alone."""
