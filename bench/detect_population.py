"""Detection on real text: 30,000 honest accounts, 20 campaigns at E0 to E2.

Prompts are real where real ones exist (`--data`); identities, infrastructure and the
joining of prompts to arrivals are simulated and labelled so. Honest prompts are scarcer
than accounts, so the rest comes from the project's grammar, whose passages are filled
from documentation installed on this machine. Nothing in the detector was fitted here.

Run `python bench/detect_population.py`; `--smoke` takes a small population.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.detect import ScanConfig, scan
from phalanx.detect.evaluate import Evaluation, evaluate
from phalanx.detect.simulate import SimulationConfig, simulate
from populations import chosen_plan, material, population_options
from results import peak_memory_bytes, print_table, save


def real_share(exchanges: pa.Table, labels: pa.Table, corpora: dict[str, Path]) -> dict[str, float]:
    """Return the share of exchanges per class whose prompt holds a real one."""
    shares = {}
    joined = exchanges.select(["account_id", "prompt"]).join(labels, "account_id")
    for name in sorted(set(labels["traffic_class"].to_pylist())):
        rows = joined.filter(pc.field("traffic_class") == name)["prompt"]
        step = max(1, len(rows) // 4000)
        sample = rows.take(list(range(0, len(rows), step))).to_pylist()
        real = set(pq.read_table(corpora[name])["prompt"].to_pylist()) if name in corpora else set()
        hits = sum(any(text in real for text in _texts(prompt)) for prompt in sample)
        shares[name] = hits / max(len(sample), 1)
    return shares


def _texts(prompt: str) -> list[str]:
    if not prompt.startswith('[{"role"'):
        return [prompt]
    return [m["content"] for m in json.loads(prompt) if isinstance(m.get("content"), str)]


def run(config: SimulationConfig) -> tuple[Evaluation, dict[str, object], pa.Table, pa.Table]:
    """Simulate, scan, evaluate."""
    simulation = simulate(config)
    start = time.perf_counter()
    result = scan(simulation.exchanges, ScanConfig())
    seconds = time.perf_counter() - start
    figures = {
        "exchanges": simulation.exchanges.num_rows,
        "accounts": simulation.labels.num_rows,
        "scan_seconds": round(seconds, 1),
        "campaigns_reported": len(result.campaigns),
        "undeclared_pools": len(result.undeclared_pools),
        "suspicious_parties": len(result.suspicious_parties),
        "groups_opened": result.population.groups_opened,
        "reachable_log10_e": round(result.population.reachable_log10_e, 2),
        "peak_memory_bytes": peak_memory_bytes(),
    }
    evaluation = evaluate(result, simulation.labels)
    return evaluation, figures, simulation.exchanges, simulation.labels


def main() -> None:
    """Run both populations and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    population_options(parser, accounts=30_000, campaigns=20, seed=20261123)
    parser.add_argument("--smoke", action="store_true", help="a small population")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.accounts, arguments.campaigns, arguments.scale = 2_000, 3, 0.2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = material(arguments.data, folder, arguments.seed)
        plan = chosen_plan(arguments, ("E0", "E1", "E2"))
        evaluation, figures, exchanges, labels = run(plan.configuration(texts))
        shares = real_share(exchanges, labels, texts.real)
        del exchanges
        honest = replace(plan, campaigns=0, seed=arguments.seed + 1)
        clean, clean_figures, _, _ = run(honest.configuration(texts))
    print_table(
        "With campaigns",
        ["figure", "value"],
        [[key, value] for key, value in (figures | _main_figures(evaluation)).items()],
    )
    print_table(
        "Campaigns",
        ["campaign", "class", "accounts", "flagged", "found", "alert", "served before"],
        [
            [
                row.campaign,
                row.traffic_class,
                row.accounts,
                row.flagged,
                row.found,
                None if row.discovered_at is None else f"{row.discovered_at:%m-%d %H:%M}",
                f"{row.served_before_alert:.0%}",
            ]
            for row in evaluation.campaigns
        ],
    )
    print_table(
        "Honest classes",
        ["class", "accounts", "flagged", "upper 95 %", "real text"],
        [
            [name, harm.accounts, harm.flagged, f"{harm.upper:.3%}", f"{shares.get(name, 0):.0%}"]
            for name, harm in evaluation.harm_by_class.items()
        ],
    )
    print_table(
        "Without campaigns",
        ["figure", "value"],
        [[key, value] for key, value in (clean_figures | _main_figures(clean)).items()],
    )
    save(
        "detect_population",
        {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "with_campaigns": figures | _main_figures(evaluation),
            "without_campaigns": clean_figures | _main_figures(clean),
            "harm_by_class": {
                name: {"accounts": harm.accounts, "flagged": harm.flagged}
                for name, harm in evaluation.harm_by_class.items()
            },
            "real_text_share": shares,
        },
    )


def _main_figures(evaluation: Evaluation) -> dict[str, float | None]:
    names = (
        "campaign_recall",
        "account_recall",
        "account_fpr",
        "account_fpr_upper",
        "false_discovery_proportion",
        "b_cubed_precision",
        "b_cubed_recall",
        "served_before_alert",
    )
    values = {name: getattr(evaluation, name) for name in names}
    return {name: None if v is None else round(v, 6) for name, v in values.items()}


if __name__ == "__main__":
    main()
