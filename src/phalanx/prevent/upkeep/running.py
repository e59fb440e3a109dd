"""A gateway that runs: its parts put together, looked after in threads, and ended in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from phalanx.errors import PhalanxError, ServiceError
from phalanx.logs.pseudonym import key_id
from phalanx.prevent.decide.gateway import Gateway, microseconds
from phalanx.prevent.desk.desk import Desk, machine_now
from phalanx.prevent.desk.door import Door
from phalanx.prevent.desk.exchange_log import ExchangeLog
from phalanx.prevent.desk.gauges import Gauges
from phalanx.prevent.desk.spans import spans
from phalanx.prevent.desk.under_way import OpenExchanges
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import Policy, RunningPolicy
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import OnlineState, State
from phalanx.prevent.upkeep.every import Every
from phalanx.prevent.upkeep.keeper import Keeper
from phalanx.prevent.upkeep.online import RunningWatch, other_value
from phalanx.prevent.upkeep.parts import Part, RunningKnowledge
from phalanx.prevent.upkeep.policies_taken import PoliciesTaken

_ALARM_SECONDS = 10.0
"""Between two lines of the log about a state that cannot be asked: each request meets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a running gateway is made of."""

    policy: Path
    key: bytes
    """Secret of the deployment, 32 bytes."""

    parts: Sequence[Part]
    """What it knows."""

    pseudonym_key: bytes | None
    """Null leaves identifiers as they stand."""

    snapshot: Path | None = None
    """Of the state; null keeps it in memory only."""

    exchanges: Path | None = None
    """Folder of the log of exchanges; null writes none."""

    online: Path | None = None
    """Reference of online detection; null watches nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a running gateway bears, and how often it looks."""

    most_under_way: int
    most_under_way_characters: int
    under_way_seconds: float
    reload_seconds: float
    snapshot_seconds: float
    log_file_bytes: int


class RunningGateway:
    """A gateway with its policy, its knowledge, its state and its log.

    Parameters:
        places: What it is made of.
        bounds: What it bears.
        log: Of structlog.
        state: That is shared with other gateways; null for one in this process.
        now: The clock; moments have a time zone.
        record: Records that a policy is in force; it may take its time.

    Raises:
        PhalanxError: If a part of it is broken at the start.
    """

    def __init__(  # noqa: PLR0913 - the parts that it is made of
        self,
        places: Places,
        bounds: Bounds,
        log: Any,  # noqa: ANN401 - structlog's loggers have no common type
        state: State | None = None,
        now: Callable[[], datetime] = machine_now,
        *,
        record: Callable[[Policy], None] | None = None,
    ) -> None:
        """Put it together; nothing runs before `start`."""
        self._log = log
        self._now = now
        self._bounds = bounds
        self._told_seconds = -_ALARM_SECONDS
        self.gauges = Gauges()
        self.policy = RunningPolicy(places.policy, partial(self.alarm, "policy"))
        self.taken = PoliciesTaken(record or _unrecorded, partial(self.alarm, "ledger"))
        self.taken.take(self.policy.policy)
        self.knowledge = RunningKnowledge(places.parts, self.alarm)
        self.keeper: Keeper | None = None
        if state is None:
            state = OnlineState()
            if places.snapshot is not None:
                now_us = microseconds(now())
                self.keeper = Keeper(state, key_id(places.key), places.snapshot, now_us)
        self.state: State = state
        self.online = None
        if places.online is not None:
            self.online = RunningWatch(
                places.online, self.policy.policy.document.value, places.key, places.snapshot, log
            )
        door = Door(places.pseudonym_key)
        self.under_way = OpenExchanges(
            bounds.most_under_way, bounds.most_under_way_characters, bounds.under_way_seconds
        )
        exchanges = None
        if places.exchanges is not None:
            exchanges = ExchangeLog(
                places.exchanges, bounds.log_file_bytes, door.hidden, self._unlogged, now
            )
        self.desk = Desk(
            Gateway(
                lambda: self.policy.policy, lambda: self.knowledge.known, state, places.key,
                self._state_failed, None if self.online is None else self.online.watch,
            ),
            door, self.under_way, self.gauges, spans(), exchanges,
            arrived=_nothing if self.keeper is None else self.keeper.arrived,
            now=now,
        )  # fmt: skip
        self._show()
        self._running = ExitStack()

    def start(self) -> None:
        """Tell what was lost, compile what decides, and look after it all from now on."""
        if self.keeper is not None and self.keeper.lost:
            self._log.warning("requests lost", requests=self.keeper.lost)
        warm_up(self.policy.policy, self.knowledge.known)
        self.taken.record()
        self._every(self._bounds.reload_seconds, self.reload)
        self._every(self._bounds.reload_seconds, self.taken.record)
        if self.keeper is not None or self.online is not None:
            self._every(self._bounds.snapshot_seconds, self.keep)

    def close(self) -> None:
        """End what runs, write down what has not ended, and keep the state."""
        self._running.close()
        self.desk.close()
        self.taken.record()
        self.keep()
        if self.keeper is not None:
            self.keeper.close()

    def reload(self) -> None:
        """Take what has changed, and forget requests that have been under way for too long."""
        if self.policy.reload():
            self._log.info("policy taken", digest=self.policy.policy.digest)
            self.taken.take(self.policy.policy)
            if self.online is not None and not self.online.counts_as(
                self.policy.policy.document.value
            ):
                self.alarm("online", other_value())
        for part in self.knowledge.reload():
            self._log.info("knowledge taken", part=part)
        self.desk.expire()

    def keep(self) -> None:
        """Write a snapshot of the state; where that fails, the last one stays."""
        try:
            if self.keeper is not None:
                self.keeper.keep()
            if self.online is not None:
                self.online.keep()
        except PhalanxError as error:
            self.alarm("snapshot", error)

    def alarm(self, of: str, error: PhalanxError) -> None:
        """Tell and count what went wrong.

        Parameters:
            of: Where.
            error: What.
        """
        self.gauges.alarmed(of)
        self._log.error("alarm", of=of, reason=str(error), next_step=error.next_step)

    def upkeep_failed(self, error: Exception) -> None:
        """Tell and count what upkeep did not foresee; it goes on."""
        self.gauges.alarmed("upkeep")
        self._log.error("upkeep failed", exc_info=error)

    def reach(self) -> None:
        """Ask the state for something.

        Raises:
            ServiceError: If it cannot be asked.
        """
        if not self.state.counts().answers:
            message = "the shared state cannot be asked"
            raise ServiceError(message, next_step="Look after the server that it stands on.")

    def _state_failed(self, error: PhalanxError) -> None:
        """Count every request that the state did not answer, and tell of some."""
        self.gauges.alarmed("state")
        seconds = time.monotonic()
        if seconds - self._told_seconds >= _ALARM_SECONDS:
            self._told_seconds = seconds
            self._log.error("alarm", of="state", reason=str(error), next_step=error.next_step)

    def _unlogged(self, error: PhalanxError) -> None:
        self.gauges.unlogged()
        self.alarm("log", error)

    def _every(self, seconds: float, work: Callable[[], None]) -> None:
        self._running.callback(Every(seconds, work, self.upkeep_failed).close)

    def _show(self) -> None:
        gauges, keeper = self.gauges, self.keeper
        gauges.show(
            "policy_stale", "1 while the policy file is broken and the policy before it holds.",
            lambda: float(self.policy.is_stale),
        )  # fmt: skip
        stale = self.knowledge.is_stale
        gauges.show_each(
            "knowledge_stale",
            "1 while a part of what is known is broken and what was known holds.",
            "part", {name: partial(self._is_stale, name) for name in stale},
        )  # fmt: skip
        gauges.show(
            "known_accounts", "Accounts that a scan listed in campaigns.",
            lambda: float(len(self.knowledge.known.campaigns.of_account)),
        )  # fmt: skip
        gauges.show(
            "unrecorded_policies", "Policies in force, or that were, that no ledger has yet.",
            lambda: float(self.taken.waiting),
        )  # fmt: skip
        gauges.show("under_way", "Requests under way.", lambda: float(len(self.under_way)))
        gauges.show_state(self.state.counts)
        if self.online is not None:
            self.online.show(gauges)
        if keeper is not None:
            gauges.show(
                "lost_requests", "Requests that the state of the start did not know of.",
                lambda: float(keeper.lost),
            )  # fmt: skip
            gauges.show(
                "snapshot_requests", "Requests that the last snapshot knows of.",
                lambda: float(keeper.taken.requests if keeper.taken else 0),
            )  # fmt: skip

    def _is_stale(self, part: str) -> float:
        return float(self.knowledge.is_stale[part])


def warm_up(policy: Policy, knowledge: Knowledge) -> None:
    """Decide a request against a state of its own, so that no request waits for a compiler.

    Parameters:
        policy: That holds.
        knowledge: That is held.
    """
    gateway = Gateway(lambda: policy, lambda: knowledge, OnlineState(64, 16), bytes(32), _untold)
    request = Request(
        exchange_id="warm-up", account_id="warm-up", organisation="warm-up", model="warm-up",
        prompt="Think step by step.", client_ip="192.0.2.1",
    )  # fmt: skip
    now = datetime.now(tz=UTC)
    under_way = gateway.check(request, now).under_way
    if under_way is not None:
        gateway.settle(under_way, 1, now, turned_away=True)


def _untold(_: PhalanxError) -> None:
    """Tell nobody: a state of its own does not fail."""


def _nothing() -> None:
    """Count nothing on the disk."""


def _unrecorded(_: Policy) -> None:
    """Record nothing: no ledger is named."""
