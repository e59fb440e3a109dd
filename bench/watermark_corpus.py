"""Texts that nobody marked, as token numbers: real ones where they exist, else made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

Tokens = npt.NDArray[np.int64]

_COLUMNS = ("text", "response", "code", "prompt")
_BYTES_EACH = 20_000_000
"""Of each file: enough for many texts, and no file outweighs the others."""


def texts(data: Path) -> Iterator[str]:
    """Yield the texts of all Parquet files below a folder, a bounded part of each."""
    for path in sorted(data.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
            if not columns:
                continue
            size = 0
            for batch in file.iter_batches(1000, columns=columns[:1]):
                for value in batch.column(0).to_pylist():
                    if isinstance(value, str) and size < _BYTES_EACH:
                        size += len(value)
                        yield value


def windows(data: Path, count: int, length: int, vocabulary: int, seed: int) -> list[Tokens]:
    """Return distinct stretches of real texts under a byte-level BPE that is trained on them.

    Fewer than asked for if the texts do not hold as many.
    """
    from tokenizers import ByteLevelBPETokenizer

    random = np.random.default_rng(seed)
    everything = list(dict.fromkeys(texts(data)))
    random.shuffle(everything)
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        (text[:2000] for text in everything[:5000]), vocabulary, show_progress=False
    )
    found: list[Tokens] = []
    for start in range(0, len(everything), 1000):
        for encoded in tokenizer.encode_batch(everything[start : start + 1000]):
            numbers = np.array(encoded.ids, dtype=np.int64)
            found += [
                numbers[at : at + length] for at in range(0, numbers.size - length + 1, length)
            ]
        if len(found) >= count:
            break
    return found[:count]


def made_up(count: int, length: int, vocabulary: int, seed: int) -> list[Tokens]:
    """Return texts of tokens that are frequent as words are, without any order."""
    random = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, vocabulary + 1)
    drawn = random.choice(vocabulary, (count, length), p=share / share.sum())
    return list(drawn.astype(np.int64))
