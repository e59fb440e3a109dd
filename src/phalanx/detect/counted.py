"""What a scan counted, of a log alone or on top of what a store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import numpy as np
import numpy.typing as npt

from phalanx.detect.aggregates import Aggregates, aggregate
from phalanx.detect.narrow import MOST_DAYS, Names, recent
from phalanx.detect.population import Population
from phalanx.detect.replay_state import ReplayState
from phalanx.logs import ExchangeLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All that the later stages are made of."""

    aggregates: Aggregates
    names: Names
    rows: ibis.Table
    """The narrow table of all exchanges."""

    exchanges: int
    rejected: int
    columns: frozenset[str]
    """Optional columns that the log carried."""

    has_prompts: bool
    notes: Mapping[str, int]
    """What was left out -> how many rows."""

    state: ReplayState | None = None
    """Where the replay of earlier scans stood."""

    party_of_account: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64)
    )
    """As it was then."""

    def reassigned(self, population: Population) -> int:
        """Count the accounts whose party is not what the earlier replay took it for.

        An account may declare its organisation later than it sends its first exchange. A scan
        of the whole log knows so from the start, and this one must begin anew to agree.
        """
        known = self.party_of_account
        return int(np.count_nonzero(known != population.parties.of_account[: known.size]))


def count_alone(table: ibis.Table, names: Names, log: ExchangeLog, step_hours: int) -> Counted:
    """Count a log that no store knows.

    Parameters:
        table: Its narrow table.
        names: What hashes stand for.
        log: What was read.
        step_hours: Length of the steps.
    """
    table, left_out = recent(table, step_hours)
    return Counted(
        aggregates=aggregate(table, step_hours),
        names=names,
        rows=table,
        exchanges=log.rows - left_out,
        rejected=sum(log.rejects.values()),
        columns=log.columns,
        has_prompts=log.has_prompts,
        notes=too_old(left_out),
    )


def too_old(left_out: int) -> dict[str, int]:
    """Return the note on exchanges long before the last one."""
    what = f"exchange over {MOST_DAYS} days before the last one, left out"
    return {what: left_out} if left_out else {}
