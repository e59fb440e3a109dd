"""Who wrote a corpus: accounts by keys of their own, and by codewords that share keys.

A thousand accounts are registered, some of them pool their texts, three fifths of the corpus is
unmarked text of others. Both ways at once: every account's own key is tried on the corpus
(`own key`), and a symmetric Tardos code is read in it (`code`), planned for five traitors and a
chance of 1e-6 that anyone else is accused. Strategies of traitors: each sends its own share
(`pooled`), one sends four fifths (`uneven`), or at each place the bit that most of them have is
sent (`majority`) or that fewest have (`minority`), which takes traitors who know the places.

Then innocents alone: codewords that nobody used against a corpus, as many as can be simulated,
to see whether the stated chance of a false accusation holds as far as the eye reaches.

Run `python bench/watermark_tracing.py`; `--smoke` takes a small register and corpus.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import holm
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.tracing import (
    Code,
    CodePlan,
    SlotKeys,
    SlotReading,
    accuse,
    plan_code,
    read_slots,
)
from results import clopper_pearson, print_table, save
from watermark_writer import Tokens, entropy_nats, write

SHARPNESS = 1.5
TEXT_LENGTH = 500
MARKED = 0.4
FALSE_ACCUSATION = 1e-6
STRATEGIES = ("pooled", "uneven", "majority", "minority")
LEVELS = (1e-2, 1e-3, 1e-4, 1e-5)


@dataclass(frozen=True, slots=True)
class Case:
    """One corpus, traced."""

    way: str
    """`own key` or `code`."""

    strategy: str
    """Of the traitors."""

    traitors: int
    """Accounts that pooled their texts."""

    tokens: int
    """Of the corpus, unmarked ones among them."""

    caught: int
    """Traitors who were accused."""

    innocents: int
    """Others who were accused."""

    weakest_log10_p: float
    """Of the traitors, after correction."""

    cpu_seconds: float
    """To score every account."""


def shares(strategy: str, traitors: int) -> npt.NDArray[np.float64]:
    """Return the share of texts that each traitor sends."""
    if strategy != "uneven" or traitors == 1:
        return np.full(traitors, 1.0 / traitors)
    return np.array([0.8] + [0.2 / (traitors - 1)] * (traitors - 1))


def sent_words(words: npt.NDArray[np.bool_], strategy: str) -> Sequence[npt.NDArray[np.bool_]]:
    """Return the word under which each traitor's texts are marked in effect."""
    ones = words.mean(axis=0)
    mixed = (ones > 0.0) & (ones < 1.0)
    if strategy == "majority":
        return [np.where(mixed, ones > 0.5, words[0])] * len(words)
    if strategy == "minority":
        return [np.where(mixed, ones <= 0.5, words[0])] * len(words)
    return list(words)


