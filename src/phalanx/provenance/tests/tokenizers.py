"""What two tokenizers have in common.

Tokenizers are published and taken over freely, so that one that is shared is no evidence of shared
weights. It is told because it says which rows of two embeddings can be compared, and because a
tokenizer that nobody else has is a fact for a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phalanx.errors import InputError
from phalanx.json_text import parse_object
from phalanx.provenance.weights.pieces import file_size, read_piece

_MOST_BYTES = 128 * 2**20
_NEXT = "Pass the model's own tokenizer.json, or none."


@dataclass(frozen=True, slots=True, eq=False)
class Tokenizer:
    """Tokens and their numbers."""

    numbers: Mapping[str, int]
    """Number of each token."""

    merges: tuple[str, ...]
    """Merges of byte-pair encoding, in order; empty for other kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerComparison:
    """Two tokenizers, counted."""

    ours: int
    """Tokens of ours."""

    theirs: int
    """Tokens of theirs."""

    shared: int
    """Tokens that both have."""

    same_number: int
    """Tokens with the same number in both."""

    merges_from_the_start: int
    """Merges that both begin with, in the same order."""


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokens of a `tokenizer.json`.

    Raises:
        InputError: If it is no such file, or too large.
    """
    size = file_size(path)
    if size > _MOST_BYTES:
        message = f"{path} has {size:,} bytes; a tokenizer has at most {_MOST_BYTES:,}"
        raise InputError(message, next_step=_NEXT)
    content = parse_object(read_piece(path, 0, size).tobytes(), str(path))
    model = content.get("model")
    listed: Any = model.get("vocab") if isinstance(model, dict) else None
    pairs: list[tuple[Any, Any]] = [(None, 0)]
    if isinstance(listed, list):
        words = (each[0] if isinstance(each, list) and each else None for each in listed)
        pairs = [(word, at) for at, word in enumerate(words)]
    elif isinstance(listed, dict):
        pairs = [*listed.items()]
    added = content.get("added_tokens")
    pairs += [
        (each.get("content"), each.get("id"))
        for each in (added if isinstance(added, list) else [])
        if isinstance(each, dict)
    ]
    if not all(
        isinstance(token, str) and type(number) is int and 0 <= number < 2**31
        for token, number in pairs
    ):
        message = f"{path} has no vocabulary of tokens and their numbers"
        raise InputError(message, next_step=_NEXT)
    merges: Any = model.get("merges") if isinstance(model, dict) else None
    steps = (
        " ".join(map(str, each)) if isinstance(each, list) else str(each)
        for each in (merges if isinstance(merges, list) else [])
    )
    return Tokenizer(dict(pairs), tuple(steps))


def compare_tokenizers(ours: Tokenizer, theirs: Tokenizer) -> TokenizerComparison:
    """Count what two tokenizers have in common.

    Examples:
        >>> compare_tokenizers(Tokenizer({"a": 0, "b": 1}, ()), Tokenizer({"a": 0, "b": 7}, ()))
        TokenizerComparison(ours=2, theirs=2, shared=2, same_number=1, merges_from_the_start=0)
    """
    shared = ours.numbers.keys() & theirs.numbers.keys()
    pairs = zip(ours.merges, theirs.merges, strict=False)
    return TokenizerComparison(
        ours=len(ours.numbers),
        theirs=len(theirs.numbers),
        shared=len(shared),
        same_number=sum(ours.numbers[token] == theirs.numbers[token] for token in shared),
        merges_from_the_start=next(
            (at for at, (mine, other) in enumerate(pairs) if mine != other),
            min(len(ours.merges), len(theirs.merges)),
        ),
    )


def shared_rows(
    ours: Tokenizer | None, theirs: Tokenizer | None, our_rows: int, their_rows: int
) -> list[tuple[int, int]]:
    """Return which rows of two embeddings are of the same token.

    Without both tokenizers equal numbers are taken for equal tokens. If they are not, tests lose
    their power and stay exact.

    Examples:
        >>> shared_rows(Tokenizer({"a": 0, "b": 1}, ()), Tokenizer({"b": 3}, ()), 2, 4)
        [(1, 3)]
        >>> shared_rows(None, None, 2, 4)
        [(0, 0), (1, 1)]
    """
    if ours is None or theirs is None:
        return [(row, row) for row in range(min(our_rows, their_rows))]
    pairs = (
        (number, theirs.numbers[token])
        for token, number in ours.numbers.items()
        if token in theirs.numbers
    )
    return sorted({pair for pair in pairs if pair[0] < our_rows and pair[1] < their_rows})
