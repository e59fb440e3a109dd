"""Judging: claims keep their level, and what cannot be judged is told with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.judging import judge, seen_of
from phalanx.authorship.reference import Calibrated, calibrate
from phalanx.authorship.reference.calibrated import cells_of
from phalanx.errors import InputError

Author = Callable[..., list[Document]]

CONSISTENT = "consistent with a model's writing"


def test_humans_are_rarely_called_consistent(model: Calibrated, author: Author) -> None:
    """1,000 documents that nobody has seen, at 1 and 5 %: within four deviations of the level."""
    for level in (0.01, 0.05):
        found = judge(author("human", 1_000, 41), {"text": model}, level=level)
        rate = found.batch.consistent / 1_000
        # The reference of 400 has a deviation of its own.
        deviation = np.sqrt(level * (1 - level) * (1 / 1_000 + 1 / 401))
        assert rate < level + 4.0 * deviation
        assert found.batch.expected == pytest.approx(level * found.batch.judged)


def test_models_are_found(model: Calibrated, author: Author) -> None:
    """Most of what a model wrote is consistent with one, and so are all of it together."""
    found = judge(author("model", 100, 42), {"text": model}, level=0.05)
    assert found.batch.consistent > 50
    assert found.batch.log10_p < -6
    best = found.judgements[0]
    assert (best.domain, best.reference_size) == ("made up", 400)


def test_another_subject_is_turned_away(model: Calibrated, author: Author) -> None:
    """Words that nobody in the reference has: every document is not evaluable."""
    found = judge(author("human", 50, 43, domain="xy"), {"text": model}, level=0.05)
    assert {each.verdict for each in found.judgements} == {"not evaluable"}
    assert "unlike" in found.judgements[0].reason
    assert found.batch.log10_p == 0.0


def test_documents_of_the_reference_are_rarely_turned_away(
    model: Calibrated, author: Author
) -> None:
    """The gate's own error: at most its level."""
    found = judge(author("human", 500, 44), {"text": model}, level=0.05)
    away = sum(each.verdict == "not evaluable" for each in found.judgements)
    assert away / 500 < 0.02 + 4.0 * np.sqrt(0.02 * 0.98 * (1 / 500 + 1 / 401))


def test_what_is_too_short_or_foreign_is_not_evaluable(model: Calibrated, author: Author) -> None:
    """29 words, another language, code without a detector, a length without a reference."""
    (plain,) = author("human", 1, 45)
    short = replace(plain, content=" ".join(["the"] * 29))
    foreign = replace(plain, language="other")
    code = replace(plain, kind="code", language="python", content="x = 1\n" * 12)
    longer = replace(plain, content=" ".join(["the"] * 400))
    found = judge([short, foreign, code, longer], {"text": model}, level=0.01)
    reasons = [each.reason for each in found.judgements]
    assert {each.verdict for each in found.judgements} == {"not evaluable"}
    assert reasons[0] == "29 words are too few: 30 are needed"
    assert "fitted on en, and not on other" in reasons[1]
    assert reasons[2] == "no detector reads code"
    assert "level 0.01 needs 99" in reasons[3]


def test_a_level_beyond_the_reference_is_refused(model: Calibrated, author: Author) -> None:
    """400 documents carry no claim at one in a thousand."""
    (found,) = judge(author("model", 1, 46), {"text": model}, level=0.001).judgements
    assert (found.verdict, found.reference_size) == ("not evaluable", 400)
    assert "level 0.001 needs 999" in found.reason


def test_an_unnamed_domain_takes_the_largest_p_value(model: Calibrated, author: Author) -> None:
    """Beside a domain whose humans write like models, nobody is accused unless it is named."""
    alike = [seen_of(each) for each in author("model", 300, 47)]
    both = replace(
        model, cells=model.cells + cells_of(model.detector, alike, ["en"] * 300, ["alike"] * 300)
    )
    asked = author("model", 60, 48)
    for domain, least, most in ((None, 0, 12), ("made up", 30, 60), ("alike", 0, 12)):
        found = judge(asked, {"text": both}, level=0.05, domain=domain)
        assert least <= found.batch.consistent <= most
        if domain is None:
            assert {each.domain for each in found.judgements} == {"alike"}


def test_a_smaller_level_claims_nothing_more(model: Calibrated, author: Author) -> None:
    """A domain of 150 humans is too small for one in two hundred; it is not forgotten there."""
    alike = [seen_of(each) for each in author("model", 150, 47)]
    both = replace(
        model, cells=model.cells + cells_of(model.detector, alike, ["en"] * 150, ["alike"] * 150)
    )
    asked = author("model", 60, 48)
    claimed = []
    for level in (0.0025, 0.005, 0.02, 0.05):
        found = judge(asked, {"text": both}, level=level)
        claimed.append(
            {at for at, each in enumerate(found.judgements) if each.verdict == CONSISTENT}
        )
    assert all(fewer <= more for fewer, more in pairwise(claimed))
    assert len(claimed[0]) < 3
    alone = judge(asked, {"text": both}, level=0.005, domain="made up")
    assert alone.batch.consistent > 10


def test_what_has_no_score_is_not_evaluable(
    model: Calibrated, author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A language model that reads along may make a number of a text that is none."""
    monkeypatch.setattr(
        Calibrated, "scores", lambda _model, seen, _views: np.full(len(seen), np.nan)
    )
    (found,) = judge(author("model", 1, 46), {"text": model}, level=0.05).judgements
    assert (found.verdict, found.log10_p) == ("not evaluable", None)
    assert found.reason == "what the detector makes of it is no number"


def test_a_calibration_needs_a_name_and_numbers(model: Calibrated, author: Author) -> None:
    """Both are told before anything is written."""
    seen = [seen_of(each) for each in author("human", 200, 49)]
    with pytest.raises(InputError, match="1 to 200 characters"):
        calibrate(model.detector, seen, ["en"] * 200, " ")
    scores = np.repeat([0.0, np.nan], [197, 3])
    with pytest.raises(InputError, match="3 of 200 documents have a score that is no number"):
        calibrate(model.detector, seen, ["en"] * 200, "mine", scores)


def test_a_calibration_takes_two_hundred(model: Calibrated, author: Author) -> None:
    """199 human documents are refused, with what is needed."""
    seen = [seen_of(each) for each in author("human", 200, 49)]
    (made,) = calibrate(model.detector, seen, ["en"] * 200, "mine")
    assert (made.domain, made.documents, made.size_from) == ("mine", 200, 120)
    with pytest.raises(InputError, match="199 human documents of 'mine'"):
        calibrate(model.detector, seen[1:], ["en"] * 199, "mine")
    assert CONSISTENT.startswith("consistent with")
