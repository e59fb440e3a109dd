"""What `phalanx gateway calibrate` and `watch` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from phalanx.cli.gateway_options import GatewayOptions
from phalanx.cli.gateway_work import KEY_BYTES, known_to
from phalanx.cli.inputs import parse_columns
from phalanx.cli.scan_key import load_or_create
from phalanx.logs.exchange_log import open_log
from phalanx.logs.options import ReadOptions
from phalanx.owned import read_or_make_secret
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.online.alerts import Alert
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import Reference, read_reference, write_reference
from phalanx.prevent.online.watch import Watch, WatchCounts
from phalanx.prevent.policy.document import ValueWeights
from phalanx.prevent.policy.loading import read_policy
from phalanx.prevent.replay.calibrating import calibrated
from phalanx.prevent.replay.observing import Ended, ended, feed
from phalanx.prevent.request import MOST_PROMPT_CHARACTERS

if TYPE_CHECKING:
    from phalanx.cli.gateway_online import LogOptions

Progress = Callable[[str, float], None]
_BYTES_PER_ROW = 500
"""Of a log, for the progress: how many rows there are is not known before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What error may be spent, as a person says it; null accounts follow from the logs."""

    fdr: float
    share: float
    epochs: int
    accounts: int | None
    pools: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRun:
    """Who would have been raised, and how the watch stood in the end."""

    reference: Reference
    alerts: tuple[Alert, ...]
    counts: WatchCounts
    answers: int


def calibrate_logs(  # noqa: PLR0917 - what a person may say
    logs: Sequence[Path],
    options: GatewayOptions,
    reading: LogOptions,
    spending: Spending,
    into: Path,
    progress: Progress,
) -> Reference:
    """Make a reference of logs, and write it.

    Raises:
        InputError: If a file cannot be read or written, or is not what it should be.
        ConfigError: If a rate is none, or the logs are too short or have too few accounts.
    """
    knowledge, value = known_to(options), read_policy(options.policy).document.value
    answers = _answers(logs, options, reading, knowledge, value, progress)
    accounts = spending.accounts or 2 * len(answers.accounts)
    budget = Budget(
        false_discovery_rate=spending.fdr,
        share=spending.share,
        epochs=spending.epochs,
        accounts=accounts,
        pools=spending.pools,
    )
    made = calibrated(answers, knowledge, value, budget)
    write_reference(made, into)
    return made


def watch_logs(
    logs: Sequence[Path],
    options: GatewayOptions,
    reading: LogOptions,
    reference: Path,
    progress: Progress,
) -> WatchRun:
    """Let a watch see logs.

    Raises:
        InputError: If a file cannot be read, or is not what it should be.
        ConfigError: If the reference counts information value otherwise than the policy.
    """
    knowledge, value = known_to(options), read_policy(options.policy).document.value
    alerts: list[Alert] = []
    held = read_reference(reference)
    watch = Watch(held, value.model_dump(mode="json"), alerts.append)
    answers = _answers(logs, options, reading, knowledge, value, progress)
    feed(watch, answers, knowledge.pools)
    return WatchRun(
        reference=held,
        alerts=tuple(alerts),
        counts=watch.counts(),
        answers=int(answers.account.size),
    )


def _answers(  # noqa: PLR0917 - what a person may say, and what follows from it
    logs: Sequence[Path],
    options: GatewayOptions,
    reading: LogOptions,
    knowledge: Knowledge,
    value: ValueWeights,
    progress: Progress,
) -> Ended:
    key = read_or_make_secret(options.key, "gateway key", KEY_BYTES)
    read = ReadOptions(
        columns=parse_columns(reading.column_map),
        pseudonym_key=None if reading.clear_identifiers else load_or_create(reading.pseudonym_key),
        maximum_prompt_characters=MOST_PROMPT_CHARACTERS,
    )
    log = open_log([str(path) for path in logs], read)
    whole = max(sum(source.file.path.stat().st_size for source in log.sources), 1)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in log.batches():
            yield batch
            progress(f"{log.rows:,} exchanges", 0.8 * min(1.0, _BYTES_PER_ROW * log.rows / whole))

    return ended(
        batches(), value, knowledge, key,
        lambda share: progress("counting", 0.8 + 0.2 * share), reading.tokens_per_second,
    )  # fmt: skip
