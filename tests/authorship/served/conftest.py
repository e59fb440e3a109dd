"""Responses that a model might have served, made of words without meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from phalanx.authorship.served import IndexWriter, ServedIndex, open_index

SECRET, KEY_ID = bytes(32), "key_0"
VOCABULARY = [
    consonant + vowel + other + last
    for consonant in "bdfgklmnprst"
    for vowel in "aeiou"
    for other in "lmnr"
    for last in "aeio"
]
"""960 words, none of which is left out."""


def text(seed: int, words: int = 150) -> str:
    """A text of words drawn by a seed, frequent ones often, as in a language."""
    random = np.random.default_rng(seed)
    shares = 1.0 / np.arange(20, 20 + len(VOCABULARY))
    return " ".join(random.choice(VOCABULARY, size=words, p=shares / shares.sum()))


@pytest.fixture
def append(tmp_path: Path) -> Callable[[Sequence[str | None]], ServedIndex]:
    """Append responses to an index, and open it."""

    def appended(responses: Sequence[str | None]) -> ServedIndex:
        with IndexWriter(tmp_path / "index", SECRET, KEY_ID) as writer:
            accounts = [f"acct_{at}" for at in range(len(responses))]
            times = np.arange(len(responses), dtype=np.int64) * 1_000_000
            writer.add(pa.array(responses, pa.string()), pa.array(accounts), times)
            writer.finish([str(hash(tuple(responses)))], lambda _stage, _share: None)
        return open_index(tmp_path / "index", KEY_ID)

    return appended
