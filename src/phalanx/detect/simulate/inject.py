"""Planting campaigns into a real log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.detect.labels import LABEL_SCHEMA
from phalanx.detect.simulate.accounts import Accounts, Catalogue
from phalanx.detect.simulate.arrivals import ArrivalShape
from phalanx.detect.simulate.columns import (
    NATIVE_SCHEMA,
    TableWriter,
)
from phalanx.detect.simulate.config import SimulationConfig
from phalanx.detect.simulate.corpora import Corpora, deal, open_corpora
from phalanx.detect.simulate.donors import host_accounts
from phalanx.detect.simulate.exchanges import concatenated
from phalanx.detect.simulate.grammar import open_book
from phalanx.detect.simulate.grammar.hashing import key_of
from phalanx.detect.simulate.host import Host, open_host
from phalanx.detect.simulate.identifiers import Styles, hexadecimal, style_of, write_unused
from phalanx.detect.simulate.scene import Scene, Surroundings, with_campaigns
from phalanx.detect.simulate.simulation import Simulation
from phalanx.detect.simulate.span import Span
from phalanx.detect.simulate.writing import Appearance, table_writer
from phalanx.logs.schema import RESPONSE_CHARACTERS

HOST_CLASS = "host"
"""Traffic class of the accounts that stood in the log before."""

_DAY_US = 86_400_000_000
_REPEATED = (
    "conversation_id", "system_prompt", "response", "input_tokens", "output_tokens", "status",
    "reasoning_signature",
)  # fmt: skip


def inject(log: Path | pa.Table, config: SimulationConfig) -> Simulation:
    """Plant campaigns into a real log.

    Every planted account is drawn in the image of an account of the log: its client, model,
    settings, provider, subnet, age and, at E6, its volume. What a rung does not hide is the
    operator's. Cover traffic (E5, E6) takes prompts of the log. Identifiers look like the
    log's. Times follow the log's days and hours; `benign_accounts`, `days`, `start` and
    `benign_mix` of the configuration are not used.

    Parameters:
        log: Native table in memory, or a file or folder of any format that a scan reads. It
            must fit into memory.
        config: Campaigns, rungs, seed, corpora of attack classes.

    Returns:
        The log with the campaigns in it, in order of time and with the columns of the log;
        its own accounts are labelled with the class `host`. Rows of the log without a time
        or an account cannot be labelled and are left out.

    Raises:
        InputError: If the log or a corpus cannot be used.
    """
    host = open_host(log)
    donors, catalogue = host_accounts(host, np.random.default_rng([config.seed, 11]))
    scene = _planted(host, donors, catalogue, config)
    corpora = open_corpora(config.prompt_corpora)
    scene = replace(scene, exchanges=deal(scene, corpora, config))
    cover = _draw_cover(scene, host)
    repeated = host.table.column("prompt").take(pa.array(cover.used)).combine_chunks()
    corpora = Corpora(texts={**corpora.texts, HOST_CLASS: repeated.fill_null("")})
    scene = _covered(scene, cover, corpora.first_row(HOST_CLASS))
    known = host.column("account_id")
    planted = write_unused(
        style_of(known.to_pylist(), hexadecimal("acct_")),
        scene.accounts.seed,
        set(known.to_pylist()),
    )
    writer = table_writer(
        scene,
        Appearance(account_ids=planted, catalogue=catalogue, styles=_styles(host)),
        open_book(),
        corpora.all_texts,
        salt=key_of("injection", config.seed),
    )
    merged = _Merged(host=host, writer=writer, cover=cover)
    honest = pa.table(
        [known, pa.nulls(len(known), pa.string()), pa.array([HOST_CLASS] * len(known))],
        schema=LABEL_SCHEMA,
    )
    return Simulation(
        labels=pa.concat_tables([honest, scene.labels(planted)]).combine_chunks(),
        rows=host.table.num_rows + len(scene.exchanges),
        corpus_share=scene.corpus_share(),
        schema=host.table.schema,
        batches=merged.batches,
    )


def _planted(host: Host, donors: Accounts, catalogue: Catalogue, config: SimulationConfig) -> Scene:
    """Draw the campaigns alone, in the image of the log's accounts."""
    book = open_book()
    named = catalogue.user_agents.cast(pa.string()).fill_null("")
    by_browser = np.asarray(pc.starts_with(named, "Mozilla"), dtype=bool)[donors.user_agent]
    around = Surroundings(
        donors=donors,
        programs=np.flatnonzero(~by_browser),
        popular_domains=len(catalogue.free_mail),
        span=Span(start_us=host.start_us, days=host.days),
        shape=ArrivalShape(hours=host.hours),
        book=book,
    )
    nobody = Scene(
        accounts=donors.take(np.zeros(0, dtype=np.int64)),
        exchanges=concatenated([]),
        benign_accounts=0,
        campaigns=(),
        classes=(),
        systems=pa.array([], type=pa.string()),
    )
    seeds = np.random.SeedSequence(config.seed).spawn(len(config.campaigns))
    return with_campaigns(nobody, config.campaigns, config.evasion, around, seeds)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Cover:
    """Requests of the log that cover traffic repeats."""

    exchange: NDArray[np.int64]
    """Rows of the planted exchanges that are cover."""

    source: NDArray[np.int64]
    """Row of the log that each planted exchange repeats; -1 for harvest."""

    used: NDArray[np.int64]
    """Distinct rows of the log that are repeated, in order."""


