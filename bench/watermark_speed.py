"""What marking and detection cost, beside torch, transformers and MarkLLM.

CPU seconds of one thread, the best of several runs, so that other work on the machine counts
little. A generation step begins with the logits of a batch and ends with a token for each text;
that of Phalanx looks through 512 tokens of history for repeats. Detection begins with tokens
and ends with scores; repeats are left out where the detector can do that.

Run `python bench/watermark_speed.py`; without torch and transformers (`make torch`) only
Phalanx is measured, MarkLLM is measured where it is installed (`pip install --no-deps
markllm==0.1.5`). `--smoke` takes few tokens and keys.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

import watermark_peers
from phalanx.watermark.draws import draw
from phalanx.watermark.marking.sampler import MarkSampler
from phalanx.watermark.schemes.registry import open_scheme
from results import print_table, save

SIZES = ((32_000, 1), (32_000, 8), (128_000, 1), (128_000, 8))
BUDGET_SECONDS = 2.0
"""Of repeated runs of one measurement."""

FAST = (
    "phalanx-gumbel-v1",
    "vllm-gumbel-v1",
    "vllm-gumbel-dual-v1",
    "sbw-selfhash-v1",
    "synthid-transformers-v1",
)
PEER_TEXTS, PEER_LENGTH = 64, 400


def cpu_seconds(step: Callable[[], object], budget_seconds: float) -> float:
    """Return the least CPU time of a step, after one that compiles."""
    step()
    best, begin = np.inf, time.process_time()
    while time.process_time() - begin < budget_seconds or best == np.inf:
        start = time.process_time()
        step()
        best = min(best, time.process_time() - start)
    return float(best)


def generation(budget_seconds: float, random: np.random.Generator) -> list[dict[str, object]]:
    """Return milliseconds of one step, for each vocabulary and batch."""
    rows: list[dict[str, object]] = []
    for vocabulary, texts in SIZES:
        logits = (random.normal(size=(texts, vocabulary)) * 3.0).astype(np.float32)
        history = random.integers(0, vocabulary, (texts, watermark_peers.HISTORY))
        key = random.bytes(32)
        plain, cut = MarkSampler(key), MarkSampler(key, top_k=50, top_p=0.9)
        steps: dict[str, Callable[[], object]] = {
            "phalanx": _sampling(plain, logits, history),
            "phalanx, top-k 50, top-p 0.9": _sampling(cut, logits, history),
        }
        if watermark_peers.has_torch():
            steps |= watermark_peers.samplers(logits, random)
        figures = {
            name: round(1e3 * cpu_seconds(step, budget_seconds), 3) for name, step in steps.items()
        }
        rows.append({"vocabulary": vocabulary, "texts": texts, **figures})
    return rows


def _sampling(
    sampler: MarkSampler, logits: npt.NDArray[np.float32], history: npt.NDArray[np.int64]
) -> Callable[[], object]:
    return lambda: sampler.sample(logits, list(history))


def detection(
    tokens: int, budget_seconds: float, random: np.random.Generator
) -> list[dict[str, object]]:
    """Return tokens per CPU second under one key, for each vocabulary."""
    rows: list[dict[str, object]] = []
    for vocabulary in (32_000, 128_000):
        text = random.integers(0, vocabulary, tokens)
        few = text[: max(tokens // 100, 100)]
        kgw = f"kgw-transformers-v1?vocabulary={vocabulary}"
        steps = {name: (_judging(name, text), tokens) for name in FAST}
        steps[kgw.partition("?")[0]] = (_judging(kgw, few), few.size)
        if watermark_peers.has_torch():
            batch = random.integers(0, vocabulary, (PEER_TEXTS, PEER_LENGTH))
            for name, step in watermark_peers.detectors(vocabulary, batch, random).items():
                steps[name] = (step, batch.size if "SynthID" in name else PEER_LENGTH)
        figures = {
            name: round(count / cpu_seconds(step, budget_seconds))
            for name, (step, count) in steps.items()
        }
        rows.append({"vocabulary": vocabulary, **figures})
    return rows


def _judging(name: str, text: npt.NDArray[np.int64]) -> Callable[[], object]:
    scheme = open_scheme(name)
    key = bytes(scheme.setting.key_bytes - 1) + b"k"

    def step() -> object:
        draws = draw([text], scheme.setting.context_width, scheme.setting.unit)
        return scheme.scores(draws, key)

    return step


def many_keys(keys: int, random: np.random.Generator) -> dict[str, object]:
    """Return CPU seconds for so many keys on a text of 1,000 draws."""
    figures: dict[str, object] = {"keys": keys, "draws": 1000}
    for name in FAST[:2]:
        scheme = open_scheme(name)
        draws = draw([random.integers(0, 32_000, 1000 + scheme.setting.context_width)], 4)
        packed = random.integers(0, 256, (keys, scheme.setting.key_bytes), dtype=np.uint8)
        scheme.totals(draws, packed[:1])
        start = time.process_time()
        scheme.totals(draws, packed)
        figures[name] = round(time.process_time() - start, 3)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few tokens and keys")
    given = parser.parse_args()
    random = np.random.default_rng(1)
    budget = 0.01 if given.smoke else BUDGET_SECONDS
    steps = generation(budget, random)
    print_table("One generation step, CPU milliseconds", *_turned(steps, 2))
    speeds = detection(20_000 if given.smoke else 1_000_000, budget, random)
    print_table("Detection, tokens per CPU second under one key", *_turned(speeds, 1))
    keys = many_keys(500 if given.smoke else 50_000, random)
    print_table("Many keys, CPU seconds", list(keys), [list(keys.values())])
    figures = {"generation_ms": steps, "detection_tokens_per_s": speeds, "many_keys": keys}
    save("watermark_speed", {"smoke": given.smoke, **figures})


def _turned(rows: list[dict[str, object]], heads: int) -> tuple[list[str], list[list[object]]]:
    """Return a table with a line for each name and a column for each size."""
    sizes = [" x ".join(str(value) for value in list(row.values())[:heads]) for row in rows]
    names = list(rows[0])[heads:]
    return ["", *sizes], [[name, *(row[name] for row in rows)] for name in names]


if __name__ == "__main__":
    main()
