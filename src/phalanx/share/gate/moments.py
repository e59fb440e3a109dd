"""Moments as they may leave: over, and in steps, so that none of them names a single exchange.

An interval is widened to whole steps and never cut: its beginning is put back, its last sight
forward. The end of an indicator is put back, because it must not count for longer than its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, cast

from phalanx.share.gate.desk import Desk
from phalanx.share.gate.findings import Finding
from phalanx.share.gate.policy import Policy
from phalanx.share.wire import Object, timestamp

Stepped = Literal["since", "until", "end"]
"""Kinds of value that are moments in steps: `since:60` is the beginning of an interval, put back to
a whole hour; `until:60` its last sight, put forward; `end:60` the end of an indicator."""

STEPPED: tuple[Stepped, ...] = ("since", "until", "end")

_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(value: object) -> datetime | None:
    """Return the moment that a text says, or nothing."""
    return _moment(value) if isinstance(value, str) else None


# What was found together bears the same few moments.
@lru_cache(maxsize=256)
def _moment(text: str) -> datetime | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def in_steps(moment: datetime, kind: Stepped, minutes: int) -> datetime:
    """Return the whole step that stands for a moment.

    Parameters:
        moment: With its time zone.
        kind: Of what it is the moment.
        minutes: Of a step, at least 1.

    Examples:
        >>> seen = datetime(2026, 3, 2, 7, 30, 1, tzinfo=UTC)
        >>> [in_steps(seen, kind, 60).hour for kind in STEPPED]
        [7, 8, 7]
        >>> in_steps(seen.replace(minute=0, second=0), "until", 60).hour
        7
    """
    past = (moment - _BEGINNING) % timedelta(minutes=minutes)
    if not past:
        return moment
    whole = moment - past
    return whole + timedelta(minutes=minutes) if kind == "until" else whole


def with_steps(item: Object, policy: Policy) -> Object:
    """Return an object whose moments are in the steps that a policy has for them.

    Parameters:
        item: As it was built, to the millisecond.
        policy: That names the steps; a field that it calls `past` stays as it is.
    """
    coarse: dict[str, Any] = {}
    for name, shape in (policy.fields_of(str(item["type"])) or {}).items():
        kind, _, minutes = shape.partition(":")
        moment = moment_of(item.get(name)) if kind in STEPPED and minutes else None
        if moment is not None:
            whole = in_steps(moment, cast("Stepped", kind), int(minutes))
            coarse |= {name: timestamp(whole)} if whole != moment else {}
    return {**item, **coarse}


def judge_of_steps(kind: Stepped, minutes: int) -> Callable[..., tuple[list[Finding], Any]]:
    """Return what judges moments in steps: one between two steps is a finding of rule A5.

    Parameters:
        kind: Of what they are the moments.
        minutes: Of a step.
    """

    def judge(desk: Desk, path: str, value: object) -> tuple[list[Finding], Any]:
        moment = moment_of(value)
        if moment is None:
            return [desk.find("A0", path, "it is no moment")], value
        whole = in_steps(moment, kind, minutes)
        # The step that is now running ends ahead; nothing else that was seen does.
        latest = in_steps(desk.context.now, kind, minutes)
        if kind != "end" and moment > desk.context.now and moment != latest:
            return [desk.find("A3", path, "a moment that lies ahead")], value
        if whole == moment:
            return [], value
        return [desk.find("A5", path, "an exact moment")], timestamp(whole)

    return judge
