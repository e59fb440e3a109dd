"""The honest population: who the accounts are, before anyone sends anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate import clients, network
from phalanx.detect.simulate.accounts import ADDRESSES_PER_ACCOUNT, Accounts
from phalanx.detect.simulate.config import BENIGN_CLASSES
from phalanx.detect.simulate.grammar.hashing import combine, key_of, mix
from phalanx.detect.simulate.profiles import ORGANISATION_KINDS, PROFILES
from phalanx.detect.simulate.span import Span

LANGUAGES = ("en", "zh", "ru", "es", "de", "ja")
"""Languages of prompts; `Accounts.language` holds positions in it."""

_LANGUAGE_OF_COUNTRY: Mapping[str, str] = {
    "CN": "zh", "RU": "ru", "ES": "es", "MX": "es", "DE": "de", "JP": "ja",
}  # fmt: skip
_NATIVE_SHARE = 0.6
_DAY_US = 86_400_000_000
_DECLARED_SOLO_SHARE = 0.25
_SHARED_PAYMENT_SHARE = 0.03
_GROUP_SIZES: Mapping[str, tuple[int, int]] = {
    "organisation": (2, 15), "classroom": (18, 33), "reseller": (1, 4),
}  # fmt: skip
_CLASS_BEHAVIOURS = {name: at for at, name in enumerate(PROFILES)}


def draw_benign(
    count: int, mix_weights: Mapping[str, float], span: Span, rng: np.random.Generator
) -> Accounts:
    """Draw `count` honest accounts.

    Parameters:
        count: How many, at least 0.
        mix_weights: Class -> weight.
        span: The time that the log covers.
        rng: Source of randomness.
    """
    weights = np.array([mix_weights.get(name, 0.0) for name in BENIGN_CLASSES])
    traffic_class = np.repeat(
        np.arange(len(BENIGN_CLASSES)), _shares(weights / weights.sum(), count)
    )
    group, declared = _draw_groups(traffic_class, rng)
    behaviour = _draw_behaviours(traffic_class, group, rng)
    solo = _draw_solo(traffic_class, behaviour, span, rng)
    alone = replace(solo, group=group, declared=declared)
    return _join_groups(alone, rng)


def _shares(weights: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Split `count` in proportion to the weights, largest remainders first."""
    exact = weights * count
    whole = np.floor(exact).astype(np.int64)
    rest = count - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return whole


