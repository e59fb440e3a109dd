"""Simulating a whole population: honest accounts first, then campaigns in their image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts, built_in_catalogue
from phalanx.detect.simulate.arrivals import ArrivalShape, draw_arrivals
from phalanx.detect.simulate.clients import BROWSER_COUNT, FREE_MAIL
from phalanx.detect.simulate.columns import (
    NATIVE_SCHEMA,
)
from phalanx.detect.simulate.config import BENIGN_CLASSES, SimulationConfig
from phalanx.detect.simulate.corpora import deal, open_corpora
from phalanx.detect.simulate.grammar import Book, open_book
from phalanx.detect.simulate.grammar.hashing import key_of
from phalanx.detect.simulate.identifiers import Styles, hexadecimal, write_unused
from phalanx.detect.simulate.pools import with_pools
from phalanx.detect.simulate.population import draw_benign
from phalanx.detect.simulate.profiles import SOLITARY_CLASSES
from phalanx.detect.simulate.release import NEW_MODEL, draw_release
from phalanx.detect.simulate.scene import Scene, Surroundings, with_campaigns
from phalanx.detect.simulate.simulation import Simulation
from phalanx.detect.simulate.span import Span
from phalanx.detect.simulate.system_prompts import write_system_prompts
from phalanx.detect.simulate.templates import write_benign
from phalanx.detect.simulate.trace import arrival_shape
from phalanx.detect.simulate.writing import Appearance, table_writer


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
    scene = draw_scene(config, book)
    scene = replace(scene, exchanges=deal(scene, corpora, config))
    account_ids = write_unused(hexadecimal("acct_"), scene.accounts.seed, set())
    catalogue = built_in_catalogue()
    release = draw_release(scene, config, len(catalogue.models))
    if release is not None:
        models = pa.concat_arrays([catalogue.models, pa.array([NEW_MODEL])])
        catalogue = replace(catalogue, models=models)
    writer = table_writer(
        scene,
        Appearance(account_ids=account_ids, catalogue=catalogue, styles=Styles(), release=release),
        book,
        corpora.all_texts,
        salt=key_of("simulation", config.seed),
    )
    return Simulation(
        labels=scene.labels(account_ids),
        rows=len(scene.exchanges),
        corpus_share=scene.corpus_share(),
        schema=NATIVE_SCHEMA,
        batches=writer.batches,
    )


def draw_scene(config: SimulationConfig, book: Book) -> Scene:
    """Draw the accounts and exchanges of a configuration."""
    shape = ArrivalShape() if config.arrival_trace is None else arrival_shape(config.arrival_trace)
    span = Span(start_us=int(config.start.timestamp() * 1_000_000), days=config.days)
    honest_seed, donor_seed, *campaign_seeds = np.random.SeedSequence(config.seed).spawn(
        2 + len(config.campaigns)
    )
    rng = np.random.default_rng(honest_seed)
    alone = draw_benign(config.benign_accounts, config.benign_mix, span, rng)
    honest, pooled = with_pools(alone, config.pools, span, config.seed)
    arrivals = draw_arrivals(honest, span, shape, rng)
    scene = Scene(
        accounts=honest,
        exchanges=write_benign(honest, arrivals, book, f"honest {config.seed}"),
        benign_accounts=len(honest),
        campaigns=(None,) * len(honest),
        classes=(*(BENIGN_CLASSES[at] for at in alone.traffic_class.tolist()), *pooled),
        systems=write_system_prompts(honest.behaviour, honest.template_seed, book),
    )
    donors = _donors(honest, span, np.random.default_rng(donor_seed))
    around = Surroundings(
        donors=donors,
        programs=np.flatnonzero(donors.user_agent >= BROWSER_COUNT),
        popular_domains=len(FREE_MAIL),
        span=span,
        shape=shape,
        book=book,
    )
    return with_campaigns(scene, config.campaigns, config.evasion, around, campaign_seeds)


def _donors(honest: Accounts, span: Span, rng: np.random.Generator) -> Accounts:
    """Return the honest accounts that campaigns pose as; draw some where there are none."""
    rows = _solitary(honest)
    return honest.take(rows) if len(rows) else draw_benign(400, {"chat": 1, "rag": 1}, span, rng)


def _solitary(honest: Accounts) -> NDArray[np.int64]:
    """Return the accounts that stand alone."""
    classes = [BENIGN_CLASSES.index(name) for name in SOLITARY_CLASSES]
    return np.flatnonzero(np.isin(honest.traffic_class, classes) & (honest.group < 0))
