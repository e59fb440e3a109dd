"""What a person wrote about a known actor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as calendar_date
from typing import Literal

AttributionRole = Literal["operator", "network"]
TraitFamily = Literal[
    "template", "system prompt", "parameters", "tls", "payment", "email", "subnet", "asn", "hours"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSource:
    """Where something that a profile says was published or found."""

    title: str
    """Title of the report, case or finding."""

    date: calendar_date
    """When it was published or written down."""

    url: str = ""
    """Where it can be read; empty where it is not public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """Values of one family that an actor is known to use."""

    family: TraitFamily
    """`template`, `system prompt`, `parameters`, `tls`, `payment`, `email`, `subnet` or `asn`."""

    values: tuple[str, ...] = ()
    """Values in clear; they are hashed with the key of the scan. A template is any text that
    opens with its words. Request settings stand in `settings` instead."""

    hashes: tuple[str, ...] = ()
    """Values as a scan under `key_id` wrote them: pseudonyms, or 16 hexadecimal digits."""

    persistence: float = 0.5
    """Probability that a campaign of this actor shows the trait again, in (0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """The settings that a client program sends, as they stand in the log; null where absent."""

    user_agent: str | None = None
    tools_hash: str | None = None
    endpoint: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    stream: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorProfile:
    """A known actor: the only place that a name may come from."""

    schema: Literal["phalanx.profile/1"]
    """Identifier of this format with its major version."""

    name: str
    """Name by which the actor is known."""

    sources: tuple[ProfileSource, ...]
    """At least one: what the profile rests on."""

    aliases: tuple[str, ...] = ()
    """Other names of the same actor."""

    role: AttributionRole = "operator"
    """`operator`: who harvests. `network`: who supplies accounts, also to others."""

    key_id: str = ""
    """Key under which `hashes` were made, as in `run.json`; empty for a scan in clear."""

    traits: tuple[Trait, ...] = ()
    """Values by family, one entry for each family."""

    settings: tuple[RequestSettings, ...] = ()
    """Request settings in clear; they belong to the trait `parameters`."""

    drafted_from: calendar_date | None = None
    """First day (UTC) of the group that the profile was drafted from; null if it was from none."""

    drafted_until: calendar_date | None = None
    """Last day of that group. A group that was active on one of these days may be the very one,
    so no name rests on a match with it."""

    hours_of_week: tuple[float, ...] = ()
    """Share of its activity in each hour of the UTC week from Monday 00:00, 168 numbers."""
