"""Embeddings of tokens that both models have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.provenance.roles import Architecture, Part
from phalanx.provenance.tests.plan import Places, Plan
from phalanx.provenance.tests.tokenizers import Tokenizer, shared_rows
from phalanx.provenance.weights.numbers import Floats32


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The same tokens in both models, in a random order."""

    ours: Floats32
    """Shape (tokens, hidden)."""

    theirs: Floats32
    """Shape (tokens, hidden of theirs)."""

    not_finite: int
    """Numbers that were NaN or infinite, and count as zero."""


def read_tokens(
    ours: Architecture,
    theirs: Architecture,
    plan: Plan,
    tokenizers: tuple[Tokenizer, Tokenizer] | None,
) -> Tokens | None:
    """Return embeddings of tokens that both models have, or nothing if there are none.

    Parameters:
        ours: Our model.
        theirs: The suspect.
        plan: How many, and which.
        tokenizers: Ours and theirs, if both are known.
    """
    if ours.embedding is None or theirs.embedding is None:
        return None
    known, other_known = tokenizers or (None, None)
    rows = shared_rows(known, other_known, ours.embedding.units, theirs.embedding.units)
    if not rows:
        return None
    random = plan.random("tokens")
    chosen = random.choice(len(rows), min(plan.tokens, len(rows)), replace=False)
    pairs = np.array(rows)[chosen]
    mine, other = _rows(ours.embedding, pairs[:, 0]), _rows(theirs.embedding, pairs[:, 1])
    bad = sum(int((~(np.abs(each) <= 1e18)).sum()) for each in (mine, other))
    clean = [np.where(np.abs(each) <= 1e18, each, np.float32(0.0)) for each in (mine, other)]
    return Tokens(clean[0], clean[1], bad)


def _rows(embedding: Part, places: Places) -> Floats32:
    """Return rows in the order that they are asked for."""
    order = np.argsort(places, kind="stable")
    read = embedding.tensor.picked(places[order])
    result = np.empty_like(read)
    result[order] = read
    return result
