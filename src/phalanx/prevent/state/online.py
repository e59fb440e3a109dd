"""The state, as decisions see it: a request comes in, and later it ends.

Between the two, what it may get at most counts as if it had got it: otherwise a budget that has
room for one more lets a thousand pass that come at once. Both steps are told what they need, so
that the same state can stand in another process, or be a script of a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from threading import Lock
from typing import Protocol

import numpy as np
import numpy.typing as npt

from phalanx.prevent.state.clock import StateClock
from phalanx.prevent.state.layout import (
    COUNTERS,
    EVICTED,
    EVICTED_LATELY,
    USED,
    Identity,
    empty_accounts,
)
from phalanx.prevent.state.steps import WORDS, arrive_one, settle_one
from phalanx.prevent.state.turned_away import TurnedAway, nothing_turned_away

_WORDS = Struct(f"{WORDS}Q")
MOST_SET_ASIDE = 1 << 24
"""Output tokens that one request sets aside at most. Counts are single floats: what is added to one
and taken off again leaves an error of a 2^24th of it, so that who asks for a billion answers and
gets none would wipe out what was counted before."""

NO_GROUP: Identity = (0, 0)
"""In its place where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request that comes in, as far as the state looks at it."""

    account: Identity
    group: Identity | None
    """Of its campaign, or of its declared owner; none where it has neither."""

    organisation: int
    """Hash of its declared owner; 0 where it declared none."""

    content: int
    """Of what it sends, see `contents.contents_of`."""

    at_us: int
    """When, by the clock of the machine, in microseconds since 1970."""

    set_aside_tokens: int
    """Output tokens that it may get at most, up to `MOST_SET_ASIDE`."""

    weight: float
    """Of a token of new content, by what the prompt asks for."""

    matches_template: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an account and its group, the request that came in included."""

    account: npt.NDArray[np.float64]
    """In the order of `COUNTERS`."""

    group: npt.NDArray[np.float64] | None
    """As `account`; none where there is no group."""

    continues_elsewhere: bool
    """Whether another account was turned away with the same moments before."""

    at_us: int
    """When it came in, by the clock of the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCounts:
    """How full a state is, and what it had to forget."""

    accounts: int
    groups: int
    evicted: int
    """Rows that were given up to make room."""

    evicted_lately: int
    """Of those, how many had been seen within the hour: the state is too small."""

    evicted_value: float
    """Information value of the last month that was forgotten with them."""

    overwritten: int
    """Requests turned away that were forgotten before their minute was over."""

    clock_steps_back: int
    clock_jumps_ahead: int
    unreached: int = 0
    """Requests that came in, or ended, while a shared state could not be asked."""

    answers: bool = True
    """Whether the state could be asked just now; if not, all else is what it last told."""


class State(Protocol):
    """Remembers accounts."""

    def arrive(self, arrival: Arrival) -> Standing:
        """Count a request that comes in, and tell what is known then, in one step."""
        ...

    def settle(  # noqa: PLR0913 - what a request got is said in numbers
        self,
        arrival: Arrival,
        began_us: int,
        ended_us: int,
        tokens: int,
        repeated: float,
        *,
        turned_away: bool,
    ) -> float:
        """Put what a request got in the place of what was set aside; return its value."""
        ...

    def counts(self) -> StateCounts:
        """Return how full it is."""
        ...


class OnlineState:
    """The state in this process.

    Parameters:
        accounts: Rows for accounts.
        groups: Rows for groups.
        seed: Of the choice of rows that are given up when a table is full.
    """

    def __init__(self, accounts: int = 1 << 20, groups: int = 1 << 16, seed: int = 1) -> None:
        """Remember nothing."""
        self.accounts = empty_accounts(accounts, seed)
        self.groups = empty_accounts(groups, seed)
        self.turned_away: TurnedAway = nothing_turned_away()
        self.clock = StateClock()
        self.lock = Lock()
        """Held while rows change, or are copied."""

        self._tables = (self.accounts.table, self.groups.table, self.turned_away.table)
        self._packed = bytearray(_WORDS.size)
        self._words = np.frombuffer(self._packed, dtype=np.uint64)

    def arrive(self, arrival: Arrival) -> Standing:
        """Count a request that comes in, and tell what is known then, in one step."""
        of_account, of_group = np.empty(len(COUNTERS)), np.empty(len(COUNTERS))
        accounts, groups, away = self._tables
        has_group = arrival.group is not None
        with self.lock:
            now_us = self.clock.at(arrival.at_us)
            self._pack(arrival)
            continues = arrive_one(
                accounts, groups, away, self._words, has_group, now_us,
                float(arrival.set_aside_tokens), arrival.weight, arrival.matches_template,
                of_account, of_group,
            )  # fmt: skip
        return Standing(of_account, of_group if has_group else None, continues, now_us)

    def settle(  # noqa: PLR0913 - as above
        self,
        arrival: Arrival,
        began_us: int,
        ended_us: int,
        tokens: int,
        repeated: float,
        *,
        turned_away: bool,
    ) -> float:
        """Put what a request got in the place of what was set aside; return its value.

        Parameters:
            arrival: As it came in.
            began_us: `Standing.at_us`.
            ended_us: When it ended, by the clock of the machine.
            tokens: Output tokens that it got; 0 if it was refused.
            repeated: Novelty of content that is not new, in [0, 1].
            turned_away: Whether it was refused, or the model was too busy for it.
        """
        accounts, groups, away = self._tables
        with self.lock:
            now_us = self.clock.at(ended_us)
            self._pack(arrival)
            return settle_one(
                accounts, groups, away, self._words, arrival.group is not None, now_us, began_us,
                float(arrival.set_aside_tokens), tokens, arrival.weight, repeated, turned_away,
            )  # fmt: skip

    def _pack(self, arrival: Arrival) -> None:
        """Write the words of a request where kernels read them: only while the lock is held."""
        _WORDS.pack_into(
            self._packed, 0, *arrival.account, *(arrival.group or NO_GROUP),
            arrival.organisation, arrival.content,
        )  # fmt: skip

    def counts(self) -> StateCounts:
        """Return how full it is, and what it had to forget."""
        tables = (self.accounts, self.groups)
        return StateCounts(
            accounts=int(self.accounts.tally[USED]),
            groups=int(self.groups.tally[USED]),
            evicted=sum(int(each.tally[EVICTED]) for each in tables),
            evicted_lately=sum(int(each.tally[EVICTED_LATELY]) for each in tables),
            evicted_value=float(self.accounts.evicted_value[0]),
            overwritten=int(self.turned_away.overwritten[0]),
            clock_steps_back=self.clock.steps_back,
            clock_jumps_ahead=self.clock.jumps_ahead,
        )
