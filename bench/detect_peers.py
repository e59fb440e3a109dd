"""The scan beside its peers, on the same populations, each in a process of its own.

Every peer is tuned in its favour: its threshold and main parameters are those of the best
campaign recall at an account false positive rate of at most 0.1 % on a validation population,
another seed at the same rung of the evasion ladder; those that learn what is honest are given
half of the honest accounts of the validation population. The scan runs with its defaults, and
is told nothing. Prompts are real where real ones exist (`--data`), identities are simulated.

Run `python bench/detect_peers.py E0 E3 E5`; `--smoke` takes a small population.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

from peers.measuring import PEERS, SCAN, Row
from phalanx.detect.simulate import simulate
from phalanx.detect.simulate.config import Evasion
from populations import Material, PopulationPlan, chosen_plan, material, population_options
from results import print_table, save


def in_own_process(rung: str, names: Sequence[str], validation: Path, test: Path) -> list[Row]:
    """Measure in a fresh interpreter, one after the other where several are named."""
    command = [sys.executable, "-m", "peers", rung, str(validation), str(test), *names]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    if done.returncode:
        message = f"{', '.join(names)} at {rung} failed:\n{done.stderr[-4000:]}"
        raise RuntimeError(message)
    return [Row(**json.loads(line)) for line in done.stdout.splitlines() if line[:1] == "{"]


def populate(plan: PopulationPlan, texts: Material, folder: Path) -> Path:
    """Write one population."""
    simulate(plan.configuration(texts)).write(folder)
    return folder


def show(rows: Sequence[Row]) -> None:
    """Print the table and what its reader must know."""
    print_table(
        "The scan and its peers (* flags accounts one by one, no groups)",
        ["", "peer", "campaigns", "accounts", "FPR", "upper", "wrong groups", "served"],
        [
            [
                row.rung,
                _name(row),
                f"{row.campaign_recall:.0%}",
                f"{row.account_recall:.1%}",
                f"{row.account_fpr:.2%}",
                f"{row.account_fpr_upper:.2%}",
                f"{row.false_discovery_proportion:.0%} of {row.flagged_groups:,}",
                _share(row.served_before_alert, "batch"),
            ]
            for row in rows
        ],
    )
    print_table(
        "Cost, and honest accounts that were flagged on any evening",
        ["", "peer", "exchanges/CPU s", "peak GB", "scored", "any evening"],
        [
            [
                row.rung,
                _name(row),
                f"{row.exchanges_per_cpu_second:,.0f}",
                f"{row.peak_memory_gb:.2f}",
                f"{row.scored:.0%}",
                _share(row.account_fpr_any_evening, "-"),
            ]
            for row in rows
        ],
    )
    print_table(
        "Chosen on the validation population",
        ["", "peer", "setting", "threshold"],
        [
            [
                row.rung,
                _name(row),
                row.setting,
                "none" if row.threshold is None else f"{row.threshold:.4g}",
            ]
            for row in rows
        ],
    )
    notes = {_name(row): row.note for row in rows if row.note}
    print_table("Notes", ["peer", "note"], list(notes.items()))


def _name(row: Row) -> str:
    return row.name if row.unit == "groups" else f"{row.name} *"


def _share(value: float | None, missing: str) -> str:
    return missing if value is None else f"{value:.1%}"


def main() -> None:
    """Measure at each rung and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rungs", nargs="*", default=list(get_args(Evasion)), help="E0 to E6")
    population_options(parser, accounts=8_000, campaigns=8, seed=20261124)
    parser.add_argument("--peers", nargs="+", choices=[SCAN, *PEERS], default=[SCAN, *PEERS])
    parser.add_argument("--smoke", action="store_true", help="a small population at one rung")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.accounts, arguments.campaigns, arguments.scale = 300, 2, 0.1
        arguments.rungs = ["E0"]
    rows: list[Row] = []
    for rung in arguments.rungs:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            texts = material(arguments.data, folder, arguments.seed)
            plan = chosen_plan(arguments, (rung,))
            other = replace(plan, seed=arguments.seed + 1)
            validation = populate(other, texts, folder / "validation")
            test = populate(plan, texts, folder / "test")
            # One process for all starts quicker; its figures of memory mean nothing.
            batches = [arguments.peers] if arguments.smoke else [[p] for p in arguments.peers]
            for names in batches:
                rows += in_own_process(rung, names, validation, test)
                print(f"{rung} {rows[-1].name}: done", file=sys.stderr)
        # Saved rung by rung, because all of them take long.
        figures = {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "honest_accounts": arguments.accounts,
            "campaigns": arguments.campaigns,
            "scale": arguments.scale,
            "rows": [asdict(row) for row in rows if row.rung == rung],
        }
        save("detect_peers", figures)
    show(rows)


if __name__ == "__main__":
    main()
