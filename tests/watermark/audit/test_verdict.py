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
    prompts=30,
    reference="base",
    reference_digest="",
    level=1e-6,
    decoys=2,
    decoy_seed=1,
    candidates=64,
    places=900,
    made_at="2026-11-25T12:00:00Z",
)


def audit(found: list[float], decoys: list[float], places: int = 900, read: int = 30) -> Audit:
    """Return what is concluded."""
    return conclude(PLAN, places, np.array(found), np.array(decoys), read=read)


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
        evidence = conclude(plan, 900, found, decoys, read=30).evidence()
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
    assert sum("auditor's word" in each for each in loose) == 4
    bound = replace(
        PLAN, key_commitment="00" * 32, reference_digest="22" * 32, tokenizer_digest="33" * 32,
        marked_digest="44" * 32,
    )  # fmt: skip
    tight = conclude(bound, 900, np.array([9.0, 0.5]), np.array([0.0, -1.0]), read=30).assumptions
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
    for read in (31, -1):
        with pytest.raises(ValueError, match=f"asks for 30 answers or documents, not {read}"):
            audit([9.0, 0.0], [0.0, 0.0], read=read)


def test_with_too_little_read_no_key_is_named() -> None:
    """The plan says how much must be there; what is missing may have been chosen."""
    for read, evaluable in ((30, True), (29, True), (28, False), (0, False)):
        found = audit([20.0, 0.5], [0.0, -1.0], read=read)
        assert found.evaluable == found.keys[0].named == evaluable
        evidence = found.evidence()[0]
        assert evidence.decisive == evaluable
        if not evaluable:
            assert evidence.log10_e <= 0.0
            assert f"{read} of 30 planned were read, where the plan wants 29" in (
                evidence.observation
            )


def test_what_a_choice_of_answers_may_gain_is_said() -> None:
    """With none missing, that they are the first; with some, how many choices there were."""
    asked = replace(PLAN, mode="answers", prompts=2_000)
    numbers = np.array([9.0, 0.5]), np.array([0.0, -1.0])
    whole = conclude(asked, 900, *numbers, read=2_000).assumptions
    assert any("All 2,000 planned answers are there" in each for each in whole)
    some = conclude(asked, 900, *numbers, read=1_998).assumptions
    # 2,000 times 1,999 over 2.
    assert any("2 of 2,000" in each and "up to 10^6.3 times" in each for each in some)
    read = audit([9.0, 0.5], [0.0, -1.0]).assumptions
    assert not any("planned" in each for each in read)
    assert any("1 of 30 planned documents are" in e for e in audit([1.0, 1.0], [0.0, 0.0], read=29)
               .assumptions)  # fmt: skip


def test_the_best_of_all_sets_is_worth_no_more_than_is_said() -> None:
    """Who leaves out two of eight answers by a key gains at most the number of ways."""
    random = np.random.default_rng(5)
    pairs = [(one, two) for one in range(8) for two in range(one)]
    best = []
    for _ in range(4_000):
        logs = random.normal(size=8) - 0.5
        best.append(np.exp(max(logs.sum() - logs[one] - logs[two] for one, two in pairs)))
    plan = replace(PLAN, mode="answers", prompts=8, least_read=0.5)
    found = conclude(plan, 9, np.array([1.0, 1.0]), np.array([0.0, 0.0]), read=6).assumptions
    assert any(f"up to 10^{math.log10(len(pairs)):.1f} times" in each for each in found)
    # Each set has a mean of one, and the best of them of more.
    assert 3.0 < np.mean(best) <= len(pairs)
    assert np.mean(np.array(best) >= 20.0 * len(pairs)) <= 0.05
