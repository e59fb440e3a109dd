"""How many tokens a mark takes to be seen, at several entropies and after edits.

Texts of a synthetic model whose entropy is set, marked by `phalanx-gumbel-v1`, four tokens of
context. A real model's entropy per token is mostly between 0.5 and 2 nats; its texts hold
stretches of none. Edits change that share of tokens at random; paraphrase by a model changes
nearly all of them, and leaves nothing to see.

Run `python bench/watermark_power.py`; `--smoke` takes few texts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from phalanx.watermark.detection import locate
from phalanx.watermark.detection.evaluable import draws_needed
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel, gumbel_gain
from results import print_table, save
from watermark_writer import VOCABULARY, entropy_nats, write

LEVELS = (-3.0, -6.0)
LENGTHS = tuple(int(length) for length in np.unique(np.geomspace(4, 4000, 60).astype(int)))
SHARPNESSES = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
EDITED_SHARPNESS = 2.0
EDITED_LENGTH = 400

Tokens = npt.NDArray[np.int64]
Edit = Callable[[Tokens, np.random.Generator], Tokens]


def delete(share: float) -> Edit:
    """Leave out a share of tokens."""
    return lambda text, random: text[random.random(text.size) >= share]


def substitute(share: float) -> Edit:
    """Replace a share of tokens by others."""
    return lambda text, random: np.where(
        random.random(text.size) < share, random.integers(0, VOCABULARY, text.size), text
    )


def change_words(share: float) -> Edit:
    """Replace a share of runs of two to four tokens by as many others, or one more or fewer."""

    def edit(text: Tokens, random: np.random.Generator) -> Tokens:
        parts, at = [], 0
        while at < text.size:
            size = int(random.integers(2, 5))
            part = text[at : at + size]
            if random.random() < share:
                part = random.integers(
                    0, VOCABULARY, max(1, part.size + int(random.integers(-1, 2)))
                )
            parts.append(part)
            at += size
        return np.concatenate(parts)

    return edit


def truncate(share: float) -> Edit:
    """Keep the last share of the text."""
    return lambda text, _random: text[-int(share * text.size) :]


def paste(times: int) -> Edit:
    """Put the text into the middle of so many times as much unmarked text."""

    def edit(text: Tokens, random: np.random.Generator) -> Tokens:
        seed = int(random.integers(1 << 30))
        around = write(times * text.size, (), EDITED_SHARPNESS, seed)
        half = around.size // 2
        return np.concatenate([around[:half], text, around[half:]])

    return edit


EDITS: dict[str, Edit] = {
    "none": lambda text, _random: text,
    "10 % deleted": delete(0.1),
    "30 % deleted": delete(0.3),
    "10 % substituted": substitute(0.1),
    "30 % substituted": substitute(0.3),
    "50 % substituted": substitute(0.5),
    "20 % of words changed": change_words(0.2),
    "40 % of words changed": change_words(0.4),
    "last quarter kept": truncate(0.25),
    "pasted into 3 times as much": paste(3),
    "pasted into 20 times as much": paste(20),
}


def log10_p(text: Tokens, scheme: PhalanxGumbel, key: bytes) -> float:
    """Return the p-value of the law."""
    drawn = draw([text], scheme.setting.context_width)
    return float(scheme.setting.law(scheme.scores(drawn, key).sum()[None], drawn)[0])


def tokens_needed(sharpness: float, texts: int, seed: int) -> dict[str, object]:
    """Measure at which length half and nine tenths of texts are seen."""
    scheme, random = PhalanxGumbel(), np.random.default_rng(seed)
    seen = np.zeros((len(LEVELS), len(LENGTHS)))
    scores = []
    for number in range(texts):
        key = random.bytes(32)
        text = write(LENGTHS[-1], [key], sharpness, seed + number)
        drawn = draw([text], scheme.setting.context_width)
        sums = np.cumsum(scheme.scores(drawn, key))
        scores.append(sums[-1] / drawn.count)
        for place, length in enumerate(LENGTHS):
            count = int(np.searchsorted(drawn.positions, length + 4))
            p = scheme.setting.law_of_count(sums[count - 1][None], count)[0] if count else 0.0
            seen[:, place] += np.array(LEVELS) >= p
    nats = entropy_nats(sharpness)
    row: dict[str, object] = {"entropy_nats": nats, "mean_score": float(np.mean(scores))}
    for level, shares in zip(LEVELS, seen / texts, strict=True):
        for share in (0.5, 0.9):
            reached = [
                length for length, part in zip(LENGTHS, shares, strict=True) if part >= share
            ]
            row[f"tokens_{-level:.0f}_{share:.0%}"] = min(reached) if reached else None
        row[f"expected_{-level:.0f}"] = draws_needed(scheme.setting, level, gumbel_gain(nats))
    return row


def after_edit(name: str, texts: int, seed: int) -> dict[str, object]:
    """Measure how often a text is seen after an edit, whole and by its stretches."""
    scheme, random = PhalanxGumbel(), np.random.default_rng(seed)
    logs, found = [], 0
    for number in range(texts):
        key = random.bytes(32)
        text = EDITS[name](write(EDITED_LENGTH, [key], EDITED_SHARPNESS, seed + number), random)
        logs.append(log10_p(text, scheme, key))
        found += bool(locate([text], scheme, key, level=1e-6))
    return {
        "edit": name,
        "median_log10_p": float(np.median(logs)),
        "seen": float(np.mean(np.array(logs) <= -6.0)),
        "located": found / texts,
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument("--smoke", action="store_true", help="few texts")
    arguments = parser.parse_args()
    texts = 10 if arguments.smoke else arguments.texts
    needed = [tokens_needed(sharpness, texts, arguments.seed) for sharpness in SHARPNESSES]
    print_table(
        "Tokens until half (nine tenths) of marked texts have a p-value of 1e-3, 1e-6",
        ["nats a token", "mean score", "1e-3", "1e-6", "stated for 1e-6"],
        [
            [
                f"{row['entropy_nats']:.2f}",
                f"{row['mean_score']:.2f}",
                f"{row['tokens_3_50%']} ({row['tokens_3_90%']})",
                f"{row['tokens_6_50%']} ({row['tokens_6_90%']})",
                row["expected_6"],
            ]
            for row in needed
        ],
    )
    edited = [after_edit(name, texts, arguments.seed) for name in EDITS]
    print_table(
        f"{EDITED_LENGTH} marked tokens of {entropy_nats(EDITED_SHARPNESS):.2f} nats, edited",
        ["edit", "median p", "seen at 1e-6", "a stretch found at 1e-6"],
        [
            [
                row["edit"],
                f"1e{row['median_log10_p']:.1f}",
                f"{row['seen']:.1%}",
                f"{row['located']:.1%}",
            ]
            for row in edited
        ],
    )
    save(
        "watermark_power",
        {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "texts": texts,
            "needed": needed,
            "edited": edited,
        },
    )


if __name__ == "__main__":
    main()
