"""Publishing: campaigns become objects, and those that are new join what waits to leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from phalanx.share.exchange.building import Prepared, Tokens, objects_of, preamble
from phalanx.share.exchange.found import FoundCampaign
from phalanx.share.exchange.house import House
from phalanx.share.exchange.leaving import Judged, judge
from phalanx.share.exchange.outbox import fresh, wait, waiting
from phalanx.share.gate.moments import with_steps
from phalanx.share.wire.attribution import GRADE


def prepared(
    house: House, found: Iterable[FoundCampaign], tokens: Tokens, description: str = ""
) -> tuple[Prepared, ...]:
    """Return the objects of campaigns, with what goes before them.

    Parameters:
        house: The member.
        found: What was found.
        tokens: Fingerprint of each identifier.
        description: Of each campaign, in words; empty takes the usual one.
    """
    settings, handling = house.settings, house.settings.handling
    since = house.agreement.members_at(house.now)[house.member].valid_from
    made = list(preamble(settings.member, since, handling))
    allowed = house.policy.fields_of("campaign") or {}
    if f"extensions.share.{GRADE}" not in allowed:
        # A policy of an earlier day has no line for it, and would refuse the campaign.
        found = (replace(each, attribution=None) for each in found)
    for each in found:
        made += objects_of(each, tokens, house.authorship(), description)
    return tuple({each.item["id"]: each for each in made}.values())


def join(house: House, made: Iterable[Prepared]) -> frozenset[str]:
    """Let objects wait that are new, or say something new, and return their identifiers.

    Parameters:
        house: The member.
        made: Objects.
    """
    with house.folder.writing() as connection:
        new = tuple(fresh(connection, _in_steps(house, made), house.now))
        wait(connection, new)
    return frozenset(each.item["id"] for each in new)


def show(house: House, made: Iterable[Prepared]) -> tuple[Judged, ...]:
    """Return what the gate says of what waits and of what would join it; nothing is kept.

    Parameters:
        house: The member.
        made: Objects.
    """
    with house.folder.writing() as connection:
        new = {
            each.item["id"]: each for each in fresh(connection, _in_steps(house, made), house.now)
        }
        kept = [each for each in waiting(connection) if each.item["id"] not in new]
    return judge(house, [*kept, *new.values()])


def _in_steps(house: House, made: Iterable[Prepared]) -> Iterator[Prepared]:
    """Yield objects whose moments are as coarse as the policy wants them to leave.

    Before they wait and are approved, not when they leave: an approval is of what leaves.
    """
    for each in made:
        yield replace(each, item=with_steps(each.item, house.policy))
