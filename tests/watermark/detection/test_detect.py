"""Findings: right on marked texts, uniform on others, and honest about what cannot be judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from phalanx.errors import InputError
from phalanx.evidence.tails import binomial_log10_sf
from phalanx.watermark.detection import Reading, detect
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel

KEYS = {f"k{number}": bytes([number]) * 32 for number in range(20)}


def _reading(*documents: Any, **more: Any) -> Reading:
    return Reading(tokenizer="numbers", documents=documents, **more)


def test_of_twenty_keys_the_right_one(writer: Any) -> None:
    """A short marked text names its key and no other."""
    text = writer(150, KEYS["k7"], seed=1)
    answer = detect([_reading(text)], [PhalanxGumbel()], KEYS, decoys=99)
    (finding,) = answer.marked
    assert finding.key_id == "k7"
    assert finding.family == 20
    assert finding.decided_by == "law"
    assert finding.adjusted_log10_p == pytest.approx(finding.log10_p + np.log10(20))
    assert answer.log10_e > 10.0
    evidence = finding.evidence()
    assert evidence.rule_id == "PHX-W002"
    assert evidence.log10_p == finding.adjusted_log10_p
    assert evidence.log10_e == pytest.approx(finding.log10_e - np.log10(20))
    assert evidence.log10_e == pytest.approx(answer.log10_e)
    assert evidence.sample_size == 146


def test_every_scheme_and_tokenizer_is_counted(writer: Any) -> None:
    """The family is what was asked, and a text in two readings is two tests for each key."""
    text = writer(150, KEYS["k7"], seed=1)
    readings = [_reading(text), Reading(tokenizer="other", documents=[text[::-1].copy()])]
    answer = detect(readings, [PhalanxGumbel(), PhalanxGumbel(2)], KEYS, decoys=0)
    assert {finding.family for finding in answer.findings} == {80}
    (finding,) = answer.marked
    assert (finding.tokenizer, finding.setting.context_width) == ("numbers", 4)


def test_with_enough_decoys_the_larger_p_value_decides(writer: Any) -> None:
    """One key at 0.001 with 999 decoys: law and rank must both agree."""
    text = writer(150, KEYS["k7"], seed=1)
    answer = detect([_reading(text)], [PhalanxGumbel()], {"k7": KEYS["k7"]})
    (finding,) = answer.marked
    assert finding.decided_by == "both"
    assert finding.log10_p == pytest.approx(-3.0)
    assert finding.law_log10_p < -20.0
    assert finding.evidence().rule_id == "PHX-W001"


def test_p_values_of_unmarked_texts_are_uniform_and_e_values_one(writer: Any) -> None:
    """Under keys that nobody used the p-value has no say, and the e-value at most one."""
    text = writer(400, None, seed=3)
    random = np.random.default_rng(4)
    keys = {str(number): random.bytes(32) for number in range(3000)}
    answer = detect([_reading(text)], [PhalanxGumbel()], keys, decoys=0)
    logs = np.array([finding.log10_p for finding in answer.findings])
    assert stats.kstest(10.0**logs, "uniform").pvalue > 1e-3
    es = np.array([10.0**finding.log10_e for finding in answer.findings])
    assert es.mean() < 1.1
    assert (es >= 20.0).mean() <= 0.05
    assert not answer.marked


def test_ranks_of_unmarked_texts_are_uniform(writer: Any) -> None:
    """The true key stands at any place among decoys with the same chance."""
    text = writer(60, None, seed=5)
    random = np.random.default_rng(6)
    ranks = [
        detect([_reading(text)], [PhalanxGumbel()], {"k": random.bytes(32)}, decoys=19).findings[0]
        for _ in range(400)
    ]
    counts = np.bincount([each.decoys_ahead for each in ranks], minlength=20)
    assert stats.chisquare(counts).pvalue > 1e-3


class _Coarse:
    """A scheme whose hash has only four values a text: its law is wrong where draws agree."""

    def __init__(self) -> None:
        self.setting = Setting(
            name="coarse",
            context_width=1,
            unit="pair",
            key_bytes=4,
            null_hypothesis="The text was written without the key.",
            assumptions=(),
            cost="",
            law_of_count=lambda totals, count: binomial_log10_sf(totals, count, 0.5),
            most=1.0,
        )

    def scores(self, draws: Draws, key: bytes) -> Any:
        bits = np.random.default_rng(int.from_bytes(key, "big")).integers(0, 2, 4)
        return bits[draws.tokens % 4].astype(float)

    def totals(self, draws: Draws, keys: Any) -> Any:
        return np.array([self.scores(draws, key.tobytes()).sum() for key in keys])


def test_where_the_law_fails_decoys_decide() -> None:
    """A text of many draws that are really four convicts by the law, and not by the decoys."""
    text = np.random.default_rng(0).integers(0, 5000, 400)
    random = np.random.default_rng(1)
    false, verdicts = 0, set()
    for number in range(40):
        keys = {str(each): random.bytes(4) for each in range(10)}
        answer = detect([_reading(text)], [_Coarse()], keys, decoys=199)
        false += sum(finding.law_log10_p < -6.0 for finding in answer.findings)
        verdicts |= {finding.verdict for finding in answer.findings}
        assert {finding.decided_by for finding in answer.findings} == {"decoys"}, number
    assert false > 10
    assert verdicts == {"not evaluable"}


def test_too_short_is_no_acquittal(writer: Any) -> None:
    """Below the length at which the level is within reach nothing is said, with the length."""
    finding = detect([_reading([1, 2, 3, 4, 5, 6])], [PhalanxGumbel()], {"k": bytes(32)}).findings[
        0
    ]
    assert finding.verdict == "not evaluable"
    assert "2 draws are too few: 3 are the least" in finding.reason
    empty = detect([_reading([])], [PhalanxGumbel()], {"k": bytes(32)}).findings[0]
    assert (empty.verdict, empty.log10_p) == ("not evaluable", 0.0)
    short = detect([_reading(writer(60, None, seed=1))], [PhalanxGumbel()], {"k": bytes(32)})
    assert short.findings[0].verdict == "not evaluable"
    assert "0.5 nats a token, which are assumed" in short.findings[0].reason
    text = writer(400, None, seed=1)
    unseen = detect([_reading(text)], [PhalanxGumbel()], {"k": bytes(32)}).findings[0]
    assert (unseen.verdict, unseen.assumed_nats) == ("no mark seen", 0.5)
    assert "0.5 nats" in unseen.reason
    assert "0.5 nats" in unseen.evidence().assumptions[-1]
    told = detect([_reading(text, entropy_nats=1.0)], [PhalanxGumbel()], {"k": bytes(32)})
    assert (told.findings[0].assumed_nats, told.findings[0].reason) == (None, "")
    sure = _reading(text, entropy_nats=0.05)
    finding = detect([sure], [PhalanxGumbel()], {"k": bytes(32)}).findings[0]
    assert finding.verdict == "not evaluable"
    assert "0.05 nats a token" in finding.reason


def test_marked_text_that_is_too_short_is_not_called_unmarked(writer: Any) -> None:
    """Of short marked texts of little choice, nobody says that no mark was seen."""
    verdicts = set()
    for seed in range(20):
        text = writer(30, KEYS["k7"], seed=seed, sharpness=3.0)
        keys = {"k7": KEYS["k7"]}
        answer = detect([_reading(text)], [PhalanxGumbel()], keys, level=1e-6, decoys=0)
        verdicts |= {finding.verdict for finding in answer.findings}
    assert "no mark seen" not in verdicts


def test_the_same_question_has_the_same_decoys(writer: Any) -> None:
    """Asking again, at another level or under other names, draws no other decoys."""
    text = writer(60, None, seed=5)
    first, second = KEYS["k1"], KEYS["k2"]

    def ahead(keys: dict[str, bytes], *documents: Any, level: float = 1e-3) -> list[int]:
        answer = detect([_reading(*documents)], [PhalanxGumbel()], keys, level=level)
        return sorted(finding.decoys_ahead for finding in answer.findings)

    asked = ahead({"a": first, "b": second}, text)
    assert ahead({"a": first, "b": second}, text) == asked
    assert ahead({"y": second, "x": first}, text, level=0.2) == asked
    assert ahead({"a": first, "b": second}, text[:-1]) != asked
    assert ahead({"a": first, "b": second, "c": KEYS["k3"]}, text) != asked


def test_a_token_that_a_scheme_does_not_tell_is_said_with_what_to_do() -> None:
    """Wider tokens would be other tokens again: one coincidence would count often."""
    text = np.arange(40) + (1 << 32)
    with pytest.raises(InputError, match="is beyond those of vllm-gumbel-v1") as raised:
        detect([_reading(text)], [VllmGumbel()], {"k": bytes(8)})
    assert "vocabulary" in raised.value.diagnostics()


def test_a_key_that_would_not_be_tried_is_refused() -> None:
    """A key of another length is named, and never shown."""
    with pytest.raises(InputError, match="key old has 7 bytes") as raised:
        detect([_reading([1])], [PhalanxGumbel()], {"old": b"secret!"})
    assert "secret" not in raised.value.diagnostics()
    with pytest.raises(InputError, match="nothing to test"):
        detect([], [PhalanxGumbel()], KEYS)
