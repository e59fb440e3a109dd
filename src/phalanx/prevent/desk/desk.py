"""The desk: every way into a gateway leads here, whatever protocol it speaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.desk.door import Door
from phalanx.prevent.desk.exchange import Ending, Exchange, How
from phalanx.prevent.desk.exchange_log import ExchangeLog
from phalanx.prevent.desk.gauges import Gauges
from phalanx.prevent.desk.spans import Spans
from phalanx.prevent.desk.under_way import Opened, OpenExchanges
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.replay.columns import CHARACTERS_PER_TOKEN

_REFUSED_STATUS = 403
_FAILED = 400
_LIMITED = 429


def machine_now() -> datetime:
    """Return the moment by the clock of the machine."""
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of a request that has ended."""

    account_id: str
    """As it was when a decision was asked for."""

    exchange_id: str
    status: int = 200
    """Of HTTP; from 429 on the request counts as turned away."""

    output_tokens: int | None = None
    """Of all choices."""

    output_characters: int | None = None
    """Of all choices; where tokens are not told they are estimated from it, as in a replay."""

    @property
    def tokens(self) -> int | None:
        """Return the output tokens; null where nothing tells them."""
        if self.output_tokens is not None:
            return self.output_tokens
        if self.output_characters is not None:
            return self.output_characters // CHARACTERS_PER_TOKEN
        return 0 if self.status >= _FAILED else None

    @property
    def how(self) -> How:
        """Return how it ended."""
        if self.status >= _LIMITED:
            return "turned away"
        return "failed" if self.status >= _FAILED else "served"


class Desk:
    """Decides requests, and settles them when they end.

    Parameters:
        gateway: That decides.
        door: That hides identifiers.
        under_way: Requests that have not ended.
        gauges: Where all is counted.
        spans: Where decisions are told to traces.
        log: Where exchanges are written down; null writes nothing.
        arrived: Called for each request, so that they can be counted on the disk.
        now: The clock; moments have a time zone.
        elapsed: A clock that never goes back, in seconds.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a desk is made of
        self,
        gateway: Gateway,
        door: Door,
        under_way: OpenExchanges,
        gauges: Gauges,
        spans: Spans,
        log: ExchangeLog | None = None,
        *,
        arrived: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = machine_now,
        elapsed: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Keep the parts."""
        self.gauges = gauges
        self._gateway = gateway
        self._door = door
        self._under_way = under_way
        self._spans = spans
        self._log = log
        self._arrived = arrived
        self._now = now
        self._elapsed = elapsed

    def decide(self, asked: Asked, headers: Mapping[str, str] | None = None) -> Exchange:
        """Decide what a request gets, and remember it until it is settled.

        Parameters:
            asked: With identifiers as the gateway has them.
            headers: In which a trace may be carried on, with small letters.

        Raises:
            InputError: If its messages are none, or say too much.
        """
        began = self._elapsed()
        request = self._door.request(asked)
        now = self._now()
        decided = self._gateway.check(request, now)
        decision = decided.decision
        exchange = Exchange(request, decision, now, asked.messages, headers or {})
        self._arrived()
        if Action.of(decision.action).serves:
            opened = Opened(began, decided.under_way, exchange if self._log else None)
            key = (request.account_id, request.exchange_id)
            for how, lost in self._under_way.put(key, opened):
                self._lose(lost, how)
        else:
            self._write(exchange, Ending("refused", _REFUSED_STATUS, 0, 0.0))
        self._spans.decided(exchange)
        self.gauges.decided(decision, self._elapsed() - began)
        return exchange

    def settle(self, told: Told) -> Ending | None:
        """Settle a request that has ended; null if none of that name is under way.

        Where neither tokens nor characters are told, what was set aside stays until it has faded.
        """
        account = self._door.hidden("account_id", told.account_id) or ""
        opened = self._under_way.take((account, told.exchange_id))
        if opened is None:
            self.gauges.unknown_ending()
            return None
        value = None
        if opened.under_way is not None and told.tokens is not None:
            is_away = told.how == "turned away"
            value = self._gateway.settle(
                opened.under_way, told.tokens, self._now(), turned_away=is_away
            )
        ending = Ending(told.how, told.status, told.tokens, value)
        self._write(opened.exchange, ending)
        return ending

    def expire(self) -> None:
        """Forget what has been under way for too long."""
        for lost in self._under_way.expired(self._elapsed()):
            self._lose(lost, "expired")

    def close(self) -> None:
        """Write down what has not ended, and close the log."""
        for lost in self._under_way.all_left():
            self._lose(lost, "unfinished")
        if self._log is not None:
            self._log.close()

    def _lose(self, lost: Opened, how: How) -> None:
        self._write(lost.exchange, Ending(how))

    def _write(self, exchange: Exchange | None, ending: Ending) -> None:
        self.gauges.ended(ending)
        if exchange is not None and self._log is not None:
            self._log.write(exchange, ending)
