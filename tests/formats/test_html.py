"""The report, as text: complete, safe, bounded."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli.application import command_paths
from phalanx.detect import result as result_module
from phalanx.detect.result import ScanResult
from phalanx.formats import html as report
from phalanx.formats.basis import with_basis
from phalanx.formats.evidence_plane import LISTS, MAX_POINTS
from phalanx.formats.report_view import MAX_CAMPAIGNS_IN_FULL, MAX_MEMBERS
from phalanx.formats.wording import HONEST_CLASSES
from phalanx.printable import printable


@pytest.fixture(scope="module")
def text(result: ScanResult) -> str:
    """Return the report of the example scan."""
    return report.render(result)


def _words(document: str) -> str:
    """Return what a reader sees, without scripts, styles, drawings and markup."""
    without = re.sub(r"(?s)<(script|style|svg|noscript)\b.*?</\1>", "", document)
    lines = re.sub(r"<[^>]+>", "", without).splitlines()
    seen = html.unescape("\n".join(line.strip() for line in lines if line.strip()))
    return re.sub(r"[ \t]+", " ", seen) + "\n"


def _chart_data(document: str) -> dict[str, Any]:
    match = re.search(
        r'(?s)<script type="application/json" id="chart-data">(.*?)</script>', document
    )
    assert match
    charts: dict[str, Any] = json.loads(match[1])
    return charts


def test_golden_report(text: str, check_golden: Callable[[str, str], None]) -> None:
    """The words of the example report are those on file."""
    check_golden("report.txt", _words(text))


@pytest.mark.parametrize(
    "part",
    [
        "summary", "campaigns", "timeline", "c1", "c2", "c3", "beside", "not-judged", "quality",
        "method",
    ],
)  # fmt: skip
def test_has_every_part(text: str, part: str) -> None:
    """Each part of the report is there once, as a labelled section."""
    section = rf'<section(?: class="campaign")? id="{part}" aria-labelledby="{part}-title">'
    assert len(re.findall(section, text)) == 1


def test_states_the_promise_and_its_limits(text: str) -> None:
    """The error rate, its condition and what it does not cover stand in the report."""
    words = _words(text)
    assert "At most 1 % of these are expected to be false" in words
    assert "paid to look like a campaign" in words


def test_numbers_are_powers_of_ten(text: str) -> None:
    """E-values and p-values are written as powers, with the limit that the reference set."""
    words = _words(text)
    assert "10^14.2" in words
    assert "≤ 10^-14.2" in words
    assert "10^16.3" in words
    assert "unbounded" in words


def test_hostile_text_stays_text(hostile_result: ScanResult, hostile_text: str) -> None:
    """Prompts, reasons, names and identifiers never become markup or script."""
    document = report.render(hostile_result)
    outside = re.sub(r"(?s)<script>.*?</script>", "", document)
    assert "<img" not in outside
    assert outside.count("<script") == 1
    assert len(re.findall(r"(?i)</style", document)) == 1
    assert hostile_text not in outside
    shown = html.escape(printable(hostile_text))
    assert shown.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in outside
    assert outside == printable(outside, keep="\n\t")


def test_chart_data_cannot_leave_its_element(hostile_result: ScanResult) -> None:
    """Data of charts holds no character that could end a script, and is still the same data."""
    document = report.render(hostile_result)
    match = re.search(r'(?s)id="chart-data">(.*?)</script>', document)
    assert match
    assert not re.search("[<>&\u2028\u2029]", match[1])
    names = {row["name"] for layer in _chart_data(document)["plane"]["datasets"].values()
             for row in layer if "name" in row}  # fmt: skip
    assert {campaign.campaign_id for campaign in hostile_result.campaigns} <= names


def test_loads_nothing(text: str) -> None:
    """No element refers to anything outside the file."""
    outside = re.sub(r"(?s)<script>.*?</script>", "", text)
    assert not re.findall(r"<(?:link|img|iframe|object|embed|source|video|audio)\b", outside)
    assert not re.findall(r'\b(?:src|srcset|action|data)="', outside)
    assert all(link.startswith("#") for link in re.findall(r'\bhref="([^"]*)"', outside)
               if not link.startswith("data:"))  # fmt: skip
    assert not re.findall(r"@import|url\((?!#)", outside)


def test_policy_names_every_script(text: str) -> None:
    """The policy allows the two scripts of the file by digest, and nothing else."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = html.unescape(policy[1])
    assert "default-src 'none'" in rules
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/=]{44}'", rules)) == 2
    assert "unsafe-eval" not in rules
    assert "script-src 'unsafe-inline'" not in rules


