"""What can be said about one account by itself: habits, shared values, grounds of membership.

A page about one account must name no other, so counts are taken here, where all are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.apart import TESTED_BY
from phalanx.detect.grants import GrantBook
from phalanx.detect.habits import HABITS
from phalanx.detect.link_table import shown_level
from phalanx.detect.links import MISSING, SHARING_FAMILIES
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.verdict import GROUNDS, Verdict

_SHARE_DECIMALS = 3
"""More would say nothing, and would not compress."""


def account_details(
    replay: Replay, verdicts: Sequence[Verdict], grants: GrantBook
) -> dict[str, pa.Array]:
    """Return columns of `accounts.parquet`, one entry per account.

    Parameters:
        replay: At its last step.
        verdicts: Listed groups; where a party stood in several, the first would count.
        grants: Who is named by which grant.

    Returns:
        habits: Share of each habit over the whole log, of the account's party.
        is_reference: Whether its party counts as one honest operator at the end.
        parties_sharing: Parties that show the same value as its own, itself among them, for each
            family; null where it shows none.
        members_sharing: The same among the parties of its listed group.
        membership_log_odds: What its confidence is made of; null where it is in no group.
        log10_e_apart_with, log10_e_apart_without: Evidence on the listed parties of its group
            at the end of the log, and that on all but its own.
        tracks: Groups in `looks.parquet` that its party is in, whatever became of them.
        marks: Marks of campaigns that other providers shared; how many accounts of the log carry
            one of the same campaign.
        grant_ids: Grants that cover it from its first exchange to its last.
    """
    moment = replay.moment
    population = moment.population
    of_account = population.parties.of_account
    parties = population.parties.count
    shares = replay.use_between(0, population.steps - 1).shares.round(_SHARE_DECIMALS)
    group = np.full(parties, MISSING, dtype=np.int64)
    grounds = np.full((parties, len(GROUNDS)), np.nan)
    evidence = np.full((parties, 2), np.nan)
    for number, verdict in reversed(list(enumerate(verdicts))):
        group[verdict.members] = number
        grounds[verdict.members] = verdict.grounds
        families = TESTED_BY[verdict.lead.route]
        whole, without = replay.apart.without_each(verdict.members, families)
        evidence[verdict.members] = np.column_stack([np.full(without.size, whole), without])
    everywhere, inside = {}, {}
    for family in SHARING_FAMILIES:
        level = shown_level(family, moment)
        everywhere[family.rule_id] = _alike(level)
        inside[family.rule_id] = _alike(np.where(group == MISSING, MISSING, level), group)
    return {
        # The last habit is known only to a scan that was given sketches of known sets.
        "habits": _struct(dict(zip(HABITS, shares.T, strict=False)), of_account, pa.float32()),
        "is_reference": pa.array(replay.operators.alone[of_account]),
        "parties_sharing": _struct(everywhere, of_account, pa.int32()),
        "members_sharing": _struct(inside, of_account, pa.int32()),
        "membership_log_odds": _struct(
            dict(zip(GROUNDS, grounds.T, strict=True)), of_account, pa.float32()
        ),
        "log10_e_apart_with": _known(evidence[of_account, 0], pa.float64()),
        "log10_e_apart_without": _known(evidence[of_account, 1], pa.float64()),
        "tracks": _tracks_of(replay).take(pa.array(of_account)),
        "marks": _marks_of(population),
        "grant_ids": pa.array(grants.covering(population), pa.list_(pa.string())),
    }


_MARKS = pa.list_(
    pa.struct(
        [
            ("campaign", pa.string()),
            ("kind", pa.string()),
            ("matches", pa.int64()),
            ("first_seen", pa.timestamp("us", tz="UTC")),
            ("last_seen", pa.timestamp("us", tz="UTC")),
            ("accounts_of_log", pa.int64()),
        ]
    )
)


def _marks_of(population: Population) -> pa.ListArray:
    """Return the marks of each account, a list per account."""
    marks = population.marks
    account = marks.rows["account"].to_numpy()
    pairs = np.unique(np.stack([marks.campaign, account]), axis=1)
    carrying = np.bincount(pairs[0], minlength=len(marks.campaigns))[marks.campaign]
    columns = [marks.rows[name].combine_chunks() for name in _MARKS.value_type.names[:-1]]
    rows = pa.StructArray.from_arrays(
        [*columns, pa.array(carrying, pa.int64())], fields=list(_MARKS.value_type)
    )
    starts = np.searchsorted(account, np.arange(len(population.account_names) + 1))
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), rows)


def _tracks_of(replay: Replay) -> pa.ListArray:
    """Return the numbers of the tracks that each party is in, ascending, one list per party."""
    sizes = [track.members.size for track in replay.tracks]
    number = np.repeat([track.number for track in replay.tracks], sizes).astype(np.int32)
    party = np.concatenate([np.zeros(0, dtype=np.int64), *(t.members for t in replay.tracks)])
    order = np.lexsort((number, party))
    parties = np.arange(replay.moment.population.parties.count + 1)
    starts = np.searchsorted(party[order], parties).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(starts), pa.array(number[order]))


def _alike(
    level: npt.NDArray[np.int64], group: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.float64]:
    """Count the parties (of the same group) that carry the same value, NaN where none is."""
    shown = level != MISSING
    cells = level[shown] if group is None else np.stack([level[shown], group[shown]], axis=1)
    counts = np.full(level.size, np.nan)
    if cells.size:
        _, place, number = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        counts[shown] = number[place.ravel()]
    return counts


def _known(values: npt.NDArray[np.float64], kind: pa.DataType) -> pa.Array:
    return pa.array(values, mask=np.isnan(values)).cast(kind)


def _struct(
    columns: Mapping[str, npt.NDArray[np.float64]], rows: npt.NDArray[np.int64], kind: pa.DataType
) -> pa.Array:
    return pa.StructArray.from_arrays(
        [_known(column[rows], kind) for column in columns.values()], names=list(columns)
    )
