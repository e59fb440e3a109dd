"""What the weights of every model of the zoo say: copies against strangers, with the failures in.

For each seed our model is compared with every other model of the seed, with the reference models
of the panel, and with models of other seeds. All tests of a comparison are corrected together, so
that one number stands for a pair. From these: the area under the curve of copies against strangers,
the share of copies beyond the strongest stranger in a hundred, and the smallest p-value of a
stranger.

Run `python bench/provenance_weights.py --zoo FOLDER --seeds 5` on a zoo that
`bench/provenance_zoo.py` made; `--smoke` makes a zoo of a few steps for itself, which needs torch.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import stats

from phalanx.provenance.tests import compare_weights
from phalanx.provenance.tests.tokenizers import read_tokenizer
from phalanx.provenance.verdict import Budget, Family, judge, of_weights
from phalanx.provenance.weights import open_checkpoint
from provenance_zoo import make_zoo
from results import print_table, save
from zoo_kinds import KINDS

BUDGET = Budget(1e-6, (Family.WEIGHTS,))
"""Of each pair by itself, as `phalanx provenance compare` has it."""

FALSE_POSITIVES = 0.01
"""Share of strangers at which the share of copies that are found is given."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One comparison."""

    seed: int
    """Of our model."""

    kind: str
    """Of the suspect, as in the zoo; `panel`, or `KIND of another seed`."""

    derived: str
    """`weights`, `outputs` or `nothing`: what of ours the suspect was made from."""

    conclusion: str
    """In one word or several, at a level of one in a million."""

    log10_p: float
    """Of all tests together, corrected."""

    cpu_seconds: float


def suspects(zoo: Path, seed: int, seeds: int) -> Iterator[tuple[str, str, Path]]:
    """Yield the kind of each suspect, what of ours it was made from, and its folder.

    Parameters:
        zoo: Folder of the zoo.
        seed: Of our model.
        seeds: How many there are.
    """
    home = zoo / f"seed{seed}"
    for kind, said in KINDS.items():
        if kind != "base":
            yield kind, said.derived, home / kind
    for folder in sorted(path.parent for path in (zoo / "panel").glob("*/made.json")):
        yield "panel", "nothing", folder
    for other in range(seeds):
        if other != seed:
            # All that was made from another seed's model is as independent of ours as it is.
            for kind in ("base", "independent_same_data", "tuned_long", "merged_50"):
                yield f"{kind} of another seed", "nothing", zoo / f"seed{other}" / kind


def compare(ours: Path, suspect: Path) -> tuple[str, float, float]:
    """Return the conclusion about a pair, the base-10 logarithm of its p-value, and CPU seconds.

    Parameters:
        ours: Folder of our model.
        suspect: Folder of the other one.
    """
    started = time.process_time()
    comparison = compare_weights(
        open_checkpoint(ours),
        open_checkpoint(suspect),
        tokenizers=(
            read_tokenizer(ours / "tokenizer.json"),
            read_tokenizer(suspect / "tokenizer.json"),
        ),
    )
    verdict = judge(BUDGET, [of_weights(comparison)])
    return verdict.conclusions[0], comparison.log10_p, time.process_time() - started


def measured(zoo: Path, seeds: int) -> Iterator[Pair]:
    """Yield every comparison.

    Parameters:
        zoo: Folder of the zoo.
        seeds: How many there are.
    """
    for seed in range(seeds):
        for kind, derived, folder in suspects(zoo, seed, seeds):
            pair = Pair(seed, kind, derived, *compare(zoo / f"seed{seed}" / "base", folder))
            print(pair, file=sys.stderr)
            yield pair


def summary(pairs: list[Pair]) -> dict[str, float]:
    """Return how well copies are told from strangers.

    Parameters:
        pairs: All comparisons.
    """
    copies = np.array([each.log10_p for each in pairs if each.derived == "weights"])
    strangers = np.array([each.log10_p for each in pairs if each.derived != "weights"])
    below = stats.mannwhitneyu(copies, strangers, alternative="less").statistic
    # `below` counts the pairs in which the copy has the larger p-value.
    edge = np.quantile(strangers, FALSE_POSITIVES, method="lower")
    return {
        "copies": copies.size,
        "strangers": strangers.size,
        "area_under_the_curve": 1.0 - float(below) / (copies.size * strangers.size),
        "copies_found_at_1_percent_of_strangers": float((copies < edge).mean()),
        "largest_log10_p_of_a_copy": float(copies.max()),
        "smallest_log10_p_of_a_stranger": float(strangers.min()),
        "smallest_log10_p_of_a_student": min(
            (each.log10_p for each in pairs if each.derived == "outputs"), default=0.0
        ),
    }


def main() -> None:
    """Measure all pairs and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zoo", type=Path, help="folder of the zoo")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="a zoo of a few steps, one seed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        zoo, seeds = arguments.zoo or Path(folder), arguments.seeds
        if arguments.smoke:
            if find_spec("torch") is None:
                print("torch is not installed: no zoo was made", file=sys.stderr)
                return
            zoo, seeds = Path(folder), 1
            make_zoo(zoo, seeds=1, panel=1, hurry=50)
        elif arguments.zoo is None:
            parser.error("name the folder of the zoo with --zoo")
        pairs = list(measured(zoo, seeds))
    rows = []
    for kind in dict.fromkeys(each.kind for each in pairs):
        found = [each for each in pairs if each.kind == kind]
        values = [each.log10_p for each in found]
        rows.append(
            [
                kind, found[0].derived, len(found),
                sum(each.conclusion == "derived" for each in found), f"{max(values):.1f}",
                f"{np.median(values):.1f}", f"{min(values):.1f}",
            ]
        )  # fmt: skip
    print_table(
        "Our model against each other one: log10 p of all tests, corrected",
        ["suspect", "made from our", "pairs", "derived", "largest", "median", "smallest"],
        rows,
    )
    whole = summary(pairs)
    print_table(
        "Copies against strangers", ["figure", "value"], [[*each] for each in whole.items()]
    )
    save(
        "provenance_weights",
        {"smoke": arguments.smoke, "whole": whole, "pairs": [asdict(each) for each in pairs]},
    )


if __name__ == "__main__":
    main()
