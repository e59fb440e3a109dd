"""The generator of torch itself, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.watermark.schemes.synthid import SynthId
from phalanx.watermark.schemes.twister import permutation

torch: Any = pytest.importorskip("torch", reason="torch is not installed")


@given(st.integers(0, (1 << 63) - 1), st.integers(1, 3000))
def test_permutations(seed: int, size: int) -> None:
    """Permutations of any size are torch's, under seeds of more than 32 bits too."""
    generator = torch.Generator().manual_seed(seed)
    expected = torch.randperm(size, generator=generator).tolist()
    assert permutation(np.uint64(seed), size).tolist() == expected


@given(st.integers(0, 1 << 40))
def test_tables(seed: int) -> None:
    """The table of SynthID is torch's, whole."""
    generator = torch.Generator().manual_seed(seed)
    expected = torch.randint(0, 2, (1 << 16,), generator=generator).numpy()
    assert np.array_equal(SynthId(table_seed=seed)._table, expected)
