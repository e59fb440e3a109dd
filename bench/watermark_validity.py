"""Is the stated error of a mark's p-value kept on texts that nobody marked?

Real texts (`--data`), cut into stretches of 150 tokens of a byte-level BPE that is trained on
them. Every scheme of the registry tests each text under a key of its own: the share below a
level must not exceed the level. Then a few keys, each over all texts, as a provider with one
key would: texts share phrases, so that their p-values are not independent, and the rate depends
on the key. Last, the rank of the true key among decoys must be uniform.

Run `python bench/watermark_validity.py`; `--smoke` takes few texts, made up where there is no data.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from phalanx.evidence import calibrate_p_mixed
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.registry import open_scheme, scheme_names
from phalanx.watermark.schemes.scheme import Scheme
from results import clopper_pearson, print_table, save
from watermark_corpus import Tokens, made_up, windows

LEVELS = (1e-1, 1e-2, 1e-3, 1e-4)
LENGTH = 150
VOCABULARY = 2048
"""Small, because one scheme shuffles all of it for every context."""

DECOYS = 19
FIXED_KEYS = 5

PARAMETERS = {"kgw-transformers-v1": f"?vocabulary={VOCABULARY}"}


def p_values(
    texts: Sequence[Tokens], scheme: Scheme, keys: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """Return the p-value of each text under its own key, base-10 logarithms."""
    setting = scheme.setting
    logs = np.empty(len(texts))
    for at, text in enumerate(texts):
        drawn = draw([text], setting.context_width, setting.unit)
        logs[at] = setting.law(scheme.totals(drawn, keys[at : at + 1]), drawn)[0]
    return logs


@dataclass(frozen=True, slots=True)
class Rate:
    """How often unmarked texts fell below one level."""

    level: float
    """The level."""

    below: int
    """Texts below it."""

    share: float
    """Their share."""

    interval: tuple[float, float]
    """Exact 95 % interval of the share."""

    excess_p: float
    """Chance of as many if the level is kept. A discrete statistic errs less often."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scheme did."""

    scheme: str
    """Its name with parameters."""

    rates: tuple[Rate, ...]
    """Under a key for each text."""

    mean_e: float
    """Mean e-value; at most 1 is promised."""

    fixed_keys: tuple[float, ...]
    """Share below 0.01 under one key over all texts, for a few keys."""

    ranks_p: float
    """p-value of the null that ranks among decoys are uniform."""


def rates(logs: npt.NDArray[np.float64]) -> tuple[Rate, ...]:
    """Return the realised rate at each level."""
    found = []
    for level in LEVELS:
        below = int((logs <= np.log10(level)).sum())
        excess = float(stats.binom.sf(below - 1, logs.size, level))
        interval = clopper_pearson(below, logs.size)
        found.append(Rate(level, below, below / logs.size, interval, excess))
    return tuple(found)


def fixed(
    texts: Sequence[Tokens], scheme: Scheme, random: np.random.Generator
) -> tuple[float, ...]:
    """Return the share of texts below 0.01 for each of a few keys over all texts."""
    shares = []
    for _ in range(FIXED_KEYS):
        key = random.integers(0, 256, (1, scheme.setting.key_bytes), dtype=np.uint8)
        logs = p_values(texts, scheme, np.repeat(key, len(texts), axis=0))
        shares.append(float((logs <= -2.0).mean()))
    return tuple(shares)


def ranks(texts: Sequence[Tokens], scheme: Scheme, random: np.random.Generator) -> float:
    """Return the p-value of uniform ranks of a true key among decoys; ties are broken at random."""
    setting = scheme.setting
    counts = np.zeros(DECOYS + 1)
    for text in texts:
        drawn = draw([text], setting.context_width, setting.unit)
        keys = random.integers(0, 256, (DECOYS + 1, setting.key_bytes), dtype=np.uint8)
        totals = scheme.totals(drawn, keys)
        ahead = int((totals[1:] > totals[0]).sum())
        ties = int((totals[1:] == totals[0]).sum())
        counts[ahead + int(random.integers(0, ties + 1))] += 1
    return float(stats.chisquare(counts).pvalue)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument("--schemes", nargs="+", default=scheme_names(), help="all if left out")
    parser.add_argument("--smoke", action="store_true", help="few texts")
    arguments = parser.parse_args()
    count = 300 if arguments.smoke else arguments.texts
    if arguments.smoke or not arguments.data.is_dir():
        kind, texts = "made up", made_up(count, LENGTH, VOCABULARY, arguments.seed)
    else:
        kind = "real"
        texts = windows(arguments.data, count, LENGTH, VOCABULARY, arguments.seed)
    outcomes = []
    for name in arguments.schemes:
        start = time.process_time()
        scheme = open_scheme(name + PARAMETERS.get(name, ""))
        random = np.random.default_rng(arguments.seed)
        size = (len(texts), scheme.setting.key_bytes)
        logs = p_values(texts, scheme, random.integers(0, 256, size, dtype=np.uint8))
        outcome = Outcome(
            scheme=scheme.setting.name,
            rates=rates(logs),
            mean_e=float((10.0 ** calibrate_p_mixed(logs)).mean()),
            fixed_keys=fixed(texts[: len(texts) // 20], scheme, random),
            ranks_p=ranks(texts[: len(texts) // 50], scheme, random),
        )
        outcomes.append(outcome)
        print(f"{name}: {time.process_time() - start:.0f} s", file=sys.stderr)
    print_table(
        f"{len(texts):,} unmarked texts ({kind}) of {LENGTH} tokens, a key for each",
        ["scheme", "level", "below", "share", "95 %", "p of excess"],
        [
            [
                outcome.scheme,
                f"{rate.level:g}",
                rate.below,
                f"{rate.share:.3g}",
                "{:.3g}-{:.3g}".format(*rate.interval),
                f"{rate.excess_p:.2g}",
            ]
            for outcome in outcomes
            for rate in outcome.rates
        ],
    )
    print_table(
        "Mean e, share below 0.01 under one key for a twentieth of the texts, ranks among decoys",
        ["scheme", "mean e", "five keys", "p of uniform ranks"],
        [
            [
                outcome.scheme,
                f"{outcome.mean_e:.2f}",
                ", ".join(f"{share:.2%}" for share in outcome.fixed_keys),
                f"{outcome.ranks_p:.2g}",
            ]
            for outcome in outcomes
        ],
    )
    save(
        "watermark_validity",
        {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "texts": len(texts),
            "kind": kind,
            "outcomes": [asdict(outcome) for outcome in outcomes],
        },
    )


if __name__ == "__main__":
    main()
