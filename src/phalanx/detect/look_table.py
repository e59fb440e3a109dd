"""Every look at every group: what each family said, so that a judgement can be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from phalanx.detect.population import Population
from phalanx.detect.result import LOOK_SCHEMA
from phalanx.detect.track import Track
from phalanx.evidence import NOT_ASKED


def look_table(tracks: Sequence[Track], population: Population) -> pa.Table:
    """Return one row per group that was ever opened and look at it, in order.

    Parameters:
        tracks: All groups ever opened.
        population: Tells when steps were over.
    """
    rows = [
        {
            "track": track.number,
            "route": track.route,
            "formed_at": population.end_of(track.formed_step),
            "opening_parties": track.opening_size,
            "marks": track.marked and asdict(track.marked),
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


def _if_asked(log10_e: float) -> float | None:
    return None if log10_e == NOT_ASKED else log10_e
