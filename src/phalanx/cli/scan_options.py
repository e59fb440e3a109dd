"""Options of a scan, and the configuration that they amount to."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, validators

from phalanx.cli.scan_key import load_or_create
from phalanx.cli.settings import DEFAULT_FILE, PRICES_TABLE, chosen_file, read_config

if TYPE_CHECKING:
    from phalanx.detect.config import ScanConfig, SettingsFile

_TEST = Group.create_ordered("Scan")
_ENGINE = Group.create_ordered("Engine")
_WHO = Group.create_ordered("Who is who")
_PRIVACY = Group.create_ordered("Privacy")
_STORE = Group.create_ordered("From scan to scan")


@Parameter(name="*", group=_TEST)
@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """What a person may say about how logs are read and judged."""

    fdr: Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))] = 0.01
    """Share of wrong campaigns that is tolerated on the list, in (0, 1)."""

    column_map: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = ()
    """Where your log keeps a native column, as `account_id=user.id`; may be repeated."""

    prices: Annotated[Path | None, Parameter(show_default=False)] = None
    """Price list (TOML or JSON): model or glob = [input, output] in USD per million tokens.
    The table `[prices]` of phalanx.toml serves as well."""

    step_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] = 6
    """How often the log is looked at as it is replayed: the sooner, the more work."""

    for_pool: bool = False
    """Write groups.parquet too: every group that was tested, listed or not, for
    `phalanx share pool submit`."""

    seed: Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**64))] = 0
    """Seed of every tie that is broken by chance."""

    engine: Annotated[Literal["duckdb", "spark"], Parameter(group=_ENGINE)] = "duckdb"
    """What reads and counts: DuckDB on this machine, or Spark (the extra `spark`, and Java)."""

    master: Annotated[str | None, Parameter(group=_ENGINE, show_default=False)] = None
    """Master of the Spark cluster: `spark://HOST:PORT`, `yarn`, `k8s://URL`, or `local[N]` for
    N cores of this machine, which is the default with all cores."""

    spark_conf: Annotated[tuple[str, ...], Parameter(group=_ENGINE, show_default=False)] = ()
    """Setting of Spark, as `spark.executor.memory=8g`; may be repeated. Others see command lines:
    secrets belong into a file of SPARK_CONF_DIR."""

    trusted: Annotated[Path | None, Parameter(group=_WHO, show_default=False)] = None
    """File of accounts or organisations, one a line, that form the honest reference."""

    parties: Annotated[Path | None, Parameter(group=_WHO, show_default=False)] = None
    """CSV `account_id,party` of accounts that are known to belong together."""

    grants: Annotated[Path | None, Parameter(group=_WHO, show_default=False)] = None
    """JSON or TOML file of authorisations that are consulted before judging."""

    known_corpus: Annotated[tuple[Path, ...], Parameter(group=_WHO, show_default=False)] = ()
    """Sketch of a known seed set (`phalanx sketch-corpus`); may be repeated."""

    embedder: Annotated[Path | None, Parameter(show_default=False)] = None
    """Folder of a model that tells what prompts mean (`model.onnx`, `tokenizer.json`; the extra
    `semantic`). Without it prompts are compared by the words that they hold."""

    alliance: Annotated[Path | None, Parameter(group=_WHO, show_default=False)] = None
    """Marks of campaigns that other providers shared (Parquet, `phalanx share match`). They say
    where to look; they are no evidence."""

    profiles: Annotated[Path | None, Parameter(group=_WHO, show_default=False)] = None
    """Folder of profiles of known actors (TOML or JSON), or one such file. Listed groups are
    compared with them; a name comes from nothing else."""

    prior: Annotated[tuple[str, ...], Parameter(group=_WHO, show_default=False)] = ()
    """Probability of a kind of operator before looking, as `reseller=0.4`; may be repeated. The
    kinds are distiller, reseller, evaluation farm, hobbyist pool and organisation; without this
    they are equal."""

    hash_only: Annotated[bool, Parameter(group=_PRIVACY)] = False
    """Keep no prompt text in the results, not even masked templates."""

    clear_identifiers: Annotated[bool, Parameter(group=_PRIVACY)] = False
    """Keep account ids and addresses as they stand in the log: no pseudonyms."""

    key: Annotated[Path | None, Parameter(group=_PRIVACY, show_default=False)] = None
    """Pseudonym key. Without it, one in your configuration folder is used, and made at first."""

    store: Annotated[str | None, Parameter(group=_STORE, show_default=False)] = None
    """Where evidence is kept for the next scan: an SQLite file, made at first, or
    postgresql://USER@HOST/DATABASE (the extra `postgres`; the password in PGPASSWORD)."""

    store_folder: Annotated[Path | None, Parameter(group=_STORE, show_default=False)] = None
    """Folder of the store's files. Without it, `.parts` is added to the name of the SQLite file."""

    since: Annotated[Literal["start", "last"], Parameter(group=_STORE)] = "start"
    """`last` goes on where the last scan of the store ended, and counts newer exchanges only."""


