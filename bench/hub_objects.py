"""Objects to share, many of them, and the gate they pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MEMBERS = tuple(
    f"member-{word}" for word in ("amber-falcon", "quiet-river", "grey-heron", "stone-bridge")
)
BASES = ("us-rule-of-reason", "eu-gdpr-6-1-f")
RARE = 1_000
"""Every so many, an observable stands among the indicators."""


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

    by = Authorship(
        member=member_id(MEMBERS[0]),
        created=NOW - timedelta(days=1),
        modified=NOW - timedelta(hours=1),
        handling=Handling(tlp="amber", pap="amber", legal_basis=BASES[0]),
        confidence=80,
        techniques=("AML.T0024.002",),
    )
    for number in range(start, start + count):
        seen = Address(value=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        if number % RARE == RARE - 1:
            yield msgspec.json.encode(observable(seen, by.handling.references))
            continue
        rule = Indicator(
            key=str(number),
            name="Proxy of a distillation campaign",
            description="Addresses of a proxy that accounts of one campaign share.",
            pattern=pattern_of([seen]),
            valid_from=by.created,
            valid_until=by.created + timedelta(days=7),
        )
        yield msgspec.json.encode(indicator(rule, by))


class _Gated:
    """Checks the structure of an object, then lets the gate decide."""

    def __init__(self) -> None:
        from phalanx.share.gate import Agreement, Batch, Context, Member, load_policy
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
        self._policy = load_policy()
        self._context = Context(
            member=member_id(MEMBERS[0]),
            recipients=frozenset(map(member_id, MEMBERS[1:])),
            purpose="detect",
            legal_bases=BASES,
            agreement=agreement,
            now=NOW,
            batch=Batch(objects=64, slot=NOW, previous_objects=64),
        )

    def __call__(self, raw: bytes, /) -> Mapping[str, Any]:
        from phalanx.errors import InputError
        from phalanx.share.gate import decide
        from phalanx.share.wire import check

        fields = check(raw).fields
        decision = decide(fields, self._context, self._policy)
        if not decision.may_leave:
            said = "; ".join(f"{each.rule_id}: {each.reason}" for each in decision.findings)
            raise InputError(said, next_step="See the policy.")
        return fields


def gated() -> _Gated:
    """Return a check of structure and policy, as a hub is given one."""
    return _Gated()
