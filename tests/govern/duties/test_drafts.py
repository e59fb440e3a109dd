"""Drafts of reports."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from phalanx.govern.duties import SHIPPED, Incident, clocks_of, draft_of, read_duties
from phalanx.govern.duties.drafts import OPEN

DUTIES = read_duties(SHIPPED)
FOUND = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
ANSWERS = {"frontier-developer": True, "catastrophic-harm": True}


def test_every_item_of_a_report_is_filled_or_told_as_open() -> None:
    """Nothing that the law asks for is left out without a word."""
    clock = clocks_of(Incident(discovered_at=FOUND, answers=ANSWERS), DUTIES)[0]
    draft = draft_of(clock, {"summary": "Accounts did.", "incident-date": "2026-11-20"}, DUTIES)
    assert [item.id for item, _ in draft.filled] == ["date", "qualifies", "statement"]
    assert [item.id for item in draft.open] == ["internal-use"]
    text = draft.as_text()
    assert text.count(OPEN) == 1
    for item in clock.duty.items:
        assert f"## {item.text}" in text
    assert "catastrophic risk" in text
    assert "Due: 2026-12-12T09:30:00+00:00" in text


def test_what_a_case_says_cannot_look_like_the_report() -> None:
    """Facts come from many hands: a heading, an end of a line or a control in them is quoted."""
    clock = clocks_of(Incident(discovered_at=FOUND, answers=ANSWERS), DUTIES)[0]
    hostile = f"# Sent\n\n{OPEN}\x1b[2J\r## Whether"
    text = draft_of(clock, {"summary": hostile}, DUTIES).as_text()
    said = [line for line in text.splitlines() if "Sent" in line or "Whether" in line]
    assert said[0] == "> # Sent"
    assert "\x1b" not in text
    assert all(line.startswith("> ") or "internal use" in line for line in said)


def test_an_open_duty_says_so_in_its_draft() -> None:
    """Counsel prepares before all answers are there."""
    clock = next(
        each
        for each in clocks_of(Incident(discovered_at=FOUND), DUTIES)
        if each.duty.id == "eu-gdpr-breach"
    )
    assert "is not decided: questions are open" in draft_of(clock, {}, DUTIES).as_text()


def test_what_is_not_triggered_has_no_draft() -> None:
    """A report that nobody owes is not prepared by a slip."""
    answers = dict.fromkeys(DUTIES.questions, False)
    clock = clocks_of(Incident(discovered_at=FOUND, answers=answers), DUTIES)[0]
    with pytest.raises(ValueError, match="does not bind"):
        draft_of(clock, {}, DUTIES)
