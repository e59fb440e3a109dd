"""One operator in two logs: a profile drafted from the first is looked for in the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from attribution_groups import RUNGS, group_names
from phalanx.detect import ScanConfig, ScanResult, scan
from phalanx.detect.attribution.draft import draft_profile, with_clear_values
from phalanx.detect.simulate import (
    ATTACK_CLASSES,
    POOL_KINDS,
    CampaignPlan,
    PoolPlan,
    SimulationConfig,
    simulate,
)
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import ActorProfile, Attribution, Campaign, ProfileSource, UndeclaredPool

RATE = 0.1
"""Few hundred accounts leave little reference, so these scans allow a tenth."""

_SOURCE = ProfileSource(title="Planted by the benchmark", date=date(2026, 3, 2))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two logs of one operator, each among strangers and under a key of its own."""

    seed: int
    rung: str
    logs: tuple[pa.Table, pa.Table]
    names: tuple[dict[str, str], dict[str, str]]
    """Of each log: account -> pool or campaign; `operator-0` is the one of both."""


def key_of(seed: int, log: int) -> bytes:
    """Return the pseudonym key of one log."""
    return bytes([seed % 251, log]) * 16


def pair(seed: int, accounts: int, days: int) -> Pair:
    """Plant the halves of one campaign into two populations, with another one beside each."""
    rung = RUNGS[seed % 4]
    plan = CampaignPlan(
        name="operator-0",
        accounts=120,
        attack_class=ATTACK_CLASSES[seed % len(ATTACK_CLASSES)],
        evasion=rung,
    )
    apart = SimulationConfig(benign_accounts=600, campaigns=(plan,), days=days, seed=10_000 + seed)
    made = simulate(apart)
    own = sorted(group_names(made.labels))
    logs, names = [], []
    for half in (0, 1):
        around = simulate(_surroundings(2 * seed + half, accounts, days))
        chosen = pa.array(own[half::2])
        rows = made.exchanges.filter(pc.is_in(made.exchanges["account_id"], chosen))
        logs.append(pa.concat_tables([around.exchanges, rows]).combine_chunks())
        names.append(group_names(around.labels) | dict.fromkeys(chosen.to_pylist(), "operator-0"))
    return Pair(seed, rung, (logs[0], logs[1]), (names[0], names[1]))


def _surroundings(seed: int, accounts: int, days: int) -> SimulationConfig:
    """Return honest accounts, one unrelated campaign, and one pool of each kind."""
    other = CampaignPlan(
        name="campaign-0",
        accounts=60,
        attack_class=ATTACK_CLASSES[(seed + 1) % len(ATTACK_CLASSES)],
        evasion=RUNGS[seed % 3],
    )
    pools = tuple(PoolPlan(name=f"{kind}-0", kind=kind, accounts=20) for kind in POOL_KINDS)
    return SimulationConfig(
        benign_accounts=accounts, campaigns=(other,), pools=pools, days=days, seed=20_000 + seed
    )


Listed = Campaign | UndeclaredPool


def listed(result: ScanResult) -> list[Listed]:
    """Return all campaigns and pools."""
    return [*result.campaigns, *result.undeclared_pools]


def truth_of(group: Listed, names: dict[str, str], key: bytes) -> str:
    """Return the planted group that most members belong to; empty where most are strangers."""
    hidden = {pseudonym(key, "account_id", account): name for account, name in names.items()}
    found = [hidden.get(member.account_id, "") for member in group.facts.members]
    return max(sorted(set(found)), key=found.count)


def attribution_of(group: Listed) -> Attribution:
    """Return the attribution that every listed group carries."""
    attribution = group.judgement.attribution
    if attribution is None:
        message = "a listed group has no attribution"
        raise ValueError(message)
    return attribution


def scanned(exchanges: pa.Table, key: bytes, profiles: Sequence[ActorProfile] = ()) -> ScanResult:
    """Scan one log under its key."""
    return scan(
        exchanges,
        ScanConfig(
            false_discovery_rate=RATE, pseudonym_key=key, threads=1, profiles=tuple(profiles)
        ),
    )


_LONG_AGO = (date(2025, 1, 1), date(2025, 1, 14))
"""The simulator dates both logs alike; the profile stands for one of another time."""


def profile_of_operator(two: Pair) -> ActorProfile | None:
    """Scan the first log and draft a profile in clear from the operator; null if not listed."""
    key = key_of(two.seed, 0)
    result = scanned(two.logs[0], key)
    own = [g for g in listed(result) if truth_of(g, two.names[0], key) == "operator-0"]
    if not own:
        return None
    best = max(own, key=lambda group: len(group.facts.members))
    draft = draft_profile(attribution_of(best), result.run.key_id, _LONG_AGO)
    clear = with_clear_values(draft, open_log(two.logs[0], ReadOptions()).batches(), key)
    return replace(clear, name=f"operator {two.seed}", sources=(_SOURCE,))
