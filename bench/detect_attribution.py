"""Attribution: do stated odds of kinds of operators come true, and do profiles name wrongly?

`--fit` counts simulated groups of known kind on one set of seeds and writes the likelihood table
that is shipped. Without it, groups of other seeds are judged by that table, and the reliability
table compares stated odds with what was realised. Then one operator is planted into two logs with
different pseudonym keys: a profile that was drafted from the first is compared with everything
that a scan of the second lists, and so are profiles of unrelated operators.

Run `python bench/detect_attribution.py`; `--smoke` takes few populations.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise

import numpy as np

from attribution_groups import Example, examples
from phalanx.detect.attribution.features import FEATURES
from phalanx.detect.attribution.kinds import (
    KINDS,
    TABLE_PATH,
    UNINFORMED,
    LikelihoodTable,
    count_groups,
    judge,
    published_table,
)
from phalanx.evidence.intervals import clopper_pearson_upper
from results import print_table, save

FIT_SEEDS = range(1000, 1030)
CHECK_SEEDS = range(2000, 2020)
INTERVALS = 6
CONTAMINATION = 0.02
_POWERS = np.round(np.arange(0.1, 1.01, 0.1), 2)
_EDGES = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0)


def collect(seeds: Sequence[int], accounts: int, days: int) -> list[Example]:
    """Measure the planted groups of several populations."""
    found: list[Example] = []
    for seed in seeds:
        found += examples(seed, accounts, days)
        print(f"seed {seed}: {len(found)} groups", file=sys.stderr)
    return found


def table_of(groups: Sequence[Example], tempering: float, seeds: Sequence[int]) -> LikelihoodTable:
    """Count groups into a table."""
    return LikelihoodTable(
        features=count_groups(
            [g.measured for g in groups], [g.kind for g in groups], FEATURES, INTERVALS
        ),
        tempering=tempering,
        contamination=CONTAMINATION,
        seeds=tuple(seeds),
    )


def loss(groups: Sequence[Example], table: LikelihoodTable) -> float:
    """Return the mean of -ln P(true kind)."""
    return float(np.mean([-np.log(_stated(group, table)[group.kind]) for group in groups]))


def _stated(group: Example, table: LikelihoodTable) -> dict[str, float]:
    hypotheses, _ = judge(group.measured, UNINFORMED, table)
    return {each.kind: each.probability for each in hypotheses}


def fit(seeds: Sequence[int], accounts: int, days: int) -> LikelihoodTable:
    """Count all groups; choose the power by which halves of the seeds foretell each other."""
    groups = collect(seeds, accounts, days)
    halves = [[g for g in groups if g.seed % 2 == half] for half in (0, 1)]
    losses = [
        np.mean([loss(halves[1 - h], table_of(halves[h], float(p), seeds)) for h in (0, 1)])
        for p in _POWERS
    ]
    print_table("Power", ["power", "loss"], list(zip(_POWERS, np.round(losses, 4), strict=True)))
    return table_of(groups, float(_POWERS[int(np.argmin(losses))]), seeds)


def reliability(groups: Sequence[Example], table: LikelihoodTable) -> list[list[object]]:
    """Return stated and realised shares of every hypothesis of every group, by stated share."""
    pairs = [
        (stated, kind == group.kind)
        for group in groups
        for kind, stated in _stated(group, table).items()
    ]
    rows: list[list[object]] = []
    for low, high in pairwise(_EDGES):
        inside = [(p, true) for p, true in pairs if low <= p < high or (high == 1.0 == p)]
        if inside:
            hits = sum(true for _, true in inside)
            mean = float(np.mean([p for p, _ in inside]))
            rows.append(
                [f"{low:g} to {high:g}", len(inside), round(mean, 3), round(hits / len(inside), 3)]
            )
    return rows


def by_kind(groups: Sequence[Example], table: LikelihoodTable) -> list[list[object]]:
    """Return, per true kind, how often it led and how often a distiller was favoured."""
    rows: list[list[object]] = []
    for kind in KINDS:
        own = [_stated(group, table) for group in groups if group.kind == kind]
        if own:
            led = sum(max(each, key=lambda k: each[k]) == kind for each in own)
            accused = sum(each["distiller"] >= 0.5 for each in own)
            surely = sum(each["distiller"] >= 0.9 for each in own)
            rows.append([kind, len(own), led, accused, surely])
    return rows


def main() -> None:
    """Fit the table, or measure it on other seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="write the table that is shipped")
    parser.add_argument("--accounts", type=int, default=1_200)
    parser.add_argument("--days", type=int, default=9)
    parser.add_argument("--smoke", action="store_true", help="few populations")
    arguments = parser.parse_args()
    if arguments.fit:
        fitted = fit(FIT_SEEDS, arguments.accounts, arguments.days)
        text = json.dumps(asdict(fitted), indent=1, sort_keys=True)
        TABLE_PATH.write_text(text + "\n", encoding="utf-8")
        return
    table = published_table()
    seeds = CHECK_SEEDS[:1] if arguments.smoke else CHECK_SEEDS
    groups = collect(seeds, arguments.accounts, arguments.days)
    reliable, kinds = reliability(groups, table), by_kind(groups, table)
    print_table("Stated and realised", ["stated", "pairs", "mean stated", "realised"], reliable)
    columns = ["kind", "groups", "leads", "distiller at least 0.5", "at least 0.9"]
    print_table("Kinds", columns, kinds)
    honest = [g for g in groups if g.kind != "distiller"]
    accused = sum(_stated(g, table)["distiller"] >= 0.5 for g in honest)
    upper = clopper_pearson_upper(accused, len(honest))
    print(
        f"honest pools for which a distiller is favoured: {accused} of {len(honest)}, "
        f"95 % upper bound {upper:.3f}; loss {loss(groups, table):.3f}"
    )
    save(
        "detect_attribution",
        {
            "smoke": arguments.smoke,
            "seeds": list(seeds),
            "groups": dict(Counter(g.kind for g in groups)),
            "reliability": reliable,
            "by_kind": kinds,
            "loss": round(loss(groups, table), 4),
        },
    )


if __name__ == "__main__":
    main()
