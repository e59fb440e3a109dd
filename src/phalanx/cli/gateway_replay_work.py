"""What `phalanx gateway replay` does: read logs, apply a policy, say whom it touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phalanx.cli.gateway_options import GatewayOptions
from phalanx.cli.gateway_work import KEY_BYTES, known_to
from phalanx.cli.scan_key import load_or_create
from phalanx.logs.exchange_log import open_log
from phalanx.logs.options import ReadOptions
from phalanx.owned import read_or_make_secret
from phalanx.prevent.policy.loading import read_policy
from phalanx.prevent.replay.gathering import Gatherer
from phalanx.prevent.replay.report import ReplayReport, report_of
from phalanx.prevent.replay.running import enforced, replay, room_for
from phalanx.prevent.request import MOST_PROMPT_CHARACTERS

_BYTES_PER_ROW = 500
"""Of a log, for the progress: how many rows there are is not known before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How logs are read."""

    columns: Mapping[str, str]
    key: Path | None
    """Of the pseudonyms; null for the default place."""

    clear: bool
    """Whether identifiers stay as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRun:
    """A report, and what has to be said of the logs."""

    report: ReplayReport
    warnings: tuple[str, ...]
    rejected: int
    """Rows that could not be used."""


def replayed(  # noqa: PLR0917 - what a person may say
    logs: Sequence[Path],
    options: GatewayOptions,
    reading: Reading,
    most_classes: int,
    tokens_per_second: float,
    progress: Callable[[str, float], None],
    *,
    as_enforced: bool,
) -> ReplayRun:
    """Apply a policy to logs.

    Raises:
        InputError: If a file cannot be read, or is not what it should be.
        ConfigError: If the policy is none.
    """
    policy = read_policy(options.policy)
    policy = enforced(policy) if as_enforced else policy
    key = read_or_make_secret(options.key, "gateway key", KEY_BYTES)
    pseudonyms = None if reading.clear else load_or_create(reading.key)
    read = ReadOptions(
        columns=reading.columns,
        pseudonym_key=pseudonyms,
        maximum_prompt_characters=MOST_PROMPT_CHARACTERS,
    )
    log = open_log([str(path) for path in logs], read)
    gatherer = Gatherer(policy, known_to(options), key)
    whole = max(sum(source.file.path.stat().st_size for source in log.sources), 1)
    for batch in log.batches():
        gatherer.take(batch)
        progress(f"{log.rows:,} exchanges", 0.8 * min(1.0, _BYTES_PER_ROW * log.rows / whole))
    traffic = gatherer.traffic()
    made = replay(
        traffic, policy, room_for(traffic), lambda share: progress("deciding", 0.8 + 0.2 * share),
        tokens_per_second,
    )  # fmt: skip
    report = report_of(
        traffic, policy, made, most_classes, tokens_per_second, as_enforced=as_enforced
    )
    return ReplayRun(report=report, warnings=log.warnings, rejected=sum(log.rejects.values()))
