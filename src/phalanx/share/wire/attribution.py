"""Who may stand behind a campaign, as it may be told: a grade and kinds of operator, no name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from phalanx.model.attribution import Grade, OperatorKind
from phalanx.share.wire.extension import properties_of
from phalanx.share.wire.identifiers import Object

GRADE = "attribution_grade"
HYPOTHESES = "operator_hypotheses"
_DIGITS = 2
"""Of a probability: more of them would say which campaign of which scan it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAttribution:
    """How good the author's attribution is, and kinds of operator that compete in it.

    Raises:
        ValueError: If a kind comes twice, or a probability is none.

    Examples:
        >>> SharedAttribution(grade="D", hypotheses=(("reseller", 0.7), ("distiller", 0.3))).grade
        'D'
    """

    grade: Grade
    """A to C: a profile matched, which stays unnamed. D: a kind stands out. E: little. F: none."""

    hypotheses: tuple[tuple[OperatorKind, float], ...]
    """Kinds of operator with their probabilities, most probable first."""

    def __post_init__(self) -> None:
        """Check once, where the mistake is made."""
        kinds = [kind for kind, _ in self.hypotheses]
        right = all(0.0 <= probability <= 1.0 for _, probability in self.hypotheses)
        known = set(kinds) <= set(get_args(OperatorKind)) and self.grade in get_args(Grade)
        if len(set(kinds)) < len(kinds) or not right or not known:
            message = (
                "an attribution is a grade and kinds of operator, each once, with probabilities"
            )
            raise ValueError(message)

    @property
    def properties(self) -> Object:
        """What the extension adds to a campaign."""
        hypotheses = [
            {"kind": kind, "probability": round(probability, _DIGITS)}
            for kind, probability in self.hypotheses
        ]
        return {GRADE: self.grade, **({HYPOTHESES: hypotheses} if hypotheses else {})}


def attribution_of(campaign: Object) -> SharedAttribution | None:
    """Return the attribution that a campaign carries; nothing where it carries no sound one.

    Parameters:
        campaign: As its author wrote it: nobody has checked its extension.

    Examples:
        >>> attribution_of({"type": "campaign"}) is None
        True
    """
    properties = properties_of(campaign)
    said = properties.get(HYPOTHESES, [])
    if GRADE not in properties or not isinstance(said, list):
        return None
    try:
        return SharedAttribution(
            grade=properties[GRADE],
            hypotheses=tuple((each["kind"], float(each["probability"])) for each in said),
        )
    except (KeyError, TypeError, ValueError):
        return None
