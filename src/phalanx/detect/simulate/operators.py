"""The accounts of a campaign: what its operator makes them look like."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate import clients, network
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
_BIRTH_BURSTS = 3
_TALL_SHARE = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How the operator's own program calls the model, as positions in the catalogue."""

    user_agent: int
    fingerprint: int
    model: int
    second_model: int
    temperature: float
    top_p: float
    max_tokens: int
    stream: bool
    endpoint: int
    tools: int


def draw_signature(
    plan: CampaignPlan, donors: Accounts, programmatic: NDArray[np.int64], rng: np.random.Generator
) -> Signature:
    """Draw the pipeline's signature from values that honest programs send too.

    Parameters:
        plan: The campaign.
        donors: Honest accounts whose values are used.
        programmatic: Rows of the donors that call by program; may be empty.
        rng: Source of randomness.
    """
    rows = programmatic if len(programmatic) else np.arange(len(donors))
    one, two, three, four, five = (int(rows[at]) for at in rng.integers(0, len(rows), 5))
    tools = int(key_of("tools of", plan.name, int(rng.integers(0, 2**62))))
    return Signature(
        user_agent=int(donors.user_agent[one]),
        fingerprint=int(donors.fingerprint[one]),
        model=int(donors.model[two]),
        second_model=int(donors.second_model[two]),
        temperature=_given(donors.temperature[rows], float(rng.choice([0.7, 0.8, 1.0])), rng),
        top_p=_given(donors.top_p[rows], float(donors.top_p[three]), rng),
        max_tokens=int(donors.max_tokens[four]),
        stream=bool(donors.stream[five]),
        endpoint=int(donors.endpoint[five]),
        tools=tools if plan.attack_class == "tool_use" else 0,
    )


def _given(values: NDArray[np.float64], otherwise: float, rng: np.random.Generator) -> float:
    """Draw one of the values that are given at all; a pipeline rarely leaves them out."""
    given = values[~np.isnan(values)]
    return float(rng.choice(given)) if len(given) else otherwise


def draw_operator_accounts(
    plan: CampaignPlan,
    hidden: Rung,
    donors: Accounts,
    signature: Signature,
    span_us: tuple[int, int],
    rng: np.random.Generator,
) -> Accounts:
    """Draw a campaign's accounts, each in the image of an honest one.

    Parameters:
        plan: The campaign.
        hidden: What the operator hides.
        donors: Honest accounts that stand alone, at least one.
        signature: The pipeline's signature.
        span_us: First instant of the log and of the campaign, microseconds since 1970.
        rng: Source of randomness.

    Returns:
        The accounts. What is not hidden on this rung is the operator's; the rest is drawn
        as honest accounts have it.
    """
    size = plan.accounts
    posed = donors.take(_choose_donors(donors, size, rng))
    seed = rng.integers(1, 2**63, size).astype(np.uint64)
    accounts = replace(
        posed,
        seed=seed,
        template_seed=mix(seed, key_of("template")),
        addresses=network.draw_addresses(posed.provider, posed.addresses.shape[1], rng),
        payment=np.where(posed.payment == 0, np.uint64(0), mix(seed, key_of("payment"))),
        mail=np.where(
            posed.mail < len(clients.FREE_MAIL), posed.mail, mix(seed, key_of("mail"))
        ),
        created_us=_own_births(posed.created_us, span_us[0], rng),
    )
    if not hidden.residential_addresses:
        accounts = _hosted(accounts, rng)
    if not hidden.distinct_payments:
        cards = mix(rng.integers(0, 2**62, size).astype(np.uint64), key_of("card"))
        pool = cards[: max(1, size // _ACCOUNTS_PER_CARD)]
        accounts = replace(accounts, payment=pool[rng.integers(0, len(pool), size)])
    if not hidden.spread_identity:
        accounts = _unspread(accounts, plan, signature, span_us[1], rng)
    return accounts


def _choose_donors(donors: Accounts, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose whom to pose as, busier accounts somewhat more often."""
    volume = np.argsort(donors.exchanges_per_active_day * donors.active_day_share, kind="stable")
    place = rng.random(size) ** _TALL_SHARE
    return volume[np.minimum((place * len(volume)).astype(np.int64), len(volume) - 1)]


def _own_births(
    created_us: NDArray[np.int64], start_us: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw creation times of their own, as old as honest ones and before the log begins."""
    shifted = created_us + (rng.normal(0.0, 9.0, len(created_us)) * _DAY_US).astype(np.int64)
    latest = start_us - (rng.random(len(created_us)) * 12 * _DAY_US).astype(np.int64)
    return np.minimum(shifted, latest)


def _hosted(accounts: Accounts, rng: np.random.Generator) -> Accounts:
    """Put all accounts behind a few addresses in a few subnets of one hosting company."""
    size = len(accounts)
    provider = np.full(size, network.cloud_provider(1, rng)[0])
    subnets = rng.integers(8, 1024, max(2, size // _ACCOUNTS_PER_SUBNET))
    pool = max(2, size // _ACCOUNTS_PER_ADDRESS)
    codes = network.address_code(
        np.full(pool, provider[0]),
        subnets[rng.integers(0, len(subnets), pool)],
        rng.integers(1, 255, pool),
    )
    return replace(
        accounts,
        provider=provider,
        country=np.full(size, accounts.country[rng.integers(0, size)]),
        addresses=codes[rng.integers(0, pool, accounts.addresses.shape)],
        address_count=rng.integers(1, 4, size),
    )


def _unspread(
    accounts: Accounts,
    plan: CampaignPlan,
    signature: Signature,
    begin_us: int,
    rng: np.random.Generator,
) -> Accounts:
    """Give the accounts births in bursts, one pipeline, and the plan's volume."""
    size = len(accounts)
    bursts = begin_us - (rng.uniform(3.0, 60.0, _BIRTH_BURSTS) * _DAY_US).astype(np.int64)
    within = (rng.random(size) * 5 * _HOUR_US).astype(np.int64)
    domains = mix(rng.integers(0, 2**62, _CHEAP_DOMAINS).astype(np.uint64), key_of("cheap"))
    cheap = rng.random(size) < 0.6
    spread = 0.4
    return replace(
        accounts,
        created_us=bursts[rng.integers(0, _BIRTH_BURSTS, size)] + within,
        mail=np.where(cheap, domains[rng.integers(0, _CHEAP_DOMAINS, size)], accounts.mail),
        exchanges_per_active_day=plan.exchanges_per_account_per_day
        * np.exp(rng.normal(0.0, spread, size) - spread**2 / 2),
        active_day_share=np.ones(size),
        user_agent=np.full(size, signature.user_agent),
        fingerprint=np.full(size, signature.fingerprint),
        model=np.full(size, signature.model),
        second_model=np.full(size, signature.second_model),
        temperature=np.full(size, signature.temperature),
        top_p=np.full(size, signature.top_p),
        max_tokens=np.full(size, signature.max_tokens),
        stream=np.full(size, signature.stream),
        endpoint=np.full(size, signature.endpoint),
        tools=np.full(size, np.uint64(signature.tools)),
    )
