"""Lines of evidence, as sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from phalanx.detect.honest import NOTHING_SEEN
from phalanx.detect.lines import honest_line


def test_lines_count_as_people_do(evasive_result: Any) -> None:
    """No line speaks of one value in the plural, or of values that nobody carries."""
    groups = (*evasive_result.campaigns, *evasive_result.undeclared_pools)
    lines = [line for group in groups for line in group.judgement.evidence]
    assert lines
    for line in lines:
        assert not re.search(r"\b1 (distinct values|parties|share)\b", line.observation)
        assert not line.observation.startswith("0 ")


def test_a_group_that_was_not_active_is_no_pool() -> None:
    """What assumes a pool is not said of a group of which nobody was active enough."""
    assert not any("pool" in assumption for assumption in honest_line(NOTHING_SEEN).assumptions)


def test_result_in_a_notebook_counts_as_people_do(evasive_result: Any) -> None:
    """One campaign is one campaign."""
    assert len(evasive_result.campaigns) == 1
    assert "<b>1</b> campaign among" in evasive_result._repr_html_()


def test_without_a_campaign_the_rest_is_named(evasive_result: Any) -> None:
    """A small rate is not shown as none, and what is no campaign is counted."""
    left = len(evasive_result.not_judged)
    shown = replace(evasive_result, campaigns=(), false_discovery_rate=0.001)._repr_html_()
    assert "<b>0</b> campaigns among" in shown
    assert "at most 0.1 %" in shown
    assert f" undeclared pools, {left:,} groups not judged." in shown
