"""The margin: a domain that lies no higher than one that was left out keeps the level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.judging import judge
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.margin import LEVELS, shift_of, threshold
from phalanx.evidence import conformal_p_values

Author = Callable[..., list[Document]]


def test_a_threshold_is_where_ranks_reach_the_level() -> None:
    """Just above it the p-value is at or below the level, at it (ties count against) above it."""
    random = np.random.default_rng(1)
    for level in LEVELS:
        scores = random.normal(size=137)
        border = threshold(scores, level)
        assert border is not None
        above, at = conformal_p_values(np.array([border + 1e-9, border]), scores)
        assert above <= level < at


def test_a_domain_that_was_left_out_keeps_its_level_below_the_margin() -> None:
    """Lowered by its own shift, no more of its documents are claimed than the level says."""
    random = np.random.default_rng(2)
    cells = [random.normal(size=200), random.normal(0.4, 0.7, size=130)]
    domain = random.normal(1.5, 1.2, size=300)
    margin = shift_of(domain, cells)
    for level in (0.01, 0.02, 0.05, 0.1):
        ranks = [conformal_p_values(domain - margin, cell) for cell in cells]
        assert (np.maximum(*ranks) <= level + 1e-12).mean() <= level
    unlowered = [conformal_p_values(domain, cell) for cell in cells]
    assert (np.maximum(*unlowered) <= 0.01 + 1e-12).mean() > 0.05


def test_fewer_unseen_domains_break_the_level_with_a_margin() -> None:
    """Six domains whose place is drawn by one law, one of them unseen: one world in six at most.

    The unseen one lies above all others in one world of six, whatever the law. The margin says how
    far the highest lay above the rest, and so spares about half of those worlds: no guarantee.
    """
    random = np.random.default_rng(3)
    broken = []
    for _ in range(400):
        places = random.normal(0.0, 2.0, size=6)
        domains = [random.normal(place, 1.0, size=200) for place in places]
        seen, unseen = domains[:5], domains[5]
        margin = max(shift_of(seen[at], [*seen[:at], *seen[at + 1 :]]) for at in range(5))
        ranks = [
            np.max([conformal_p_values(unseen - by, each) for each in seen], axis=0)
            for by in (margin, 0.0)
        ]
        # Beyond what 200 documents of a domain that keeps 1 % show by chance.
        broken.append([float((each <= 0.01 + 1e-12).mean()) > 0.04 for each in ranks])
    lowered, plain = np.mean(broken, axis=0)
    deviation = np.sqrt(1 / 6 * 5 / 6 / 400)
    assert lowered < 0.6 * plain
    assert 0.05 < plain < 1 / 6 + 4.0 * deviation


def test_a_domain_that_keeps_its_level_or_says_nothing_has_no_shift() -> None:
    """Lower scores, too few documents, no other domain: zero."""
    random = np.random.default_rng(4)
    cell = random.normal(size=150)
    assert shift_of(cell - 3.0, [cell]) == 0.0
    assert shift_of(cell[:8] + 3.0, [cell]) == 0.0
    assert shift_of(cell + 3.0, []) == 0.0


def test_the_margin_counts_where_no_domain_is_named(model: Calibrated, author: Author) -> None:
    """Every p-value is at least as large as it would be, and a named domain has none taken."""
    asked = author("model", 60, 61)
    careful = replace(model, margin=2.0)
    plain, lowered, named = (
        judge(asked, {"text": each}, level=0.05, domain=domain)
        for each, domain in ((model, None), (careful, None), (careful, "made up"))
    )
    assert plain.batch.consistent > lowered.batch.consistent
    for one, other in zip(plain.judgements, lowered.judgements, strict=True):
        assert (one.log10_p or 0.0) <= (other.log10_p or 0.0)
    assert [each.log10_p for each in named.judgements] == [
        each.log10_p for each in plain.judgements
    ]


def test_a_margin_that_would_raise_scores_is_refused(model: Calibrated) -> None:
    """Below zero, or no number."""
    for wrong in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not negative"):
            replace(model, margin=wrong)
