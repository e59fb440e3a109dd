"""What holds groups together, against plain counting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies
from scipy import sparse

from phalanx.detect import groups
from phalanx.detect.groups import (
    MAXIMUM_LINKS_PER_PARTY,
    MINIMUM_USERS,
    content_coverage,
    content_incidence,
    own_content,
    owner_of_values,
)
from phalanx.detect.links import MISSING

counts = numpy_strategies.arrays(np.int64, (12, 6), elements=st.integers(0, 2))
labels = numpy_strategies.arrays(np.int64, 12, elements=st.integers(MISSING, 2))


def matrix(use: npt.NDArray[np.int64]) -> sparse.csr_array:
    """Return exchanges per party and value as the detector holds them."""
    return sparse.csr_array(use.astype(np.float32))


@given(counts, labels)
def test_coverage_counts_values_whose_users_are_mostly_the_own_group(
    use: npt.NDArray[np.int64], label: npt.NDArray[np.int64]
) -> None:
    """The vote finds the same owner as counting users group by group."""
    total = np.maximum(use.sum(axis=1), 1).astype(np.float64)
    expected = np.zeros(12)
    for group in range(3):
        members = label == group
        inside, users = (use[members] > 0).sum(axis=0), (use > 0).sum(axis=0)
        own = (inside >= MINIMUM_USERS) & (2 * inside > users)
        expected[members] = (use[members] * own).sum(axis=1) / total[members]
        found = own_content(matrix(use), users, np.flatnonzero(members))
        assert (found == own).all()
    owner = owner_of_values(matrix(use), label)
    assert np.allclose(content_coverage(matrix(use), total, label, owner), expected)


def test_each_party_keeps_its_heaviest_links() -> None:
    """Of many values that a few share, the most used and rarest are kept, ties by value."""
    values = 3 * MAXIMUM_LINKS_PER_PARTY
    use = np.zeros((40, values), dtype=np.int64)
    use[:3] = 1
    use[:3, values - 1] = 9
    incidence = content_incidence(matrix(use), np.full(40, 100.0, dtype=np.float32))
    for party in range(3):
        kept = incidence.value[incidence.party == party].tolist()
        assert kept == [*range(MAXIMUM_LINKS_PER_PARTY - 1), values - 1]
    assert (incidence.weight > 0).all()


def test_a_value_that_everybody_uses_links_nobody() -> None:
    """Commonness is discounted to nothing, without a limit that would lose campaigns."""
    use = np.ones((40, 1), dtype=np.int64)
    assert content_incidence(matrix(use), use.sum(axis=1).astype(np.float32)).party.size == 0


def test_a_pair_holds_no_group_together() -> None:
    """Two users of one value are no link of content."""
    use = np.zeros((40, 1), dtype=np.int64)
    use[: groups.MINIMUM_USERS - 1] = 1
    assert content_incidence(matrix(use), np.ones(40, dtype=np.float32)).party.size == 0
