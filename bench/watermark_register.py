"""What a search through a register of a million keys costs: time, and memory that does not grow.

One text of 1,000 tokens, marked under one key of the register. Keys are derived from their root
in blocks, tried, and forgotten; the key is to be found, corrected for all. Beside the search, what
deriving alone takes, and the peak of memory above what the process had before, in a process of its
own for each size.

Run `python bench/watermark_register.py`; `--smoke` takes few keys.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Iterator

import numpy as np

from phalanx.watermark.detection import Reading
from phalanx.watermark.detection.search import KeyBlock, search
from phalanx.watermark.draws import draw
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import derive_key, derive_keys
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import Scheme, Setting
from results import print_table, save

SIZES = (10_000, 100_000, 1_000_000)
SMOKE_SIZES = (500, 1_000)
SCHEMES = ("phalanx-gumbel-v1", "vllm-gumbel-v1")
BLOCK = 16_384
TOKENS, CHOICES = 1000, 4
ROOT = Secret(bytes(range(32)))


def blocks(keys: int, setting: Setting) -> Iterator[KeyBlock]:
    """Derive the keys of a register, block by block."""
    for start in range(0, keys, BLOCK):
        names = [f"acct_{number}" for number in range(start, min(keys, start + BLOCK))]
        yield KeyBlock(names, derive_keys(ROOT, names, setting).reveal())


def written(scheme: Scheme, key: bytes) -> np.ndarray:
    """Write a text: each token the best of four under the key."""
    random = np.random.default_rng(1)
    width = scheme.setting.context_width
    text = random.integers(0, 32_000, TOKENS + width)
    for at in range(width, text.size):
        offered = random.integers(0, 32_000, CHOICES)
        drawn = draw([np.append(text[at - width : at], each) for each in offered], width)
        text[at] = drawn.tokens[scheme.scores(drawn, key).argmax()]
    return text


def _measured(name: str, keys: int) -> dict[str, object]:
    scheme = open_scheme(name)
    setting = scheme.setting
    owner = f"acct_{keys // 2}"
    reading = Reading(
        tokenizer="numbers",
        documents=[written(scheme, derive_key(ROOT, owner, setting).reveal())],
    )
    search([reading], [(scheme, blocks(10, setting))])  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = search([reading], [(scheme, blocks(keys, setting))])
    seconds = time.process_time() - start
    peak_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    start = time.process_time()
    for _ in blocks(min(keys, 50_000), setting):
        pass
    deriving = (time.process_time() - start) * keys / min(keys, 50_000)
    (finding,) = found.marked
    return {
        "scheme": name,
        "keys": found.tried,
        "CPU seconds": round(seconds, 2),
        "of them deriving": round(deriving, 2),
        "MiB above the start": round(peak_mib, 1),
        "found": finding.key_id == owner,
        "log10 p, corrected": round(finding.adjusted_log10_p, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few keys")
    given = parser.parse_args()
    # A process of its own for each size: the peak of memory of one never falls.
    context = multiprocessing.get_context("spawn")
    rows: list[dict[str, object]] = []
    for name in SCHEMES:
        for keys in SMOKE_SIZES if given.smoke else SIZES:
            with context.Pool(1) as pool:
                rows.append(pool.apply(_measured, (name, keys)))
    print_table(
        f"Register, one text of {TOKENS:,} tokens",
        list(rows[0]),
        [list(row.values()) for row in rows],
    )
    save("watermark_register", {"smoke": given.smoke, "rows": rows})


if __name__ == "__main__":
    main()
