"""The scan: read → narrow → population → replay → record."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from phalanx import __version__
from phalanx.detect.alliance.marks import Cohort, marks_among
from phalanx.detect.config import ScanConfig
from phalanx.detect.counted import count_alone
from phalanx.detect.grants import look_up
from phalanx.detect.incremental import continued
from phalanx.detect.narrow import Names, Narrowing, narrow
from phalanx.detect.population import Population, build_population
from phalanx.detect.record import Recording, record
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.result import RunRecord, ScanResult
from phalanx.detect.signal_states import sources_carried
from phalanx.detect.tables import openings
from phalanx.errors import InputError
from phalanx.logs import ExchangeLog, ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine, Engine
from phalanx.logs.pseudonym import key_id, pseudonym
from phalanx.sketches.prompts import KnownPrompts

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it that is done, in [0, 1]."""

_VERSIONED = (
    "ibis-framework", "narwhals", "networkit", "numba", "numpy", "pyarrow", "scipy",
    "sqlglot",
)  # fmt: skip


_NOBODY_DECLARED = (
    "no column organisation and no party file: every account counts as a party of its own, and "
    "an honest firm with many accounts as many parties"
)
_ONE_SOURCE = (
    "the columns of the log allow one source of evidence of common operation, and two are needed: "
    "no group can be listed, whatever it does"
)


@dataclass
class StageClock:
    """Wall seconds per stage."""

    progress: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage and report its start and end."""
        if self.progress:
            self.progress(name, 0.0)
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        if self.progress:
            self.progress(name, 1.0)


def scan(
    exchanges: object,
    config: ScanConfig | None = None,
    *,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    deliver: Callable[[ScanResult], None] | None = None,
) -> ScanResult:
    """Find distillation campaigns in exchange logs.

    Parameters:
        exchanges: Path, glob, directory, a sequence of those, or a data frame (anything
            that narwhals accepts) or Ibis table in the native columns.
        config: Settings; null takes the defaults.
        rejects_path: Where rejected rows are listed; null keeps only their counts.
        progress: Called as stages advance.
        deliver: Called with the result before a store keeps the scan: where this fails, nothing
            is kept, and the scan can be repeated.

    Returns:
        Campaigns, with everything that was not judged beside them.

    Raises:
        InputError: If nothing can be read, or no row is usable.
        ConfigError: If the store was made with another key or other settings.
        VerificationError: If the store is damaged, or of a newer version.
        MissingExtraError: If Spark is asked for and not installed.
        ServiceError: If the Spark cluster or the store's server cannot be reached, or fails.
    """
    config = config or ScanConfig()
    started_at = config.now or datetime.now(tz=UTC)
    clock = StageClock(progress)
    log = open_log(
        exchanges,
        ReadOptions(
            columns=config.columns,
            pseudonym_key=config.pseudonym_key,
            now=started_at,
            rejects_path=rejects_path,
        ),
    )
    with continued(config, started_at) as continuation, _open_engine(config) as engine:
        with clock.stage("read and sketch"):
            kernel = Narrowing(
                key=config.pseudonym_key,
                keep_excerpts=not config.hash_only,
                step_hours=config.step_hours,
                known=KnownPrompts(config.known_corpora) if config.known_corpora else None,
                embedder=config.embedder,
                after_step=continuation.after_step if continuation else None,
            )
            table, names = narrow(engine, log, kernel)
        if not log.rows:
            raise _nothing_usable(log)
        with clock.stage("aggregate"):
            counted = (
                continuation.count(engine, table, names, log)
                if continuation
                else count_alone(table, names, log, config.step_hours)
            )
            names = counted.names
            population = build_population(
                counted.aggregates, names, _hidden_map(config), config.step_hours
            )
            population, marks = _with_marks(population, config, started_at)
        reassigned = counted.reassigned(population)
        replay = Replay(
            population,
            _replay_settings(config, population, names),
            None if reassigned else counted.state,
        )
        with clock.stage("replay"):
            for step in replay.run():
                if progress:
                    progress("replay", (step + 1) / population.steps)
        with clock.stage("record"):
            grants = look_up(config, population, names)
            recording = Recording(
                population=population,
                replay=replay,
                names=names,
                grants=grants,
                config=config,
                columns=counted.columns,
                has_prompts=counted.has_prompts,
                narrow=counted.rows,
                model_use=counted.aggregates.models,
                openings=lambda groups: openings(counted.rows, groups),
            )
            absent = _what_is_missing(config, population, names, counted.columns)
            notes = {**grants.notes(population), **absent, **marks, **counted.notes}
            if reassigned:
                notes["account that declared its party late, all steps replayed"] = reassigned
            run = _run_record(config, log, started_at, clock, notes)
            run = replace(run, warnings=(*log.warnings, *absent))
            result = record(recording, run, counted.exchanges, counted.rejected)
        if deliver:
            deliver(result)
        if continuation:
            with clock.stage("keep"):
                continuation.keep(counted, population, replay, result)
        return result


def _nothing_usable(log: ExchangeLog) -> InputError:
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in sorted(log.rejects.items()))
    return InputError(
        "no usable exchange in the input" + (f" ({reasons})" if reasons else ""),
        next_step="Check the columns (--map) and the rejects file.",
    )


def _hidden(config: ScanConfig, column: str, value: str) -> str:
    """Return an identifier as it stands in the scan: a pseudonym where there is a key."""
    key = config.pseudonym_key
    return value if key is None else pseudonym(key, column, value)


def _hidden_map(config: ScanConfig) -> dict[str, str]:
    return {_hidden(config, "account_id", a): party for a, party in config.parties.items()}


def _with_marks(
    population: Population, config: ScanConfig, now: datetime
) -> tuple[Population, Mapping[str, int]]:
    """Mark the parties that other providers' lists mark."""
    if config.alliance is None:
        return population, {}
    cohort = Cohort(
        account_names=population.account_names,
        of_account=population.parties.of_account,
        first_step=population.first_step,
        step_hours=population.step_hours,
        key=config.pseudonym_key,
    )
    marks, notes = marks_among(config.alliance, cohort, now)
    return replace(population, marks=marks), notes


