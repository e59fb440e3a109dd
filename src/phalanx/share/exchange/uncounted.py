"""What is held and counts no longer: the agreement has dropped the key that it was signed with.

Nothing of it is deleted, because the key may come back. It is told with each pull, so that a list
that became shorter is not taken for a campaign that is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phalanx.share.exchange.house import House
from phalanx.share.exchange.reading import observables_in
from phalanx.share.exchange.standing import Held, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncounted:
    """What of one member counts no longer."""

    member: str
    """Its pseudonym, or its identifier where the agreement does not know it."""

    objects: int
    values: int
    """That its indicators which are not over would match."""

    reason: str


def uncounted(house: House, stands: Standing) -> tuple[Uncounted, ...]:
    """Return for each member what of it counts no longer, and why.

    Parameters:
        house: The member that received it.
        stands: What it received.
    """
    names = {each.id: each.pseudonym for each in house.agreement.members}
    present = house.agreement.members_at(house.now)
    return tuple(
        Uncounted(
            member=names.get(member, member),
            objects=len(held),
            values=sum(_values(house, each) for each in held),
            reason="the agreement no longer names the key that signed them"
            if member in present
            else "who signed them is no member at this time",
        )
        for member, held in sorted(stands.uncounted.items())
    )


def _values(house: House, held: Held) -> int:
    end = held.item.get("valid_until")
    if held.item["type"] != "indicator" or not end or datetime.fromisoformat(end) <= house.now:
        return 0
    return len(observables_in(held.item["pattern"]))
