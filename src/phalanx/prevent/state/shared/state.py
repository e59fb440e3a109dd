"""A state that several gateways share: each step is one script, run whole by the server.

The server does the arithmetic of the state in the process, on the same numbers in the same order.
What it is told are keyed hashes and numbers: no identifier, no text. Its clock is not asked; the
moments are the gateways', and none of them goes back. Where the server does not answer in time, the
step fails at once, so do those of the next second, and the policy says what happens then; after
that it is tried again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from struct import Struct
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from phalanx.errors import MissingExtraError, ServiceError, reason_of
from phalanx.logs.pseudonym import key_id
from phalanx.prevent.state.clock import LATE_US, StateClock
from phalanx.prevent.state.layout import COUNTERS
from phalanx.prevent.state.novelty import place_and_rank
from phalanx.prevent.state.online import NO_GROUP, Arrival, Standing, StateCounts
from phalanx.prevent.state.shared.place import SharedPlace, shared_place, with_password
from phalanx.prevent.state.shared.scripts import Script, layout_id, script
from phalanx.prevent.state.turned_away import ENTRIES, WAYS
from phalanx.printable import printable

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import Pipeline

TIMEOUT_SECONDS = 0.1
"""For which a connection, or an answer, is waited for."""

PAUSE_SECONDS = 1.0
"""For which nothing is tried after a failure."""

_ARRIVAL = Struct("<6Q5d3B")
_END = Struct("<6Q9d4B")
_FLOATS = 4 * len(COUNTERS)
_LATEST = Struct("<Bd")
_ENDED = Struct("<dd")
_NEXT_STEP = "Look after the server; on_failure of the policy decides until it is back."


class SharedState:
    """The state on a server.

    Parameters:
        server: Client of it.
        prefix: Of the names of its keys.
        place: For how much may be kept.
        counts_requests: Whether anything is written; else it is only looked at.
        monotonic: Seconds, for the pause after a failure.
    """

    def __init__(
        self,
        server: Redis,
        prefix: str,
        place: SharedPlace,
        *,
        counts_requests: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nothing yet."""
        self.clock = StateClock()
        """Of this gateway."""

        self.failures = 0
        """Steps that the server did not do, or not in time."""

        self.skipped = 0
        """Steps that were not tried, in the pause after a failure."""

        self._server = server
        self._place = place
        self._writes = counts_requests
        self._monotonic = monotonic
        self._paused_until = -1.0
        self._lock = Lock()
        self._keys = tuple(
            f"{prefix}:{each}" for each in ("accounts", "groups", "turned_away", "counts")
        )
        self._told: tuple[int, int, Mapping[bytes, bytes]] = (0, 0, {})
        self._scripts = {name: script(name) for name in ("arrive", "settle")}

    @property
    def is_away(self) -> bool:
        """Whether the server failed within the last second."""
        return self._monotonic() < self._paused_until

    def arrive(self, arrival: Arrival) -> Standing:
        """Count a request that comes in, and tell what is known then, in one step.

        Raises:
            ServiceError: If the server does not answer in time, or with something else.
        """
        with self._lock:
            now_us = self.clock.at(arrival.at_us)
        has_group, tokens = arrival.group is not None, float(arrival.set_aside_tokens)
        said = _ARRIVAL.pack(
            *arrival.account, *(arrival.group or NO_GROUP), arrival.organisation, arrival.content,
            now_us, tokens, tokens * arrival.weight, self._place.accounts, self._place.groups,
            has_group, arrival.matches_template, self._writes,
        )  # fmt: skip
        counters = (1 + has_group) * _FLOATS
        told = self._run("arrive", said, arrival.content, counters + _LATEST.size)
        of_account = np.frombuffer(told, "<f4", len(COUNTERS)).astype(np.float64)
        of_group = None
        if has_group:
            of_group = np.frombuffer(told, "<f4", len(COUNTERS), _FLOATS).astype(np.float64)
        continues, latest = _LATEST.unpack_from(told, counters)
        self._follow(int(latest), now_us)
        return Standing(of_account, of_group, continues == 1, now_us)

    def settle(  # noqa: PLR0913 - as in `State`
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

        Raises:
            ServiceError: If the server does not answer in time, or with something else.
        """
        with self._lock:
            now_us = self.clock.at(ended_us)
        place, rank = place_and_rank(np.uint64(arrival.content), tokens) if tokens > 0 else (0, 0)
        set_aside = float(arrival.set_aside_tokens)
        said = _END.pack(
            *arrival.account, *(arrival.group or NO_GROUP), arrival.organisation, arrival.content,
            now_us, began_us, set_aside, set_aside * arrival.weight, tokens, arrival.weight,
            repeated, self._place.accounts, self._place.groups, arrival.group is not None,
            turned_away, place, rank,
        )  # fmt: skip
        value, latest = _ENDED.unpack(self._run("settle", said, arrival.content, _ENDED.size))
        self._follow(int(latest), now_us)
        return float(value)

    def counts(self) -> StateCounts:
        """Return how full it is, and what it had to forget, as the server last told it."""
        if not self.is_away:
            with suppress(ServiceError):
                self._told = self._tried(self._pipeline().execute)
        rows, of_groups, said = self._told
        told = {name.decode(): float(value) for name, value in said.items()}
        return StateCounts(
            accounts=int(rows),
            groups=int(of_groups),
            evicted=int(told.get("evicted", 0)),
            evicted_lately=int(told.get("evicted_lately", 0)),
            evicted_value=told.get("evicted_value", 0.0),
            overwritten=int(told.get("overwritten", 0)),
            clock_steps_back=self.clock.steps_back,
            clock_jumps_ahead=self.clock.jumps_ahead,
            unreached=self.failures + self.skipped,
            answers=not self.is_away,
        )

    def _pipeline(self) -> Pipeline:
        accounts, groups, _, counts = self._keys
        pipeline = self._server.pipeline(transaction=False)
        pipeline.hlen(accounts)
        pipeline.hlen(groups)
        pipeline.hgetall(counts)
        return pipeline

    def _run(self, name: str, said: bytes, content: int, size: int) -> bytes:
        """Run a script, and return the so many bytes that it tells."""
        asked = self._scripts[name]
        field = str(content & (ENTRIES // WAYS - 1))
        if self.is_away:
            with self._lock:
                self.skipped += 1
            message = "the shared state is away"
            raise ServiceError(message, next_step=_NEXT_STEP)
        told: object = None
        try:
            told = self._tried(lambda: _evaluated(self._server, asked, self._keys, said, field))
        finally:
            is_told = isinstance(told, bytes) and len(told) == size
            with self._lock:
                self.failures += not is_told
        if isinstance(told, bytes) and is_told:
            return told
        message = "the shared state answers with something else than a state"
        raise ServiceError(message, next_step="Look at what runs there.")

    def _tried(self, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - what a server answers
        """Ask the server; where it fails, nothing is asked for a while."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - of an extra

        try:
            return ask()
        except (RedisError, OSError) as error:
            self._paused_until = self._monotonic() + PAUSE_SECONDS
            reason = printable(reason_of(error))[:200]
            message = f"the shared state cannot be asked: {reason}"
            raise ServiceError(message, next_step=_NEXT_STEP) from error

    def _follow(self, latest_us: int, now_us: int) -> None:
        """Go on from the moments of other gateways: a clock that is behind them was set back."""
        if latest_us - now_us > LATE_US:
            with self._lock:
                self.clock.catch_up(latest_us)


def open_shared_state(
    url: str,
    key: bytes,
    environment: Mapping[str, str] = os.environ,
    *,
    counts_requests: bool = True,
) -> SharedState:
    """Return the state that gateways with one secret share on a server.

    Nothing is asked before the first request: a gateway starts without its server, too.

    Parameters:
        url: See `shared_place`.
        key: Secret of the deployment. States under another secret are other states.
        environment: For the password, in `REDISCLI_AUTH`.
        counts_requests: Whether anything is written; else it is only looked at.

    Raises:
        ConfigError: If the URL is none, or holds a password.
        MissingExtraError: If the extra `redis` is not installed.
    """
    place = shared_place(url)
    try:
        from redis import Redis  # noqa: PLC0415 - of an extra
        from redis.backoff import NoBackoff  # noqa: PLC0415 - as above
        from redis.retry import Retry  # noqa: PLC0415 - as above
    except ImportError as error:
        message = "a shared state needs the client of Redis"
        raise MissingExtraError(
            message, next_step="In the clone: pip install '.[redis]'"
        ) from error
    server = Redis.from_url(
        place.url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        **with_password(place, environment),
    )
    # In braces, so that a cluster keeps what belongs together on one of its servers.
    return SharedState(
        server, f"phalanx:{{{key_id(key)}:{layout_id()}}}", place, counts_requests=counts_requests
    )


def _evaluated(
    server: Redis, asked: Script, keys: Sequence[str], said: bytes, field: str
) -> object:
    """Run a script by its name, and by its text where the server does not know it yet."""
    from redis.exceptions import NoScriptError  # noqa: PLC0415 - of an extra

    try:
        return server.evalsha(asked.digest, len(keys), *keys, said, field)
    except NoScriptError:
        return server.eval(asked.text, len(keys), *keys, said, field)
