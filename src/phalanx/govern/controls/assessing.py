"""Holding a provider against the controls of a profile.

Three things can be said of a control: it is satisfied, it is not, or nobody looked. What nobody
looked at is never counted as satisfied, and never as its opposite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phalanx.errors import InputError
from phalanx.govern.controls.catalogue import Catalogue, Control
from phalanx.govern.controls.checks import CHECKS
from phalanx.govern.controls.observed import Observed


class Outcome(StrEnum):
    """What was found of a control."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    NOT_ASSESSED = "not-assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person says of a control that Phalanx cannot look up."""

    is_so: bool
    said: str
    """What it rests on, such as a document and its day."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One control, and what was found of it."""

    control: Control
    outcome: Outcome
    said: str
    by: str | None
    """Who says so, of all of it or of the rest: null where Phalanx alone looked it up."""

    is_looked_up: bool = True
    """Whether Phalanx looked at it, or at a part of it."""

    not_seen: str | None = None
    """What of a satisfied control nobody looked at or answered for; null where that is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A provider against a profile, at one moment."""

    catalogue: Catalogue
    profile: str
    at: datetime
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many controls came out so."""
        return sum(each.outcome is outcome for each in self.findings)

    @property
    def partly_seen(self) -> int:
        """How many of the satisfied controls are so only as far as was seen."""
        return sum(each.not_seen is not None for each in self.findings)


def assess(
    catalogue: Catalogue, profile: str, seen: Observed, answers: Mapping[str, Answer]
) -> Assessment:
    """Hold a provider against the controls of a profile.

    What Phalanx can look up, it looks up: an answer of a person does not stand in for it. Of a
    control that it sees in part, people answer for the rest: both have to be so.

    Parameters:
        catalogue: Of controls.
        profile: One of it.
        seen: Of the running system.
        answers: Of people, by control.

    Raises:
        InputError: If there is no such profile, or an answer is to no control.
    """
    if profile not in catalogue.profiles:
        message = f"there is no profile {profile!r}"
        raise InputError(message, next_step=f"Name one of {', '.join(catalogue.profiles)}.")
    if unknown := sorted(answers.keys() - {each.id for each in catalogue}):
        message = f"there is no control {unknown[0]!r} to answer"
        raise InputError(message, next_step="See `phalanx govern controls`.")
    controls = catalogue.of_profile(profile)
    findings = tuple(_finding(each, seen, answers.get(each.id)) for each in controls)
    return Assessment(catalogue=catalogue, profile=profile, at=seen.at, findings=findings)


def _finding(control: Control, seen: Observed, answer: Answer | None) -> Finding:
    if control.check is None:
        return _answered(control, answer)
    looked = CHECKS[control.check](control, seen)
    if control.rest is None or looked.is_so is False:
        return Finding(control=control, outcome=_outcome(looked.is_so), said=looked.said, by=None)
    if answer is None:
        rest = control.rest if looked.is_so else None
        outcome = _outcome(looked.is_so)
        return Finding(control=control, outcome=outcome, said=looked.said, by=None, not_seen=rest)
    said = (
        f"{looked.said} For the rest: {answer.said}"
        if looked.is_so
        else f"{answer.said} Not looked up: {looked.said}"
    )
    return Finding(
        control=control,
        outcome=_outcome(answer.is_so),
        said=said,
        by=answer.by,
        is_looked_up=looked.is_so is not None,
    )


def _answered(control: Control, answer: Answer | None) -> Finding:
    if answer is None:
        said = f"Nobody has said. What would show it: {control.evidence}"
        return Finding(
            control=control,
            outcome=Outcome.NOT_ASSESSED,
            said=said,
            by=None,
            is_looked_up=False,
        )
    return Finding(
        control=control,
        outcome=_outcome(answer.is_so),
        said=answer.said,
        by=answer.by,
        is_looked_up=False,
    )


def _outcome(is_so: bool | None) -> Outcome:  # noqa: FBT001 - three answers
    if is_so is None:
        return Outcome.NOT_ASSESSED
    return Outcome.SATISFIED if is_so else Outcome.NOT_SATISFIED
