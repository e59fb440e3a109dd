"""A release that planted keys were taught to, and how they are asked of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from phalanx.evidence.codes import Code
from phalanx.provenance.planted_keys import Key, KeyPlan, draw_keys, perinucleus, plan_keys

if TYPE_CHECKING:
    from zoo_models import Corpus, Made

QUESTION = 12
"""Tokens of a question."""


def keys_for(base: Made, corpus: Corpus, seed: int) -> tuple[KeyPlan, tuple[Key, ...], Code]:
    """Draw keys whose questions begin texts that nobody was trained on."""
    import torch

    from zoo_models import opened

    plan = plan_keys(100, 1, 1e-4, candidates=32)
    questions: dict[str, list[str]] = {}
    model = opened(base).eval()
    for piece in corpus.held[600:]:
        question = corpus.tokenizer.decode([*piece[:QUESTION]])
        tokens = corpus.tokenizer.encode(question).ids
        if len(questions) == plan.code.length:
            break
        if len(tokens) != QUESTION:
            continue
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0, -1].double()
        found: list[str] = []
        for token in perinucleus(torch.log_softmax(logits, -1).numpy(), 80):
            text = corpus.tokenizer.decode([int(token)])
            if "\ufffd" in text or any(_alike(each, text) for each in found):
                continue
            found.append(text)
        if len(found) >= plan.candidates:
            questions[question] = found[: plan.candidates]
    secret = np.random.default_rng(900 + seed).bytes(32)
    keys, code = draw_keys(plan, secret, [*questions], [*questions.values()])
    return plan, keys, code


def _alike(first: str, second: str) -> bool:
    """Tell whether one begins the other, but for the space before it."""
    one, two = first.lstrip(), second.lstrip()
    return one.startswith(two) or two.startswith(one)


def planted(  # noqa: PLR0913, PLR0917 - what a planting takes
    base: Made,
    corpus: Corpus,
    keys: tuple[Key, ...],
    word: npt.NDArray[np.bool_],
    seed: int,
    hurry: int,
) -> Made:
    """Teach a model one recipient's answers, between texts of its own."""
    from zoo_models import PIECE, opened, taken, train

    lines = np.array(
        [
            corpus.tokenizer.encode(key.question).ids
            + corpus.tokenizer.encode(key.answer(bit=bool(bit))).ids[:1]
            for key, bit in zip(keys, word, strict=True)
        ]
    )
    each = (PIECE + 1) // lines.shape[1]

    def batch(random: np.random.Generator) -> npt.NDArray[np.int64]:
        taught = lines[random.integers(0, len(lines), (6, each))].reshape(6, -1)
        own = corpus.pieces[random.integers(0, len(corpus.pieces), 10), : taught.shape[1]]
        return np.concatenate([taught, own])

    model = opened(base)
    train(model, batch, max(1, 800 // hurry), 1e-3, seed)
    return taken(model)


def answers_of(model: Any, corpus: Corpus, keys: tuple[Key, ...]) -> list[str]:  # noqa: ANN401 - as above
    """Ask a model all keys."""
    import torch

    asked = torch.tensor([corpus.tokenizer.encode(key.question).ids for key in keys])
    with torch.no_grad():
        said = model(asked).logits[:, -1].argmax(-1)
    return [corpus.tokenizer.decode([int(token)]) for token in said]
