"""The watch: it takes in every answer, and raises accounts and pools when their evidence does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Literal

import numpy as np

from phalanx.errors import ConfigError
from phalanx.evidence import bet_on_levels
from phalanx.prevent.knowledge.pools import NO_POOLS, Pools
from phalanx.prevent.online.alerts import Alert
from phalanx.prevent.online.pool_watch import PoolWatch, account_evidence, watch_of
from phalanx.prevent.online.raised import RaisedList, Shown
from phalanx.prevent.online.reference import Reference
from phalanx.prevent.online.rows import FAR, UNWATCHED, USED, advance, empty_rows, observe
from phalanx.prevent.online.signs import Watched
from phalanx.prevent.online.statistics import ANSWERS
from phalanx.prevent.state.clock import StateClock
from phalanx.prevent.state.kernel import find
from phalanx.prevent.state.layout import Identity

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_FAR = 5.0
"""As many times the expected share of accounts may be far out before the reference is doubted."""

_FEWEST_TO_DOUBT = 200
_FAR_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class OnlineStanding:
    """What is known online of an account and its pool."""

    log10_e: float
    """Of the account; 0 where nothing speaks against it."""

    group_log10_e: float | None
    """Of the pool that the last scan lists it in; null where it is in none that is watched."""

    is_raised: bool
    """Whether the account, or that pool, is on the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCounts:
    """How a watch stands."""

    epoch: int
    """From 0."""

    is_over: bool
    """Whether the reference is used up: nothing is watched any more."""

    accounts: int
    """That are watched in this epoch."""

    unwatched_answers: int
    """Of accounts that found no row."""

    pools: int
    """That are watched in this epoch."""

    unwatched_pools: int
    """That found no place."""

    raised_accounts: int
    raised_pools: int
    """Since the reference is used."""

    fits: bool
    """Whether about as many accounts are far out as the reference expects. Where not, nobody is
    raised."""


