"""Profiles of campaigns that others shared, as scans read them: what their networks look like.

A profile holds what can be compared without blinding: networks, domains, autonomous systems. It
names a campaign as its author named it, and the author by its pseudonym; never a company.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import pyarrow as pa

from phalanx.logs.addresses import subnet_of
from phalanx.model import ActorProfile, ProfileSource, Trait
from phalanx.share.exchange.building import campaign_name
from phalanx.share.exchange.standing import Standing
from phalanx.share.gate import Agreement

_FAMILY = {"address": "subnet", "network": "subnet", "domain": "email"}


def profiles(
    standing: Standing, matches: pa.Table, agreement: Agreement
) -> dict[str, ActorProfile]:
    """Return a profile of each campaign on the match list that has places in the network.

    Parameters:
        standing: What was received.
        matches: The match list.
        agreement: With the pseudonyms of members.

    Returns:
        Name of a file without its ending -> profile.
    """
    traits: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for row in matches.select(["campaign", "kind", "value"]).to_pylist():
        family, value = _trait(row["kind"], row["value"])
        if value:
            traits[row["campaign"]][family][value] = None
    names = {each.id: each.pseudonym for each in agreement.members}
    made = {}
    for campaign in standing.of("campaign"):
        if campaign.id not in traits:
            continue
        name = campaign_name(campaign.id)
        author = names.get(campaign.member, "a member")
        made[name] = ActorProfile(
            schema="phalanx.profile/1",
            name=f"{name} of {author}",
            role="network",
            sources=(
                ProfileSource(
                    title=f"{campaign.id}, shared by {author}",
                    date=datetime.fromisoformat(campaign.item["modified"]).date(),
                ),
            ),
            traits=tuple(
                Trait(family=family, values=tuple(values))  # type: ignore[arg-type] # of `_trait`
                for family, values in sorted(traits[campaign.id].items())
            ),
        )
    return made


def _trait(kind: str, value: str | None) -> tuple[str, str]:
    """Return the family and the value of a trait; empty for what a profile cannot hold.

    Examples:
        >>> _trait("address", "203.0.113.7"), _trait("network", "AS64500")
        (('subnet', '203.0.113.0/24'), ('asn', 'AS64500'))
        >>> _trait("email", "token")
        ('', '')
    """
    if kind not in _FAMILY or value is None:
        return "", ""
    if value.startswith("AS"):
        return "asn", value
    if _FAMILY[kind] == "subnet":
        return "subnet", subnet_of(value.partition("/")[0]) or ""
    return "email", value
