"""Populations of the detection benchmarks: real prompts over simulated identities.

Prompts are real where real ones exist; identities, infrastructure and the joining of prompts
to arrivals are simulated. Honest prompts are scarcer than accounts, so the rest comes from
the project's grammar, whose passages are filled from documentation installed on this machine.
"""

from __future__ import annotations

import argparse
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.detect.simulate import CampaignPlan, SimulationConfig
from phalanx.detect.simulate.config import ATTACK_CLASSES, Evasion

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

Part = Literal["all", "development", "test"]
"""Which of the real prompts: all, or one of two halves that share none.

The digest of a prompt decides, so that a half stays the same when a corpus grows. What is
tuned or known beforehand takes one half, what is measured takes the other.
"""

_TRACE_ARRIVALS = 300_000

_OASST_TURN = re.compile(r"### Human: (.*?)(?= ### Assistant:|$)", re.DOTALL)


def real_corpora(data: Path, folder: Path, part: Part = "all") -> dict[str, Path]:
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
            kept = [prompt for prompt in dict.fromkeys(prompts) if _stands_in(prompt, part)]
            pq.write_table(pa.table({"prompt": kept}), written[traffic_class])
    return written


def _stands_in(prompt: str, part: Part) -> bool:
    return part == "all" or (zlib.crc32(prompt.encode()) % 2 == 0) == (part == "test")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What populations are made of."""

    real: dict[str, Path]
    """Traffic class -> file of real prompts; empty without the real data."""

    passages: Path
    """File of documentation."""

    arrivals: Path | None
    """File of arrival times; null without the real data."""

    def corpora(self) -> dict[str, Path]:
        """Return what the simulator takes its texts from."""
        return {**self.real, "passage": self.passages}


def material(data: Path, folder: Path, seed: int, part: Part = "all") -> Material:
    """Write the material into a folder.

    Parameters:
        data: Folder of the real data; where it does not exist, the grammar does it all.
        folder: Where to, must exist.
        seed: Of the arrival times.
        part: Which of the real prompts.
    """
    if not data.exists():
        print(f"no real data in {data}: all texts are of the project's grammar", file=sys.stderr)
    return Material(
        real=real_corpora(data, folder, part) if data.exists() else {},
        passages=documentation_passages(folder),
        arrivals=real_arrivals(data, folder, seed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationPlan:
    """How many accounts, and how well the campaigns hide."""

    accounts: int
    """Honest accounts."""

    campaigns: int
    """Campaigns of 50 to `largest` accounts; 0 for none."""

    scale: float = 1.0
    """Factor on the sizes of campaigns; none falls below 50."""

    seed: int
    evasions: Sequence[Evasion] = ("E0",)
    """Rungs that the campaigns take in turn."""

    largest: int = 500
    """Accounts of the largest campaign, before `scale`."""

    days: int = 14

    def configuration(self, material: Material) -> SimulationConfig:
        """Return the configuration of the simulator."""
        known = material.corpora()
        classes = [name for name in ATTACK_CLASSES if name in known] or list(ATTACK_CLASSES)
        campaigns = tuple(
            CampaignPlan(
                name=f"campaign-{index:02d}",
                accounts=max(50, int(self._size(index) * self.scale)),
                attack_class=classes[index % len(classes)],
                evasion=self.evasions[index % len(self.evasions)],
            )
            for index in range(self.campaigns)
        )
        return SimulationConfig(
            benign_accounts=self.accounts,
            campaigns=campaigns,
            seed=self.seed,
            prompt_corpora=known,
            arrival_trace=material.arrivals,
            days=self.days,
        )

    def _size(self, index: int) -> int:
        return 50 + (self.largest - 50) * index // max(1, self.campaigns - 1)


def population_options(
    parser: argparse.ArgumentParser, *, accounts: int, campaigns: int, seed: int
) -> None:
    """Let a script's user choose populations: these are the sizes where nobody says."""
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--accounts", type=int, default=accounts, help="honest accounts")
    parser.add_argument("--campaigns", type=int, default=campaigns)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on campaign sizes")
    parser.add_argument("--seed", type=int, default=seed)


def chosen_plan(arguments: argparse.Namespace, evasions: Sequence[Evasion]) -> PopulationPlan:
    """Return the population that `population_options` asked for."""
    return PopulationPlan(
        accounts=arguments.accounts,
        campaigns=arguments.campaigns,
        scale=arguments.scale,
        seed=arguments.seed,
        evasions=evasions,
    )
