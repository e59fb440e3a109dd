"""Whom a policy would have touched, by class of traffic.

A class is what the log and the knowledge say of an account: its standing (covered by a grant,
listed by a scan, or neither), its campaign, its declared owner, itself. It says nothing of who is
honest: who is touched among "others" is whom to look at before a policy is switched on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from phalanx.prevent.decide.decision import ActionWord
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import PURPOSE_BIT
from phalanx.prevent.policy.walking import Held
from phalanx.prevent.replay.running import Replayed
from phalanx.prevent.replay.traffic import Traffic

REPLAY_SCHEMA_ID: Literal["phalanx.gateway-replay/1"] = "phalanx.gateway-replay/1"
"""Identifier of the form in which replays are printed."""

ClassKind = Literal["standing", "campaign", "organisation", "account"]
_WORDS: tuple[ActionWord, ...] = ("allow", "mark", "slow", "trim", "verify", "block")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OTHERS = "others"
LISTED = "listed by a scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTouched:
    """A class of traffic, and what a policy would do to it."""

    kind: ClassKind
    name: str
    accounts: int
    touched_accounts: int
    """Of them, how many had at least one request that is not simply allowed."""

    requests: int
    in_force: Mapping[ActionWord, int]
    """Action -> requests, if every rule were enforced."""

    done: Mapping[ActionWord, int]
    """Action -> requests, by the stages that the policy has."""

    value: float
    """Information value that was served."""

    @property
    def touched(self) -> int:
        """Return how many requests are not simply allowed, if every rule were enforced."""
        return self.requests - self.in_force["allow"]

    @property
    def refused(self) -> int:
        """Return how many of them get no answer."""
        return self.in_force["verify"] + self.in_force["block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTouched:
    """A rule, and how often its conditions hold."""

    rule: str
    reason: str
    action: ActionWord
    acts: int
    """Requests on which it acts."""

    watched: int
    """On which it would act if it were enforced."""

    held_off: int
    """On which a grant holds it off."""

    accounts: int
    """With at least one request on which it acts, or would."""

    unknown: Mapping[str, int]
    """Fact that it asks for -> requests of which the log, or what was given, does not know it. Of
    these the rule holds of none: that says nothing of what it does where the fact is known."""

    is_evaluable: bool
    """Whether each of its facts was known of at least one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What a policy would have done to logged traffic."""

    policy: str
    policy_digest: str
    """SHA-256 of the file."""

    as_enforced: bool
    """Whether every rule acted, whatever its stage."""

    requests: int
    accounts: int
    begins: datetime
    ends: datetime
    classes: tuple[ClassTouched, ...]
    """Of each kind, those that are touched most first."""

    left_out: Mapping[ClassKind, int]
    """Kind -> classes that are not in the list, because they are touched less or not at all."""

    rules: tuple[RuleTouched, ...]
    estimated_tokens: int
    """Requests whose output tokens were estimated from characters."""

    tokens_per_second: float
    """With which answers were taken to come."""

    schema: Literal["phalanx.gateway-replay/1"] = REPLAY_SCHEMA_ID
    """Identifier of this form with its major version."""


def report_of(  # noqa: PLR0913 - all that it tells of
    traffic: Traffic,
    policy: Policy,
    made: Replayed,
    most_classes: int,
    tokens_per_second: float,
    *,
    as_enforced: bool,
) -> ReplayReport:
    """Put together what became of some traffic.

    Parameters:
        traffic: At least one request.
        policy: That was applied.
        made: What became of it.
        most_classes: That are listed of each kind; all standings are.
        tokens_per_second: With which answers were taken to come.
        as_enforced: Whether every rule acted.
    """
    classes: list[ClassTouched] = []
    left_out: dict[ClassKind, int] = {}
    for kind, codes, names in _kinds(traffic):
        found = sorted(
            _touched(kind, codes, names, traffic, made), key=lambda each: (-each.touched, each.name)
        )
        listed = found if kind == "standing" else [each for each in found if each.touched]
        listed = listed if kind == "standing" else listed[:most_classes]
        classes += listed
        left_out[kind] = len(found) - len(listed)
    return ReplayReport(
        policy=policy.document.name,
        policy_digest=policy.digest,
        as_enforced=as_enforced,
        requests=traffic.requests,
        accounts=len(traffic.accounts),
        begins=_EPOCH + timedelta(microseconds=int(traffic.at_us[0])),
        ends=_EPOCH + timedelta(microseconds=int(traffic.at_us[-1])),
        classes=tuple(classes),
        left_out=left_out,
        rules=tuple(_rules(traffic, policy, made)),
        estimated_tokens=traffic.estimated_tokens,
        tokens_per_second=tokens_per_second,
    )


Codes = npt.NDArray[np.int64]


def _kinds(traffic: Traffic) -> Iterator[tuple[ClassKind, Codes, Sequence[str]]]:
    """Yield each kind of class: of each request its class, -1 for none, and the names."""
    yield ("standing", *_standings(traffic))
    campaigns = sorted({each for each in traffic.campaigns if each is not None})
    place = {name: number for number, name in enumerate(campaigns)}
    of_account = np.array([-1 if each is None else place[each] for each in traffic.campaigns])
    yield "campaign", of_account[traffic.account], campaigns
    yield "organisation", traffic.organisation, traffic.organisations
    yield "account", traffic.account, traffic.accounts


def _standings(traffic: Traffic) -> tuple[Codes, Sequence[str]]:
    """Return the standing of each request; grants come first."""
    masks, codes = np.unique(traffic.grants, return_inverse=True)
    names = [
        "granted: " + ", ".join(each for each, bit in PURPOSE_BIT.items() if mask & bit)
        for mask in masks.tolist()
    ]
    is_listed = np.array([each is not None for each in traffic.campaigns])[traffic.account]
    without = np.where(is_listed, len(names), len(names) + 1)
    return np.where(traffic.grants > 0, codes, without), [*names, LISTED, OTHERS]


def _touched(
    kind: ClassKind, codes: Codes, names: Sequence[str], traffic: Traffic, made: Replayed
) -> Iterator[ClassTouched]:
    """Yield each class that has requests."""
    known = codes >= 0
    codes, account = codes[known], traffic.account[known]
    in_force, done = made.in_force[known], made.done[known]
    value = np.bincount(codes, weights=made.value[known], minlength=len(names))
    counts = _by_action(codes, in_force, len(names))
    counts_done = _by_action(codes, done, len(names))
    accounts = _accounts(codes, account, traffic, len(names))
    is_touched = in_force > Action.ALLOW
    touched = _accounts(codes[is_touched], account[is_touched], traffic, len(names))
    for place in np.flatnonzero(counts.sum(axis=1)).tolist():
        yield ClassTouched(
            kind=kind,
            name=names[place],
            accounts=int(accounts[place]),
            touched_accounts=int(touched[place]),
            requests=int(counts[place].sum()),
            in_force=dict(zip(_WORDS, counts[place].tolist(), strict=True)),
            done=dict(zip(_WORDS, counts_done[place].tolist(), strict=True)),
            value=float(value[place]),
        )


def _by_action(codes: Codes, actions: npt.NDArray[np.uint8], classes: int) -> Codes:
    """Return how many requests of each class get each action, shape (classes, actions)."""
    flat = np.bincount(codes * len(_WORDS) + actions, minlength=classes * len(_WORDS))
    return flat.reshape(classes, len(_WORDS))


def _accounts(codes: Codes, account: Codes, traffic: Traffic, classes: int) -> Codes:
    """Return how many accounts each class has."""
    pairs = np.unique(codes * len(traffic.accounts) + account)
    return np.bincount(pairs // len(traffic.accounts), minlength=classes)


def _rules(traffic: Traffic, policy: Policy, made: Replayed) -> Iterator[RuleTouched]:
    for place, rule in enumerate(policy.document.rules):
        held = made.held[:, place]
        unknown = {name: traffic.unknown[name] for name in rule.tests if traffic.unknown[name]}
        yield RuleTouched(
            rule=rule.name,
            reason=rule.reason,
            action=rule.action,
            acts=int((held == Held.ACTS).sum()),
            watched=int((held == Held.WATCHED).sum()),
            held_off=int((held == Held.BY_GRANT).sum()),
            accounts=int(np.unique(traffic.account[held >= Held.WATCHED]).size),
            unknown=unknown,
            is_evaluable=all(count < traffic.requests for count in unknown.values()),
        )
