"""Attribution in the outputs: schema of profiles, words, STIX, the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from stix2validator import ValidationOptions, validate_string

from phalanx.detect.attribution.profile_text import profile_json
from phalanx.detect.result import ScanResult
from phalanx.formats import stix
from phalanx.formats.attribution_wording import (
    CONFIDENCE,
    GRADES,
    attribution_sentence,
    related_sentence,
    role_sentence,
)
from phalanx.formats.html import render
from phalanx.formats.schema import PROFILE_SCHEMA_PATH, profile_schema
from phalanx.model import ActorProfile, Attribution, RelatedGroup, Trait

Violations = Callable[[object, object], list[str]]


def _attribution(result: ScanResult, number: int = 0) -> Attribution:
    found = result.campaigns[number].judgement.attribution
    assert found is not None
    return found


def test_published_profile_schema_is_current(violations: Violations, result: ScanResult) -> None:
    """The schema on file is that of the types; a profile without a source does not match it."""
    published = json.loads(PROFILE_SCHEMA_PATH.read_text(encoding="utf-8"))
    assert published == profile_schema()
    profile = ActorProfile(
        schema="phalanx.profile/1",
        name="North Lab",
        sources=_attribution(result).profiles[0].sources,
        traits=(Trait(family="email", values=("north.example",)),),
    )
    assert violations(json.loads(profile_json(profile)), published) == []
    without = json.loads(profile_json(replace(profile, sources=())))
    assert violations(without, published)
    assert violations(json.loads(profile_json(profile)) | {"alias": "x"}, published)


def test_every_grade_has_words_and_a_confidence() -> None:
    """A better grade never has less confidence, and only A to C name."""
    assert set(GRADES) == set(CONFIDENCE) == set("ABCDEF")
    assert [CONFIDENCE[grade] for grade in sorted(GRADES)] == sorted(
        CONFIDENCE.values(), reverse=True
    )


def test_sentences(result: ScanResult) -> None:
    """A match names the actor and its source; otherwise nobody is named, and the kind is said."""
    assert attribution_sentence(_attribution(result)) == (
        "Grade B: matches the profile of North Lab (Report on North Lab). Most likely somebody "
        "who distils (94 %)."
    )
    assert "nobody is named" in attribution_sentence(_attribution(result, 1))
    nothing = replace(_attribution(result, 1), grade="F")
    assert attribution_sentence(nothing) == f"Grade F: {GRADES['F']}."
    network = _attribution(result).roles[1]
    assert "7 accounts outside the group" in role_sentence(network, 48)


@pytest.mark.parametrize(
    ("content", "network", "said"),
    [(0, 2, "not the content"), (3, 0, "not the provider network"), (3, 2, "perhaps one operator")],
)
def test_what_two_groups_share_is_said(content: int, network: int, said: str) -> None:
    """Network without content, content without network, and both are three things."""
    related = RelatedGroup(group_id="c-2", content_values=content, network_values=network)
    assert said in related_sentence(related)


def _bundle(result: ScanResult, kind: str) -> list[dict[str, Any]]:
    return [item for item in json.loads(stix.render(result))["objects"] if item["type"] == kind]


def test_stix_names_only_what_matched(result: ScanResult) -> None:
    """One intrusion set for the named actor, and one attribution with the grade's confidence."""
    (actor,) = _bundle(result, "intrusion-set")
    assert (actor["name"], actor["aliases"]) == ("North Lab", ["NL-7"])
    assert actor["external_references"][0]["source_name"] == "Report on North Lab"
    (link,) = [
        item
        for item in _bundle(result, "relationship")
        if item["relationship_type"] == "attributed-to"
    ]
    assert link["confidence"] == CONFIDENCE["B"]
    assert link["target_ref"] == actor["id"]


def test_stix_without_a_match_names_nobody(result: ScanResult) -> None:
    """Grades D to F bring no actor into the bundle."""
    unnamed = tuple(c for c in result.campaigns if not _named(c.judgement.attribution))
    bundle = replace(result, campaigns=unnamed)
    assert unnamed
    assert _bundle(bundle, "intrusion-set") == []


def _named(attribution: Attribution | None) -> bool:
    return attribution is not None and attribution.named is not None


def test_two_campaigns_of_one_actor_share_its_object(result: ScanResult) -> None:
    """Both are attributed to one intrusion set."""
    first, second = result.campaigns[:2]
    judged = replace(second.judgement, attribution=first.judgement.attribution)
    both = replace(result, campaigns=(first, replace(second, judgement=judged)))
    assert len(_bundle(both, "intrusion-set")) == 1
    text = stix.render(both)
    verdict = validate_string(text, ValidationOptions(version="2.1", disabled="all"))
    assert verdict.is_valid, [str(error) for error in verdict.errors]


def test_the_report_shows_grade_odds_and_roles(result: ScanResult) -> None:
    """Each campaign has a section on who may stand behind it, and says where names come from."""
    page = render(result)
    assert page.count("Who may stand behind it") == 3
    assert "matches the profile of North Lab" in page
    assert "A name comes only from a profile" in page
    assert "an evaluation farm" not in page.split("<main>")[0]


def test_a_scan_of_an_earlier_version_has_no_attribution(result: ScanResult) -> None:
    """Without attribution every output is whole, and says nothing of it."""

    def bare(group: Any) -> Any:
        return replace(group, judgement=replace(group.judgement, attribution=None))

    old = replace(
        result,
        campaigns=tuple(map(bare, result.campaigns)),
        authorised=tuple(map(bare, result.authorised)),
        undeclared_pools=tuple(map(bare, result.undeclared_pools)),
    )
    assert "Who may stand behind" not in render(old)
    assert _bundle(old, "intrusion-set") == []
