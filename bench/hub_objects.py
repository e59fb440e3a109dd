"""Objects to share, many of them, and the gate they pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MEMBERS = tuple(
    f"member-{word}" for word in ("amber-falcon", "quiet-river", "grey-heron", "stone-bridge")
)
BASES = ("us-rule-of-reason", "eu-gdpr-6-1-f")
RENEWED = 1_000
"""Objects that are decided upon before policy and circumstances are looked at again."""

RARE = 1_000
"""Every so many, an observable stands among the indicators."""

TOGETHER = 100
"""Objects of one version, as of one scan."""

WORDS = (
    ("proxy", "relay", "address", "account", "device", "traces"),
    ("during", "within", "across", "through", "behind", "outside"),
    ("evenings", "networks", "windows", "sessions", "domains", "records"),
)
"""One of each ends the description of an object."""


def objects(start: int, count: int) -> Iterator[bytes]:
    """Yield ordinary objects as they are written, each with its own address and identifier."""
    from phalanx.share.wire import (
        Address,
        Authorship,
        Handling,
        Indicator,
        indicator,
        member_id,
        observable,
        pattern_of,
    )

    base = Authorship(
        member=member_id(MEMBERS[0]),
        created=NOW - timedelta(days=1),
        modified=NOW - timedelta(hours=1),
        handling=Handling(tlp="amber", pap="amber", legal_basis=BASES[0]),
        confidence=80,
        techniques=("AML.T0024.002",),
    )
    for number in range(start, start + count):
        by = replace(base, modified=base.modified - timedelta(seconds=number // TOGETHER))
        seen = Address(value=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        if number % RARE == RARE - 1:
            yield msgspec.json.encode(observable(seen, by.handling.references))
            continue
        rule = Indicator(
            key=str(number),
            name="Proxy of a distillation campaign",
            description=_description(number),
            pattern=pattern_of([seen]),
            valid_from=by.created,
            valid_until=by.created + timedelta(days=7),
        )
        yield msgspec.json.encode(indicator(rule, by))


def _description(number: int) -> str:
    """Return a text of its own, of words that the policy allows, and of a campaign."""
    last = " ".join(words[number // 6**place % 6] for place, words in enumerate(WORDS))
    return f"Addresses of a proxy that accounts of campaign-{number:x}abc share: {last}."


class _Gated:
    """Checks the structure of an object, then lets the gate decide."""

    def __init__(self) -> None:
        from phalanx.share.gate import Agreement, Batch, Context, Gate, Member, load_policy
        from phalanx.share.wire import member_id

        agreement = Agreement(
            version="1",
            members=tuple(
                Member(
                    pseudonym=name,
                    jurisdictions=frozenset({"eu", "us"}),
                    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
                )
                for name in MEMBERS
            ),
            groups=(),
            approvers=(),
        )
        policy = load_policy()
        context = Context(
            member=member_id(MEMBERS[0]),
            recipients=frozenset(map(member_id, MEMBERS[1:])),
            purpose="detect",
            legal_bases=BASES,
            agreement=agreement,
            now=NOW,
            batch=Batch(objects=64, slot=NOW, previous_objects=64),
        )
        self._gate_of = lru_cache(maxsize=1)(lambda _: Gate(context, policy))
        self._decided = 0

    def __call__(self, raw: bytes, /) -> Mapping[str, Any]:
        from phalanx.errors import InputError
        from phalanx.share.wire import check

        fields = check(raw).fields
        # As often as a hub would, whose clock goes on.
        gate = self._gate_of(self._decided // RENEWED)
        self._decided += 1
        decision = gate.decide(fields, is_checked=True)
        if not decision.may_leave:
            said = "; ".join(f"{each.rule_id}: {each.reason}" for each in decision.findings)
            raise InputError(said, next_step="See the policy.")
        return fields


def gated() -> _Gated:
    """Return a check of structure and policy, as a hub is given one."""
    return _Gated()
