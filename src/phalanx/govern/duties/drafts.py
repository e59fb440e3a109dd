"""Drafts of reports: what a case says is filled in, and what only people can say is left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phalanx.govern.duties.clocks import Clock, State
from phalanx.govern.duties.duty import Duties, Item
from phalanx.printable import printable

OPEN = "[to be written]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The draft of one report."""

    clock: Clock
    triggers: tuple[str, ...]
    """The questions that were answered with yes, in words."""

    filled: tuple[tuple[Item, str], ...]
    """What the case says, in the order of the report."""

    open: tuple[Item, ...]
    """What nobody has written yet."""

    def as_text(self) -> str:
        """Return the draft as Markdown."""
        duty = self.clock.duty
        due = "not known" if self.clock.due_at is None else self.clock.due_at.isoformat()
        said = {item.id: text for item, text in self.filled}
        under = f"{duty.source} ({duty.standing})"
        parts = [
            f"# {duty.title}",
            "DRAFT. Nothing of it was sent. Counsel decides whether and what is reported.",
            f"To: {duty.recipient}  \nUnder: {under}  \nDue: {due}",
        ]
        if self.clock.state is State.UNDECIDED:
            parts.append("Whether this report is due is not decided: questions are open.")
        parts += [f"## {item.text}\n\n{said.get(item.id, OPEN)}" for item in duty.items]
        return "\n\n".join(parts) + "\n"


def draft_of(clock: Clock, facts: Mapping[str, str], duties: Duties) -> Draft:
    """Draft a report.

    Parameters:
        clock: Of the report. One that is not triggered has no draft.
        facts: What a case says, by source; control characters in it are made visible.
        duties: Of the clock, for the words of its questions.

    Raises:
        ValueError: If the duty is neither due nor undecided.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from phalanx.govern.duties.clocks import Incident, clocks_of
        >>> from phalanx.govern.duties.reading import SHIPPED, read_duties
        >>> duties = read_duties(SHIPPED)
        >>> answers = {"data-controller": True, "personal-data-breach": True,
        ...            "risk-to-persons-unlikely": False}
        >>> found = Incident(discovered_at=datetime(2026, 11, 27, 9, tzinfo=UTC), answers=answers)
        >>> draft = draft_of(clocks_of(found, duties)[0], {"contact": "A. Lee"}, duties)
        >>> [item.id for item, _ in draft.filled], [item.id for item in draft.open]
        (['contact'], ['data-nature', 'consequences', 'response'])
    """
    if clock.state not in {State.DUE, State.UNDECIDED, State.REPORTED}:
        message = f"the duty {clock.duty.id} is {clock.state.value}"
        raise ValueError(message)
    triggers = (
        ()
        if clock.state is State.UNDECIDED
        else tuple(duties.questions[each].text for each in clock.because)
    )
    known = dict(facts)
    if triggers:
        known["triggers"] = "\n".join(f"{text} Yes." for text in triggers)
    filled = tuple(
        (item, _shown(known[item.source]))
        for item in clock.duty.items
        if item.source is not None and known.get(item.source)
    )
    there = {item.id for item, _ in filled}
    return Draft(
        clock=clock,
        triggers=triggers,
        filled=filled,
        open=tuple(item for item in clock.duty.items if item.id not in there),
    )


def _shown(text: str) -> str:
    """Quote what a case says: no line of it may look like a part of the report."""
    return "\n".join(f"> {printable(line)}" for line in text.splitlines())
