"""Stored numbers mean what another library says they mean."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from phalanx.provenance.weights.numbers import to_float32


@pytest.mark.parametrize(
    ("kind", "dtype", "bits"),
    [
        ("BF16", ml_dtypes.bfloat16, 16),
        ("F16", np.float16, 16),
        ("F8_E4M3", ml_dtypes.float8_e4m3fn, 8),
        ("F8_E5M2", ml_dtypes.float8_e5m2, 8),
        ("F8_E8M0", ml_dtypes.float8_e8m0fnu, 8),
        ("I8", np.int8, 8),
        ("U16", np.uint16, 16),
    ],
)
def test_every_code_of_a_kind(kind: str, dtype: type, bits: int) -> None:
    """All patterns of bits, infinities and NaN among them."""
    codes = np.arange(2**bits, dtype=f"<u{bits // 8}")
    expected = codes.view(dtype).astype(np.float32)
    np.testing.assert_array_equal(to_float32(codes.view(np.uint8), kind), expected)


def test_what_a_float32_cannot_hold_becomes_infinite() -> None:
    """And is counted as such later, not raised."""
    wide = np.array([1e300, -1e300, 0.5])
    assert to_float32(wide.view(np.uint8), "F64").tolist() == [np.inf, -np.inf, 0.5]
