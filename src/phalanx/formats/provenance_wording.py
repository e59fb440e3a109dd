"""The sentences and rows in which a verdict about a model is stated, the same in every output."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from phalanx.formats.notation import count, e_value, plural
from phalanx.model import Evidence, Inconclusive
from phalanx.provenance.verdict import (
    SENTENCES,
    Answer,
    Conclusion,
    Party,
    Record,
    State,
)

_LEAST_IN_FULL = 1e-15

HEADLINES = {
    Conclusion.DERIVED: "Derived",
    Conclusion.TRAINED_ON_OUTPUTS: "Trained on our outputs",
    Conclusion.FROM_OURS: "Derived or trained on our outputs",
    Conclusion.NOT_DISTINGUISHABLE: "Not distinguishable from independent",
    Conclusion.NOT_EVALUABLE: "Not evaluable",
}
"""Each conclusion as a headline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One test, as a table has it."""

    rule_id: str
    """Its rule; empty where it could not be asked."""

    name: str
    """What was seen, or would have been."""

    said: str
    """In words and numbers, or why nothing could be said."""

    log10_p: float | None
    """Corrected p-value within its family, base-10 logarithm; null where nothing could be said."""

    decides: bool
    """Whether it could decide; else it is told for reading."""


def headline(record: Record) -> str:
    """Return all conclusions in a few words."""
    return " and ".join(
        text if at == 0 else text[0].lower() + text[1:]
        for at, text in enumerate(HEADLINES[each] for each in record.verdict.conclusions)
    )


def sentences(record: Record) -> list[str]:
    """Return each conclusion in its fixed words, without repeating the headline."""
    said = [SENTENCES[each].partition(": ")[2] for each in record.verdict.conclusions]
    return [each[0].upper() + each[1:] for each in said]


def one_in(chance: float) -> str:
    """Write a small chance so that it is understood.

    Examples:
        >>> one_in(1e-6), one_in(1e-6 / 3), one_in(0.05), one_in(1e-20)
        ('one in 1,000,000', 'one in 3,000,000', 'one in 20', 'one in 10^20')
    """
    if chance < _LEAST_IN_FULL:
        return f"one in 10^{-math.log10(chance):.3g}"
    return f"one in {1.0 / chance:,.0f}"


def promise(record: Record) -> str:
    """Say how rarely such a verdict is wrong."""
    budget = record.verdict.budget
    divided = (
        f"{plural(len(budget.families), 'family')} of tests had {one_in(budget.share)} each"
        if len(budget.families) > 1
        else "One family of tests had all of it"
    )
    return (
        "The chance that a model independent of ours is accused is at most "
        f"{one_in(budget.level)}, all tests together, if the named assumptions hold. {divided}, "
        "fixed before anything was looked at."
    )


def title(answer: Answer) -> str:
    """Return the name of a family."""
    return answer.asked.question.title


def outcome(answer: Answer) -> str:
    """Say how a family answered, on one line."""
    question = answer.asked.question
    if answer.state is State.NOT_EVALUABLE:
        return answer.reason
    if answer.state is State.KEPT:
        return "Could have been rejected, and was not."
    return question.shows


def rows(answer: Answer) -> Iterator[Row]:
    """Yield the tests of a family: first what decides, the strongest before the others."""
    evidence = [each for each in answer.asked.results if isinstance(each, Evidence)]
    eligible = [each for each in evidence if each.decisive or answer.asked.question.needs_company]
    for each in sorted(eligible, key=lambda each: each.log10_p):
        yield _row(each, decides=True)
    for each in evidence:
        if each not in eligible:
            yield _row(each, decides=False)
    for result in answer.asked.results:
        if isinstance(result, Inconclusive):
            name, _, reason = result.reason.partition(": ")
            named = bool(reason) and not answer.asked.question.needs_company
            yield Row(
                rule_id="", name=name if named else "not evaluable",
                said=reason if named else result.reason, log10_p=None, decides=False,
            )  # fmt: skip


def p_power(log10_p: float) -> str:
    """Write a p-value as a power of ten; close to one in full.

    Examples:
        >>> p_power(-12.34), p_power(-0.2), p_power(0.0)
        ('10^-12.3', '0.63', '1')
    """
    if log10_p > -2.0:
        return f"{10.0**log10_p:.2g}"
    return e_value(log10_p)


def party(found: Party) -> str:
    """Say what a model is, as far as it was there."""
    if not found.family:
        return found.name
    shape = f"{plural(found.layers, 'layer')}, stream of {count(found.hidden)}"
    digest = f", SHA-256 of its files {found.digest}" if found.digest else ""
    return f"{found.name} ({found.family}, {shape}{digest})"


def _row(evidence: Evidence, *, decides: bool) -> Row:
    return Row(
        rule_id=evidence.rule_id,
        name=evidence.name,
        said=evidence.observation,
        log10_p=evidence.log10_p,
        decides=decides,
    )
