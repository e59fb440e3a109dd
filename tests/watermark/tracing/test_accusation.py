"""No innocent is accused more often than stated; traitors are, however they pool their texts."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from scipy import stats

from phalanx.evidence.codes import innocent_log10_sf
from phalanx.logs.siphash import siphash_words
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.tracing import (
    Code,
    CodePlan,
    SlotKeys,
    SlotReading,
    accuse,
    plan_code,
    read_slots,
)

SECRET = bytes(range(32))


def _sure(bits: Any, erased: Any = None) -> SlotReading:
    """Return a reading that is sure of some bits."""
    ones = np.asarray(bits, dtype=bool)
    weight = np.ones(ones.size) if erased is None else 1.0 - np.asarray(erased)
    return SlotReading(
        (8 * weight).astype(np.int64),
        np.where(ones, 0.0, -9.0) * weight,
        np.where(ones, -9.0, 0.0) * weight,
    )


def test_scores_of_innocents_follow_the_law_that_is_stated() -> None:
    """Of 100,000 codewords that nobody used, p-values are uniform as far as can be seen."""
    code = Code(CodePlan(100_000, 3, 1e-3, 400, 0.02), SECRET)
    random = np.random.default_rng(0)
    reading = SlotReading(np.full(400, 9), *-random.exponential(2.0, (2, 400)))
    found = accuse(reading, code, [f"a{number}" for number in range(100_000)])
    p = 10.0 ** np.array([each.log10_p for each in found])
    for level in (0.5, 0.1, 1e-2, 1e-3, 1e-4):
        count = int((p <= level).sum())
        assert stats.binomtest(count, p.size, level).pvalue > 1e-4, level
    assert sum(each.accused for each in found) == 0
    assert (10.0 ** np.array([each.log10_e for each in found])).mean() < 1.1


def test_each_bit_has_the_chance_that_is_stated() -> None:
    """Codewords are independent bits with the biases, which lie between the cut-offs."""
    code = Code(CodePlan(20_000, 3, 1e-6, 50, 0.02), SECRET)
    words = code.words([f"a{number}" for number in range(20_000)])
    biases = code.biases
    assert biases.min() >= 0.02
    assert biases.max() <= 0.98
    z = (words.mean(axis=0) - biases) / np.sqrt(biases * (1 - biases) / 20_000)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(words[:, :10].T) - np.eye(10)).max() < 0.04
    other = Code(code.plan, bytes(32))
    assert (other.words(["a1"]) != words[1]).any()


@pytest.mark.parametrize("strategy", ["majority", "minority", "one each", "coin"])
@pytest.mark.parametrize("collusion", [1, 2, 4])
def test_traitors_are_caught_and_nobody_else(collusion: int, strategy: str) -> None:
    """A thousand accounts, up to as many traitors as planned for, a fifth of places erased."""
    code = Code(plan_code(1000, 4), SECRET)
    accounts = [f"a{number}" for number in range(1000)]
    random = np.random.default_rng(1)
    words = code.words(accounts[:collusion])
    share = words.mean(axis=0)
    chosen = words[random.integers(0, collusion, share.size), np.arange(share.size)]
    bits = {
        "majority": share > 0.5,
        "minority": np.where((share > 0) & (share < 1), share <= 0.5, share > 0.5),
        "one each": chosen,
        "coin": np.where((share > 0) & (share < 1), random.random(share.size) < 0.5, share > 0.5),
    }[strategy]
    found = accuse(_sure(bits, random.random(share.size) < 0.2), code, accounts)
    accused = {each.account for each in found if each.accused}
    assert accused
    assert accused <= set(accounts[:collusion])


def test_a_corpus_without_marks_accuses_nobody(writer: Any) -> None:
    """Unmarked texts lean nowhere, and say so."""
    code, scheme = Code(plan_code(20, 1), SECRET), PhalanxGumbel()
    keys = SlotKeys(SECRET, code.plan.length, 32)
    reading = read_slots(draw([writer(3000, None, seed=1)], 4), scheme, keys)
    found = accuse(reading, code, [f"a{number}" for number in range(20)])
    assert not any(each.accused for each in found)
    assert found[0].adjusted_log10_p > -2.0


def test_contexts_are_dealt_by_a_key_that_follows_from_the_secret_alone() -> None:
    """A kernel elsewhere deals as this one does; places and lengths of keys have no part in it."""
    one, same = SlotKeys(SECRET, 9, 32), SlotKeys(SECRET, 100, 8)
    assert one.place_hash == same.place_hash
    assert one.place_hash != SlotKeys(bytes(32), 9, 32).place_hash
    words = np.array([7, 8, 9, 10], dtype=np.uint64)
    dealt = int(siphash_words(words, 0, 4, same.place_hash)) % 100
    assert same.places_after(words.astype(np.int64), np.array([4]), 4).tolist() == [dealt]


def test_texts_that_are_marked_by_codewords_name_their_accounts(writer: Any) -> None:
    """From tokens to names: two accounts write, forty are registered, and half is unmarked."""
    code, scheme = Code(plan_code(40, 2, 1e-3), SECRET), PhalanxGumbel()
    keys = SlotKeys(SECRET, code.plan.length, 32)
    accounts = [f"a{number}" for number in range(40)]
    words = code.words(accounts)
    texts = [writer(6000, None, seed=9)]
    for number in (3, 17):
        word = words[number]
        texts.append(writer(3000, lambda c, word=word: keys.key_after(c, word), seed=number))
    found = accuse(read_slots(draw(texts, 4), scheme, keys), code, accounts)
    assert {each.account for each in found if each.accused} == {"a3", "a17"}
    evidence = found[0].evidence()
    assert evidence.rule_id == "PHX-W003"
    assert evidence.log10_p == found[0].adjusted_log10_p
    assert "a3" not in evidence.observation


def test_the_tail_has_no_floor() -> None:
    """One traitor of a long code has a p-value far below the smallest double."""
    code = Code(CodePlan(10, 3, 1e-6, 3000, 0.02), SECRET)
    found = accuse(_sure(code.words(["a"])[0]), code, ["a", "b"])
    assert found[0].account == "a"
    assert found[0].log10_p < -400.0


def test_nothing_seen_is_no_evidence() -> None:
    """Where every place is erased every p-value is one."""
    code = Code(CodePlan(10, 1, 1e-6, 30, 0.1), SECRET)
    found = accuse(_sure(np.zeros(30), np.ones(30)), code, ["a", "b"])
    assert {each.log10_p for each in found} == {0.0}
    assert innocent_log10_sf(np.array([0]), np.zeros(30), code.biases).tolist() == [0.0]


def test_the_strongest_of_a_register_cannot_be_tried_again_alone() -> None:
    """Who looks first, and then names three, has still looked at all accounts of the plan."""
    code = Code(plan_code(20_000, 1, 1e-2), SECRET)
    accounts = [f"a{number}" for number in range(20_000)]
    random = np.random.default_rng(11)
    for _ in range(5):
        length = code.plan.length
        reading = SlotReading(np.ones(length, np.int64), *-random.exponential(3.0, (2, length)))
        whole = accuse(reading, code, accounts)
        few = accuse(reading, code, [each.account for each in whole[:3]])
        assert few == whole[:3]
        assert not any(each.accused for each in few)
        assert few[0].log10_p + np.log10(3) < -2.0
        assert few[0].evidence().log10_p > -2.0
        assert few[0].evidence().log10_e < 2.0


def test_more_accounts_than_planned_count_all() -> None:
    """A register that outgrew its code is corrected for as it is."""
    code = Code(CodePlan(2, 1, 1e-6, 30, 0.1), SECRET)
    reading = _sure(np.zeros(30))
    found = accuse(reading, code, ["a", "b", "c", "d"])
    assert {each.accounts for each in found} == {4}
    assert found[0].adjusted_log10_p == pytest.approx(min(0.0, found[0].log10_p + np.log10(4)))


def test_memory_does_not_grow_with_the_codewords_of_a_register() -> None:
    """Some are held at a time: all of these would be 18 MB as bits, and 144 MB as scores."""
    code = Code(CodePlan(6_000, 1, 1e-6, 3_000, 0.1), SECRET)
    random = np.random.default_rng(1)
    weights = np.where(np.arange(3_000) < 60, random.exponential(2.0, (2, 3_000)), 0.0)
    reading = SlotReading(np.arange(3_000) // 2_940, *-weights)
    accounts = [f"a{number}" for number in range(6_000)]
    tracemalloc.start()
    found = accuse(reading, code, accounts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 6_000
    assert peak < 90e6


def test_blocks_of_accounts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their size."""
    code = Code(CodePlan(50, 1, 1e-6, 100, 0.1), SECRET)
    reading = _sure(code.words(["a7"])[0])
    accounts = [f"a{number}" for number in range(50)]
    whole = accuse(reading, code, accounts)
    monkeypatch.setattr("phalanx.evidence.codes.resemblance._CELLS", 700)
    assert accuse(reading, code, accounts) == whole
    assert whole[0].account == "a7"


