"""Texts together, each by itself, and where: the level holds over all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from phalanx.errors import InputError
from phalanx.watermark.detection import SchemeKeys
from phalanx.watermark.detection import survey as module
from phalanx.watermark.detection.survey import Read, survey
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

KEYS = {"one": bytes(32), "two": b"\1" * 32}
ASKED = [SchemeKeys(PhalanxGumbel(), KEYS)]
NONE = np.empty(0, np.int64)


def _read(documents: Any, prompts: Any = None, tokenizer: str = "t") -> Read:
    return Read(
        tokenizer=tokenizer,
        documents=tuple(documents),
        prompts=tuple(prompts or [NONE] * len(documents)),
    )


def test_a_marked_document_among_others(writer: Any) -> None:
    """It is found by itself and in the whole, and the passage is where it stands."""
    random = np.random.default_rng(1)
    plain = [random.integers(0, 2_000, 300) for _ in range(4)]
    mixed = np.concatenate([plain[0][:100], writer(200, KEYS["two"], 3), plain[1][:100]])
    found = survey([_read([*plain, mixed])], ASKED)
    assert found.alone is not None
    assert {(each.document, each.key_id) for each in found.alone.marked} == {(4, "two")}
    assert {each.key_id for each in found.corpus.marked} == {"two"}
    assert {each.family for each in found.alone.findings} == {10}
    (passage,) = found.passages
    assert passage.stretch.document == 4
    assert abs(passage.stretch.start - 100) < 40
    assert abs(passage.stretch.stop - 300) < 40
    evidence = passage.stretch.evidence(ASKED[0].scheme.setting, "two", passage.tests)
    assert evidence.rule_id == "PHX-W005"
    assert evidence.log10_p == pytest.approx(passage.stretch.log10_p + np.log10(2))
    assert evidence.log10_e < -evidence.log10_p


def test_two_families_share_the_level() -> None:
    """p-values are corrected for keys, documents and families; one document is one family."""
    documents = [np.arange(100) + 1_000 * at for at in range(3)]
    found = survey([_read(documents)], ASKED)
    assert found.alone is not None
    for finding in found.corpus.findings + found.alone.findings:
        assert finding.families == 2
        assert finding.adjusted_log10_p >= min(0.0, finding.log10_p + np.log10(2)) - 1e-12
    single = survey([_read(documents[:1])], ASKED)
    assert single.alone is None
    assert {each.families for each in single.corpus.findings} == {1}
    whole = survey([_read(documents)], ASKED, corpus_only=True)
    assert whole.alone is None


def test_the_level_holds_over_everything_that_is_asked() -> None:
    """Of 200 surveys of unmarked texts at 20 %, no more find anything than may."""
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        documents = [random.integers(0, 2_000, 60) for _ in range(3)]
        keys = {str(at): random.bytes(32) for at in range(2)}
        asked = [SchemeKeys(PhalanxGumbel(), keys)]
        found = survey([_read(documents)], asked, level=0.2, decoys=0, document_decoys=0)
        hits += bool(found.marked)
    assert binom.sf(hits - 1, 200, 0.2) > 1e-4
    assert hits > 5


def test_prompts_count_nowhere(writer: Any) -> None:
    """A document that repeats its prompt is no evidence, together and by itself."""
    marked = writer(150, KEYS["one"], 2)
    found = survey([_read([marked, np.arange(200)], [marked, NONE])], ASKED)
    assert found.marked == ()


def test_every_reading_counts(writer: Any) -> None:
    """Two tokenizers double the family; the mark is named where it is read rightly."""
    marked = writer(150, KEYS["one"], 2)
    readings = [_read([marked], tokenizer="right"), _read([marked[::-1]], tokenizer="wrong")]
    found = survey(readings, ASKED)
    assert {each.family for each in found.corpus.findings} == {4}
    assert {each.tokenizer for each in found.marked} == {"right"}
    assert {each.finding.tokenizer for each in found.passages} == {"right"}


def test_too_many_tests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to ask instead; and too many keys that were found are not all located."""
    monkeypatch.setattr(module, "MOST_TESTS", 3)
    documents = [np.arange(50), np.arange(50) + 7]
    with pytest.raises(InputError, match="over 3"):
        survey([_read(documents)], ASKED)
    assert survey([_read(documents)], ASKED, corpus_only=True).alone is None


def test_not_all_keys_are_located(writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where very many are found, it is said how many were left."""
    monkeypatch.setattr(module, "MOST_LOCATED", 1)
    documents = [writer(150, key, 2) for key in KEYS.values()]
    found = survey([_read(documents)], ASKED)
    assert found.not_located == 1
    assert len({each.finding.key_id for each in found.passages}) == 1
