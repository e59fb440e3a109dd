"""Settings of a scan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

from phalanx.model import ActorProfile, Grant
from phalanx.model.attribution import OperatorKind

if TYPE_CHECKING:
    from phalanx.detect.alliance.mark_file import SharedMarks
    from phalanx.detect.embedder import Embedder
    from phalanx.sketches.prompts.corpus import CorpusSketch

DEFAULT_PRICES: Mapping[str, tuple[float, float]] = MappingProxyType({"*": (3.0, 15.0)})
"""What tokens cost where nobody says: a guess, so that campaigns can be compared."""

EngineName = Literal["duckdb", "spark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A file that a setting was read from, so that a scan can be repeated."""

    role: str
    """What it says: `config`, `trusted`, `parties`, `grants`, `prices`, `known_corpus`,
    `profile`, `embedder` or `alliance`."""

    path: str
    """Where it stood, as given."""

    sha256: str
    """Digest of its bytes, hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanConfig:
    """Everything that changes what a scan computes.

    Raises:
        ValueError: If a number lies outside its range.

    Examples:
        >>> ScanConfig(false_discovery_rate=0.05).false_discovery_rate
        0.05
    """

    false_discovery_rate: float = 0.01
    """Rate that e-BH holds the list of campaigns to, in (0, 1)."""

    min_group_parties: int = 5
    """Smallest number of parties that is opened as a group, at least 2."""

    trusted: frozenset[str] = frozenset()
    """Accounts or organisations (as in the log) that form the honest reference.
    Empty: the cohort's own parties form it."""

    parties: Mapping[str, str] = field(default_factory=dict)
    """Account -> declared party, beyond what `organisation` already declares."""

    grants: tuple[Grant, ...] = ()
    """Authorisations that are consulted before judging."""

    known_corpora: tuple[CorpusSketch, ...] = ()
    """Sketches of known seed sets of distillation."""

    embedder: Embedder | None = None
    """Model that tells what prompts mean; null compares the words that they hold."""

    alliance: SharedMarks | None = None
    """Marks of campaigns that other providers shared. They form groups and weigh them, and are no
    evidence; an account named in them stands as in the log, in clear."""

    profiles: tuple[ActorProfile, ...] = ()
    """Known actors that listed groups are compared with; a name comes from nothing else."""

    priors: Mapping[str, float] = field(default_factory=dict)
    """Kind of operator -> probability before looking, summing to at most one. What they leave
    is shared evenly by the kinds that are not named."""

    prices_usd_per_million_tokens: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: DEFAULT_PRICES
    )
    """Model name or glob -> (input, output) price; `*` is the fallback."""

    files: tuple[SettingsFile, ...] = ()
    """Files that these settings were read from; they are recorded and never read."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Native column -> field of the log (`--map account_id=user.id`)."""

    hash_only: bool = False
    """Keep no prompt text, not even masked templates, in the result."""

    pseudonym_key: bytes | None = field(default=None, repr=False)
    """Key of the pseudonyms, at least 16 bytes. Null, the default, keeps account ids and addresses
    in clear, in the result and in everything that is written from it."""

    seed: int = 0
    """Seed of community detection and of every tie that is broken by chance, in [0, 2^64)."""

    memory_limit_bytes: int = 1_500_000_000
    """Memory that the relational engine may take before it spills to disk."""

    step_hours: int = 6
    """The log is replayed in steps of so many hours, a divisor of 24: how soon a campaign can be
    raised, and how much work that takes."""

    engine: EngineName = "duckdb"
    """What runs the relational part: DuckDB in this process, or Spark."""

    master: str = "local[*]"
    """Master of the Spark cluster; ignored by DuckDB."""

    spark_settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Settings of Spark; not recorded, for they may hold credentials of a store."""

    threads: int = 0
    """Worker threads; 0 takes all cores."""

    now: datetime | None = None
    """Time against which future timestamps are rejected; null takes the clock."""

    for_pool: bool = False
    """Whether every group that was tested is described, for pooling with other providers."""

    store: str | None = None
    """Where evidence is kept from scan to scan: an SQLite file, or
    `postgresql://USER@HOST/DATABASE`. Null keeps nothing."""

    store_folder: Path | None = None
    """Folder of the store's files; null means beside an SQLite file."""

    since: Literal["start", "last"] = "start"
    """Whether a scan goes on where the last one of its store ended."""

    @property
    def has_default_prices(self) -> bool:
        """Whether nobody gave a price list."""
        return self.prices_usd_per_million_tokens is DEFAULT_PRICES

    @property
    def thread_count(self) -> int:
        """Worker threads."""
        return self.threads or os.cpu_count() or 1

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made."""
        if not 0.0 < self.false_discovery_rate < 1.0:
            message = f"false_discovery_rate must lie in (0, 1), not {self.false_discovery_rate}"
            raise ValueError(message)
        if not 0 <= self.seed < 2**64:
            message = f"seed must lie in [0, 2^64), not {self.seed}"
            raise ValueError(message)
        if self.step_hours < 1 or 24 % self.step_hours:
            message = f"step_hours must divide 24, not {self.step_hours}"
            raise ValueError(message)
        self._check_priors()
        if self.min_group_parties < 2:
            message = f"min_group_parties must be at least 2, not {self.min_group_parties}"
            raise ValueError(message)
        if self.since == "last" and self.store is None:
            message = "since='last' needs a store to go on with"
            raise ValueError(message)

    def _check_priors(self) -> None:
        kinds = get_args(OperatorKind)
        unknown = set(self.priors) - set(kinds)
        if unknown:
            message = f"priors names {min(unknown)!r}; kinds of operator are {', '.join(kinds)}"
            raise ValueError(message)
        total = sum(self.priors.values())
        complete = len(self.priors) == len(kinds)
        if any(not 0.0 < share < 1.0 for share in self.priors.values()) or not (
            abs(total - 1.0) < 1e-6 if complete else total < 1.0
        ):
            message = (
                "priors must lie in (0, 1) and sum to less than 1, or to 1 where all kinds are "
                f"named; they sum to {total:g}"
            )
            raise ValueError(message)