def test_an_empty_corpus_is_no_test() -> None:
    """Its evidence is context, and says why."""
    code = Code(CodePlan(10, 1, 1e-6, 30, 0.1), SECRET)
    evidence = accuse(_sure(np.zeros(30), np.ones(30)), code, ["a", "b"])[0].evidence()
    assert not evidence.decisive
    assert "nothing was tested" in evidence.observation
    assert evidence.log10_e <= 0.0
    seen = accuse(_sure(np.zeros(30)), code, ["a", "b"])[0].evidence()
    assert seen.decisive
    assert "nothing was tested" not in seen.observation


def test_wrong_use_is_refused() -> None:
    """Lengths must agree, names be single, secrets whole and numbers in range."""
    code = Code(CodePlan(10, 1, 1e-6, 30, 0.1), SECRET)
    with pytest.raises(ValueError, match="read for 20 places"):
        accuse(_sure(np.zeros(20)), code, ["a"])
    with pytest.raises(ValueError, match="named twice"):
        accuse(_sure(np.zeros(30)), code, ["a", "a"])
    with pytest.raises(ValueError, match="has 32 bytes"):
        Code(code.plan, b"short")
    with pytest.raises(ValueError, match="slots need"):
        SlotKeys(SECRET, 0, 32)
    with pytest.raises(ValueError, match="must be at least 1"):
        plan_code(0, 1)
