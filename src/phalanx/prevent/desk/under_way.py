"""Requests that were let in and have not ended: a table with a bound on each way it could grow.

Whoever never says how requests ended, or sends one with ten million letters after another, only
loses the oldest of them. What was set aside for a request that is lost here stays set aside until
it has faded: nobody gets a budget back by not telling.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from phalanx.prevent.decide.gateway import UnderWay
from phalanx.prevent.desk.exchange import Exchange, How

Key = tuple[str, str]
"""Account and exchange, as the decision names them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A request that was let in."""

    since_seconds: float
    """By a clock that never goes back."""

    under_way: UnderWay | None
    """Null where the state could not be asked."""

    exchange: Exchange | None = None
    """Null where nothing will be written down about it."""

    @property
    def characters(self) -> int:
        """Return how much text it holds."""
        if self.exchange is None:
            return 0
        request = self.exchange.request
        held = (request.prompt, request.history, request.system_prompt)
        return sum(len(each) for each in held if each is not None)


class OpenExchanges:
    """The table.

    Parameters:
        most: Requests at once.
        most_characters: Of their texts together.
        most_seconds: For which a request may be under way.

    Examples:
        >>> table = OpenExchanges(most=1, most_characters=1_000, most_seconds=60.0)
        >>> table.put(("a", "r1"), Opened(0.0, None)), table.put(("a", "r2"), Opened(1.0, None))
        ([], [('overflowed', Opened(since_seconds=0.0, under_way=None, exchange=None))])
        >>> table.take(("a", "r1")) is None, table.lost
        (True, {'overflowed': 1})
    """

    def __init__(self, most: int, most_characters: int, most_seconds: float) -> None:
        """Begin empty."""
        self._most = most
        self._most_characters = most_characters
        self._most_seconds = most_seconds
        self._open: OrderedDict[Key, Opened] = OrderedDict()
        self._characters = 0
        self._lost: Counter[How] = Counter()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many are under way."""
        return len(self._open)

    @property
    def lost(self) -> Mapping[How, int]:
        """Return how many were never settled, by why."""
        return dict(self._lost)

    def put(self, key: Key, opened: Opened) -> list[tuple[How, Opened]]:
        """Remember a request, and return those that made room for it, with why."""
        lost: list[tuple[How, Opened]] = []
        with self._lock:
            before = self._open.get(key)
            if before is not None:
                lost.append(self._lose("replaced", key))
            self._open[key] = opened
            self._characters += opened.characters
            while self._open and self._oldest.since_seconds + self._most_seconds <= (
                opened.since_seconds
            ):
                lost.append(self._lose("expired"))
            while len(self._open) > self._most or (
                self._characters > self._most_characters and len(self._open) > 1
            ):
                lost.append(self._lose("overflowed"))
        return lost

    def take(self, key: Key) -> Opened | None:
        """Return a request and forget it; null for one that is not there."""
        with self._lock:
            found = self._open.pop(key, None)
            if found is not None:
                self._characters -= found.characters
        return found

    def expired(self, now_seconds: float) -> list[Opened]:
        """Return those that have been under way for too long, and forget them."""
        lost = []
        with self._lock:
            while self._open and self._oldest.since_seconds + self._most_seconds <= now_seconds:
                lost.append(self._lose("expired")[1])
        return lost

    def all_left(self) -> list[Opened]:
        """Return all that are under way, and forget them."""
        with self._lock:
            left = list(self._open.values())
            self._lost["unfinished"] += len(left)
            self._open.clear()
            self._characters = 0
        return left

    @property
    def _oldest(self) -> Opened:
        return next(iter(self._open.values()))

    def _lose(self, how: How, key: Key | None = None) -> tuple[How, Opened]:
        gone = self._open.popitem(last=False)[1] if key is None else self._open.pop(key)
        self._characters -= gone.characters
        self._lost[how] += 1
        return how, gone
