"""The evasion curve: what is found at each rung, and what each rung costs the operator.

Campaigns of 50 to 400 accounts are hidden in an honest population, rung by rung and seed by
seed; each log is scanned by the command line with its defaults. Prompts are real where real ones
exist (`--data`), and only from the half of them that nothing was tuned on; identities are
simulated. What each campaign spends (cards, addresses, cover traffic) stands beside what it
harvested before the alert.

`--variant NAME=OPTIONS` scans every log once more with other options, in which `{seeds}` stands
for a sketch of the prompts that the campaigns start from, as providers exchange them, and
`{other_seeds}` for one of the other half of the same corpora:
`--variant 'exchanged=--known-corpus {seeds}'`.

Every run is appended to a JSON lines file; what is in it from the same code is not run again.
Run `python bench/detect_evasion.py --steps E0 E3 --seeds 1`; `--smoke` takes small populations.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq

from evasion_run import CampaignFigures, Run, code_digest, populate, scan_and_measure
from evasion_tables import curve, prices, summarise
from phalanx.detect.simulate.config import Evasion
from phalanx.sketches.prompts import sketch_corpus
from phalanx.sketches.prompts.corpus_file import write_sketch
from populations import ATTACK_FILES, Material, Part, chosen_plan, material, population_options
from results import FOLDER

PLAIN = "default"
"""Name of the scan without further options."""

_LARGEST = 400


def read_runs(path: Path, kind: Mapping[str, object]) -> list[Run]:
    """Read the runs of one kind: of the same code, on populations made alike."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [_run(line["run"]) for line in lines if line["kind"] == kind]


def _run(values: dict[str, object]) -> Run:
    campaigns: list[dict[str, object]] = values.pop("campaigns")  # type: ignore[assignment]
    # Of the right types, because `asdict` has written them.
    figures = tuple(CampaignFigures(**each) for each in campaigns)  # type: ignore[arg-type]
    return Run(campaigns=figures, **values)  # type: ignore[arg-type]


def append(path: Path, kind: Mapping[str, object], run: Run) -> None:
    """Append one run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "run": asdict(run)}, allow_nan=False) + "\n")


def sketch_seeds(texts: Material, path: Path) -> Path:
    """Sketch the prompts that campaigns start from."""
    prompts = [
        prompt
        for name in ATTACK_FILES
        if name in texts.real
        for prompt in pq.read_table(texts.real[name])["prompt"].to_pylist()
    ]
    write_sketch(sketch_corpus("seeds", pa.array(prompts, pa.string())), path)
    return path


def variants_of(given: Sequence[str], files: Mapping[str, Path]) -> dict[str, list[str]]:
    """Return the options of each scan, by name; the default one is always among them."""
    variants: dict[str, list[str]] = {PLAIN: []}
    for each in given:
        name, _, options = each.partition("=")
        quoted = {place: shlex.quote(str(path)) for place, path in files.items()}
        variants[name] = shlex.split(options.format(**quoted))
    return variants


def _texts(data: Path, folder: Path, seed: int, part: Part) -> Material:
    folder.mkdir()
    return material(data, folder, seed, part)


def main() -> None:
    """Run what is missing, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    population_options(parser, accounts=10_000, campaigns=10, seed=20261127)
    steps = get_args(Evasion)
    parser.add_argument("--steps", nargs="+", choices=steps, default=list(steps))
    parser.add_argument("--seeds", type=int, default=3, help="populations of each step")
    parser.add_argument("--variant", action="append", default=[], help="NAME=OPTIONS of a scan")
    parser.add_argument("--into", type=Path, default=FOLDER / "detect_evasion.jsonl")
    parser.add_argument("--smoke", action="store_true", help="small populations, two steps")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.smoke:
            arguments.accounts, arguments.campaigns, arguments.scale = 300, 2, 0.1
            arguments.steps, arguments.seeds = ["E0", "E5"], 1
            arguments.into = folder / "smoke.jsonl"
        texts = _texts(arguments.data, folder / "test", arguments.seed, "test")
        other = _texts(arguments.data, folder / "development", arguments.seed, "development")
        variants = variants_of(
            arguments.variant,
            {
                "seeds": sketch_seeds(texts, folder / "seeds"),
                "other_seeds": sketch_seeds(other, folder / "other_seeds"),
            },
        )
        given = dict(each.split("=", 1) for each in arguments.variant)
        kind = {
            "code": code_digest(),
            "accounts": arguments.accounts,
            "campaigns": arguments.campaigns,
            "scale": arguments.scale,
            "real_text": bool(texts.real),
        }
        for step in arguments.steps:
            for seed in range(arguments.seed, arguments.seed + arguments.seeds):
                known = {(r.step, r.seed, r.variant) for r in read_runs(arguments.into, kind)}
                missing = [v for v in variants if (step, seed, v) not in known]
                if not missing:
                    continue
                plan = replace(chosen_plan(arguments, (step,)), seed=seed, largest=_LARGEST)
                with tempfile.TemporaryDirectory() as scratch:
                    place = Path(scratch)
                    population = populate(step, plan.configuration(texts), place / "population")
                    for variant in missing:
                        run = scan_and_measure(
                            population, variant, variants[variant], place / f"scan {variant}"
                        )
                        # As they were given: where files lay says nothing.
                        append(arguments.into, kind, replace(run, options=given.get(variant, "")))
                        print(f"{step} {seed} {variant}: done", file=sys.stderr)
        rows = summarise(read_runs(arguments.into, kind))
        tables = f"{curve(rows)}\n{prices(rows)}"
        arguments.into.with_suffix(".md").write_text(tables, encoding="utf-8")
        summary = json.dumps({"kind": kind, "steps": [asdict(row) for row in rows]}, indent=1)
        arguments.into.with_suffix(".json").write_text(f"{summary}\n", encoding="utf-8")
        print(tables)


if __name__ == "__main__":
    main()
