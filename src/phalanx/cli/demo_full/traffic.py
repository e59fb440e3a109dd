"""Two logs: simulated traffic of two providers, and one campaign that is at both."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.cli.demo_full.chapter import Chapter
from phalanx.cli.demo_full.places import Places, Provider
from phalanx.detect.simulate import (
    ATTACK_CLASSES,
    POOL_KINDS,
    CampaignPlan,
    PoolPlan,
    Simulation,
    SimulationConfig,
    simulate,
)
from phalanx.owned import written_whole

CAMPAIGN_ACCOUNTS = 80
EARLY_DAYS, LATE_DAYS, LIVE_DAYS = 7, 21, 1
_DAYS = EARLY_DAYS + LATE_DAYS + LIVE_DAYS
_ACCOUNTS_PER_ADDRESS = 8
"""Accounts that an operator registers with one recovery address, as with one card."""

_MONDAY = 0
_FIRST_SEED = 1
"""What the seed 0 of the story stands for: a story that comes out."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated."""

    honest_accounts: int
    """At both providers together."""

    seed: int
    now: datetime


def make_logs(setting: Setting, places: Places) -> Chapter:
    """Simulate, and give each account to one of two providers.

    Parameters:
        setting: What is simulated.
        places: Where the logs go.
    """
    made = simulate(_configuration(setting))
    carried = _carried(made, _FIRST_SEED + setting.seed)
    provider_of = _providers(made, _FIRST_SEED + setting.seed)
    lines = []
    for number, provider in enumerate(places.providers):
        here = {account for account, at in provider_of.items() if at == number}
        _write_house(made, provider, here, carried, setting)
        planted = sum(bool(campaign) for name, campaign in _labels(made) if name in here)
        lines.append(
            f"{provider.name}: {len(here) - planted:,} honest accounts, and {planted} of "
            f"the campaign's {CAMPAIGN_ACCOUNTS}"
        )
    with written_whole(places.labels) as aside:
        pq.write_table(made.labels, aside)
    return Chapter(
        title=f"{made.rows:,} exchanges of {_DAYS} days at two providers, simulated",
        lines=tuple(lines),
        artefacts=(places.a.early, places.b.early, places.labels),
        commands=("phalanx simulate",),
    )


def _configuration(setting: Setting) -> SimulationConfig:
    campaign = CampaignPlan(
        name="planted", accounts=CAMPAIGN_ACCOUNTS, attack_class=ATTACK_CLASSES[0], evasion="E1"
    )
    # The first one is whole by now, and begins on a Monday: the same story on whatever day.
    latest = setting.now - timedelta(days=_DAYS + 1)
    start = latest - timedelta(days=(latest.weekday() - _MONDAY) % 7)
    return SimulationConfig(
        benign_accounts=setting.honest_accounts,
        campaigns=(campaign,),
        # Honest operators of several accounts who declare nothing, and must not be found.
        pools=tuple(
            PoolPlan(name=f"pool-{kind}", kind=kind, accounts=40) for kind in POOL_KINDS[:2]
        ),
        days=_DAYS,
        start=datetime(start.year, start.month, start.day, tzinfo=UTC),
        seed=_FIRST_SEED + setting.seed,
    )


def _write_house(
    made: Simulation,
    provider: Provider,
    here: set[str],
    carried: Mapping[str, frozenset[tuple[str, str]]],
    setting: Setting,
) -> None:
    log = made.exchanges
    log = log.filter(pc.is_in(log["account_id"], pa.array(sorted(here))))
    begin = _configuration(setting).start
    for path, first, days in (
        (provider.early, 0, EARLY_DAYS),
        (provider.late, EARLY_DAYS, LATE_DAYS),
        (provider.live, EARLY_DAYS + LATE_DAYS, LIVE_DAYS),
    ):
        since, until = (
            pa.scalar(begin + timedelta(days=day), log["timestamp"].type)
            for day in (first, first + days)
        )
        inside = pc.and_(
            pc.greater_equal(log["timestamp"], since), pc.less(log["timestamp"], until)
        )
        with written_whole(path) as aside:
            pq.write_table(log.filter(inside), aside)
    rows = [
        {"account_id": account, "kind": kind, "value": value}
        for account in sorted(here)
        for kind, value in sorted(carried[account])
    ]
    with written_whole(provider.identifiers) as aside:
        pq.write_table(pa.Table.from_pylist(rows), aside)
    key = hashlib.sha256(f"phalanx demo {provider.name} {setting.seed}".encode()).digest()
    with written_whole(provider.pseudonym_key) as aside:
        aside.write_bytes(key)


def _labels(made: Simulation) -> list[tuple[str, str | None]]:
    names, campaigns = (made.labels[each].to_pylist() for each in ("account_id", "campaign"))
    return list(zip(names, campaigns, strict=True))


def _providers(made: Simulation, seed: int) -> dict[str, int]:
    """Deal accounts at random; organisations stay together."""
    columns = [made.exchanges[each].to_pylist() for each in ("account_id", "organisation")]
    organisation = dict(zip(*columns, strict=True))
    return {
        name: hashlib.sha256(f"{seed} {organisation.get(name) or name}".encode()).digest()[7] % 2
        for name, _ in _labels(made)
    }


def _carried(made: Simulation, seed: int) -> dict[str, frozenset[tuple[str, str]]]:
    """Return what each account carries: a recovery address, and a card as in the log.

    Operators, of the campaign and of honest pools, register eight accounts with one address,
    wherever they are.
    """
    classes = made.labels["traffic_class"].to_pylist()
    operators = {
        name: campaign or (which if which.startswith("pool:") else None)
        for (name, campaign), which in zip(_labels(made), classes, strict=True)
    }
    sizes = Counter(operators.values())
    cards = _cards(made.exchanges)
    random = np.random.default_rng(seed)
    found = {}
    for account, operator in operators.items():
        number = int(random.integers(0, 1 << 30))
        address = f"{account}@example.com"
        if operator is not None:
            several = max(1, sizes[operator] // _ACCOUNTS_PER_ADDRESS)
            address = f"{operator.replace(':', '-')}-{number % several}@example.com"
        card = {("payment", cards[account])} if account in cards else set()
        found[account] = frozenset({("email", address)} | card)
    return found


def _cards(log: pa.Table) -> dict[str, str]:
    there = log.filter(pc.is_valid(log["payment_fingerprint"]))
    first = there.group_by("account_id", use_threads=False).aggregate(
        [("payment_fingerprint", "first")]
    )
    columns = (first["account_id"], first["payment_fingerprint_first"])
    return dict(zip(*(each.to_pylist() for each in columns), strict=True))
