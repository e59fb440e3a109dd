"""Profiles of campaigns that others shared, as scans read them: what their networks look like.

A profile holds what can be compared without blinding: networks, domains, autonomous systems. It
names a campaign as its author named it, and the author by its pseudonym; never a company.
"""

from __future__ import annotations

import hashlib
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
    made, taken = {}, set[str]()
    for campaign in standing.of("campaign"):
        if campaign.id not in traits:
            continue
        author = names.get(campaign.member, "a member")
        shown = f"{campaign_name(campaign.id)} of {author}"
        if shown in taken:
            # Two profiles of one name would stop a scan.
            shown = f"{campaign.id} of {author}"
        taken.add(shown)
        made[file_name(campaign.id, campaign.member)] = ActorProfile(
            schema="phalanx.profile/1",
            name=shown,
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


def file_name(campaign_id: str, member: str) -> str:
    """Return the name of the file of a profile, without its ending.

    An identifier is free to choose, and its first digits are those of its name: another member
    could have its campaign written over this one.

    Parameters:
        campaign_id: STIX identifier of the campaign.
        member: Its author.

    Examples:
        >>> file_name("campaign--0a1b2c3d-0000-4000-8000-000000000000", "identity--1")
        'campaign-c0a1b2c3-ee9172f5f48769cd4018c0774d31fbad'
    """
    digest = hashlib.sha256(f"{member} {campaign_id}".encode()).hexdigest()
    return f"{campaign_name(campaign_id)}-{digest[:32]}"


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
