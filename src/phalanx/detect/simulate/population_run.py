"""Simulating a whole population: honest accounts first, then each campaign in their image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts, Catalogue, built_in_catalogue
from phalanx.detect.simulate.arrivals import ArrivalShape, draw_arrivals
from phalanx.detect.simulate.campaigns import Span, draw_campaign
from phalanx.detect.simulate.clients import BROWSER_COUNT
from phalanx.detect.simulate.columns import (
    NATIVE_SCHEMA,
    TableWriter,
    account_ids,
    account_texts,
    response_pool,
)
from phalanx.detect.simulate.config import BENIGN_CLASSES, SimulationConfig
from phalanx.detect.simulate.corpora import Corpora, deal, open_corpora
from phalanx.detect.simulate.exchanges import Exchanges, concatenated
from phalanx.detect.simulate.grammar import Book, open_book
from phalanx.detect.simulate.grammar.hashing import key_of
from phalanx.detect.simulate.ladder import rung
from phalanx.detect.simulate.operators import draw_operator_accounts, draw_signature
from phalanx.detect.simulate.population import draw_benign
from phalanx.detect.simulate.profiles import PROFILES, SOLITARY_CLASSES
from phalanx.detect.simulate.prompt_text import PromptWriter, reply_kinds
from phalanx.detect.simulate.simulation import LABEL_SCHEMA, Simulation
from phalanx.detect.simulate.system_prompts import write_campaign_systems, write_system_prompts
from phalanx.detect.simulate.templates import write_benign
from phalanx.detect.simulate.trace import arrival_shape

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody, and all that they send."""

    accounts: Accounts
    exchanges: Exchanges
    benign_accounts: int
    campaigns: tuple[str | None, ...]
    """Campaign of each account."""

    classes: tuple[str, ...]
    """Traffic class of each account."""

    systems: pa.StringArray
    """System prompts of all accounts, then those of campaign accounts for their harvest."""


def simulate(config: SimulationConfig) -> Simulation:
    """Simulate a population with planted campaigns.

    Parameters:
        config: What to simulate.

    Returns:
        The exchanges, written when they are asked for, and the labels.

    Raises:
        InputError: If a corpus or the arrival trace cannot be read.

    Examples:
        >>> small = simulate(SimulationConfig(benign_accounts=40, campaigns=(), days=2))
        >>> small.labels.num_rows
        40
    """
    corpora = open_corpora(config.prompt_corpora)
    book = open_book()
    if "passage" in corpora.texts:
        book = book.replacing({"passage": corpora.texts["passage"]})
    cast = draw_cast(config, book)
    exchanges = deal(cast.exchanges, cast.accounts, cast.classes, cast.campaigns, corpora, config)
    return _simulation(replace(cast, exchanges=exchanges), config, book, corpora)


def draw_cast(config: SimulationConfig, book: Book) -> Cast:
    """Draw the accounts and exchanges of a configuration."""
    shape = ArrivalShape() if config.arrival_trace is None else arrival_shape(config.arrival_trace)
    span = Span(start_us=int(config.start.timestamp() * 1_000_000), days=config.days)
    honest_seed, donor_seed, *campaign_seeds = np.random.SeedSequence(config.seed).spawn(
        2 + len(config.campaigns)
    )
    rng = np.random.default_rng(honest_seed)
    honest = draw_benign(
        config.benign_accounts, config.benign_mix, span.start_us, config.days, rng
    )
    arrivals = draw_arrivals(honest, span.start_us, config.days, shape, rng)
    first = Cast(
        accounts=honest,
        exchanges=write_benign(honest, arrivals, book, f"honest {config.seed}"),
        benign_accounts=len(honest),
        campaigns=(None,) * len(honest),
        classes=tuple(BENIGN_CLASSES[at] for at in honest.traffic_class.tolist()),
        systems=write_system_prompts(honest.behaviour, honest.template_seed, book),
    )
    donors = _donors(honest, span, np.random.default_rng(donor_seed))
    return add_campaigns(first, config, donors, span, shape, campaign_seeds, book)