def _draw_cover(scene: Scene, host: Host) -> _Cover:
    """Let the cover of an account repeat, in turn, what the account it poses as sent."""
    exchanges = scene.exchanges
    cover = np.flatnonzero(~exchanges.harvest)
    by_account = np.argsort(host.account, kind="stable")
    begins = np.concatenate([[0], np.cumsum(host.volume)])
    posed = scene.accounts.likeness[exchanges.account[cover]]
    source = np.full(len(exchanges), -1, dtype=np.int64)
    source[cover] = by_account[begins[posed] + np.arange(len(cover)) % host.volume[posed]]
    return _Cover(exchange=cover, source=source, used=np.unique(source[cover]))


def _covered(scene: Scene, cover: _Cover, first: int) -> Scene:
    """Point the cover traffic at the prompts of the log, which begin at `first`."""
    exchanges = scene.exchanges
    corpus, conversation = exchanges.corpus.copy(), exchanges.conversation.copy()
    wording = exchanges.wording.copy()
    source = cover.source[cover.exchange]
    corpus[cover.exchange] = first + np.searchsorted(cover.used, source)
    conversation[cover.exchange] = 0
    wording[cover.exchange] = 0
    changed = replace(exchanges, corpus=corpus, conversation=conversation, wording=wording)
    return replace(scene, exchanges=changed)


def _styles(host: Host) -> Styles:
    """Return what the identifiers of the log look like."""
    own = Styles()
    return Styles(
        exchange=style_of(host.column("exchange_id").to_pylist(), own.exchange),
        conversation=style_of(host.column("conversation_id").to_pylist(), own.conversation),
        payment=style_of(host.column("payment_fingerprint").to_pylist(), own.payment),
        tools=style_of(host.column("tools_hash").to_pylist(), own.tools),
        signature=style_of(host.column("reasoning_signature").to_pylist(), own.signature),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Merged:
    """The log and the planted exchanges, merged day by day."""

    host: Host
    writer: TableWriter
    cover: _Cover

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Write all exchanges in order of time, a day at a time."""
        schema = self.host.table.schema
        times = self.host.table.column("timestamp").cast(pa.int64()).to_numpy()
        planted = self.writer.prompts.exchanges.time_us
        for day in range(self.host.days):
            low, high = (self.host.start_us + at * _DAY_US for at in (day, day + 1))
            first, last = np.searchsorted(times, (low, high))
            parts = [self.host.table.slice(first, last - first)]
            rows = np.flatnonzero((planted >= low) & (planted < high))
            if len(rows):
                written = pa.Table.from_batches([self.writer.batch(rows)], schema=NATIVE_SCHEMA)
                parts.append(_conformed(self._repeated(written, rows), schema))
            together = pa.concat_tables(parts)
            order = pc.sort_indices(together, sort_keys=[("timestamp", "ascending")])
            yield from together.take(order).combine_chunks().to_batches()

    def _repeated(self, written: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
        """Give cover rows what else the repeated request carried."""
        styles = self.writer.styles
        own = {"conversation_id": styles.conversation, "reasoning_signature": styles.signature}
        source = self.cover.source[rows]
        repeats = pa.array(source >= 0)
        at = pa.array(np.maximum(source, 0))
        for name in _REPEATED:
            if name not in self.host.table.column_names:
                continue
            original = self.host.table.column(name).take(at).combine_chunks()
            if name in own:
                fresh = self.writer.prompts.exchanges.seed[rows]
                original = pc.if_else(original.is_valid(), own[name].write(fresh), original)
            column = pc.if_else(repeats, original, written.column(name))
            written = written.set_column(written.column_names.index(name), name, column)
        return written


def _conformed(written: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give planted rows the columns of the log; those that are not native are null."""
    if RESPONSE_CHARACTERS in schema.names:
        lengths = pc.utf8_length(written.column("response"))
        written = written.append_column(RESPONSE_CHARACTERS, lengths.cast(pa.int32()))
    columns = [
        written.column(item.name)
        if item.name in written.column_names
        else pa.nulls(written.num_rows, item.type)
        for item in schema
    ]
    return pa.table(columns, schema=schema)
