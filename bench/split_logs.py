"""One simulated log, split over providers: what a scan of all finds, and what each scan finds."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect import ScanConfig, ScanResult, scan
from phalanx.detect.simulate import CampaignPlan, Evasion, SimulationConfig, simulate
from phalanx.detect.simulate.config import ATTACK_CLASSES, POOL_KINDS, PoolPlan

Mark = tuple[str, str]
"""Kind of an identifier, and its value."""

_ACCOUNTS_PER_ADDRESS = 8
"""Accounts that an operator registers with one recovery address, as with one card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """What is simulated."""

    providers: int
    honest_accounts: int
    """At each provider."""

    campaign_sizes: Sequence[int]
    """Accounts at all providers together."""

    evasions: Sequence[Evasion]
    """Rungs that campaigns take in turn."""

    pools: int
    """Honest pools that declare nothing, of 40 accounts at all providers together."""

    days: int
    seed: int

    def configuration(self) -> SimulationConfig:
        """Return the configuration of the simulator."""
        return SimulationConfig(
            benign_accounts=self.honest_accounts * self.providers,
            campaigns=tuple(
                CampaignPlan(
                    name=f"campaign-{number:02d}",
                    accounts=size,
                    attack_class=ATTACK_CLASSES[number % len(ATTACK_CLASSES)],
                    evasion=self.evasions[number % len(self.evasions)],
                )
                for number, size in enumerate(self.campaign_sizes)
            ),
            pools=tuple(
                PoolPlan(name=f"pool-{n:02d}", kind=POOL_KINDS[n % len(POOL_KINDS)], accounts=40)
                for n in range(self.pools)
            ),
            days=self.days,
            seed=self.seed,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitLog:
    """A log, whose it is, and the marks that accounts show."""

    exchanges: pa.Table
    provider: Mapping[str, int]
    campaign: Mapping[str, str | None]
    operator: Mapping[str, str | None]
    """Of campaigns and of honest pools; null for everybody else."""

    marks: Mapping[str, frozenset[Mark]]

    def at(self, provider: int) -> pa.Table:
        """Return what one provider sees."""
        accounts = self.exchanges["account_id"].to_pylist()
        here = pa.array([self.provider[account] == provider for account in accounts])
        return self.exchanges.filter(here)

    def marks_of_operators(self) -> dict[str, frozenset[Mark]]:
        """Return one mark for all accounts of an operator, as if its templates were one."""
        return {
            account: frozenset({("email", f"{operator.replace(':', '-')}@templates.example")})
            for account, operator in self.operator.items()
            if operator
        }

    def campaigns_of(self, marks: Mapping[str, frozenset[Mark]]) -> dict[Mark, str | None]:
        """Return whose each mark is: the campaign of most accounts that show it, or null."""
        shown: defaultdict[Mark, Counter[str | None]] = defaultdict(Counter)
        for account, of_account in marks.items():
            for mark in of_account:
                shown[mark][self.campaign[account]] += 1
        return {mark: counts.most_common(1)[0][0] for mark, counts in shown.items()}


def split_log(plan: SplitPlan) -> SplitLog:
    """Simulate, and give each account to a provider at random; organisations stay together.

    Every account has an e-mail address. Operators of campaigns and of honest pools register eight
    accounts with one, wherever they are; and cards are as in the log.
    """
    made = simulate(plan.configuration())
    log, labels = made.exchanges, made.labels
    names = labels["account_id"].to_pylist()
    campaign = dict(zip(names, labels["campaign"].to_pylist(), strict=True))
    classes = dict(zip(names, labels["traffic_class"].to_pylist(), strict=True))
    columns = [log[each].to_pylist() for each in ("account_id", "organisation")]
    organisation = dict(zip(*columns, strict=True))
    cards = _first_values(log, "payment_fingerprint")
    rng = np.random.default_rng(plan.seed)
    operators = {
        account: campaign[account]
        or (classes[account] if classes[account].startswith("pool:") else None)
        for account in names
    }
    sizes = Counter(operators.values())
    marks = {}
    for account, operator in operators.items():
        number = int(rng.integers(0, 1 << 30))
        # As many addresses as the operator's accounts need, each for eight on average.
        own = f"{account}@example.com"
        if operator is not None:
            pool = max(1, sizes[operator] // _ACCOUNTS_PER_ADDRESS)
            own = f"{operator.replace(':', '-')}-{number % pool}@example.com"
        card = cards.get(account)
        marks[account] = frozenset({("email", own)} | ({("payment", card)} if card else set()))
    return SplitLog(
        exchanges=log,
        provider={
            account: _drawn(f"{plan.seed} {organisation.get(account) or account}", plan.providers)
            for account in names
        },
        campaign=campaign,
        operator=operators,
        marks=marks,
    )


def scanned(exchanges: pa.Table, rate: float, *, for_pool: bool) -> ScanResult:
    """Scan a log as its owner would."""
    return scan(exchanges, ScanConfig(false_discovery_rate=rate, for_pool=for_pool, threads=1))


def listed_campaigns(result: ScanResult, campaign: Mapping[str, str | None]) -> list[str | None]:
    """Return whose each listed campaign is: that of most of its accounts, or null."""
    return [
        Counter(campaign[member.account_id] for member in each.facts.members).most_common(1)[0][0]
        for each in result.campaigns
    ]


def _first_values(log: pa.Table, column: str) -> dict[str, str]:
    there = log.filter(pc.is_valid(log[column])).select(["account_id", column])
    first = there.group_by("account_id", use_threads=False).aggregate([(column, "first")])
    return dict(
        zip(first["account_id"].to_pylist(), first[f"{column}_first"].to_pylist(), strict=True)
    )


def _drawn(text: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % below