def corpus(
    keys: Sequence[Sequence[bytes]],
    share: npt.NDArray[np.float64],
    tokens: int,
    seed: int,
    slots: SlotKeys | None,
) -> list[Tokens]:
    """Write texts of traitors, each under its keys, among unmarked ones."""
    random = np.random.default_rng(seed)
    texts = []
    for number in range(tokens // TEXT_LENGTH):
        held: Sequence[bytes] = ()
        if random.random() < MARKED:
            held = keys[int(random.choice(len(keys), p=share))]
        texts.append(write(TEXT_LENGTH, held, SHARPNESS, seed * 1_000_003 + number, slots))
    return texts


def by_own_key(accounts: int, traitors: int, strategy: str, tokens: int, seed: int) -> Case:
    """Trace by a key for each account."""
    scheme, random = PhalanxGumbel(), np.random.default_rng(seed)
    keys = random.integers(0, 256, (accounts, 32), dtype=np.uint8)
    share = shares(strategy, traitors)
    texts = corpus([[key.tobytes()] for key in keys[:traitors]], share, tokens, seed, None)
    start = time.process_time()
    drawn = draw(texts, scheme.setting.context_width)
    adjusted = holm(scheme.setting.law(scheme.totals(drawn, keys), drawn))
    seconds = time.process_time() - start
    accused = adjusted <= np.log10(FALSE_ACCUSATION)
    return Case(
        "own key",
        strategy,
        traitors,
        tokens,
        int(accused[:traitors].sum()),
        int(accused[traitors:].sum()),
        float(adjusted[:traitors].max()),
        seconds,
    )


def by_code(code: Code, traitors: int, strategy: str, tokens: int, seed: int) -> Case:
    """Trace by codewords."""
    scheme = PhalanxGumbel()
    accounts = [f"a{number}" for number in range(code.plan.accounts)]
    slots = SlotKeys(seed.to_bytes(32, "big"), code.plan.length, 32)
    words = sent_words(code.words(accounts[:traitors]), strategy)
    pairs = [(slots.key(at, one=False), slots.key(at, one=True)) for at in range(slots.places)]
    keys = [[pair[int(bit)] for pair, bit in zip(pairs, word, strict=True)] for word in words]
    texts = corpus(keys, shares(strategy, traitors), tokens, seed, slots)
    start = time.process_time()
    reading = read_slots(draw(texts, scheme.setting.context_width), scheme, slots)
    found = accuse(reading, code, accounts)
    seconds = time.process_time() - start
    guilty = set(accounts[:traitors])
    accused = {each.account for each in found if each.accused}
    return Case(
        "code",
        strategy,
        traitors,
        tokens,
        len(accused & guilty),
        len(accused - guilty),
        max(each.adjusted_log10_p for each in found if each.account in guilty),
        seconds,
    )


@dataclass(frozen=True, slots=True)
class Unused:
    """Codewords that nobody used, below one level."""

    level: float
    """The level."""

    below: int
    """Codewords whose p-value is at most the level."""

    codewords: int
    """All of them."""

    interval: tuple[float, float]
    """Exact 95 % interval of the share."""


def innocents(count: int, seed: int) -> list[Unused]:
    """Count p-values of unused codewords below some levels."""
    random = np.random.default_rng(seed)
    reading = SlotReading(np.full(1500, 9), *-random.exponential(2.0, (2, 1500)))
    below = np.zeros(len(LEVELS), dtype=np.int64)
    part = 50_000
    for start in range(0, count, part):
        plan = CodePlan(part, 5, FALSE_ACCUSATION, 1500, 0.012)
        code = Code(plan, bytes(random.integers(0, 256, 32, dtype=np.uint8)))
        found = accuse(reading, code, [f"{start}/{number}" for number in range(part)])
        logs = np.array([each.log10_p for each in found])
        below += [int((logs <= np.log10(level)).sum()) for level in LEVELS]
    size = -(-count // part) * part
    return [
        Unused(level, int(seen), size, clopper_pearson(int(seen), size))
        for level, seen in zip(LEVELS, below, strict=True)
    ]


def show(cases: Sequence[Case], accounts: int) -> None:
    """Print what was caught."""
    print_table(
        f"{accounts:,} accounts, {entropy_nats(SHARPNESS):.2f} nats a token, {MARKED:.0%} marked",
        ["way", "strategy", "traitors", "tokens", "caught", "innocents accused", "weakest p", "s"],
        [
            [
                case.way,
                case.strategy,
                case.traitors,
                f"{case.tokens:,}",
                f"{case.caught} of {case.traitors}",
                case.innocents,
                f"1e{case.weakest_log10_p:.1f}",
                f"{case.cpu_seconds:.1f}",
            ]
            for case in cases
        ],
    )


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument("--smoke", action="store_true", help="a small register and corpus")
    arguments = parser.parse_args()
    accounts = 50 if arguments.smoke else 1000
    sizes = (20_000,) if arguments.smoke else (20_000, 100_000, 500_000)
    pools = (1, 2) if arguments.smoke else (1, 2, 3, 5)
    code = Code(
        plan_code(accounts, max(pools), FALSE_ACCUSATION), arguments.seed.to_bytes(32, "big")
    )
    cases: list[Case] = []
    for tokens in sizes:
        for traitors in pools:
            for strategy in STRATEGIES if traitors > 1 else ("pooled",):
                seed = arguments.seed + len(cases)
                if strategy in {"pooled", "uneven"}:
                    cases.append(by_own_key(accounts, traitors, strategy, tokens, seed))
                cases.append(by_code(code, traitors, strategy, tokens, seed))
                print(f"{tokens:,} tokens, {traitors} {strategy}: done", file=sys.stderr)
    show(cases, accounts)
    unused = innocents(50_000 if arguments.smoke else 2_000_000, arguments.seed)
    print_table(
        "Codewords that nobody used: p-values below a level",
        ["level", "below", "of", "95 %"],
        [
            [
                f"{row.level:g}",
                row.below,
                f"{row.codewords:,}",
                "{:.3g}-{:.3g}".format(*row.interval),
            ]
            for row in unused
        ],
    )
    save(
        "watermark_tracing",
        {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "accounts": accounts,
            "code_length": code.plan.length,
            "cases": [asdict(case) for case in cases],
            "innocents": [asdict(row) for row in unused],
        },
    )


if __name__ == "__main__":
    main()
