"""Groups of known kind for the attribution benchmark: planted, then measured as a scan would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.attribution.features import GroupMeasurer, Measured
from phalanx.detect.groups import own_content
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.population import Population, build_population
from phalanx.detect.simulate import (
    ATTACK_CLASSES,
    POOL_KINDS,
    CampaignPlan,
    PoolPlan,
    SimulationConfig,
    simulate,
)
from phalanx.detect.simulate.config import Evasion
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine
from phalanx.model import OperatorKind
from populations import Material

KIND_OF_POOL: Mapping[str, OperatorKind] = {
    "reseller": "reseller",
    "evaluation": "evaluation farm",
    "hobbyist": "hobbyist pool",
    "organisation": "organisation",
    "classroom": "organisation",
}
"""Kind of planted pool -> hypothesis that is true of it."""

RUNGS: tuple[Evasion, ...] = ("E0", "E1", "E2", "E3", "E4", "E5", "E6")
_ENTITIES = 10
_STEP_HOURS = 6


@dataclass(frozen=True, slots=True)
class Example:
    """One group of known kind."""

    seed: int
    name: str
    kind: OperatorKind
    measured: Measured


def population_config(
    seed: int, accounts: int, days: int, texts: Material | None
) -> SimulationConfig:
    """Return a population with ten pools or campaigns of drawn sizes, two of each kind."""
    rng = np.random.default_rng([seed, 20261124])

    def size(least: int, most: int) -> int:
        return int(np.exp(rng.uniform(np.log(least), np.log(most))))

    pools = tuple(
        PoolPlan(
            name=f"{kind}-{number}",
            kind=kind,
            accounts=size(5, 30 if kind in {"hobbyist", "reseller"} else 100),
        )
        for kind in POOL_KINDS
        for number in range(1 if kind in {"organisation", "classroom"} else 2)
    )
    campaigns = tuple(
        CampaignPlan(
            name=f"campaign-{number}",
            accounts=size(10, 120),
            attack_class=ATTACK_CLASSES[int(rng.integers(len(ATTACK_CLASSES)))],
            exchanges_per_account_per_day=float(np.exp(rng.uniform(np.log(6), np.log(60)))),
            evasion=RUNGS[int(rng.integers(len(RUNGS)))],
        )
        for number in range(2)
    )
    return SimulationConfig(
        benign_accounts=accounts,
        pools=pools,
        campaigns=campaigns,
        days=days,
        seed=seed,
        prompt_corpora=texts.corpora() if texts else {},
        arrival_trace=texts.arrivals if texts else None,
    )


def group_names(labels: pa.Table) -> dict[str, str]:
    """Return the pool or campaign of each account that is in one."""
    named = {}
    for row in labels.to_pylist():
        pool = row["traffic_class"].partition("pool:")[2]
        if row["campaign"] or pool:
            named[row["account_id"]] = row["campaign"] or pool
    return named


def kind_of(name: str) -> OperatorKind:
    """Return the hypothesis that is true of a planted group."""
    stem = name.rpartition("-")[0]
    return KIND_OF_POOL.get(stem, "distiller")


def parties_of(
    population: Population, named: Mapping[str, str]
) -> dict[str, npt.NDArray[np.int64]]:
    """Return the parties of each planted group."""
    found: dict[str, set[int]] = {}
    for account, party in zip(
        population.account_names, population.parties.of_account.tolist(), strict=True
    ):
        if account in named:
            found.setdefault(named[account], set()).add(party)
    return {name: np.array(sorted(parties)) for name, parties in sorted(found.items())}


def examples(
    seed: int, accounts: int, days: int, texts: Material | None = None
) -> Iterator[Example]:
    """Simulate one population and measure its planted groups.

    Parameters:
        seed: Of the population.
        accounts: Honest accounts beside the groups.
        days: Length of the log.
        texts: Real prompts and arrivals; null takes the grammar alone.
    """
    made = simulate(population_config(seed, accounts, days, texts))
    log = open_log(made.exchanges, ReadOptions())
    with DuckDBEngine(memory_limit_bytes=1_000_000_000, threads=1) as engine:
        table, names = narrow(
            engine, log, Narrowing(key=None, keep_excerpts=False, step_hours=_STEP_HOURS)
        )
        population = build_population(table, names, {}, _STEP_HOURS)
        groups = parties_of(population, group_names(made.labels))
        measurer = GroupMeasurer(population, table, list(groups.values()))
        sent = population.content.until(population.steps - 1)
        users = np.bincount(sent.indices, minlength=sent.shape[1])
        total = population.activity.total("exchanges", 0, population.steps - 1)
        for name, members in groups.items():
            own = own_content(sent, users, members).astype(np.float32)
            coverage = np.minimum(1.0, (sent[members] @ own) / np.maximum(total[members], 1.0))
            yield Example(
                seed, name, kind_of(name), measurer.measure(members, coverage.astype(np.float64))
            )