def test_bundle_is_inlined_once(text: str) -> None:
    """Vega stands in the file once, however many charts there are."""
    assert text.count("<script>") == 2
    assert text.count("window.vegaEmbed=") == 1


def test_reads_without_javascript(text: str) -> None:
    """Each chart has a still picture for readers without scripts."""
    stills = re.findall(r"(?s)<noscript>(<svg.*?</svg>)</noscript>", text)
    assert len(stills) == len(_chart_data(text)) == 3


def test_an_empty_log_gives_a_report_without_scripts(empty_result: ScanResult) -> None:
    """Where there is nothing to draw, nothing runs."""
    document = report.render(empty_result)
    assert "<script" not in document
    assert "script-src &#39;none&#39;" in document
    assert "No campaign in 0 exchanges" in _words(document)


def test_a_large_scan_stays_under_four_megabytes(large_result: ScanResult) -> None:
    """Twenty campaigns of three hundred accounts fit, and what is left out is said."""
    document = report.render(large_result)
    assert len(document.encode()) < 4_000_000
    words = _words(document)
    assert f"the {MAX_MEMBERS} most certain of 300" in words
    assert "250 further accounts" in words
    assert re.search(r"Drawn: \d+ of 300 accounts", words)


def test_a_long_list_is_cut_and_says_so(result: ScanResult) -> None:
    """Past forty campaigns the overview goes on, the sections end, and the report says so."""
    many = tuple(
        replace(result.campaigns[2], campaign_id=f"campaign-{place}")
        for place in range(MAX_CAMPAIGNS_IN_FULL + 5)
    )
    document = report.render(replace(result, campaigns=many))
    assert document.count('<section class="campaign"') == MAX_CAMPAIGNS_IN_FULL
    assert f"The first {MAX_CAMPAIGNS_IN_FULL} have a section below" in _words(document)
    assert f"Shown: the first 40 of {len(many)} campaigns" in _words(document)
    assert f"campaign-{MAX_CAMPAIGNS_IN_FULL + 4}" in document


def test_a_crowded_plane_says_what_is_missing(result: ScanResult) -> None:
    """With more groups than points, campaigns are drawn and the number missing is said."""
    many = tuple(replace(result.not_judged[0], group_id=f"g{place}") for place in range(600))
    document = report.render(replace(result, not_judged=many))
    points = _chart_data(document)["plane"]["datasets"]["points"]
    assert len(points) == MAX_POINTS
    assert [point["label"] for point in points[:3]] == ["C1", "C2", "C3"]
    assert "Drawn: 400 of 606 groups, campaigns first" in _words(document)


def test_infinite_logarithms_do_not_break_the_report(result: ScanResult) -> None:
    """Should a logarithm ever be infinite, the report is written and says so."""
    first = result.campaigns[0]
    endless = replace(first.judgement, log10_e_apart=float("inf"))
    document = report.render(replace(result, campaigns=(replace(first, judgement=endless),)))
    assert "operated apart: unbounded" in _words(document)


def test_clear_identifiers_are_announced(result: ScanResult) -> None:
    """A report with accounts in clear says so at its head."""
    clear = report.render(replace(result, run=replace(result.run, key_id="")))
    assert "Accounts stand in clear" in _words(clear)[:400]


