"""A scan that goes on where the last one ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import ibis

from phalanx import __version__
from phalanx.detect.aggregates import Aggregates, Past, aggregate
from phalanx.detect.agreement import evidence_parameters, refuse_changes
from phalanx.detect.config import ScanConfig
from phalanx.detect.counted import Counted, too_old
from phalanx.detect.kept import ROWS, joined, load, news, write
from phalanx.detect.kept_rows import KeptRows
from phalanx.detect.narrow import (
    MICROSECONDS_PER_HOUR,
    MOST_DAYS,
    Names,
    recent,
)
from phalanx.detect.population import EPOCH, Population
from phalanx.detect.replay import Replay
from phalanx.detect.result import ScanResult
from phalanx.detect.store_rows import group_rows, listed_groups
from phalanx.errors import InputError
from phalanx.logs import ExchangeLog
from phalanx.logs.engine import DuckDBEngine, Engine
from phalanx.store import (
    KEPT_VERSION,
    Draft,
    Manifest,
    ScanRow,
    Store,
    open_store,
    place_of,
)

_LIBRARIES = ("networkit", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class _Skipped:
    """Rows of the log that this scan does not count."""

    seen: int
    """Of steps that were kept, and known from then."""

    late: int
    """Of steps that were kept, and not known."""

    waiting: int
    """Of steps that are not over."""

    old: int
    """Long before the last one."""

    def notes(self) -> dict[str, int]:
        """Return what a person should know, kinds that do not occur left out."""
        notes = {
            "exchange seen by an earlier scan, skipped": self.seen,
            "exchange of a step that was over at an earlier scan, late, skipped": self.late,
            "exchange of a step that is not over, left for the next scan": self.waiting,
        }
        return {what: count for what, count in notes.items() if count} | too_old(self.old)


@dataclass(frozen=True, slots=True)
class _Added:
    """What this scan adds to the store."""

    aggregates: Aggregates
    names: Names
    exchanges: int
    rejected: int
    skipped: _Skipped


class Continuation:
    """A scan of a store, from reading what is kept to keeping what was found.

    Parameters:
        store: Open.
        draft: Where the files of this scan go.
        engine: Counts on this machine, whatever reads the log: the files are here.
        config: Settings.
        now: Steps that end later are not over.

    Raises:
        ConfigError: If the store was made with another key or other settings, or holds scans
            and `since` does not say to go on.
        VerificationError: If a manifest is missing, changed, or of a newer version.
    """

    def __init__(
        self, store: Store, draft: Draft, engine: DuckDBEngine, config: ScanConfig, now: datetime
    ) -> None:
        """Check that the scan may go on; little is read yet."""
        self._store, self._draft, self._engine = store, draft, engine
        self._config, self._now = config, now
        self._manifests = store.manifests()
        self._scans = store.scans()
        self._added: _Added | None = None
        if self._manifests:
            refuse_changes(config, self._manifests[-1], store.place.name)

    @property
    def after_step(self) -> int | None:
        """The last step that was kept, since 1970; null where nothing was."""
        return self._manifests[-1].last_step if self._manifests else None

    def count(self, reader: Engine, table: ibis.Table, names: Names, log: ExchangeLog) -> Counted:
        """Count the new exchanges of a log on top of what is kept.

        Parameters:
            reader: Read the log.
            table: Narrow table of the log.
            names: What its hashes stand for.
            log: What was read.

        Raises:
            InputError: If no step of the log is over, or the store reaches too far back.
            VerificationError: If a kept file is missing or changed.
        """
        width = timedelta(hours=self._config.step_hours)
        is_over = table.step < (self._now - EPOCH) // width
        waiting = _rows(table.filter(~is_over))
        if self._manifests:
            return self._count_more(reader, table.filter(is_over), waiting, names, log)
        table = table.filter(is_over)
        if waiting == log.rows:
            message = f"no step of {self._config.step_hours} hours in the log is over yet"
            raise InputError(message, next_step="Scan again later.")
        table, old = recent(table, self._config.step_hours)
        rows = self._write(reader, table)
        added = _Added(
            aggregate(rows, self._config.step_hours),
            names,
            _rows(rows),
            sum(log.rejects.values()),
            _Skipped(0, 0, waiting, old),
        )
        self._added = added
        return Counted(
            aggregates=added.aggregates,
            names=names,
            rows=rows,
            exchanges=added.exchanges,
            rejected=added.rejected,
            columns=log.columns,
            has_prompts=log.has_prompts,
            notes=added.skipped.notes(),
        )

    def _count_more(
        self, reader: Engine, table: ibis.Table, waiting: int, names: Names, log: ExchangeLog
    ) -> Counted:
        kept = load(self._store, self._manifests, self._config.step_hours)
        last = kept.manifest
        rows = self._write(reader, table.filter(table.step > last.last_step))
        past = self._engine.connection.read_parquet([str(path) for path in kept.rows])
        earlier = table.filter(table.step <= last.last_step)
        earlier_rows = earlier.select("account", "timestamp").to_pyarrow()
        seen = _rows(ibis.memtable(earlier_rows).semi_join(past, ["account", "timestamp"]))
        before = Past(KeptRows(kept.rows), KeptRows((self._path,)), kept.aggregates)
        aggregates = aggregate(rows, self._config.step_hours, before)
        self._refuse_too_much(aggregates)
        self._added = added = _Added(
            aggregates,
            news(kept.names, names),
            _rows(rows),
            sum(log.rejects.values()),
            _Skipped(seen, earlier_rows.num_rows - seen, waiting, 0),
        )
        return Counted(
            aggregates=kept.aggregates.followed_by(aggregates),
            names=joined(kept.names, names),
            rows=past.union(rows),
            exchanges=last.exchanges + added.exchanges,
            rejected=sum(scan.rejected for scan in self._scans) + added.rejected,
            columns=log.columns | set(last.columns),
            has_prompts=log.has_prompts or last.has_prompts,
            notes=added.skipped.notes(),
            state=kept.state,
            party_of_account=kept.party_of_account,
        )

    def keep(
        self, counted: Counted, population: Population, replay: Replay, result: ScanResult
    ) -> None:
        """Keep the scan.

        Parameters:
            counted: From `count`.
            population: Made of it.
            replay: At its last step.
            result: What the scan found.

        Raises:
            InputError: If nothing can be written.
            ServiceError: If the database's server fails.
        """
        added = self._added
        if added is None:
            message = "nothing was counted"
            raise ValueError(message)
        state = replay.state
        write(self._draft, added.aggregates, added.names, population, state)
        last_step = population.first_step + state.step
        parameters = evidence_parameters(self._config)
        manifest = Manifest(
            kept_version=KEPT_VERSION,
            store_id=self._store.store_id,
            scan=self._draft.number,
            versions={"phalanx": __version__, **{name: version(name) for name in _LIBRARIES}},
            key_id=result.run.key_id,
            parameters=parameters,
            columns=sorted(counted.columns),
            has_prompts=counted.has_prompts,
            exchanges=counted.exchanges,
            last_step=last_step,
            formed_step=population.first_step + state.formed_step,
            files=[],
        )
        skipped = added.skipped
        row = ScanRow(
            number=self._draft.number,
            started_at=result.run.started_at,
            first_exchange=result.population.first_exchange or self._now,
            last_exchange=result.population.last_exchange or self._now,
            kept_until=population.end_of(state.step),
            exchanges=added.exchanges,
            exchanges_in_all=counted.exchanges,
            rejected=added.rejected,
            skipped=skipped.seen + skipped.late,
            waiting=skipped.waiting,
            phalanx_version=__version__,
            key_id=result.run.key_id,
            parameters=json.dumps(parameters, sort_keys=True),
            manifest_sha256="",
        )
        self._store.commit(
            self._draft, manifest, row, group_rows(replay, population), listed_groups(result)
        )

    def _refuse_too_much(self, aggregates: Aggregates) -> None:
        accounts = aggregates.accounts
        span = int(accounts["last_seen"].to_numpy().max() - accounts["first_seen"].to_numpy().min())
        if span > MOST_DAYS * 24 * MICROSECONDS_PER_HOUR:
            message = f"{self._store.place.name}: would reach back over {MOST_DAYS} days"
            raise InputError(message, next_step="Scan the log of the last weeks into a new store.")

    def _write(self, reader: Engine, fresh: ibis.Table) -> ibis.Table:
        """Write the narrow table of new exchanges, and return it as the file has it."""
        reader.write(fresh, self._path)
        return self._engine.connection.read_parquet(str(self._path))

    @property
    def _path(self) -> Path:
        return self._draft.folder / ROWS


@contextmanager
def continued(config: ScanConfig, now: datetime) -> Iterator[Continuation | None]:
    """Open the store of a scan; null where it has none.

    Parameters:
        config: Settings.
        now: Steps that end later are not over.

    Raises:
        ConfigError: If the store cannot be understood, or was made otherwise.
        InputError: If what lies there is no store, or another scan uses it.
        ServiceError: If its server cannot be reached.
        VerificationError: If it is damaged, or of a newer version.
    """
    if config.store is None:
        yield None
        return
    with (
        open_store(place_of(config.store, config.store_folder), now) as store,
        store.draft() as draft,
        DuckDBEngine(
            memory_limit_bytes=config.memory_limit_bytes, threads=config.thread_count
        ) as engine,
    ):
        yield Continuation(store, draft, engine, config, now)


def _rows(table: ibis.Table) -> int:
    return int(table.count().to_pyarrow().as_py())
