"""What a licence says. It is data: no law and no deadline of a law stands in code."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from phalanx.release.envelopes.statement import Moment, Part, Text

Tier = Literal["black-box", "grey-box", "white-box"]
"""How far into the model a recipient sees: its answers, some of its inside, its weights."""

TIERS: tuple[Tier, ...] = ("black-box", "grey-box", "white-box")
"""From the least access to the most."""

Demand = Literal["roots", "log", "attestation"]
"""What has to be verified before a copy is opened."""

Texts = Annotated[tuple[Text, ...], Field(max_length=20, strict=False)]


class Export(Part):
    """What the issuer found out about export control, and when. It is reported, not judged."""

    jurisdiction: Text
    classification: Text
    """As the list of that jurisdiction names it, or that it names none."""

    basis: Text
    """Licence, exception or other basis of the transfer."""

    checked_on: Annotated[date, Field(strict=False)]


class Asked(Part):
    """What a recipient asks for."""

    model: Text
    purposes: Annotated[Texts, Field(min_length=1)]
    tier: Tier
    environment: Text
    """Where it will run, such as `own data centre` or `confidential VM`."""


class Terms(Part):
    """What a recipient is granted, and what he owes."""

    asked: Asked
    begins_at: Moment
    expires_at: Moment
    """From when on the copy may not be opened any more."""

    delete_by: Moment
    """Until when every copy and every derivative has to be deleted."""

    derivatives: Literal["none", "internal", "licensed"]
    """Whether the recipient may make models from it, and use them inside or as the licence says."""

    onward_transfer: bool
    """Whether he may hand it on. He may not, as a rule."""

    incident_contact: Text
    """Whom he tells of a loss."""

    export: Export | None
    evidence_duties: Texts
    """What he has to keep or report, each in words."""

    demands: Annotated[tuple[Demand, ...], Field(max_length=3, strict=False)] = ()
    """What he has to verify each time he opens it: fresh roots, an entry in the log, or that the
    key came from a broker who saw an attestation."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.begins_at < self.expires_at <= self.delete_by:
            message = "it begins before it expires, and expires before all is deleted"
            raise ValueError(message)
        return self


def beyond(granted: Asked, asked: Asked) -> str:
    """Return in what a grant goes beyond what was asked for, in a word, or nothing.

    Examples:
        >>> asked = Asked(model="m", purposes=("evaluation",), tier="grey-box", environment="e")
        >>> beyond(asked.model_copy(update={"tier": "white-box"}), asked)
        'tier'
        >>> beyond(asked.model_copy(update={"tier": "black-box"}), asked)
        ''
    """
    if granted.model != asked.model:
        return "model"
    if not set(granted.purposes) <= set(asked.purposes):
        return "purposes"
    if TIERS.index(granted.tier) > TIERS.index(asked.tier):
        return "tier"
    return "" if granted.environment == asked.environment else "environment"
