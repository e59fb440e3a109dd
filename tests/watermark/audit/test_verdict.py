"""What an audit concludes, and what of that is evidence elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from phalanx.watermark.audit import Audit, Plan, conclude

PLAN = Plan(
    suspect="model-x",
    mode="weights",
    scheme="phalanx-gumbel-v1",
    key_ids=("a", "b"),
    key_commitment="",
    prompts_digest="11" * 32,
    reference="base",
    reference_digest="",
    level=1e-6,
    decoys=2,
    decoy_seed=1,
    candidates=64,
    places=900,
    made_at="2026-11-25T12:00:00Z",
)


def audit(found: list[float], decoys: list[float], places: int = 900) -> Audit:
    """Return what is concluded."""
    return conclude(PLAN, places, np.array(found), np.array(decoys))


def test_evidence_is_divided_by_the_keys() -> None:
    """Whoever takes the strongest of many keys may multiply what he was given."""
    found = audit([9.0, 0.5], [0.0, -1.0])
    evidence = found.evidence()
    assert [each.named for each in found.keys] == [True, False]
    assert [each.log10_e for each in evidence] == pytest.approx(
        [9 - math.log10(2), 0.5 - math.log10(2)]
    )
    assert all(each.decisive for each in evidence)
    assert "one of 2 keys, which the e-value is divided by" in evidence[0].observation
    # What names a key is the same on both sides of the division.
    assert (evidence[0].log10_e >= -math.log10(PLAN.level)) == found.keys[0].named


def test_evidence_never_contradicts_the_verdict() -> None:
    """A random key that leans more shows that something else than the key explains it."""
    found = audit([12.0, 0.0], [13.0, 14.0])
    assert [each.named for each in found.keys] == [False, False]
    for each in found.evidence():
        assert each.log10_e <= 0.0
        assert not each.decisive
        assert "says nothing of the key: random keys reach as much" in each.observation
    tie = audit([12.0, 11.0], [12.0, 1.0])
    assert [each.decisive for each in tie.evidence()] == [False, False]


def test_no_place_is_no_evidence() -> None:
    """Nothing was tested, and that is said."""
    found = audit([9.0, 0.0], [-1.0, -1.0], places=0)
    assert not any(each.named for each in found.keys)
    for each in found.evidence():
        assert each.log10_e <= 0.0
        assert not each.decisive
        assert "nothing was tested" in each.observation


def test_mean_of_what_is_handed_on_is_at_most_one() -> None:
    """The strongest of all keys is still an e-value, decoys or not."""
    random = np.random.default_rng(0)
    plan = replace(PLAN, key_ids=tuple("abcdefgh"))
    best = []
    for _ in range(4_000):
        # Likelihood ratios of a normal shift: mean exactly one under the null.
        found, decoys = ((3.0 * random.normal(size=n) - 4.5) / math.log(10.0) for n in (8, 2))
        evidence = conclude(plan, 900, found, decoys).evidence()
        best.append(10.0 ** max(each.log10_e for each in evidence))
    assert np.mean(best) <= 1.0 + 4.0 * np.std(best) / math.sqrt(len(best))
    assert np.mean(np.array(best) >= 20.0) <= 0.05


def test_what_a_suspect_passes_on_is_not_called_training() -> None:
    """A quoted page or a relayed answer carries the mark as well."""
    evidence = audit([9.0, 0.5], [0.0, -1.0]).evidence()[0]
    assert "looks up, quotes or passes on" in evidence.null_hypothesis
    assert any("untrained" in each for each in evidence.assumptions)


def test_what_nobody_can_check_is_said() -> None:
    """Without a commitment, or without a digest of the reference, there is the auditor's word."""
    loose = audit([9.0, 0.5], [0.0, -1.0]).assumptions
    assert sum("auditor's word" in each for each in loose) == 2
    bound = replace(PLAN, key_commitment="00" * 32, reference_digest="22" * 32)
    tight = conclude(bound, 900, np.array([9.0, 0.5]), np.array([0.0, -1.0])).assumptions
    assert not any("auditor's word" in each for each in tight)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_number_is_no_verdict(bad: float) -> None:
    """Neither of a key, nor of a decoy, which else would count as none that is ahead."""
    with pytest.raises(ValueError, match="no finite number"):
        audit([9.0, bad], [0.0, 0.0])
    with pytest.raises(ValueError, match="no finite number"):
        audit([9.0, 0.0], [0.0, bad])


def test_numbers_are_those_of_the_plan() -> None:
    """Keys, decoys and places."""
    with pytest.raises(ValueError, match="other numbers"):
        audit([9.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="other numbers"):
        audit([9.0, 0.0], [0.0])
    with pytest.raises(ValueError, match="900 places count at most, not 901"):
        audit([9.0, 0.0], [0.0, 0.0], places=901)
    with pytest.raises(ValueError, match="not -1"):
        audit([9.0, 0.0], [0.0, 0.0], places=-1)
