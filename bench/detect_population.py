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
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.detect import ScanConfig, scan
from phalanx.detect.evaluate import Evaluation, evaluate
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.detect.simulate.config import ATTACK_CLASSES
from results import peak_memory_bytes, print_table, save

BENIGN_FILES = {
    "chat": ("oasst_questions", "instructionwild_users"),
    "coding": ("aider_dev_sessions", "specstory_agente_bsc"),
    "evaluation": ("eval_harness_chat", "eval_harness_math"),
    "agent": ("taubench_gpt4o_agent",),
    "framework": ("awesome_prompts",),
}
"""Honest traffic class -> files below `benign/`."""

ATTACK_FILES = {
    "self_instruct": ("alpaca_subset",),
    "evolved": ("codealpaca_2k",),
    "reasoning": ("huatuo_med_zh",),
    "rubric": ("llamafactory_demos",),
    "tool_use": ("gorilla_apibench", "toolbench_gpt35_traces"),
}
"""Attack class -> files below `distillation/`; the class only names the campaign's slot."""

_TRACE_ARRIVALS = 300_000

_OASST_TURN = re.compile(r"### Human: (.*?)(?= ### Assistant:|$)", re.DOTALL)


def real_corpora(data: Path, folder: Path) -> dict[str, Path]:
    """Write one Parquet file of real prompts per traffic class."""
    written = {}
    for side, files in (("benign", BENIGN_FILES), ("distillation", ATTACK_FILES)):
        for traffic_class, names in files.items():
            prompts: list[str] = []
            for name in names:
                column = pq.read_table(data / side / f"{name}.parquet", columns=["prompt"])
                prompts += [p for p in column["prompt"].to_pylist() if p and p.strip()]
            if traffic_class == "chat":
                prompts = [turn for prompt in prompts for turn in _human_turns(prompt)]
            written[traffic_class] = folder / f"{traffic_class}.parquet"
            pq.write_table(
                pa.table({"prompt": list(dict.fromkeys(prompts))}), written[traffic_class]
            )
    return written


def _human_turns(prompt: str) -> list[str]:
    """Split a logged conversation into what the person said."""
    turns = [turn.strip() for turn in _OASST_TURN.findall(prompt)]
    return [turn for turn in turns if turn] or [prompt]


def documentation_passages(folder: Path) -> Path:
    """Write paragraphs of documentation that is installed on this machine."""
    passages = list(dict.fromkeys(_paragraphs()))
    path = folder / "passage.parquet"
    pq.write_table(pa.table({"prompt": passages}), path)
    return path


def _paragraphs() -> Iterator[str]:
    for text in topics.values():
        for paragraph in text.split("\n\n"):
            words = paragraph.split()
            if 12 <= len(words) <= 120:
                yield " ".join(words)


def real_arrivals(data: Path, folder: Path, seed: int) -> Path | None:
    """Draw two weeks of arrival times from measured request rates per ten minutes."""
    source = data / "traces" / "servegen_client_rates.parquet"
    if not source.exists():
        return None
    rates = pq.read_table(source, filters=[("category", "=", "language")])
    start = rates["window_start_s"].to_numpy()
    generator = np.random.default_rng(seed)
    share = rates["rate_rps"].to_numpy() / rates["rate_rps"].to_numpy().sum()
    counts = generator.poisson(share * _TRACE_ARRIVALS)
    seconds = np.repeat(start, counts) + generator.uniform(0, 600, counts.sum())
    microseconds = (np.sort(seconds) * 1e6).astype("datetime64[us]")
    path = folder / "arrivals.parquet"
    pq.write_table(pa.table({"timestamp": microseconds}), path)
    return path


def configuration(
    arguments: argparse.Namespace, corpora: dict[str, Path], arrivals: Path | None
) -> SimulationConfig:
    """Plan the population."""
    sizes = [
        50 + (450 * index) // (arguments.campaigns - 1) for index in range(arguments.campaigns)
    ]
    classes = [name for name in ATTACK_CLASSES if name in corpora] or list(ATTACK_CLASSES)
    campaigns = tuple(
        CampaignPlan(
            name=f"campaign-{index:02d}",
            accounts=max(50, int(size * arguments.scale)),
            attack_class=classes[index % len(classes)],
            evasion=("E0", "E1", "E2")[index % 3],
        )
        for index, size in enumerate(sizes)
    )
    return SimulationConfig(
        benign_accounts=arguments.accounts,
        campaigns=campaigns,
        seed=arguments.seed,
        prompt_corpora=corpora,
        arrival_trace=arrivals,
    )


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
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--accounts", type=int, default=30_000)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on campaign sizes")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--smoke", action="store_true", help="a small population")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.accounts, arguments.campaigns, arguments.scale = 2_000, 3, 0.2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora = real_corpora(arguments.data, folder) if arguments.data.exists() else {}
        shares_of = dict(corpora)
        corpora["passage"] = documentation_passages(folder)
        arrivals = real_arrivals(arguments.data, folder, arguments.seed)
        config = configuration(arguments, corpora, arrivals)
        evaluation, figures, exchanges, labels = run(config)
        shares = real_share(exchanges, labels, shares_of)
        del exchanges
        honest = SimulationConfig(
            benign_accounts=arguments.accounts,
            campaigns=(),
            seed=arguments.seed + 1,
            prompt_corpora=corpora,
            arrival_trace=arrivals,
        )
        clean, clean_figures, _, _ = run(honest)
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