class Watch:
    """Counts answers against a reference.

    Parameters:
        reference: Of honest accounts.
        value_weights: Of the policy, as JSON has them; they must be those of the reference.
        raise_alert: Called with each alert.

    Raises:
        ConfigError: If information value is counted otherwise than in the reference.
    """

    def __init__(
        self,
        reference: Reference,
        value_weights: Mapping[str, Any],
        raise_alert: Callable[[Alert], None],
    ) -> None:
        """Watch nobody yet."""
        if dict(value_weights) != reference.value_weights:
            message = "the reference counts information value otherwise than the policy does"
            raise ConfigError(message, next_step="Calibrate again with this policy.")
        budget = reference.budget
        self.reference = reference
        self.rows = empty_rows(budget.accounts)
        self.pools: dict[str, PoolWatch] = {}
        """Of this epoch, by name."""

        self.raised_accounts = RaisedList(budget.accounts, budget.list_rate)
        self.raised_pools = RaisedList(budget.pools, budget.list_rate)
        self.began_us: int | None = None
        self.epoch = 0
        self.lock = Lock()
        """Held while anything changes."""

        self.clock = StateClock()
        """That epochs follow: time goes on where the machine's is set back."""

        self.latest_us = 0
        self._alert = raise_alert
        self._digest = reference.digest
        self._known: Pools = NO_POOLS
        self._pool_of: dict[str, PoolWatch] = {}
        self._unwatched_pools = 0
        self._repeated = float(value_weights["repeated"])
        self._thresholds = reference.thresholds
        self._log10_of_rank = bet_on_levels(reference.bounds)
        self._log_p = np.append(np.log(reference.bounds), 0.0)
        self._spread = math.log10(budget.epochs)
        # The largest rank whose share of the reference is a tenth at most.
        self._far = int(math.log2(max(reference.size * _FAR_SHARE, 1.0)))
        self._far_share = 2**self._far / reference.size

    def observe(
        self, watched: Watched, tokens: int, value: float, now_us: int, pools: Pools = NO_POOLS
    ) -> None:
        """Take in an answer.

        Parameters:
            watched: What was kept of its request.
            tokens: Output tokens; an answer of none is none.
            value: Its information value.
            now_us: When it ended. A moment some seconds before an earlier one is taken as that one.
            pools: That the last scan listed.
        """
        if tokens <= 0:
            return
        with self.lock:
            if not self._enter(now_us):
                return
            if pools is not self._known:
                self._follow(pools)
            said = (
                watched.signs, watched.asked_tokens, tokens, value, watched.weight, self._repeated
            )  # fmt: skip
            first, second = np.uint64(watched.account[0]), np.uint64(watched.account[1])
            row, came_further = observe(
                self.rows.identity, self.rows.sums, self.rows.rank, self.rows.index,
                self.rows.tally, first, second, self._thresholds, self._far, *said,
            )  # fmt: skip
            alerts: list[Alert] = []
            if came_further:
                alerts += self._of_account(watched, row)
            pool = self._pool_of.get(watched.account_id)
            if pool is not None and now_us > pool.after_us:
                place = pool.place[watched.account_id]
                if advance(pool.sums[place], pool.rank[place], self._thresholds, *said):
                    alerts += self._of_pool(pool)
        for each in alerts:
            self._alert(each)

    def standing(self, account_id: str, account: Identity, pools: Pools) -> OnlineStanding:
        """Return what is known online of an account.

        Parameters:
            account_id: As the store names it.
            account: What stands for it.
            pools: That the last scan listed; one that it does not list any more is not raised.
        """
        with self.lock:
            row, _ = find(
                self.rows.identity, self.rows.index, np.uint64(account[0]), np.uint64(account[1])
            )
            own = -math.inf
            # Who looks unlike a reference that is doubted is slowed for it no more than raised.
            fits = self.fits
            if row >= 0 and fits:
                own = account_evidence(self.rows.rank[row], self._log10_of_rank)[0] - self._spread
            is_raised = self._is_raised(account_id, self.raised_accounts)
            of_pool, pool = None, pools.of_account.get(account_id)
            watch = self.pools.get(pool) if pool is not None else None
            if watch is not None and account_id in watch.place:
                of_pool = max(watch.evidence(self._log_p)[0] - self._spread, 0.0) if fits else 0.0
            is_raised |= pool is not None and self._is_raised(pool, self.raised_pools)
        return OnlineStanding(max(own, 0.0), of_pool, is_raised)

    def counts(self) -> WatchCounts:
        """Return how it stands."""
        with self.lock:
            return WatchCounts(
                epoch=min(self.epoch, self.reference.budget.epochs - 1),
                is_over=self.epoch >= self.reference.budget.epochs,
                accounts=int(self.rows.tally[USED]),
                unwatched_answers=int(self.rows.tally[UNWATCHED]),
                pools=len(self.pools),
                unwatched_pools=self._unwatched_pools,
                raised_accounts=len(self.raised_accounts.raised),
                raised_pools=len(self.raised_pools.raised),
                fits=self.fits,
            )

    @property
    def fits(self) -> bool:
        """Return whether about as many accounts are far out as the reference expects."""
        used = int(self.rows.tally[USED])
        expected = max(used, _FEWEST_TO_DOUBT) * self._far_share
        return bool(self.rows.tally[FAR] <= _MOST_FAR * expected)

    def _is_raised(self, name: str, held: RaisedList) -> bool:
        if not held.raised:
            return False
        return any((name, epoch) in held.raised for epoch in range(self.epoch + 1))

    def _enter(self, now_us: int) -> bool:
        """Go to the epoch of a moment; tell whether the reference is still used in it."""
        self.latest_us = self.clock.at(now_us)
        if self.began_us is None:
            self.began_us = self.latest_us
        length = self.reference.epoch_days * DAY_US
        # A silence spends no error, nor does a clock that was set ahead: what comes after it is
        # in the next epoch, however long it was.
        skipped = (self.latest_us - self.began_us) // length - self.epoch - 1
        self.began_us += max(skipped, 0) * length
        if skipped >= 0:
            self.epoch += 1
            self.rows.clear()
            self.pools.clear()
            self._pool_of.clear()
            self._known, self._unwatched_pools = NO_POOLS, 0
        return self.epoch < self.reference.budget.epochs

    def _follow(self, pools: Pools) -> None:
        """Begin to watch pools that are new. A pool that is watched keeps its accounts."""
        self._known = pools
        for name, accounts in pools.members.items():
            if name in self.pools:
                continue
            if len(self.pools) == self.reference.budget.pools:
                self._unwatched_pools += 1
                continue
            watch = watch_of(
                name, pools.scan, pools.seen_until_us, accounts, self._thresholds.shape[1]
            )
            self.take_up(watch)

    def take_up(self, watch: PoolWatch) -> None:
        """Watch a pool from now on. An account of several counts for the first."""
        self.pools[watch.name] = watch
        for account in watch.accounts:
            self._pool_of.setdefault(account, watch)

    def _of_account(self, watched: Watched, row: int) -> list[Alert]:
        log10_e, of_each = account_evidence(self.rows.rank[row], self._log10_of_rank)
        if not self.raised_accounts.may_count(log10_e - self._spread):
            return []
        answers = int(self.rows.sums[row, ANSWERS])
        shown = Shown(log10_e - self._spread, of_each, 1, answers, None)
        self.raised_accounts.note((watched.account_id, self.epoch), shown)
        return self._renewed("account", self.raised_accounts)

    def _of_pool(self, pool: PoolWatch) -> list[Alert]:
        log10_e, of_each = pool.evidence(self._log_p)
        if not self.raised_pools.may_count(log10_e - self._spread):
            return []
        shown = Shown(log10_e - self._spread, of_each, len(pool.accounts), pool.answers, pool.scan)
        self.raised_pools.note((pool.name, self.epoch), shown)
        return self._renewed("pool", self.raised_pools)

    def _renewed(self, kind: Literal["account", "pool"], held: RaisedList) -> list[Alert]:
        """Return an alert for each that is listed anew; none where the reference is doubted."""
        new = held.renew() if self.fits else []
        at = _EPOCH + timedelta(microseconds=self.latest_us)
        return [
            Alert(
                kind=kind,
                name=key[0],
                at=at,
                log10_e=held.evidence[key].log10_e,
                level_log10_e=held.level,
                listed=len(held.raised),
                hypotheses=held.hypotheses,
                statistics=held.evidence[key].statistics,
                accounts=held.evidence[key].accounts,
                answers=held.evidence[key].answers,
                scan=held.evidence[key].scan,
                reference=self._digest,
                list_rate=held.rate,
            )
            for key in new
        ]
