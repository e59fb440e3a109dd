"""Who may ask for an intersection, how much, and the record that it happened.

The result of one session is what was agreed. The results of many are more: a party that asks
about sets that differ in one item learns about that item, even where it is told only numbers. So
sessions are few, and every one is on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from phalanx.errors import PolicyError
from phalanx.share.blinding.allowances import Allowances, Limits
from phalanx.share.blinding.psi.frames import EntryList, Mode

_DAYS_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What one counterparty may ask."""

    modes: frozenset[Mode] = frozenset({Mode.CARDINALITY})
    """What it may learn."""

    entries_per_day: int = 2_000_000
    """Entries of its questions, filling included."""

    sessions_per_day: int = 4
    """Questions of any size."""

    def __post_init__(self) -> None:
        """Refuse terms that allow nothing."""
        if not self.modes or min(self.entries_per_day, self.sessions_per_day) <= 0:
            message = "terms allow at least one mode, one entry and one session"
            raise ValueError(message)


class Counterparties:
    """The terms of all counterparties, and what they asked so far.

    Parameters:
        terms: Counterparty -> what it may ask; whoever is not named may ask nothing.
        allowances: Where questions are counted.
    """

    def __init__(self, terms: Mapping[str, Terms], allowances: Allowances) -> None:
        """Keep them."""
        self._terms = dict(terms)
        self._allowances = allowances
        self._log = structlog.get_logger("phalanx.share.blinding.psi")

    def terms(self, counterparty: str) -> Terms:
        """Return what a counterparty may ask.

        Raises:
            PolicyError: If nothing was agreed with it.
        """
        if counterparty not in self._terms:
            message = "this counterparty may not ask for anything"
            raise PolicyError(message, next_step="Agree on terms first.")
        return self._terms[counterparty]

    def admit(self, counterparty: str, asked: EntryList, now: datetime) -> None:
        """Count a question before it is answered, or refuse it.

        Parameters:
            counterparty: Who asks.
            asked: The question.
            now: With a time zone.

        Raises:
            PolicyError: If there are no terms with it, or they do not allow this.
        """
        said = self._log.bind(
            counterparty=counterparty, mode=asked.mode.name.lower(), entries=len(asked.entries)
        )
        try:
            self._admit(counterparty, asked, now)
        except PolicyError as error:
            said.info("intersection refused", reason=str(error))
            raise
        said.info("intersection answered", session=asked.session.hex())

    def _admit(self, counterparty: str, asked: EntryList, now: datetime) -> None:
        terms = self.terms(counterparty)
        if asked.mode not in terms.modes:
            message = "this counterparty may not ask for this"
            raise PolicyError(message, next_step="Agree on terms first.")
        for name, count, most in (
            ("sessions", 1, terms.sessions_per_day),
            ("entries", len(asked.entries), terms.entries_per_day),
        ):
            limits = Limits(most, most, most / _DAYS_SECONDS)
            self._allowances.charge(f"psi {name} {counterparty}", count, limits, now)
