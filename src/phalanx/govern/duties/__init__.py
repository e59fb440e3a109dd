"""Reporting duties as dated data, their clocks, and drafts of their reports.

Nothing here is advice. A duty is an entry of a file that counsel reads, checks and changes; whether
it is triggered follows from answers that people gave, and a question that nobody answered leaves
it undecided.
"""

from __future__ import annotations

from phalanx.govern.duties.clocks import Clock, Incident, State, clocks_of
from phalanx.govern.duties.drafts import Draft, draft_of
from phalanx.govern.duties.duty import Duties, Duty, FollowUp, Question
from phalanx.govern.duties.reading import SHIPPED, read_duties

__all__ = [
    "SHIPPED",
    "Clock",
    "Draft",
    "Duties",
    "Duty",
    "FollowUp",
    "Incident",
    "Question",
    "State",
    "clocks_of",
    "draft_of",
    "read_duties",
]
