"""All that is known, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from phalanx.prevent.knowledge.campaigns import NO_CAMPAIGNS, Campaigns
from phalanx.prevent.knowledge.grants import GrantIndex
from phalanx.prevent.knowledge.indicators import Indicators
from phalanx.prevent.knowledge.pools import NO_POOLS, Pools
from phalanx.prevent.knowledge.templates import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What decisions look up. A part that changes makes a new object: `dataclasses.replace`."""

    campaigns: Campaigns = NO_CAMPAIGNS
    pools: Pools = NO_POOLS
    """Undeclared pools, whose use online detection watches."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Campaign -> id of the key that its outputs are marked with."""

    grants: GrantIndex = field(default_factory=lambda: GrantIndex({}, {}))
    indicators: Indicators = field(default_factory=Indicators)
    templates: Templates | None = None
    """Null where no match list or no key of the group is held."""