def scan_config(options: ScanOptions, settings_file: Path | None) -> ScanConfig:
    """Read the files that the options name.

    Parameters:
        options: As given by a person.
        settings_file: File of `--config`, null for the default; its `[prices]` count.

    Returns:
        The configuration of the scan.

    Raises:
        InputError: If a file cannot be used.
        ConfigError: If an option cannot.
    """
    from phalanx.cli.inputs import (
        check_prices,
        parse_columns,
        read_alliance,
        read_embedder,
        read_grants,
        read_names,
        read_parties,
        read_prices,
        read_sketches,
    )
    from phalanx.cli.profile_files import parse_priors, read_profiles
    from phalanx.cli.spark_options import spark_options
    from phalanx.cli.store_options import check_store
    from phalanx.detect.config import ScanConfig

    check_store(options.store, options.store_folder, options.since)
    master, spark_settings = spark_options(options.engine, options.master, options.spark_conf)
    config = ScanConfig(
        false_discovery_rate=options.fdr,
        trusted=read_names(options.trusted) if options.trusted else frozenset(),
        parties=read_parties(options.parties) if options.parties else {},
        grants=read_grants(options.grants) if options.grants else (),
        known_corpora=read_sketches(options.known_corpus),
        embedder=read_embedder(options.embedder) if options.embedder else None,
        alliance=read_alliance(options.alliance) if options.alliance else None,
        profiles=read_profiles(options.profiles) if options.profiles else (),
        priors=parse_priors(options.prior),
        columns=parse_columns(options.column_map),
        hash_only=options.hash_only,
        pseudonym_key=None if options.clear_identifiers else load_or_create(options.key),
        seed=options.seed,
        step_hours=options.step_hours,
        for_pool=options.for_pool,
        files=_files_of(options, chosen_file(os.environ, settings_file)),
        engine=options.engine,
        master=master,
        spark_settings=spark_settings,
        store=options.store,
        store_folder=options.store_folder,
        since=options.since,
    )
    settings_file = chosen_file(os.environ, settings_file)
    in_settings = read_config(settings_file).get(PRICES_TABLE)
    if options.prices:
        return replace(config, prices_usd_per_million_tokens=read_prices(options.prices))
    if in_settings is not None:
        prices = check_prices(in_settings, f"{settings_file or DEFAULT_FILE} [{PRICES_TABLE}]")
        return replace(config, prices_usd_per_million_tokens=prices)
    return config


def _files_of(options: ScanOptions, settings_file: Path | None) -> tuple[SettingsFile, ...]:
    """Return the files that the settings come from, with their digests."""
    from phalanx.cli.profile_files import profile_paths
    from phalanx.detect.config import SettingsFile
    from phalanx.detect.onnx_embedder import embedder_files

    config = settings_file or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    profiles = profile_paths(options.profiles) if options.profiles else ()
    models = embedder_files(options.embedder) if options.embedder else ()
    given = [
        ("config", config),
        ("trusted", options.trusted),
        ("parties", options.parties),
        ("grants", options.grants),
        ("prices", options.prices),
        ("alliance", options.alliance),
        *(("known_corpus", path) for path in options.known_corpus),
        *(("profile", path) for path in profiles),
        *(("embedder", path) for path in models),
    ]
    return tuple(
        SettingsFile(role=role, path=str(path), sha256=_digest_of(path))
        for role, path in given
        if path is not None
    )


def _digest_of(path: Path) -> str:
    """Return the digest of a file that may be larger than memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
