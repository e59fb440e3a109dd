"""What a log shows of one account, against honest parties of like volume."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.appeals.result import Habit, Seen, SeenMark, SharedValue
from phalanx.detect.appeals.tables import AccountRow, ReferenceTable
from phalanx.detect.result import ScanResult
from phalanx.detect.rules import all_rules
from phalanx.detect.thresholds import MINIMUM_EXCHANGES, VOLUME_RATIO

FEWEST_COMPARED = 20
"""Below so many parties a median would tell too much of each of them."""


def seen_of(result: ScanResult, row: AccountRow, table: ReferenceTable) -> Seen:
    """Describe an account.

    Parameters:
        result: A scan.
        row: The account.
        table: All parties of the scan.
    """
    own = int(np.flatnonzero(table.names == row.party_id)[0])
    volume = table.exchanges[own]
    like = table.is_reference & (table.exchanges <= volume * VOLUME_RATIO)
    like &= table.exchanges >= max(MINIMUM_EXCHANGES, volume / VOLUME_RATIO)
    like[own] = False
    enough = volume >= MINIMUM_EXCHANGES
    return Seen(
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        active_days=_active_days(result, row),
        exchanges=row.exchanges,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        accounts_of_party=int(table.accounts[own]),
        habits=tuple(
            _habit(name, share, table.habits[like, place])
            for place, (name, share) in enumerate(row.habits.items())
        )
        if enough
        else (),
        compared_parties=int(np.count_nonzero(like)),
        values=tuple(
            SharedValue(
                rule_id=rule.rule_id,
                name=rule.name,
                others=_others(row.parties_sharing[rule.rule_id]),
                showing=table.showing[rule.rule_id],
                others_in_group=None
                if row.group_id is None
                else _others(row.members_sharing.get(rule.rule_id)),
            )
            for rule in all_rules()
            if rule.rule_id in row.parties_sharing
        ),
        marks=tuple(
            SeenMark(
                campaign=mark.campaign,
                kind=mark.kind,
                matches=mark.matches,
                others=mark.accounts_of_log - 1,
            )
            for mark in row.marks
        ),
    )


def _habit(name: str, share: float, reference: npt.NDArray[np.float64]) -> Habit:
    if reference.size < FEWEST_COMPARED:
        return Habit(name=name, share=share, reference_median=None, reference_below=None)
    # Shares were rounded when they were written, so equals are equal.
    return Habit(
        name=name,
        share=share,
        reference_median=float(np.median(reference)),
        reference_below=float(np.mean(reference < share)),
    )


def _others(sharing: int | None) -> int | None:
    return None if sharing is None else sharing - 1


def _active_days(result: ScanResult, row: AccountRow) -> int:
    ends = result.population.step_ends
    # A step that ends at midnight belongs to the day before.
    days = {
        (end.timestamp() - 1) // 86_400
        for end, number in zip(ends, row.step_exchanges, strict=False)
        if number
    }
    return len(days)
