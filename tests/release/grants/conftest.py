"""A lab, a partner, and what they agree on."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from phalanx.release.grants.grant import accept_grant, issue_grant
from phalanx.release.grants.request import make_request
from phalanx.release.grants.terms import Asked, Export, Terms
from phalanx.release.parties.party_keys import new_keys


@pytest.fixture(scope="session")
def deal() -> Any:
    """Return both parties, a request, its terms, and the grant, signed by one and by both."""
    lab, partner, other = (
        new_keys(name, random.Random(name).randbytes) for name in ("Lab", "Partner", "Other")
    )
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    asked = Asked(
        model="m-1", purposes=("evaluation", "red teaming"), tier="white-box", environment="own"
    )
    terms = Terms(
        asked=asked.model_copy(update={"purposes": ("evaluation",)}),
        begins_at=now,
        expires_at=now.replace(month=6),
        delete_by=now.replace(month=7),
        derivatives="none",
        onward_transfer=False,
        incident_contact="security@lab.example",
        export=Export(
            jurisdiction="example", classification="none", basis="none", checked_on=now.date()
        ),
        evidence_duties=("keep the access log for a year",),
    )
    request = make_request(partner, asked, now, random.Random(4).randbytes)
    issued = issue_grant(request, partner.identity, lab, terms, now, commitment="0" * 64)
    return SimpleNamespace(
        lab=lab,
        partner=partner,
        other=other,
        now=now,
        asked=asked,
        terms=terms,
        request=request,
        issued=issued,
        agreed=accept_grant(issued, lab.identity, partner, request, now),
    )
