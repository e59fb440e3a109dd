"""Keys and templates for the tests of sketches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from phalanx.sketches.templates import GroupKey, GroupKeys, TemplateRows, sketch_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER_US = round(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1e6)
KEY = GroupKey(1, date(2026, 1, 1), b"k" * 32)

MakeRows = Callable[..., TemplateRows]


@pytest.fixture
def now() -> datetime:
    """Return the moment of a test."""
    return NOW


@pytest.fixture
def key() -> GroupKey:
    """Return a group key."""
    return KEY


@pytest.fixture
def keys() -> GroupKeys:
    """Return what a member holds."""
    return GroupKeys((KEY,))


@pytest.fixture
def make_rows() -> MakeRows:
    """Return a function that makes the rows that other members shared."""

    def make(
        texts: Sequence[str],
        *,
        numbers: Sequence[int] | None = None,
        campaign: str = "campaign--one",
        until_us: int = LATER_US,
        by: GroupKey = KEY,
    ) -> TemplateRows:
        sketches = sketch_of(pa.array(texts, pa.string()), by)
        assert sketches.tokens.all()
        count = len(texts)
        uuids = np.zeros((count, 2), dtype=np.uint64)
        uuids[:, 1] = range(count) if numbers is None else numbers
        return TemplateRows(
            by.epoch, sketches.minhash, uuids, np.zeros(count, np.int32), (campaign,),
            np.full(count, until_us, np.int64),
        )  # fmt: skip

    return make


@pytest.fixture
def text_of() -> Callable[[int], str]:
    """Return a function that writes texts of forty words that have nothing in common."""

    def write(seed: int, words: int = 40) -> str:
        letters = "abcdefghijklmnopqrstuvwxyz"
        drawn = Random(seed)
        return " ".join("".join(drawn.choices(letters, k=7)) for _ in range(words))

    return write
