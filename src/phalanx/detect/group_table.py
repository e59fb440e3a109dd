"""Every group that was ever opened, with its accounts and what is known against both nulls.

What a house found too weak to list may be strong beside what another house found. So each group
is asked about its use here, also where it was not linked far enough to be asked by the scan: the
evidence is that of one look at the end of the log, fixed before anything was seen.
"""

from __future__ import annotations

import pyarrow as pa

from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.result import GROUP_SCHEMA
from phalanx.detect.track import Track
from phalanx.evidence import NOT_ASKED, of_sources


def group_table(replay: Replay, population: Population) -> pa.Table:
    """Return one row per group that was tested, in the order in which they were opened.

    Parameters:
        replay: At its last step.
        population: Tells accounts of parties, and when steps were over.
    """
    accounts: list[list[str]] = [[] for _ in range(population.parties.count)]
    for name, party in zip(population.account_names, population.parties.of_account, strict=True):
        accounts[int(party)].append(name)
    rows = [
        {
            "track": track.number,
            "route": track.route,
            "formed_at": population.end_of(track.formed_step),
            "parties": [accounts[party] for party in track.members.tolist()],
            "log10_e_apart": track.linked_log10_e,
            "log10_e_of_sources": _of_sources(track),
            "log10_e_honest": replay.examine_use(track.members, track.members, track).log10_e,
        }
        for track in replay.tracks
        if track.log10_apart != [NOT_ASKED]
    ]
    return pa.Table.from_pylist(rows, schema=GROUP_SCHEMA)


def _of_sources(track: Track) -> list[tuple[str, float]]:
    said = [(line.family.source, line.log10_e) for line in track.apart_lines]
    return list(of_sources(said, track.members.size).items())
