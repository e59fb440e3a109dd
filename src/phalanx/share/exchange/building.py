"""From what was found to objects for the wire, most useful to a receiver first.

The order counts, because a batch may not hold all: who gets the campaign, its rules and sketches
can match. Fingerprints one by one tell the same once more, for platforms that draw graphs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from phalanx.share.exchange.found import FoundCampaign, SeenPlace
from phalanx.share.wire import (
    AccountFingerprint,
    Address,
    Authorship,
    AutonomousSystem,
    Cluster,
    Domain,
    Handling,
    Indicator,
    Object,
    Observable,
    Place,
    PromptTemplateSketch,
    SharedCampaign,
    campaign,
    extension_definition,
    grouping,
    indicator,
    infrastructure,
    member_id,
    member_identity,
    object_id,
    observable,
    pattern_of,
    publisher,
    relationship,
    sighting,
    uses_technique,
    valid_until,
)

TECHNIQUES = ("AML.T0040", "AML.T0024.002")
"""Of MITRE ATLAS: access through the API, extraction of a model."""

MOST_IN_PATTERN = 100
"""Fingerprints or sketches of one indicator; a pattern has at most 10,000 characters."""

MOST_IN_GROUPING = 9_000
"""Members of one grouping; receivers take lists of at most 10,000."""

Tokens = Mapping[tuple[str, str], AccountFingerprint]
"""Kind and value in clear -> fingerprint."""


_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An object that is to be sent, and what the gate has to be told about it."""

    item: Object
    campaign: str = ""
    """Identifier of the campaign that it belongs to; empty for what belongs to none."""

    template_accounts: int = 0
    """Accounts on which its templates were seen, the rarest one's."""


def preamble(pseudonym: str, since: datetime, handling: Handling) -> Iterator[Prepared]:
    """Yield what goes with the first objects: the extension, markings, who speaks.

    Parameters:
        pseudonym: Of the member.
        since: When it became one.
        handling: Markings of what it shares.
    """
    yield Prepared(item=publisher())
    yield Prepared(item=extension_definition())
    for each in handling.definitions:
        yield Prepared(item=each)
    yield Prepared(item=member_identity(pseudonym, since, handling))


def campaign_name(campaign_id: str) -> str:
    """Return the name under which a campaign appears to others, from its STIX identifier.

    Examples:
        >>> campaign_name("campaign--0a1b2c3d-0000-4000-8000-000000000000")
        'campaign-c0a1b2c3'
    """
    return f"campaign-c{campaign_id.partition('--')[2][:7]}"


def wire_id(campaign_id: str, pseudonym: str) -> str:
    """Return the identifier under which a campaign of a scan is published.

    Parameters:
        campaign_id: Of the scan.
        pseudonym: Of the member.
    """
    return object_id("campaign", campaign_id, namespace=member_id(pseudonym))