def _draw_groups(
    traffic_class: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Number the organisations, resellers and classrooms; -1 stands for none."""
    group = np.full(len(traffic_class), -1, dtype=np.int64)
    declared = np.zeros(len(traffic_class), dtype=bool)
    following = 0
    for name, (least, most) in _GROUP_SIZES.items():
        rows = np.flatnonzero(traffic_class == BENIGN_CLASSES.index(name))
        at = 0
        while at < len(rows):
            size = int(rng.integers(least, most))
            group[rows[at : at + size]] = following
            following += 1
            at += size
        declared[rows] = name != "classroom"
    solo = np.isin(
        traffic_class,
        [BENIGN_CLASSES.index(n) for n in ("rag", "classification", "ci_review", "evaluation")],
    ) & (rng.random(len(traffic_class)) < _DECLARED_SOLO_SHARE)
    group[solo] = following + np.arange(int(solo.sum()))
    declared[solo] = True
    return group, declared


def _draw_behaviours(
    traffic_class: NDArray[np.int64], group: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Choose what each account does; the accounts of one organisation mostly do the same."""
    own = np.array([_CLASS_BEHAVIOURS.get(name, -1) for name in BENIGN_CLASSES])[traffic_class]
    inner = np.array([_CLASS_BEHAVIOURS[name] for name in ORGANISATION_KINDS])
    seeds = np.maximum(group, 0).astype(np.uint64)
    common = inner[(mix(seeds, key_of("purpose")) % np.uint64(len(inner))).astype(np.int64)]
    personal = inner[rng.integers(0, len(inner), len(group))]
    chosen = np.where(rng.random(len(group)) < 0.75, common, personal)
    return np.where(own < 0, chosen, own)


def _draw_solo(
    traffic_class: NDArray[np.int64],
    behaviour: NDArray[np.int64],
    span: Span,
    rng: np.random.Generator,
) -> Accounts:
    """Draw every trait as if each account stood alone."""
    size = len(traffic_class)
    profiles = tuple(PROFILES.values())
    by_behaviour = {
        name: np.array([float(getattr(profile, name)) for profile in profiles])[behaviour]
        for name in ("exchanges_per_active_day", "spread", "active_day_share", "programmatic")
    }
    programmatic = rng.random(size) < by_behaviour["programmatic"]
    hosted = programmatic & (rng.random(size) < 0.8)
    country = clients.weighted(network.COUNTRY_WEIGHTS, size, rng)
    provider = np.where(
        hosted,
        network.cloud_provider(size, rng),
        network.residential_provider(country, rng),
    )
    names = np.array(list(PROFILES))[behaviour]
    settings = clients.draw_parameters(
        ~programmatic, np.isin(names, ("classification", "translation", "evaluation")), rng
    )
    user_agent = clients.draw_user_agents(programmatic, rng)
    seed = rng.integers(1, 2**63, size).astype(np.uint64)
    shares = by_behaviour["active_day_share"]
    tools = np.array([profile.tools for profile in profiles])[behaviour]
    return Accounts(
        seed=seed,
        traffic_class=traffic_class,
        behaviour=behaviour,
        likeness=np.full(size, -1, dtype=np.int64),
        group=np.full(size, -1, dtype=np.int64),
        declared=np.zeros(size, dtype=bool),
        template_seed=mix(seed, key_of("template")),
        country=country,
        language=_draw_languages(country, rng),
        offset_hours=network.COUNTRY_OFFSETS[country],
        provider=provider,
        addresses=network.draw_addresses(provider, ADDRESSES_PER_ACCOUNT, rng),
        address_count=np.where(hosted, rng.integers(1, 3, size), rng.integers(1, 5, size)),
        user_agent=user_agent,
        fingerprint=clients.draw_fingerprints(user_agent, rng),
        model=clients.weighted(np.array([34, 24, 20, 10, 7, 5.0]), size, rng),
        second_model=clients.weighted(np.array([30, 24, 22, 12, 6, 6.0]), size, rng),
        payment=_draw_payments(seed, programmatic, rng),
        mail=_draw_mail(seed, programmatic, rng),
        created_us=_draw_births(size, span, rng),
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens,
        samples=settings.samples,
        logprobs=settings.logprobs,
        stream=settings.stream,
        endpoint=settings.endpoint,
        tools=np.where(
            tools | (programmatic & (rng.random(size) < 0.12)),
            mix(rng.integers(0, max(8, size // 3), size).astype(np.uint64), key_of("tools")),
            np.uint64(0),
        ),
        exchanges_per_active_day=by_behaviour["exchanges_per_active_day"]
        * np.exp(by_behaviour["spread"] * rng.standard_normal(size)),
        active_day_share=np.clip(rng.beta(6 * shares, 6 * (1.001 - shares)), 0.05, 1.0),
        phase_hours=rng.normal(0.0, 1.8, size),
    )


def _draw_languages(country: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose the language of prompts: English, or that of the country."""
    native = np.array(
        [LANGUAGES.index(_LANGUAGE_OF_COUNTRY.get(name, "en")) for name in network.COUNTRIES]
    )[country]
    return np.where(rng.random(len(country)) < _NATIVE_SHARE, native, 0)


def _draw_payments(
    seed: NDArray[np.uint64], programmatic: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.uint64]:
    """Give each account a payment; some people have none, some share one with a relative."""
    own = mix(seed, key_of("payment"))
    size = len(seed)
    if size > 1:
        relative = own[rng.integers(0, size, size)]
        own = np.where(rng.random(size) < _SHARED_PAYMENT_SHARE, relative, own)
    none = rng.random(size) < np.where(programmatic, 0.04, 0.22)
    return np.where(none, np.uint64(0), own)


def _draw_mail(
    seed: NDArray[np.uint64], programmatic: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.uint64]:
    """Give each account a mail domain: free mail, or one of its own."""
    free = rng.random(len(seed)) < np.where(programmatic, 0.6, 0.88)
    chosen = clients.draw_free_mail(len(seed), rng).astype(np.uint64)
    return np.where(free, chosen, mix(seed, key_of("mail")))


def _draw_births(size: int, span: Span, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw creation times: growth over three years, some within the log, none at night."""
    age_days = np.minimum(rng.exponential(190.0, size), 1100.0)
    within = rng.random(size) < 0.05
    age_days = np.where(within, -rng.random(size) * 0.6 * span.days, age_days)
    jitter = rng.normal(0.0, 0.15, size)
    return np.asarray(span.start_us + (jitter - age_days) * _DAY_US, dtype=np.int64)


def _join_groups(accounts: Accounts, rng: np.random.Generator) -> Accounts:
    """Give the members of a group what they share: an office, a payer, a domain, a lesson."""
    rows = np.flatnonzero(accounts.group >= 0)
    if len(rows) == 0:
        return accounts
    _, first, place = np.unique(accounts.group[rows], return_index=True, return_inverse=True)
    leader = np.arange(len(accounts))
    leader[rows] = rows[first][place]
    classroom = accounts.traffic_class == BENIGN_CLASSES.index("classroom")
    company = (accounts.group >= 0) & ~classroom
    one_office = accounts.group >= 0
    shared = {
        name: np.where(one_office, getattr(accounts, name)[leader], getattr(accounts, name))
        for name in ("country", "language", "offset_hours", "provider", "phase_hours")
    }
    paid = np.where(company, accounts.payment[leader], accounts.payment)
    same_domain = company | (classroom & (rng.random(len(accounts)) < 0.7))
    domain = mix(accounts.seed[leader], key_of("mail"))
    template = np.where(
        company & (rng.random(len(accounts)) < 0.8), accounts.template_seed[leader],
        accounts.template_seed,
    )  # fmt: skip
    lesson_birth = accounts.created_us[leader] + (
        rng.exponential(1200.0, len(accounts)) * 1_000_000
    ).astype(np.int64)
    return replace(
        accounts,
        **shared,
        addresses=_office_addresses(accounts.addresses, leader, one_office, rng),
        address_count=np.where(one_office, 2, accounts.address_count),
        payment=paid,
        mail=np.where(same_domain, domain, accounts.mail),
        template_seed=template,
        created_us=np.where(classroom, lesson_birth, accounts.created_us),
    )


def _office_addresses(
    addresses: NDArray[np.int64],
    leader: NDArray[np.int64],
    one_office: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Put the members of a group behind their leader's address, or next to it."""
    near = (addresses[leader, :1] & ~np.int64(7)) | rng.integers(1, 4, addresses.shape)
    return np.where(one_office[:, None], near, addresses)


def class_seed(accounts: Accounts, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return one seed for each account's group, or of the account where it has none."""
    alone = accounts.group[rows] < 0
    together = mix(np.maximum(accounts.group[rows], 0).astype(np.uint64), key_of("group"))
    return np.where(alone, accounts.seed[rows], combine(together, np.zeros_like(together)))
