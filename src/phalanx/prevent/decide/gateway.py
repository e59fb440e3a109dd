"""A gateway in this process: what comes in is counted, decided, and settled when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from phalanx.errors import PhalanxError
from phalanx.prevent.decide.deciding import decide
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.known_of import Found, look_up
from phalanx.prevent.decide.reading import Reader, Reading
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.online.signs import Watched, watched
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import Identity, identity_of
from phalanx.prevent.state.online import MOST_SET_ASIDE, Arrival, Standing, State

_MICROSECONDS = 1_000_000
_REFUSALS = frozenset(action.word for action in Action if not action.serves)
_MOST_REMEMBERED = 16_384
"""Declared owners, and campaigns, whose hashes are kept."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A request that was let in, until it ends."""

    arrival: Arrival
    began_us: int
    watched: Watched | None = None
    """For online detection; null where nothing is watched."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and what is needed to settle the request."""

    decision: Decision
    under_way: UnderWay | None
    """Null where it was refused, which settles it, or the state could not be asked."""


class Gateway:
    """Decides requests one by one.

    Parameters:
        policy: Returns the policy that holds now.
        knowledge: Returns what is known now.
        state: Remembers accounts.
        key: Secret of the deployment, 32 bytes.
        alarm: Called with what went wrong when the state cannot be asked.
        watch: Online detection; none where it is not used.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts that it is made of
        self,
        policy: Callable[[], Policy],
        knowledge: Callable[[], Knowledge],
        state: State,
        key: bytes,
        alarm: Callable[[PhalanxError], None],
        watch: Watch | None = None,
    ) -> None:
        """Keep the parts."""
        self._policy = policy
        self._knowledge = knowledge
        self._state = state
        self._key = key
        self._alarm = alarm
        self._watch = watch
        self._reader = Reader(key, None)

    def check(self, request: Request, now: datetime) -> Decided:
        """Decide what a request gets, and count it.

        Parameters:
            request: That comes in.
            now: With a time zone.
        """
        policy, knowledge, now_us = self._policy(), self._knowledge(), microseconds(now)
        reading = self._reader_under(knowledge).read(request, now_us)
        found = look_up(request, knowledge, now)
        if self._watch is not None:
            account = identity_of(request.account_id, self._key)
            online = self._watch.standing(request.account_id, account, knowledge.pools)
            found = Found(found.membership, found.indicator, found.grants, online)
        arrival = arrival_of(request, reading, found, policy, self._key, now_us)
        try:
            standing: Standing | None = self._state.arrive(arrival)
        except PhalanxError as error:
            self._alarm(error)
            standing = None
        decision = decide(request, reading, found, standing, policy, knowledge, self._key, now)
        if standing is None:
            return Decided(decision, None)
        under_way = UnderWay(
            arrival, standing.at_us, self._watched(request, reading, found, arrival, standing)
        )
        if decision.action in _REFUSALS:
            self.settle(under_way, 0, now, turned_away=True)
            return Decided(decision, None)
        return Decided(decision, under_way)

    def settle(
        self, under_way: UnderWay, tokens: int, now: datetime, *, turned_away: bool
    ) -> float | None:
        """Tell what a request got, and return its information value; null if it cannot be kept.

        Parameters:
            under_way: As `check` returned it.
            tokens: Output tokens of all its choices.
            now: With a time zone.
            turned_away: Whether the model was too busy, or a limit of somebody else refused it.
        """
        repeated = self._policy().document.value.repeated
        try:
            value = self._state.settle(
                under_way.arrival, under_way.began_us, microseconds(now), tokens, repeated,
                turned_away=turned_away,
            )  # fmt: skip
            if self._watch is not None and under_way.watched is not None:
                pools = self._knowledge().pools
                self._watch.observe(under_way.watched, tokens, value, microseconds(now), pools)
        except PhalanxError as error:
            self._alarm(error)
            return None
        return value

    def _watched(
        self,
        request: Request,
        reading: Reading,
        found: Found,
        arrival: Arrival,
        standing: Standing,
    ) -> Watched | None:
        """Return what online detection keeps of a request; nothing where a grant covers it."""
        if self._watch is None or found.grants:
            return None
        return watched(
            request, arrival.account, reading.capabilities, arrival.weight,
            continues=standing.continues_elsewhere, matches=arrival.matches_template,
        )  # fmt: skip

    def _reader_under(self, knowledge: Knowledge) -> Reader:
        """Return what reads requests: another one as soon as another list of templates holds."""
        held = self._reader
        if held.templates is not knowledge.templates:
            held = self._reader = Reader(self._key, knowledge.templates)
        return held


def arrival_of(  # noqa: PLR0913, PLR0917 - all that it follows from
    request: Request, reading: Reading, found: Found, policy: Policy, key: bytes, now_us: int
) -> Arrival:
    """Return a request as the state counts it.

    Its group is its campaign, or else its declared owner.
    """
    value = policy.document.value
    asked = value.tokens_if_unsaid if request.max_tokens is None else request.max_tokens
    tokens = min(asked, value.most_set_aside)
    owner = None if request.organisation is None else owner_identity(request.organisation, key)
    group = owner
    if found.membership is not None:
        group = campaign_identity(found.membership.campaign, key)
    return Arrival(
        account=identity_of(request.account_id, key),
        group=group,
        organisation=0 if owner is None else max(owner[0], 1),
        content=reading.content,
        at_us=now_us,
        set_aside_tokens=min(tokens * max(request.n or 1, 1), MOST_SET_ASIDE),
        weight=policy.program.weights[reading.capabilities],
        matches_template=reading.template is not None,
    )


@lru_cache(maxsize=_MOST_REMEMBERED)
def owner_identity(organisation: str, key: bytes) -> Identity:
    """Return what stands for a declared owner."""
    return identity_of(f"organisation {organisation}", key)


@lru_cache(maxsize=_MOST_REMEMBERED)
def campaign_identity(campaign: str, key: bytes) -> Identity:
    """Return what stands for a campaign."""
    return identity_of(f"campaign {campaign}", key)


def microseconds(now: datetime) -> int:
    """Return a moment in microseconds since 1970."""
    return round(now.timestamp() * _MICROSECONDS)