def test_no_secret_is_written(text: str) -> None:
    """The key of the pseudonyms is not among the parameters shown."""
    assert "never-written" not in text
    assert "pseudonym_key" not in text


def test_every_table_has_headers(text: str) -> None:
    """Tables can be read aloud: each has header cells with a scope."""
    body = re.sub(r"(?s)<script>.*?</script>", "", text)
    tables = re.findall(r"(?s)<table.*?</table>", body)
    assert tables
    assert all('<th scope="col"' in table for table in tables)
    assert not re.findall(r"<th(?![^>]*scope=)[ >]", "".join(tables))


def test_every_drawing_is_labelled_or_hidden(text: str) -> None:
    """A drawing has a name for those who cannot see it, or is mere ornament."""
    body = re.sub(r"(?s)<(script|noscript)\b.*?</\1>", "", text)
    for opening in re.findall(r"<svg[^>]*>", body):
        assert 'role="img"' in opening or 'aria-hidden="true"' in opening
    for place in re.findall(r"<div data-chart[^>]*>", body):
        assert 'role="img" aria-label="' in place


def test_untested_ways_of_working_are_untested() -> None:
    """The report names exactly the honest classes that the simulator plants."""
    # Read, not imported: importing the simulator compiles its kernels.
    source = Path(result_module.__file__).parent / "simulate" / "config.py"
    (planted,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "BENIGN_CLASSES"
    )
    assert tuple(HONEST_CLASSES) == planted


def _contrast(one: str, two: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                  for part in parts]  # fmt: skip
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block))


def test_colours_can_be_told_apart_in_light_and_dark(text: str) -> None:
    """Text keeps a contrast of 4.5, marks of 3, on both papers (WCAG 2.1 AA)."""
    roots = re.findall(r"(?s):root \{(.*?)\}", text)
    light = _colours(roots[0])
    dark = light | _colours(roots[1])
    for theme in (light, dark):
        for ink in ("ink", "ink-2", "link", "accent"):
            assert _contrast(theme[ink], theme["paper"]) >= 4.5, ink
        for place in range(10):
            assert _contrast(theme[f"f{place}"], theme["panel"]) >= 3.0, place
            assert _contrast("#ffffff", theme[f"f{place}"]) >= 4.5, place
        for colour in LISTS.values():
            assert _contrast(colour, theme["paper"]) >= 3.0, colour


def test_common_basis_is_said_once(result: ScanResult) -> None:
    """Lines that rest on the same null hypothesis share a letter."""
    lettered = with_basis(result.campaigns[0].judgement.evidence)
    assert {basis.letter for _, basis in lettered} == {"a", "b"}


def test_letters_go_on_after_z(result: ScanResult) -> None:
    """Forty different bases get forty different letters."""
    line = result.campaigns[0].judgement.evidence[0]
    lines = [replace(line, method=f"method {place}") for place in range(40)]
    letters = [basis.letter for _, basis in with_basis(lines)]
    assert letters[25:28] == ["z", "aa", "ab"]
    assert len(set(letters)) == 40


def test_a_guessed_price_is_called_so(result: ScanResult, text: str) -> None:
    """Costs at the built-in prices say so, beside the sum and in each campaign; others do not."""
    guess = "at the default USD 3 and 15 per million tokens; set [prices]"
    assert text.count(guess) == 1 + len(result.campaigns)
    given = replace(result, run=replace(result.run, default_prices=False))
    assert guess not in report.render(given)
    assert "at the price list that was given" in report.render(given)


def test_every_command_that_the_report_names_exists(text: str) -> None:
    """A report sends nobody to a command that there is not."""
    named = set(re.findall(r"<code>phalanx ([a-z ]+)", text))
    assert named
    assert {words.strip() for words in named} <= {" ".join(words) for words in command_paths()}
