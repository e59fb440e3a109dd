"""A statistic of the alliance: how many accounts or campaigns, over all who contributed.

It rides on a `note`, as a property of the extension. Before the gate it may hold what each
member contributed; what leaves the gate holds the total only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from phalanx.share.wire.extension import as_properties
from phalanx.share.wire.identifiers import Object, timestamp
from phalanx.share.wire.objects import Authorship, head_of

Measure = Literal["accounts", "campaigns", "indicators"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A number of something, in a period that is over."""

    key: str
    """What tells it from every other statistic of the member."""

    measure: Measure
    period_end: datetime
    contributions: Mapping[str, int]
    """What each member counted, by its identity; at least one."""

    about: tuple[str, ...]
    """Identifiers of what was counted over, at least one."""


def statistic(counted: Statistic, by: Authorship) -> Object:
    """Return a statistic with its contributions: for the gate, not for members.

    Raises:
        ValueError: If nobody contributed.
    """
    if not counted.contributions:
        message = "a statistic has at least one contribution"
        raise ValueError(message)
    return {
        **head_of("note", by, "statistic", counted.key),
        "abstract": "Statistic",
        "content": "Total over all members.",
        "object_refs": list(counted.about),
        "extensions": as_properties(
            measure=counted.measure,
            period_end=timestamp(counted.period_end),
            contributions=[
                {"member_ref": member, "count": count}
                for member, count in sorted(counted.contributions.items())
            ],
        ),
    }
