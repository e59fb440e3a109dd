"""Tokenizers are counted, and say which rows are of one token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.errors import InputError
from phalanx.model import ExactEvidence
from phalanx.provenance.tests import (
    Tokenizer,
    compare_tokenizers,
    compare_weights,
    read_tokenizer,
)


def wrote(path: Path, content: Any) -> Path:
    """Write a tokenizer."""
    path.write_text(json.dumps(content))
    return path


def test_two_tokenizers(tmp_path: Path) -> None:
    """Of both kinds of vocabulary, with tokens added, and merges as pairs or as text."""
    first = wrote(
        tmp_path / "a.json",
        {
            "model": {"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"], ["b", "a"]]},
            "added_tokens": [{"id": 3, "content": "<s>"}],
        },
    )
    second = wrote(
        tmp_path / "b.json", {"model": {"vocab": [["a", 0.0], ["<s>", -1.0]], "merges": ["a b"]}}
    )
    answer = compare_tokenizers(read_tokenizer(first), read_tokenizer(second))
    assert (answer.ours, answer.theirs, answer.shared, answer.same_number) == (4, 2, 2, 1)
    assert answer.merges_from_the_start == 1


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"model": []},
        {"model": {"vocab": {"a": "0"}}},
        {"model": {"vocab": {"a": -1}}},
        {"model": {"vocab": {}}, "added_tokens": [{"id": 1}]},
        {"model": {"vocab": {}}, "added_tokens": [{"id": 1, "content": [1]}]},
        {"model": {"vocab": [["a", 0.0], [[]]]}},
        {"model": {"vocab": [[{}]]}},
    ],
)
def test_what_is_no_tokenizer(content: Any, tmp_path: Path) -> None:
    """Is refused."""
    with pytest.raises(InputError):
        read_tokenizer(wrote(tmp_path / "a.json", content))


def test_a_vocabulary_in_another_order(models: Any) -> None:
    """Is lined up by the tokenizers; without them the embedding says nothing, and is no error."""
    ours = models.drawn(1)
    order = np.random.default_rng(0).permutation(300)
    theirs = {
        **models.drawn(2),
        "model.embed_tokens.weight": ours["model.embed_tokens.weight"][order],
    }
    words = [f"t{at}" for at in range(300)]
    tokenizers = (
        Tokenizer({word: at for at, word in enumerate(words)}, ()),
        Tokenizer({words[from_]: at for at, from_ in enumerate(order)}, ()),
    )
    found = {}
    for known in (None, tokenizers):
        answer = compare_weights(models.held(ours), models.held(theirs), tokenizers=known)
        (columns,) = (
            each for _, each in answer.results
            if isinstance(each, ExactEvidence) and each.rule_id == "PHX-P005"
        )  # fmt: skip
        found[known is None] = columns.log10_p
    assert found[True] > -3.0
    assert found[False] < -8.0
