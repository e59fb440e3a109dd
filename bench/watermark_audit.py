"""Radioactivity: how much marked text must a student have learnt until an audit sees it.

A small teacher is trained here; what it writes is marked under one key. Students are tuned from
another model on marked and unmarked texts of the teacher, in every share. Each is audited by its
answers and by its weights, under the true key and random ones, and beside the usual test of the
same kind: the sum of all scores, of its answers or of the tokens that it would say (Sander et al.,
NeurIPS 2024). Needs torch, which `make torch` installs.

Run `python bench/watermark_audit.py --widths 2 4 --seeds 5`; `--smoke` trains for a few steps.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from phalanx.watermark.audit import (
    answers_log10_e,
    answers_log10_p,
    lean_log10_e,
    likelihood,
    read,
)
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from results import print_table, save

if TYPE_CHECKING:
    from tiny_models import TinyModel

Tokens = npt.NDArray[np.int64]
KEY = b"the key of one campaign, 32 byte"
DECOYS = 100
SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
PROMPT = 8


def main() -> None:
    """Train, mark, tune, audit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 4], help="tokens of context")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--questions", type=int, default=1024, help="put to each student")
    parser.add_argument("--smoke", action="store_true", help="a few steps, two shares")
    arguments = parser.parse_args()
    if find_spec("torch") is None:
        print("torch is not installed: nothing was trained", file=sys.stderr)
        return
    if arguments.smoke:
        arguments.widths, arguments.seeds, arguments.shares = [2], 1, [0.0, 1.0]
        arguments.questions = 16
    rows = [
        row
        for width in arguments.widths
        for seed in range(arguments.seeds)
        for row in _students(width, seed, arguments)
    ]
    shown = [
        [f"{v:.1f}" if isinstance(v, float) and n != "share" else v for n, v in row.items()]
        for row in rows
    ]
    print_table("Audits of students", [*rows[0]], shown)
    save("watermark_audit", {"smoke": arguments.smoke, "decoys": DECOYS, "students": rows})


def _students(width: int, seed: int, arguments: argparse.Namespace) -> list[dict[str, object]]:
    from tiny_models import LENGTH, TinyModel, read_corpus

    corpus = read_corpus()
    half = corpus.size // 2
    ours, theirs = corpus[:half], corpus[half:]
    scheme = PhalanxGumbel(width)
    scale = 20 if arguments.smoke else 1

    def pieces(source: Tokens) -> Callable[[np.random.Generator], Tokens]:
        return lambda random: _windows(source, 16, 65, random)

    random = np.random.default_rng(seed)
    teacher = TinyModel(seed).fit(pieces(ours), 300 // scale, 3e-3, seed)
    base = TinyModel(seed + 100).fit(pieces(theirs), 300 // scale, 3e-3, seed + 100)
    texts = 2048 // scale
    length = LENGTH - PROMPT
    marked = teacher.write(_windows(ours, texts, PROMPT, random), length, seed, (scheme, KEY))
    clean = teacher.write(_windows(ours, texts, PROMPT, random), length, seed + 1)

    def student(share: float, seed: int) -> TinyModel:
        def batch(random: np.random.Generator) -> Tokens:
            at = random.integers(0, texts, 16)
            chosen: Tokens = np.where((random.random(16) < share)[:, None], marked[at], clean[at])
            return chosen

        return copy.deepcopy(base).fit(batch, 120 // scale, 1e-3, seed)

    reference = student(0.0, seed + 200)
    held = list(
        teacher.write(_windows(ours, 256 // scale, PROMPT, random), length, seed + 2, (scheme, KEY))
    )
    keys = [KEY, *(random.bytes(32) for _ in range(DECOYS))]
    result: list[dict[str, object]] = []
    for share in arguments.shares:
        suspect = student(share, seed + 300)
        prompts = _windows(ours, arguments.questions, PROMPT, random)
        answers = list(suspect.write(prompts, length, seed + 3))
        draws = draw(answers, width, known=list(prompts))
        likely = likelihood(draws, answers, reference.read)
        asked = answers_log10_e(draws, likely, scheme, keys)
        row: dict[str, object] = {
            "context": width,
            "seed": seed,
            "share": share,
            "answers": draws.count,
            "answers_sum_log10_p": float(answers_log10_p(draws, scheme, [KEY])[0]),
            "answers_log10_e": float(asked[0]),
            "answers_decoys_log10_e": float(asked[1:].max()),
        }
        said = draw(held, width, said=[_guesses(suspect, each) for each in held])
        row["weights_sum_log10_p"] = float(answers_log10_p(said, scheme, [KEY])[0])
        for name, other in (("base", base), ("student", reference)):
            leaning = read(held, teacher.read, suspect.read, other.read, width)
            found = lean_log10_e(leaning, scheme, keys)
            row["places"] = leaning.field.draws.count
            row[f"weights_log10_e_{name}"] = float(found[0])
            row[f"weights_decoys_log10_e_{name}"] = float(found[1:].max())
        print(row, file=sys.stderr)
        result.append(row)
    return result


def _windows(source: Tokens, rows: int, length: int, random: np.random.Generator) -> Tokens:
    """Cut texts of so many tokens out of a corpus."""
    starts = random.integers(0, source.size - length, rows)
    return np.stack([source[start : start + length] for start in starts])


def _guesses(model: TinyModel, document: Tokens) -> Tokens:
    """Return what a model would say at each place of a document."""
    said = model.read(document).argmax(axis=1)
    return np.concatenate([document[:1], said[:-1]])


if __name__ == "__main__":
    main()
