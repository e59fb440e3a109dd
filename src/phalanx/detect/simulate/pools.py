"""Honest pools: accounts of one operator that harvests nothing and declares nothing.

They are what a campaign may be mistaken for: a reseller, an evaluation farm, a hobbyist behind
a load balancer, an organisation, a school.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.config import PoolPlan
from phalanx.detect.simulate.grammar.hashing import key_of, mix
from phalanx.detect.simulate.population import draw_benign
from phalanx.detect.simulate.profiles import ORGANISATION_KINDS, PROFILES
from phalanx.detect.simulate.span import Span

_CLASSES = {
    "reseller": ("reseller",),
    "evaluation": ("evaluation",),
    "hobbyist": ("chat", "coding", "agent"),
    "organisation": ORGANISATION_KINDS,
    "classroom": ("classroom",),
}
"""Kind of pool -> traffic classes of which it picks one for most of its accounts."""

_COMMON_PURPOSE = 0.75
_HOBBYIST_VOLUME = 3.0
_OFFICE_SHARE = 0.7
_PAYER_SHARE = 0.8
_DOMAIN_SHARE = 0.6
_TEMPLATE_SHARE = 0.8


def with_pools(
    honest: Accounts, plans: Sequence[PoolPlan], span: Span, seed: int
) -> tuple[Accounts, tuple[str, ...]]:
    """Add pools to honest accounts.

    Parameters:
        honest: Accounts that stand apart or in declared groups.
        plans: The pools.
        span: The time that the log covers.
        seed: Of the simulation; each pool is drawn by itself.

    Returns:
        All accounts, and the traffic class of each added one: `pool:` and the pool's name.
    """
    classes: list[str] = []
    group = int(honest.group.max(initial=-1))
    for number, plan in enumerate(plans):
        group += 1
        members = _pool(plan, span, np.random.default_rng([seed, number, 1]))
        honest = honest.followed_by(replace(members, group=np.full(len(members), group)))
        classes += [f"pool:{plan.name}"] * len(members)
    return honest, tuple(classes)


def _pool(plan: PoolPlan, span: Span, rng: np.random.Generator) -> Accounts:
    """Draw the accounts of one pool and give them what its operator shares among them."""
    kinds = _CLASSES[plan.kind]
    purpose = kinds[int(rng.integers(len(kinds)))]
    same = int(np.ceil(plan.accounts * _COMMON_PURPOSE)) if len(kinds) > 1 else plan.accounts
    mixture = {name: (plan.accounts - same) / len(kinds) for name in kinds}
    mixture[purpose] += same
    # Classes stand one after the other, so that the leader has the common purpose.
    alone = draw_benign(plan.accounts, mixture, span, rng)
    alone = alone.take(np.argsort(alone.behaviour != list(PROFILES).index(purpose), kind="stable"))
    size = len(alone)
    leader = np.zeros(size, dtype=np.int64)

    def shared(name: str, share: float) -> np.ndarray:
        values = getattr(alone, name)
        alike = rng.random(size) < share if rng.random() < share else np.zeros(size, dtype=bool)
        chosen: np.ndarray = np.where(
            alike.reshape(-1, *[1] * (values.ndim - 1)), values[leader], values
        )
        return chosen

    template = np.where(
        rng.random(size) < _TEMPLATE_SHARE, alone.template_seed[0], alone.template_seed
    )
    domain = np.full(size, mix(alone.seed[:1], key_of("pool mail"))[0])
    use_domain = (rng.random(size) < _DOMAIN_SHARE) & (rng.random() < _DOMAIN_SHARE)
    pool = replace(
        alone,
        declared=np.zeros(size, dtype=bool),
        template_seed=template,
        country=alone.country[leader],
        language=alone.language[leader],
        offset_hours=alone.offset_hours[leader],
        provider=alone.provider[leader],
        addresses=shared("addresses", _OFFICE_SHARE),
        payment=shared("payment", _PAYER_SHARE),
        mail=np.where(use_domain, domain, alone.mail),
        created_us=shared("created_us", 0.5)
        + (rng.exponential(1800.0, size) * 1_000_000).astype(np.int64),
    )
    return _balanced(pool, leader) if plan.kind == "hobbyist" else pool


def _balanced(pool: Accounts, leader: np.ndarray) -> Accounts:
    """Let one program send what one person asks through all accounts."""
    names = (
        "user_agent", "fingerprint", "model", "second_model", "temperature", "top_p", "max_tokens",
        "stream", "endpoint", "tools", "phase_hours",
    )  # fmt: skip
    common = {name: getattr(pool, name)[leader] for name in names}
    return replace(
        pool, **common, exchanges_per_active_day=pool.exchanges_per_active_day * _HOBBYIST_VOLUME
    )