def add_campaigns(
    first: Cast,
    config: SimulationConfig,
    donors: Accounts,
    span: Span,
    shape: ArrivalShape,
    seeds: list[np.random.SeedSequence],
    book: Book,
) -> Cast:
    """Add every campaign of the configuration to the cast."""
    accounts, parts = first.accounts, [first.exchanges]
    campaigns, classes = list(first.campaigns), list(first.classes)
    own, harvest = [first.systems], []
    programs = np.flatnonzero(donors.user_agent >= BROWSER_COUNT)
    for plan, seed in zip(config.campaigns, seeds, strict=True):
        rng = np.random.default_rng(seed)
        hidden = rung(plan.evasion or config.evasion)
        begin_day = 0 if hidden.spread_identity else int(rng.integers(0, 1 + span.days // 4))
        begin_us = span.start_us + begin_day * _DAY_US
        signature = draw_signature(plan, donors, programs, rng)
        members = draw_operator_accounts(
            plan, hidden, donors, signature, (span.start_us, begin_us), rng
        )
        part = draw_campaign(plan, hidden, members, begin_day, span, shape, book, rng)
        parts.append(replace(part, account=part.account + len(accounts)))
        accounts = accounts.followed_by(members)
        campaigns += [plan.name] * len(members)
        classes += [plan.attack_class] * len(members)
        posed = write_system_prompts(members.behaviour, members.template_seed, book)
        own.append(posed)
        harvest.append(
            posed if hidden.spread_identity
            else write_campaign_systems(members.seed, reworded=hidden.paraphrase, rng=rng, book=book)
        )  # fmt: skip
    return Cast(
        accounts=accounts,
        exchanges=concatenated(parts),
        benign_accounts=first.benign_accounts,
        campaigns=tuple(campaigns),
        classes=tuple(classes),
        systems=pa.concat_arrays(own + harvest),
    )


def _donors(honest: Accounts, span: Span, rng: np.random.Generator) -> Accounts:
    """Return the honest accounts that campaigns pose as; draw some where there are none."""
    rows = _solitary(honest)
    if len(rows):
        return honest.take(rows)
    return draw_benign(400, {"chat": 1.0, "coding": 1.0}, span.start_us, span.days, rng)


def _solitary(honest: Accounts) -> NDArray[np.int64]:
    classes = [BENIGN_CLASSES.index(name) for name in SOLITARY_CLASSES]
    return np.flatnonzero(np.isin(honest.traffic_class, classes) & (honest.group < 0))


def _simulation(cast: Cast, config: SimulationConfig, book: Book, corpora: Corpora) -> Simulation:
    """Wrap a cast up."""
    labels = pa.table(
        [
            account_ids(cast.accounts.seed),
            pa.array(cast.campaigns, type=pa.string()),
            pa.array(cast.classes, type=pa.string()),
        ],
        schema=LABEL_SCHEMA,
    )
    writer = table_writer(cast, built_in_catalogue(), book, corpora, config.seed)
    return Simulation(
        labels=labels,
        rows=len(cast.exchanges),
        corpus_share=_corpus_share(cast),
        schema=NATIVE_SCHEMA,
        batches=writer.batches,
    )


def table_writer(
    cast: Cast, catalogue: Catalogue, book: Book, corpora: Corpora, seed: int
) -> TableWriter:
    """Return what writes the cast's exchanges as native batches."""
    behaviour = np.array(list(PROFILES))[cast.accounts.behaviour]
    return TableWriter(
        accounts=cast.accounts,
        texts=account_texts(cast.accounts, catalogue, cast.systems),
        catalogue=catalogue,
        prompts=PromptWriter(
            exchanges=cast.exchanges,
            book=book,
            reply_kind=reply_kinds(behaviour[cast.exchanges.account], cast.exchanges.harvest),
            language=cast.accounts.language,
            corpus=corpora.all_texts,
        ),
        benign_accounts=cast.benign_accounts,
        salt=key_of("simulation", seed),
        responses=response_pool(book),
    )


def _corpus_share(cast: Cast) -> dict[str, float]:
    """Return the share of exchanges with a real prompt, for each traffic class."""
    names, place = np.unique(np.array(cast.classes, dtype=str), return_inverse=True)
    of = place[cast.exchanges.account] if len(cast.exchanges) else np.zeros(0, dtype=np.int64)
    total = np.bincount(of, minlength=len(names))
    real = np.bincount(of, weights=cast.exchanges.corpus >= 0, minlength=len(names))
    return {
        str(name): float(part / max(1, whole))
        for name, part, whole in zip(names, real, total, strict=True)
    }
