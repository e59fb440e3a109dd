"""One verdict about a suspect: tests by evidence under one budget of error.

choose families -> ask each -> judge -> record -> sign. Other rooms make evidence; this one only
concludes.
"""

from __future__ import annotations

from phalanx.provenance.verdict.answer import Answer, Asked, State
from phalanx.provenance.verdict.asking import (
    of_agreement,
    of_audit,
    of_keys,
    of_marks,
    of_order,
    of_weights,
)
from phalanx.provenance.verdict.budget import LEAST_LEVEL, LEVEL, Budget
from phalanx.provenance.verdict.families import QUESTIONS, Family
from phalanx.provenance.verdict.made import How
from phalanx.provenance.verdict.record import Party, Record, content_of, record_of, rounded
from phalanx.provenance.verdict.report import sign_report, verify_report
from phalanx.provenance.verdict.verdict import NOT_SAID, SENTENCES, Conclusion, Verdict, judge

__all__ = [
    "LEAST_LEVEL",
    "LEVEL",
    "NOT_SAID",
    "QUESTIONS",
    "SENTENCES",
    "Answer",
    "Asked",
    "Budget",
    "Conclusion",
    "Family",
    "How",
    "Party",
    "Record",
    "State",
    "Verdict",
    "content_of",
    "judge",
    "of_agreement",
    "of_audit",
    "of_keys",
    "of_marks",
    "of_order",
    "of_weights",
    "record_of",
    "rounded",
    "sign_report",
    "verify_report",
]
