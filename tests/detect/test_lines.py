"""Lines of evidence, as sentences."""

from __future__ import annotations

import re
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
