"""A worked example: the public case AML.CS0056 of MITRE ATLAS as a member would share it.

The case study says that three laboratories drew on Claude through some 24,000 accounts and
16 million queries, by way of proxy services. What is public is in it; fingerprints, sketch and
places are made up, from documentation ranges where there are such.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from phalanx.share.wire.extension import extension_definition, publisher
from phalanx.share.wire.feedback import opinion, sighting
from phalanx.share.wire.identifiers import Object, object_id
from phalanx.share.wire.infrastructure import Place, infrastructure, valid_until
from phalanx.share.wire.markings import Handling
from phalanx.share.wire.matching import pattern_of
from phalanx.share.wire.objects import (
    Authorship,
    Cluster,
    Indicator,
    SharedCampaign,
    campaign,
    grouping,
    indicator,
    member_id,
    member_identity,
    relationship,
    uses_technique,
)
from phalanx.share.wire.observables import (
    AccountFingerprint,
    Address,
    AutonomousSystem,
    Observable,
    PromptTemplateSketch,
    observable,
)

TECHNIQUES = ("AML.T0008.005", "AML.T0065", "AML.T0040", "AML.T0024.002", "AML.T0048.004")
"""What the case study names: proxies, prompts, the API, extraction, theft."""

PUBLISHED = datetime(2026, 2, 23, tzinfo=UTC)


def atlas_case(basis: str = "eu-gdpr-6-1-f") -> Object:
    """Return the bundle of the worked example.

    Parameters:
        basis: Identifier of the legal basis in the policy.

    Examples:
        >>> len(atlas_case()["objects"])
        30
    """
    handling = Handling(tlp="amber", pap="amber", legal_basis=basis)
    author, receiver = "member-amber-falcon", "member-quiet-river"
    by = Authorship(
        member=member_id(author),
        created=PUBLISHED,
        modified=PUBLISHED,
        handling=handling,
        confidence=90,
        techniques=("AML.CS0056", "AML.T0024.002"),
    )
    found = campaign(
        SharedCampaign(
            key="AML.CS0056",
            name="campaign-cs0056",
            description="Accounts that act together to extract capabilities of a model.",
            first_seen=PUBLISHED - timedelta(days=30),
            last_seen=PUBLISHED - timedelta(days=1),
            log10_e=14.5,
            false_discovery_rate=0.01,
        ),
        by,
    )
    prints = tuple(
        AccountFingerprint(kind="payment" if place % 2 else "email", epoch=7, value=_token(place))
        for place in range(4)
    )
    sketch = PromptTemplateSketch(
        canonicaliser="phalanx/1",
        epoch=7,
        minhash=hashlib.shake_128(b"template").hexdigest(64),
        minhash_bits=4,
        simhash="9c3a5b0e71d24f68",
        shingle_size=5,
        length_bucket=7,
        capability="reasoning",
        language="en",
    )
    matched: tuple[Observable, ...] = (*prints, sketch)
    seen = [observable(each, handling.references) for each in matched]
    cluster = grouping(
        Cluster(
            key="AML.CS0056",
            name="Accounts of campaign-cs0056",
            members=(found["id"], *(each["id"] for each in seen)),
        ),
        by,
    )
    rule = indicator(
        Indicator(
            key="AML.CS0056",
            name="Accounts of campaign-cs0056",
            description="Matches fingerprints of accounts, and prompts of one template.",
            pattern=pattern_of(matched),
            valid_from=PUBLISHED - timedelta(days=30),
            valid_until=valid_until(prints, PUBLISHED),
        ),
        by,
    )
    place = Place(
        key="AML.CS0056",
        name="Proxy network of campaign-cs0056",
        parts=(Address(value="192.0.2.17"), AutonomousSystem(number=64_500)),
        first_seen=PUBLISHED - timedelta(days=5),
        last_seen=PUBLISHED - timedelta(days=1),
    )
    answer = Authorship(
        member=member_id(receiver),
        created=PUBLISHED + timedelta(days=1),
        modified=PUBLISHED + timedelta(days=1),
        handling=handling,
    )
    objects = [
        publisher(),
        extension_definition(),
        *handling.definitions,
        member_identity(author, PUBLISHED, handling),
        member_identity(receiver, PUBLISHED, handling),
        found,
        *seen,
        cluster,
        rule,
        relationship(rule["id"], "indicates", found["id"], by),
        *infrastructure(place, by),
        *(uses_technique(found["id"], each, by) for each in TECHNIQUES),
        sighting(rule["id"], 4_321, PUBLISHED, PUBLISHED + timedelta(hours=20), answer),
        opinion("agree", rule["id"], answer),
    ]
    return {
        "type": "bundle",
        "id": object_id("bundle", "AML.CS0056", basis),
        "objects": objects,
    }


def _token(place: int) -> str:
    digest = hashlib.sha512(f"fingerprint {place}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
