"""The accounts of a campaign: what its operator makes them look like."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate import network
from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.config import CampaignPlan
from phalanx.detect.simulate.grammar.hashing import key_of, mix
from phalanx.detect.simulate.ladder import Rung

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_ACCOUNTS_PER_CARD = 8
_ACCOUNTS_PER_ADDRESS = 5
_ACCOUNTS_PER_SUBNET = 30
_CHEAP_DOMAINS = 3
_CHEAP_DOMAIN_SHARE = 0.6
_BIRTH_BURSTS = 3
_VOLUME_SPREAD = 0.4
_ACTIVE_DAY_SHARE = 0.85
_TALL_EXPONENT = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who runs a campaign, and what there is to imitate."""

    plan: CampaignPlan
    hidden: Rung
    donors: Accounts
    """Honest accounts that stand alone, at least one."""

    programs: NDArray[np.int64]
    """Rows of `donors` that call by program; may be empty."""

    popular_domains: int
    """Mail domains below this number are popular ones, which campaigns use too."""

    start_us: int
    """First instant of the log, microseconds since 1970."""

    begin_us: int
    """First instant of the campaign."""

    @property
    def scripted(self) -> NDArray[np.int64]:
        """Rows of donors whose clients a pipeline may use."""
        return self.programs if len(self.programs) else np.arange(len(self.donors))


def draw_accounts(operator: Operator, rng: np.random.Generator) -> Accounts:
    """Draw a campaign's accounts, each in the image of an honest one.

    Returns:
        The accounts. What is not hidden on this rung is the operator's; the rest is drawn
        as honest accounts have it.
    """
    donors, hidden, size = operator.donors, operator.hidden, operator.plan.accounts
    posed = donors.take(_choose_donors(donors, size, rng))
    seed = rng.integers(1, 2**63, size).astype(np.uint64)
    popular = posed.mail < operator.popular_domains
    accounts = replace(
        posed,
        seed=seed,
        template_seed=mix(seed, key_of("template")),
        addresses=network.draw_neighbours(donors.addresses, donors.provider, posed.provider, rng),
        payment=np.where(posed.payment == 0, np.uint64(0), mix(seed, key_of("payment"))),
        mail=np.where(popular, posed.mail, mix(seed, key_of("mail"))),
        created_us=_own_births(posed.created_us, operator.start_us, rng),
    )
    if not hidden.residential_addresses:
        accounts = _hosted(accounts, operator, rng)
    if not hidden.distinct_payments:
        cards = mix(rng.integers(0, 2**62, size).astype(np.uint64), key_of("card"))
        pool = cards[: max(1, size // _ACCOUNTS_PER_CARD)]
        accounts = replace(accounts, payment=pool[rng.integers(0, len(pool), size)])
    if not hidden.spread_identity:
        accounts = _piped(_born_together(accounts, operator, rng), operator, rng)
    return accounts


def _choose_donors(donors: Accounts, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose whom to pose as, busier accounts somewhat more often."""
    volume = np.argsort(donors.exchanges_per_active_day * donors.active_day_share, kind="stable")
    place = rng.random(size) ** _TALL_EXPONENT
    return volume[np.minimum((place * len(volume)).astype(np.int64), len(volume) - 1)]


def _own_births(
    created_us: NDArray[np.int64], start_us: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw creation times of their own, as old as honest ones and before the log begins."""
    shifted = created_us + (rng.normal(0.0, 9.0, len(created_us)) * _DAY_US).astype(np.int64)
    latest = start_us - (rng.random(len(created_us)) * 12 * _DAY_US).astype(np.int64)
    return np.minimum(shifted, latest)


def _hosted(accounts: Accounts, operator: Operator, rng: np.random.Generator) -> Accounts:
    """Put all accounts behind a few addresses in a few subnets of one hosting company."""
    size, donors = len(accounts), operator.donors
    chosen = int(rng.choice(operator.scripted))
    subnets = rng.integers(8, 256, max(2, size // _ACCOUNTS_PER_SUBNET))
    pool = max(2, size // _ACCOUNTS_PER_ADDRESS)
    codes = (
        network.region(int(donors.addresses[chosen, 0]))
        | (rng.choice(subnets, pool) << 8)
        | rng.integers(1, 255, pool)
    )
    return replace(
        accounts,
        provider=np.full(size, donors.provider[chosen]),
        country=np.full(size, donors.country[chosen]),
        addresses=codes[rng.integers(0, pool, accounts.addresses.shape)],
        address_count=rng.integers(1, accounts.addresses.shape[1], size),
    )


def _born_together(accounts: Accounts, operator: Operator, rng: np.random.Generator) -> Accounts:
    """Give the accounts births in a few bursts, and cheap mail domains."""
    size = len(accounts)
    age = (rng.uniform(3.0, 60.0, _BIRTH_BURSTS) * _DAY_US).astype(np.int64)
    within = (rng.random(size) * 5 * _HOUR_US).astype(np.int64)
    domains = mix(rng.integers(0, 2**62, _CHEAP_DOMAINS).astype(np.uint64), key_of("cheap"))
    cheap = rng.random(size) < _CHEAP_DOMAIN_SHARE
    return replace(
        accounts,
        created_us=operator.begin_us - age[rng.integers(0, _BIRTH_BURSTS, size)] + within,
        mail=np.where(cheap, domains[rng.integers(0, _CHEAP_DOMAINS, size)], accounts.mail),
    )


def _piped(accounts: Accounts, operator: Operator, rng: np.random.Generator) -> Accounts:
    """Give all accounts one pipeline's client and settings, and the plan's volume.

    Every value is one that honest programs send; their combination is the operator's own.
    """
    donors, plan, size = operator.donors, operator.plan, len(accounts)
    client, model, nucleus, limit, manner = (int(rng.choice(operator.scripted)) for _ in range(5))
    tools = mix(np.array([rng.integers(1, 2**62)], dtype=np.uint64), key_of("tools"))[0]
    volume = plan.exchanges_per_account_per_day / _ACTIVE_DAY_SHARE
    return replace(
        accounts,
        exchanges_per_active_day=volume
        * np.exp(rng.normal(0.0, _VOLUME_SPREAD, size) - _VOLUME_SPREAD**2 / 2),
        active_day_share=np.full(size, _ACTIVE_DAY_SHARE),
        user_agent=np.full(size, donors.user_agent[client]),
        fingerprint=np.full(size, donors.fingerprint[client]),
        model=np.full(size, donors.model[model]),
        second_model=np.full(size, donors.second_model[model]),
        temperature=np.full(size, _given(donors.temperature[operator.scripted], rng)),
        top_p=np.full(size, donors.top_p[nucleus]),
        max_tokens=np.full(size, donors.max_tokens[limit]),
        stream=np.full(size, donors.stream[manner]),
        endpoint=np.full(size, donors.endpoint[manner]),
        tools=np.full(size, tools if plan.attack_class == "tool_use" else np.uint64(0)),
    )


def _given(values: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Draw one of the values that are given at all; a pipeline sets its temperature."""
    given = values[~np.isnan(values)]
    return float(rng.choice(given)) if len(given) else float("nan")