def _what_is_missing(
    config: ScanConfig, population: Population, names: Names, columns: frozenset[str]
) -> dict[str, int]:
    """Count names that were given for somebody who never occurs, and say if nobody declares."""
    accounts = frozenset(population.account_names)
    organisations = frozenset(names.values["organisation"].values())
    trusted = sum(
        _hidden(config, "account_id", name) not in accounts
        and _hidden(config, "organisation", name) not in organisations
        for name in config.trusted
    )
    notes = {
        "trusted: name that does not occur in the log": trusted,
        "parties: account that does not occur in the log": len(
            _hidden_map(config).keys() - accounts
        ),
        _NOBODY_DECLARED: int("organisation" not in columns and not config.parties),
        _ONE_SOURCE: int(len(sources_carried(columns)) < 2),
    }
    return {what: count for what, count in notes.items() if count}


def _open_engine(config: ScanConfig) -> Engine:
    memory, threads = config.memory_limit_bytes, config.thread_count
    if config.engine == "duckdb":
        return DuckDBEngine(memory_limit_bytes=memory, threads=threads)
    from phalanx.logs.engine.spark import SparkEngine  # noqa: PLC0415 - needs an extra

    return SparkEngine(
        config.master, config.spark_settings, memory_limit_bytes=memory, threads=threads
    )


def _replay_settings(config: ScanConfig, population: Population, names: Names) -> ReplaySettings:
    trusted = None
    if config.trusted:
        wanted = {_hidden(config, "account_id", name) for name in config.trusted}
        organisations = {_hidden(config, "organisation", name) for name in config.trusted}
        trusted = np.zeros(population.parties.count, dtype=np.bool_)
        for account, party in zip(
            population.account_names, population.parties.of_account, strict=True
        ):
            trusted[party] |= account in wanted
        hashes = population.attributes["organisation"]
        known = {h for h, name in names.values["organisation"].items() if name in organisations}
        trusted |= np.isin(hashes, np.array(sorted(known), dtype=np.int64))
        if not trusted.any():
            message = "none of the trusted accounts or organisations occurs in the log"
            raise InputError(message, next_step="Check the spelling in the trusted file.")
    return ReplaySettings(
        config.false_discovery_rate,
        config.min_group_parties,
        config.seed,
        config.thread_count,
        trusted,
        knows_sets=bool(config.known_corpora),
    )


def _run_record(
    config: ScanConfig,
    log: ExchangeLog,
    started_at: datetime,
    clock: StageClock,
    more_notes: Mapping[str, int],
) -> RunRecord:
    engine = "duckdb" if config.engine == "duckdb" else "pyspark"
    versions = {name: version(name) for name in sorted((*_VERSIONED, engine))}
    return RunRecord(
        phalanx_version=__version__,
        versions={"python": platform.python_version(), **versions},
        engine=config.engine,
        parameters={
            "false_discovery_rate": config.false_discovery_rate,
            "min_group_parties": config.min_group_parties,
            "seed": config.seed,
            "step_hours": config.step_hours,
            "hash_only": config.hash_only,
            "trusted": len(config.trusted),
            "parties": len(config.parties),
            "known_corpora": [sketch.name for sketch in config.known_corpora],
            "embedder": config.embedder.digest if config.embedder else None,
            "alliance": None if config.alliance is None else config.alliance.table.num_rows,
            "grants": [grant.grant_id for grant in config.grants],
            "profiles": [profile.name for profile in config.profiles],
            "priors": dict(config.priors),
            "columns": dict(config.columns),
            "memory_limit_bytes": config.memory_limit_bytes,
            "threads": config.thread_count,
            "now": started_at.isoformat(),
            "clear_identifiers": config.pseudonym_key is None,
            "for_pool": config.for_pool,
            "store": config.store,
            "since": config.since,
        },
        started_at=started_at,
        stage_seconds=clock.seconds,
        inputs=dict(log.inputs),
        columns=tuple(sorted(log.columns)),
        rejects=dict(log.rejects),
        notes={**log.notes, **more_notes},
        readers=dict(log.readers),
        files=config.files,
        prices_usd_per_million_tokens=dict(config.prices_usd_per_million_tokens),
        default_prices=config.has_default_prices,
        key_id="" if config.pseudonym_key is None else key_id(config.pseudonym_key),
    )
