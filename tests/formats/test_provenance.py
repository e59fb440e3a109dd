"""A verdict about a model says the same in every output, and carries nothing that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from phalanx.evidence import calibrate_p_mixed
from phalanx.formats import provenance_html, provenance_json, provenance_text
from phalanx.formats.layer_picture import picture_of
from phalanx.formats.schema import PROVENANCE_SCHEMA_PATH, provenance_schema
from phalanx.model import ExactEvidence, Inconclusive
from phalanx.provenance.tests import LayerMap
from phalanx.provenance.tests.changes import Changes
from phalanx.provenance.verdict import (
    Asked,
    Budget,
    Family,
    Party,
    Record,
    judge,
    record_of,
    rounded,
)

Check = Callable[[str, str], None]
Violations = Callable[[object, object], list[str]]


def evidence(log10_p: float, rule_id: str = "PHX-P001", *, decisive: bool = True) -> ExactEvidence:
    """Return evidence with this p-value."""
    return ExactEvidence(
        rule_id=rule_id, name="neurons in the same places", family="provenance",
        null_hypothesis="Nothing is wrong.", observation="900 of 1,000 pairs of neurons",
        log10_e=float(calibrate_p_mixed(log10_p)), reachable_log10_e=None, sample_size=1000,
        reference_size=0, method="coins 1", assumptions=("Coins are fair.",), decisive=decisive,
        exact_log10_p=log10_p,
    )  # fmt: skip


@pytest.fixture(scope="module")
def record() -> Record:
    """Return a suspect with a layer less, one of another model, and a panel that is too small."""
    said = np.full((4, 3), -0.1)
    said[0, 0], said[2, 1], said[1, 2], said[3, 2] = -48.0, -9.5, -3.4, np.nan
    weights = Asked(
        family=Family.WEIGHTS,
        results=(
            evidence(-48.0),
            evidence(-30.0, "PHX-P007", decisive=False),
            Inconclusive(
                reason="heads in the same places: no heads of the same shape in the same layers",
                reachable_log10_e=0.0,
            ),
        ),
        corrected_for=11,
    )
    marks = Asked(
        family=Family.WEIGHT_MARKS,
        results=(evidence(-150.0, "PHX-P101"), evidence(-12.0, "PHX-P102")),
        recipients=("partner <b>17</b>",),
    )
    agreement = Asked(
        family=Family.AGREEMENT,
        results=(Inconclusive(reason="no panel: it means nothing", reachable_log10_e=0.0),),
    )
    asked = (weights, marks, agreement)
    return rounded(
        Record(
            ours=Party(name="ours-7b", digest="ab" * 32, family="llama", layers=4, hidden=4096),
            suspect=Party(name="su<s>pect", digest="", family="llama", layers=3, hidden=4096),
            verdict=judge(Budget(1e-6, tuple(each.family for each in asked)), asked),
            layers=LayerMap(ours=("0", "1", "2", "3"), theirs=("0", "1", "2"), log10_p=said,
                            left_out=0),
            changes=Changes(
                shared=28, ours_only=9, theirs_only=0, identical=0, our_zeros=0.0,
                their_zeros=0.502, our_grids=0, their_grids=0, our_kinds=("BF16",),
                their_kinds=("BF16",), our_layers=4, their_layers=3,
            ),
            notes=("A tensor is called model.\x1b[2J\u202ex.",),
            made_at="2026-11-26T12:00:00+00:00",
            version="0.1.0",
        )
    )  # fmt: skip


def words(page: str) -> str:
    """Return a page without its style sheet, one tag on a line."""
    return re.sub(r"<style>.*?</style>", "<style>", page, flags=re.DOTALL)


def test_golden_text(record: Record, check_golden: Check) -> None:
    """The table of a terminal."""
    check_golden("provenance.txt", provenance_text.render(record))


def test_golden_json(record: Record, check_golden: Check) -> None:
    """The document for programs, from which the verdict can be concluded again."""
    text = provenance_json.render(record)
    check_golden("provenance.json", text)
    assert provenance_json.render(record_of(json.loads(text))) == text


def test_golden_page(record: Record, check_golden: Check) -> None:
    """The page, without the style that all pages share."""
    check_golden("provenance.html", words(provenance_html.render(record)))


def test_a_page_runs_and_fetches_nothing(record: Record) -> None:
    """No script, no address, and names from outside are text."""
    page = provenance_html.render(record)

    class Tags(HTMLParser):
        found: set[str] = set()  # noqa: RUF012 - one page is read

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found.add(tag)
            assert not {"src", "href", "onload"} & {name for name, _ in attrs}

    Tags().feed(page)
    assert not Tags.found & {"script", "img", "link", "iframe", "b", "s"}
    assert "su&lt;s&gt;pect" in page
    assert "partner &lt;b&gt;17&lt;/b&gt;" in page
    assert "default-src &#39;none&#39;; script-src &#39;none&#39;" in page
    assert not {"\x1b", "\u202e"} & {*page}


def test_nothing_from_outside_steers_a_terminal(record: Record) -> None:
    """Neither in the table nor in the document."""
    for render in (provenance_text.render, provenance_json.render):
        assert not {"\x1b", "\u202e"} & {*render(record)}


def test_the_picture_shows_the_map(record: Record) -> None:
    """Kin within the budget, what is weaker, and what cannot be compared."""
    picture = picture_of(record)
    assert picture is not None
    kinds = [(each.kind, bool(each.said)) for each in picture.cells]
    assert kinds == [("kin", True), ("some", True), ("kin", True), ("unknown", False)]
    assert (picture.kin, picture.blocks) == (2, 3)
    strong, _, weak, _ = picture.cells
    assert strong.opacity > weak.opacity


def test_a_large_map_stays_a_picture(record: Record) -> None:
    """64 blocks by 64: names of rows do not overlap, and it fits a page."""
    names = tuple(f"{at}/{at}" for at in range(64))
    large = LayerMap(ours=names, theirs=names, log10_p=np.full((64, 64), -60.0), left_out=2)
    picture = picture_of(replace(record, layers=large))
    assert picture is not None
    assert picture.width < 760
    assert picture.rows[1].y - picture.rows[0].y >= 14.0
    assert "2 blocks of experts were left out" in provenance_html.render(
        replace(record, layers=large)
    )


def test_no_map_no_picture(record: Record) -> None:
    """Where no weights were compared."""
    none = replace(record, layers=None)
    assert picture_of(none) is None
    assert "<svg" not in provenance_html.render(none)


def test_published_schema_is_current(record: Record, violations: Violations) -> None:
    """The schema on file is that of the types, and every verdict keeps it."""
    published = json.loads(PROVENANCE_SCHEMA_PATH.read_text(encoding="utf-8"))
    assert published == provenance_schema()
    bare = replace(record, layers=None, changes=None, notes=())
    for each in (record, rounded(record), bare):
        assert violations(json.loads(provenance_json.render(each)), published) == []


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        (("schema",), "phalanx.provenance/2"),
        (("conclusions",), []),
        (("conclusions",), ["guilty"]),
        (("level",), 1.5),
        (("families", 0, "log10_p"), 1.0),
        (("families", 0, "state"), "sure"),
        (("families", 0, "results", 0, "kind"), "opinion"),
        (("layer_map", "log10_p"), [[0.5]]),
        (("ours",), None),
    ],
)
def test_schema_refuses_what_is_no_verdict(
    where: tuple[str | int, ...], wrong: object, record: Record, violations: Violations
) -> None:
    """Other versions, conclusions, states and chances beyond one."""
    document = json.loads(provenance_json.render(record))
    place = document
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = wrong
    assert violations(document, provenance_schema())


def test_schema_knows_every_field(record: Record) -> None:
    """A field that is written and not described would be nobody's promise."""
    document, schema = json.loads(provenance_json.render(record)), provenance_schema()
    assert [*document] == [*schema["properties"]]
    parts = schema["$defs"]
    assert [*document["families"][0]] == [*parts["FamilyAnswer"]["properties"]]
    assert {*document["families"][0]["results"][0]} == {*parts["ExactResult"]["properties"]}
    assert {*document["layer_map"]} == {*parts["MapOfLayers"]["properties"]}
