"""From a scan, its logs and the member's own records to what may concern others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phalanx.logs.pseudonym import pseudonymiser
from phalanx.model import Attribution, Campaign
from phalanx.share.blinding.carriers import Identifiers
from phalanx.share.exchange.found import FoundCampaign, SeenPlace, SeenTemplate
from phalanx.share.exchange.seen import Membership
from phalanx.share.wire import SharedAttribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan concluded, as far as publishing needs it."""

    campaigns: tuple[Campaign, ...]
    false_discovery_rate: float
    """That the list of campaigns was held to."""

    key: bytes | None
    """Of its pseudonyms; null where it ran with identifiers in clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Campaigns of a scan, and the accounts of each that belong to it surely enough."""

    campaigns: tuple[Campaign, ...]
    membership: Membership
    confidence: Mapping[str, int]
    """Campaign -> 0 to 100, for the accounts that were selected."""


def select(scanned: Scanned, least_confidence: float, wanted: Iterable[str] = ()) -> Selection:
    """Pick the campaigns and accounts that are told to others.

    Parameters:
        scanned: The scan.
        least_confidence: Probability of belonging from which on an account is told.
        wanted: Identifiers of campaigns; none means all.
    """
    names = frozenset(wanted)
    of_name: dict[str, str] = {}
    confidence: dict[str, int] = {}
    chosen = []
    for each in scanned.campaigns:
        if names and each.campaign_id not in names:
            continue
        sure = [m for m in each.facts.members if m.confidence >= least_confidence]
        if not sure:
            continue
        chosen.append(each)
        of_name |= dict.fromkeys((member.account_id for member in sure), each.campaign_id)
        # Wrong as a whole at the rate of the list, and in this account by its confidence.
        least = min(member.confidence for member in sure) * (1.0 - scanned.false_discovery_rate)
        confidence[each.campaign_id] = int(100 * least)

    def hide(names: list[str]) -> list[str | None]:
        if scanned.key is None:
            return list(names)
        return pseudonymiser(scanned.key, "account_id")(names)

    return Selection(
        campaigns=tuple(chosen),
        membership=Membership(of_name, hide),
        confidence=confidence,
    )


def carried_by(
    selection: Selection, identifiers: Identifiers
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return for each campaign the identifiers that only accounts of it carry.

    What an account outside of it carries too is left out: it would accuse that one. So is what
    accounts carry that belong to the campaign, but not surely enough.

    Parameters:
        selection: Campaigns and accounts.
        identifiers: The member's records.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for carried, accounts in sorted(identifiers.carriers.items()):
        campaigns = set(selection.membership.campaigns_of(sorted(accounts)))
        if len(campaigns) == 1 and "" not in campaigns:
            found.setdefault(campaigns.pop(), []).append(carried)
    return {campaign: tuple(carried) for campaign, carried in found.items()}


def found_campaigns(
    scanned: Scanned,
    selection: Selection,
    *,
    carried: Mapping[str, tuple[tuple[str, str], ...]],
    places: Mapping[str, tuple[SeenPlace, ...]],
    templates: Mapping[str, tuple[SeenTemplate, ...]],
) -> tuple[FoundCampaign, ...]:
    """Put together what is told of each campaign.

    Parameters:
        scanned: The scan.
        selection: Of it.
        carried: Campaign -> identifiers in clear.
        places: Campaign -> places in the network.
        templates: Campaign -> templates.
    """
    return tuple(
        FoundCampaign(
            campaign_id=each.campaign_id,
            first_seen=each.facts.first_seen,
            last_seen=each.facts.last_seen,
            exchanges=each.facts.exchanges,
            log10_e=each.judgement.log10_e,
            false_discovery_rate=scanned.false_discovery_rate,
            confidence=selection.confidence[each.campaign_id],
            identifiers=carried.get(each.campaign_id, ()),
            templates=templates.get(each.campaign_id, ()),
            places=places.get(each.campaign_id, ()),
            attribution=told_attribution(each.judgement.attribution),
        )
        for each in selection.campaigns
    )


def told_attribution(found: Attribution | None) -> SharedAttribution | None:
    """Return what may be told of who stands behind a campaign: neither names nor values.

    Parameters:
        found: Of the scan.
    """
    if found is None:
        return None
    return SharedAttribution(
        grade=found.grade,
        hypotheses=tuple((each.kind, each.probability) for each in found.hypotheses),
    )
