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
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np

from attribution_groups import Example, examples, kind_of
from attribution_operators import (
    attribution_of,
    key_of,
    listed,
    pair,
    profile_of_operator,
    scanned,
    truth_of,
)
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
from populations import Material, material
from results import print_table, save

FIT_SEEDS = range(1000, 1030)
CHECK_SEEDS = range(2000, 2020)
OPERATOR_SEEDS = range(100, 112)
"""Levels of the grades were chosen on others (0 to 11)."""

INTERVALS = 6
CONTAMINATION = 0.02
_POWERS = np.round(np.arange(0.1, 1.01, 0.1), 2)
_EDGES = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0)


def collect(
    seeds: Sequence[int], accounts: int, days: int, texts: Material | None = None
) -> list[Example]:
    """Measure the planted groups of several populations."""
    found: list[Example] = []
    for seed in seeds:
        found += examples(seed, accounts, days, texts)
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


def named(
    seeds: Sequence[int], accounts: int, days: int
) -> tuple[list[list[object]], dict[str, object]]:
    """Draft a profile of each operator from its first log; compare all with all second logs."""
    twos = [pair(seed, accounts, days) for seed in seeds]
    profiles = {}
    for two in twos:
        drafted = profile_of_operator(two)
        if drafted is not None:
            profiles[two.seed] = drafted
        print(f"operator {two.seed}: {'drafted' if drafted else 'not listed'}", file=sys.stderr)
    rows: list[list[object]] = []
    stated: list[tuple[str, str, float]] = []
    false_names = unrelated = hours_seen = hours_asked = 0
    largest = -np.inf
    for two in twos:
        key = key_of(two.seed, 1)
        result = scanned(two.logs[1], key, list(profiles.values()))
        best = "not listed"
        for group in listed(result):
            truth, found = truth_of(group, two.names[1], key), attribution_of(group)
            leader = found.hypotheses[0]
            stated.append((kind_of(truth) if truth else "", leader.kind, leader.probability))
            for comparison in found.profiles:
                mine = truth == "operator-0" and comparison.name == f"operator {two.seed}"
                corrected = comparison.log10_likelihood_ratio - comparison.log10_comparisons
                if mine:
                    best = f"{found.grade} 10^{corrected:.1f}"
                    continue
                unrelated += 1
                false_names += found.named == comparison.name
                largest = max(largest, corrected)
                hours = [t for t in comparison.traits if t.family == "hours"]
                hours_asked += sum(t.status != "not evaluable" for t in hours)
                hours_seen += sum(t.status == "seen" for t in hours)
        rows.append([two.seed, two.rung, two.seed in profiles, best])
        print(f"operator {two.seed}: {best}", file=sys.stderr)
    figures: dict[str, object] = {
        "profiles": len(profiles),
        "operators listed again": sum(row[3] != "not listed" for row in rows),
        "named": sum(str(row[3])[0] in "ABC" for row in rows),
        "unrelated comparisons": unrelated,
        "false names": false_names,
        "false names, 95 % upper bound": round(clopper_pearson_upper(false_names, unrelated), 5),
        "largest unrelated ratio, corrected log10": round(float(largest), 2),
        "hours seen in unrelated groups": f"{hours_seen} of {hours_asked}",
        "listed groups of known kind": sum(bool(kind) for kind, _, _ in stated),
        "whose kind leads": sum(kind == leader for kind, leader, _ in stated if kind),
        "honest ones called distiller": sum(
            leader == "distiller" for kind, leader, _ in stated if kind not in {"", "distiller"}
        ),
        "listed strangers called distiller": sum(
            leader == "distiller" for kind, leader, _ in stated if not kind
        ),
    }
    return rows, figures


def main() -> None:
    """Fit the table, or measure it on other seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="write the table that is shipped")
    parser.add_argument("--accounts", type=int, default=1_200)
    parser.add_argument("--days", type=int, default=9)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--smoke", action="store_true", help="few populations")
    arguments = parser.parse_args()
    if arguments.fit:
        fitted = fit(FIT_SEEDS, arguments.accounts, arguments.days)
        text = json.dumps(asdict(fitted), indent=1, sort_keys=True)
        TABLE_PATH.write_text(text + "\n", encoding="utf-8")
        return
    table = published_table()
    seeds = CHECK_SEEDS[:1] if arguments.smoke else CHECK_SEEDS
    figures: dict[str, object] = {"smoke": arguments.smoke, "seeds": list(seeds)}
    groups = collect(seeds, arguments.accounts, arguments.days)
    figures["grammar"] = report("Other seeds", groups, table)
    if arguments.data.exists():
        with tempfile.TemporaryDirectory() as name:
            texts = material(arguments.data, Path(name), seeds[0])
            groups = collect(seeds[:10], arguments.accounts, arguments.days + 5, texts)
        figures["real text"] = report("Real prompts and arrivals, longer logs", groups, table)
    operators = OPERATOR_SEEDS[:2] if arguments.smoke else OPERATOR_SEEDS
    rows, names = named(operators, arguments.accounts, arguments.days)
    print_table("Operators", ["seed", "rung", "profile drafted", "second log"], rows)
    print_table("Names", ["figure", "value"], [list(item) for item in names.items()])
    save("detect_attribution", {**figures, "operators": rows, "names": names})


def report(title: str, groups: Sequence[Example], table: LikelihoodTable) -> dict[str, object]:
    """Print the reliability table and what became of each kind."""
    reliable, kinds = reliability(groups, table), by_kind(groups, table)
    print_table(title, ["stated", "pairs", "mean stated", "realised"], reliable)
    columns = ["kind", "groups", "leads", "distiller at least 0.5", "at least 0.9"]
    print_table(title, columns, kinds)
    honest = [group for group in groups if group.kind != "distiller"]
    accused = sum(_stated(group, table)["distiller"] >= 0.5 for group in honest)
    upper = clopper_pearson_upper(accused, len(honest))
    print(
        f"honest pools for which a distiller is favoured: {accused} of {len(honest)}, "
        f"95 % upper bound {upper:.3f}; mean of -ln P(true kind) {loss(groups, table):.3f}"
    )
    return {"reliability": reliable, "by_kind": kinds, "loss": round(loss(groups, table), 4)}


if __name__ == "__main__":
    main()
