"""With whom a group is compared."""

from __future__ import annotations

import numpy as np

from phalanx.detect.reference import registered_among


def test_who_registered_among_suspects_is_no_reference() -> None:
    """One suspect in a day spoils nobody; a quarter of an hour's registrations does."""
    hour = np.array([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2])
    suspected = np.zeros(hour.size, dtype=bool)
    suspected[[0, 1, 8]] = True
    assert np.flatnonzero(registered_among([hour], suspected)).tolist() == list(range(8))
