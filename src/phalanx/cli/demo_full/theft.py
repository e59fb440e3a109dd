"""The theft: a student is trained on what the campaign was served, and another one is not."""

from __future__ import annotations

import json

from phalanx.cli.demo_full.chapter import Chapter, write_json_lines
from phalanx.cli.demo_full.language import learnt
from phalanx.cli.demo_full.marking import tokens_in
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.teaching import answers_in
from phalanx.cli.demo_full.words import Vocabulary

SUSPECTS = ("student", "honest")
"""Trained on the harvest, and on answers to others, which carry no mark."""


def train_students(places: Places) -> Chapter:
    """Train both on top of somebody's open model.

    Parameters:
        places: With what was served.
    """
    words = Vocabulary(tuple(json.loads(places.words.read_text(encoding="utf-8"))))
    harvest = tokens_in(places.gateway / "served-marked.jsonl")
    others = tokens_in(places.gateway / "served-unmarked.jsonl")
    base = learnt(words.all_tokens(answers_in(places.b.early)), len(words.words))
    base.save(places.thief / "base.npz")
    write_json_lines(places.thief / "harvest.jsonl", ({"tokens": t.tolist()} for t in harvest))
    for name, taught in zip(SUSPECTS, (harvest, others), strict=True):
        base.more(taught).save(places.thief / f"{name}.npz")
    return Chapter(
        title="A student is trained on the harvest",
        lines=(
            (
                f"student: an open model of {base.tokens_learnt:,} tokens, tuned on "
                f"{sum(each.size for each in harvest):,} that the campaign was served"
            ),
            (
                f"honest: the same model, tuned on {sum(each.size for each in others):,} that "
                "others were served, without a mark"
            ),
        ),
        artefacts=tuple(places.thief / f"{name}.npz" for name in SUSPECTS),
        lacks="" if harvest else "nothing was harvested",
    )
