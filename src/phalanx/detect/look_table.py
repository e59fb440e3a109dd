"""Every look at every group: what each family said, so that a judgement can be computed again."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from phalanx.detect.alliance.weighing import Marked, Weighing
from phalanx.detect.population import Population
from phalanx.detect.result import LOOK_SCHEMA
from phalanx.detect.track import Track
from phalanx.evidence import NOT_ASKED


def look_table(tracks: Sequence[Track], weighing: Weighing, population: Population) -> pa.Table:
    """Return one row per group that was ever opened and look at it, in order.

    Parameters:
        tracks: All groups ever opened.
        weighing: What marks say of them.
        population: Tells when steps were over.
    """
    rows = [
        {
            "track": track.number,
            "route": track.route,
            "formed_at": population.end_of(track.formed_step),
            "opening_parties": track.opening_size,
            "marks": _marks(weighing.marked(track), population),
            "looked_at": population.end_of(look.step),
            "parties": look.parties,
            "log10_e_apart": _if_asked(apart),
            "log10_e_honest": _if_asked(honest),
            "log10_e_of_rules": [(line.family.rule_id, line.log10_e) for line in look.lines],
        }
        for track in tracks
        for look, apart, honest in zip(
            track.looks, track.log10_apart, track.log10_honest, strict=True
        )
    ]
    return pa.Table.from_pylist(rows, schema=LOOK_SCHEMA)


def _marks(marked: Marked, population: Population) -> dict[str, object] | None:
    if marked.campaign < 0:
        return None
    return {
        "campaign": population.marks.campaigns[marked.campaign],
        "log_ratio_apart": marked.log_ratio_first,
        "log_ratio_honest": marked.log_ratio_second,
        "held_share": marked.holds,
        "read_from": sorted(marked.read_from),
    }


def _if_asked(log10_e: float) -> float | None:
    return None if log10_e == NOT_ASKED else log10_e
