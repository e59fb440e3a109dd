"""Tables at a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from phalanx.detect.result import ScanResult
from phalanx.formats.table import render


def test_golden_table(result: ScanResult, check_golden: Callable[[str, str], None]) -> None:
    """The tables of the example scan are those on file."""
    check_golden("table.txt", render(result, width=120, colour=False))


def test_promise_is_stated_as_an_expectation(result: ScanResult) -> None:
    """The error rate is a promise about expectation and names its condition."""
    text = render(result, width=160)
    assert "At most 1 % of these are expected to be false" in text
    assert "if the named assumptions hold" in text


def test_what_was_mended_is_said(result: ScanResult) -> None:
    """Each note on the data is a line, with how often."""
    assert "noted 1,204 x timestamp without zone, taken as UTC" in render(result, width=120)


def test_clear_identifiers_are_said(result: ScanResult) -> None:
    """The table says whether accounts are pseudonyms, and warns where they are not."""
    assert "Accounts are pseudonyms under key k-2026-03." in render(result)
    clear = replace(result, run=replace(result.run, key_id=""))
    assert "Accounts stand in clear: handle accordingly." in render(clear)


def test_grants_that_cover_everything_found_are_not_nothing(result: ScanResult) -> None:
    """Where the only groups beyond the level are covered by grants, that is what is said."""
    text = render(replace(result, campaigns=()), width=200)
    assert "No campaign without a grant in" in text
    assert "1 group passed the level of the list and is covered by grants" in text
    assert "No group passed" not in text


def test_nothing_found_is_no_proof(empty_result: ScanResult) -> None:
    """An empty list is not called a clean bill."""
    assert "no proof that there was none" in render(empty_result)


def test_plain_when_not_a_terminal(result: ScanResult) -> None:
    """Text that goes into a file or a pipe holds no escape sequence."""
    assert "\x1b" not in render(result)


def test_colours_on_request(result: ScanResult) -> None:
    """On a terminal the headings stand out."""
    assert "\x1b[1m" in render(result, colour=True)


@pytest.mark.parametrize("width", [40, 60, 80, 99, 100, 120, 200])
def test_identifiers_are_whole_at_every_width(result: ScanResult, width: int) -> None:
    """No line is wider than the terminal, and from 80 columns on no identifier is cut."""
    text = render(result, width=width, colour=False)
    assert max(map(len, text.splitlines())) <= width
    if width >= 80:
        assert all(campaign.campaign_id in text for campaign in result.campaigns)


def test_logs_cannot_steer_the_terminal(hostile_result: ScanResult) -> None:
    """Control characters from a log reach the terminal as replacement characters."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", render(hostile_result, colour=False))


def test_long_lists_say_what_is_left_out(result: ScanResult) -> None:
    """Forty groups that were not judged are cut, with the number that is missing."""
    many = tuple(replace(result.not_judged[0], group_id=f"g{place}") for place in range(40))
    assert "and 28 groups more, in campaigns.json" in render(replace(result, not_judged=many))


def test_different_levels_are_given_as_a_range(result: ScanResult) -> None:
    """Where weights gave campaigns different levels, both ends are said."""
    first, *rest = result.campaigns
    raised = replace(first, judgement=replace(first.judgement, threshold_log10_e=4.0))
    text = render(replace(result, campaigns=(raised, *rest)), width=200)
    assert "had to reach 10^3.1 to 10^4.0" in text