def objects_of(
    found: FoundCampaign,
    tokens: Tokens,
    by: Authorship,
    description: str = "",
) -> Iterator[Prepared]:
    """Yield the objects of a campaign; what would be over before it is sent is left out.

    Parameters:
        found: What was found.
        tokens: Fingerprint of each identifier.
        by: Whose they are, and when they are made.
        description: Of the campaign, in words; the gate reads it.
    """
    by = replace(by, confidence=found.confidence, techniques=(TECHNIQUES[-1],))
    whole = _Campaign(found, by, by.modified)
    head = campaign(
        SharedCampaign(
            key=found.campaign_id,
            name=whole.name,
            description=description
            or "Accounts that act together to extract capabilities of a model.",
            first_seen=found.first_seen,
            last_seen=found.last_seen,
            log10_e=round(found.log10_e, 1),
            false_discovery_rate=found.false_discovery_rate,
            attribution=found.attribution,
        ),
        # Nobody else knows its key; and what was taken back stays so under a new signing key.
        replace(by, namespace=""),
    )
    prints = sorted(
        {tokens[each] for each in found.identifiers}, key=lambda seen: (seen.kind, seen.value)
    )
    sketches = [each.sketch for each in found.templates]
    matched: tuple[Observable, ...] = (*sketches, *prints)
    seen = [observable(each, by.handling.references) for each in matched]
    least = min((each.accounts for each in found.templates), default=0)
    yield whole.part(head)
    yield from whole.rules_of_accounts(prints)
    yield from whole.rules_of_templates(sketches, least)
    for each in seen[: len(sketches)]:
        yield whole.part(each, least)
    # Receivers believe a sketch for a pattern only if a grouping of its author names it.
    yield from whole.groupings([each["id"] for each in seen])
    for atlas_id in TECHNIQUES:
        yield whole.part(uses_technique(head["id"], atlas_id, by))
    yield whole.part(sighting(head["id"], found.exchanges, found.first_seen, found.last_seen, by))
    # In this order parts leave: where a batch is full, many addresses wait, and not the rest.
    yield from whole.places()
    for each in seen[len(sketches) :]:
        yield whole.part(each)


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What all objects of one campaign are made from."""

    found: FoundCampaign
    by: Authorship
    now: datetime

    @property
    def id(self) -> str:
        return object_id("campaign", self.found.campaign_id, namespace=self.by.member)

    @property
    def name(self) -> str:
        return campaign_name(self.id)

    def part(self, item: Object, template_accounts: int = 0) -> Prepared:
        return Prepared(item=item, campaign=self.id, template_accounts=template_accounts)

    def rules_of_accounts(self, prints: Sequence[AccountFingerprint]) -> Iterator[Prepared]:
        for (kind, epoch), several in groupby(prints, key=lambda seen: (seen.kind, seen.epoch)):
            for number, part in enumerate(_batched(tuple(several), MOST_IN_PATTERN)):
                yield from self._rule(
                    f"{kind} {epoch} {number}",
                    f"Accounts of {self.name}",
                    "Matches fingerprints of accounts of the campaign.",
                    part,
                )

    def rules_of_templates(
        self, sketches: Sequence[PromptTemplateSketch], least: int
    ) -> Iterator[Prepared]:
        for number, part in enumerate(_batched(tuple(sketches), MOST_IN_PATTERN)):
            yield from self._rule(
                f"template {number}",
                f"Templates of {self.name}",
                "Matches prompts of templates that many accounts of the campaign shared.",
                part,
                least,
            )

    def _rule(
        self,
        key: str,
        name: str,
        description: str,
        matched: tuple[Observable, ...],
        template_accounts: int = 0,
    ) -> Iterator[Prepared]:
        end = valid_until(matched, self.found.last_seen)
        if end <= self.now:
            return
        rule = indicator(
            Indicator(
                key=f"{self.found.campaign_id} {key}",
                name=name,
                description=description,
                pattern=pattern_of(matched),
                valid_from=self.found.first_seen,
                valid_until=end,
            ),
            self.by,
        )
        yield self.part(rule, template_accounts)
        yield self.part(relationship(rule["id"], "indicates", self.id, self.by))

    def places(self) -> Iterator[Prepared]:
        """Yield domains apart from addresses, which are many and last shorter."""
        fresh = [
            each
            for each in self.found.places
            if valid_until((each.part,), each.last_seen) > self.now
        ]
        of_kind = {
            kind: [each for each in fresh if isinstance(each.part, part)]
            for kind, part in (
                ("domains", Domain), ("systems", AutonomousSystem), ("addresses", Address),
            )
        }  # fmt: skip
        for kind, seen in of_kind.items():
            for number, part in enumerate(_batched(tuple(seen), MOST_IN_PATTERN)):
                yield from self._place(f"{self.found.campaign_id} {kind} {number}", part)

    def _place(self, key: str, seen: tuple[SeenPlace, ...]) -> Iterator[Prepared]:
        place = Place(
            key=key,
            name=f"Network of {self.name}",
            parts=tuple(each.part for each in seen),
            first_seen=min(each.first_seen for each in seen),
            # The oldest one: none of them is told for longer than its time.
            last_seen=min(each.last_seen for each in seen),
        )
        made = infrastructure(place, self.by)
        for each in made:
            yield self.part(each)
        yield self.part(relationship(self.id, "uses", made[0]["id"], self.by))

    def groupings(self, members: Sequence[str]) -> Iterator[Prepared]:
        for number, part in enumerate(_batched(tuple(members), MOST_IN_GROUPING)):
            cluster = Cluster(
                key=f"{self.found.campaign_id} {number}" if number else self.found.campaign_id,
                name=f"Accounts of {self.name}",
                members=(self.id, *part),
            )
            yield self.part(grouping(cluster, self.by))


def _batched(items: tuple[_Item, ...], size: int) -> Iterator[tuple[_Item, ...]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
