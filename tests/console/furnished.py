"""A house that has something of everything: an alliance, cases, a ledger, incidents."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from phalanx.govern.cases import Asked, Claimed, Found, Held, Joined, Noted, Opened, open_cases
from phalanx.govern.ledger import begin_ledger, open_ledger
from phalanx.govern.packages.records import ClaimRecord, PersonRecord, Role
from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.found import FoundCampaign, SeenPlace, SeenTemplate
from phalanx.share.exchange.house import open_house, public_key
from phalanx.share.exchange.leaving import depart
from phalanx.share.exchange.publishing import join, prepared
from phalanx.share.exchange.settings import load_settings
from phalanx.share.wire import Address, PromptTemplateSketch
from phalanx.share.wire.objects import relationship
from phalanx.store import Place, place_of

ACTOR = "intrusion-set--7d0c9d3c-2f34-4b6e-9d57-2b8b39b1a001"


@dataclass(frozen=True)
class Furnished:
    """Where everything lies."""

    alliance: Path
    ledger: Path
    cases: Place
    incidents: Path


def furnish(folder: Path, now: datetime) -> Furnished:
    """Furnish a house, as it is at a moment."""
    folder.mkdir(parents=True, exist_ok=True)
    begin_ledger(folder / "ledger", "lab.example/ledger", int(now.timestamp()))
    place = place_of(str(folder / "cases.db"))
    _open_case(place, folder, now)
    (folder / "incidents").mkdir()
    (folder / "incidents" / "weights-2026-11.toml").write_text(
        f'schema = "phalanx.incident/1"\ndiscovered_at = {(now - timedelta(days=2)).isoformat()}\n'
        "[answers]\nfrontier-developer = true\n"
    )
    return Furnished(_alliance(folder, now), folder / "ledger", place, folder / "incidents")


def _alliance(folder: Path, now: datetime) -> Path:
    path = folder / "alliance.toml"
    (folder / "hub.key").write_text("phx.1.a")
    (folder / "hub.key").chmod(0o600)
    path.write_text(
        """
        schema = "phalanx.alliance/1"
        member = "member-amber-falcon"
        agreement = "agreement.toml"
        bases = ["us-rule-of-reason", "eu-gdpr-6-1-f"]
        signing_key = "signing.key"
        [hub]
        url = "https://hub.example/alliance/collections/campaigns/"
        api_key = "hub.key"
        """
    )
    key = public_key(load_settings(path))
    members = [("member-amber-falcon", f'keys = ["{key}"]'), ("member-quiet-river", "keys = []")]
    (folder / "agreement.toml").write_text(
        'schema = "phalanx.agreement/1"\nversion = "1"\n'
        + "".join(
            f'[[member]]\npseudonym = "{name}"\njurisdictions = ["us", "eu"]\n{keys}\n'
            "from = 2026-01-01\n"
            for name, keys in members
        )
        + '[[approver]]\nperson = "analyst"\nrole = "analyst"\n'
        '[[approver]]\nperson = "counsel"\nrole = "counsel"\n'
        '[[approver]]\nperson = "dee"\nrole = "analyst"\n'
    )
    house = open_house(load_settings(path), now)
    made = prepared(house, [_campaign(now)], {})
    campaign = next(each.item["id"] for each in made if each.item["type"] == "campaign")
    sure = replace(house.authorship(80), techniques=("AML.T0024.002",))
    attributed = relationship(campaign, "attributed-to", ACTOR, sure)
    depart(house, "dee", new=join(house, (*made, Prepared(item=attributed, campaign=campaign))))
    return path


def _campaign(now: datetime) -> FoundCampaign:
    last = now - timedelta(days=1)
    sketch = PromptTemplateSketch(
        canonicaliser="phalanx/1", epoch=3, minhash=secrets.token_hex(128), minhash_bits=8,
        simhash=secrets.token_hex(8), shingle_size=3, length_bucket=6, capability="reasoning",
    )  # fmt: skip
    return FoundCampaign(
        campaign_id="campaign-7f3a19c2",
        first_seen=now - timedelta(days=7),
        last_seen=last,
        exchanges=4_321,
        log10_e=6.5,
        false_discovery_rate=0.01,
        confidence=95,
        identifiers=(),
        templates=(SeenTemplate(sketch=sketch, accounts=40),),
        places=(
            SeenPlace(
                part=Address(value="198.51.100.7"),
                accounts=9,
                first_seen=now - timedelta(days=3),
                last_seen=last,
            ),
        ),
    )


def _open_case(place: Place, folder: Path, now: datetime) -> None:
    def person(name: str, role: Role) -> PersonRecord:
        return PersonRecord(id=f"{name}-1", name=name.title(), role=role)

    moments = iter(now - timedelta(hours=6) + timedelta(minutes=each) for each in range(100))
    with open_cases(place, lambda: next(moments), open_ledger(folder / "ledger")) as cases:
        cases.open(
            "north-2026",
            Opened(
                title="Harvest of reasoning by the operator of C1",
                provider="Lab",
                summary="Forty-eight accounts put the same questions for nine days.",
                level=0.01,
                person=person("analyst", "analyst"),
                login="analyst",
            ),
        )
        for name, role in (("counsel", "counsel"), ("auditor", "auditor")):
            act = Joined(person=person(name, role), login=name)  # type: ignore[arg-type] # roles
            cases.act("north-2026", "analyst", act)
        file = folder / "campaign.json"
        file.write_text(json.dumps({"schema": "phalanx.campaigns/2"}))
        cases.gather(
            "north-2026",
            "analyst",
            Found(
                id="campaign", title="Campaign C1 of the scan of March", file=file, of="campaign",
                media_type="application/json", source="own scan", tool="phalanx 0.1.0",
                sensitivity="confidential", collected_at=now - timedelta(days=1),
            ),
        )  # fmt: skip
        claim = ClaimRecord(
            id="one-operator",
            statement="The accounts of C1 are operated together, and not as honest operators do.",
            null_hypothesis="They are operated apart, or used honestly.",
            method="phalanx scan 0.1.0",
            log10_e=14.2,
            sample_size=21_540,
            reference_size=4_312,
            assumptions=("Reference parties stand for honest use.",),
            limits="It does not say who the operator is.",
            items=("campaign",),
        )
        cases.act("north-2026", "analyst", Claimed(claim=claim))
        held = cases.act("north-2026", "counsel", Held(reason="A suit is expected.")).entries
        cases.act("north-2026", "analyst", Noted(text="Asked the gateway team for marks."))
        asked = Asked(wish="release-hold", about=str(held), reason="It was settled.")
        cases.act("north-2026", "counsel", asked)
