"""STIX 2.1 bundles."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from stix2validator import ValidationOptions, validate_string

from phalanx.detect.result import ScanResult
from phalanx.formats.stix import render
from phalanx.formats.stix_objects import account_id

EMPTY_SCAN_KINDS = {"identity", "marking-definition", "extension-definition", "attack-pattern"}


def _objects(result: ScanResult) -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = json.loads(render(result))["objects"]
    return objects


def _by_kind(result: ScanResult, kind: str) -> list[dict[str, Any]]:
    return [item for item in _objects(result) if item["type"] == kind]


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any attempt of the validator to fetch something fail the test."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the validator tried to reach the network")

    monkeypatch.setattr("requests.Session.request", refuse)


def test_golden_stix(result: ScanResult, check_golden: Callable[[str, str], None]) -> None:
    """The bundle of the example scan is the one on file."""
    check_golden("scan.stix.json", render(result))


@pytest.mark.usefixtures("_offline")
@pytest.mark.parametrize("name", ["result", "empty_result", "hostile_result"])
def test_passes_the_validator_strictly(name: str, request: pytest.FixtureRequest) -> None:
    """The OASIS validator finds neither an error nor a departure from good practice."""
    text = render(request.getfixturevalue(name))
    options = ValidationOptions(version="2.1", strict=True, enforce_refs=True)
    verdict = validate_string(text, options)
    assert verdict.is_valid, [str(error) for error in verdict.errors]


@pytest.mark.usefixtures("_offline")
def test_quotes_in_identifiers_stay_inside_the_pattern(result: ScanResult) -> None:
    """An account whose identifier holds quotes and backslashes cannot change the pattern."""
    first = result.campaigns[0]
    evil = replace(first.facts.members[0], account_id="a' OR user-account:user_id LIKE '%\\")
    facts = replace(first.facts, members=(evil, *first.facts.members[1:]))
    text = render(replace(result, campaigns=(replace(first, facts=facts),)))
    verdict = validate_string(text, ValidationOptions(version="2.1", strict=True))
    assert verdict.is_valid, [str(error) for error in verdict.errors]


def test_a_second_scan_updates_and_never_doubles(result: ScanResult) -> None:
    """A later scan gives the same objects the same identifiers, with a later version."""
    later = replace(
        result, run=replace(result.run, started_at=result.run.started_at + timedelta(days=1))
    )
    before, after = _objects(result), _objects(later)
    assert [item["id"] for item in before] == [item["id"] for item in after]
    campaigns = [
        [item for item in objects if item["type"] == "campaign"] for objects in (before, after)
    ]
    for old, new in zip(*campaigns, strict=True):
        assert old["created"] == new["created"]
        assert old["modified"] < new["modified"]


def test_identifiers_are_unique_over_all_types(result: ScanResult) -> None:
    """No two objects of the producer share a UUID, whatever their types."""
    listed = [item["id"].split("--")[1] for item in _objects(result)]
    assert len(set(listed)) == len(listed)


def test_account_identifier_is_the_one_that_stix_prescribes() -> None:
    """A user-account takes the UUIDv5 of its contributing property, so others merge it."""
    namespace = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
    expected = uuid.uuid5(namespace, '{"user_id":"acc_1"}')
    assert account_id("acc_1") == f"user-account--{expected}"


def test_each_campaign_is_complete(result: ScanResult) -> None:
    """A campaign comes with its accounts, an indicator, a note, and its relationships."""
    for kind in ("campaign", "grouping", "indicator", "note"):
        assert len(_by_kind(result, kind)) == 3
    assert len(_by_kind(result, "user-account")) == 83
    kinds = sorted(item["relationship_type"] for item in _by_kind(result, "relationship"))
    assert kinds == ["attributed-to"] + ["indicates"] * 3 + ["uses"] * 3


def test_campaigns_name_the_atlas_technique(result: ScanResult) -> None:
    """Campaigns and the attack pattern refer to MITRE ATLAS by its identifier."""
    for item in _by_kind(result, "campaign") + _by_kind(result, "attack-pattern"):
        assert item["external_references"] == [
            {"source_name": "mitre-atlas", "external_id": "AML.T0024.002"}
        ]


def test_everything_is_marked_amber(result: ScanResult) -> None:
    """Every object that a scan adds carries TLP:AMBER of version 2.0."""
    (marking,) = _by_kind(result, "marking-definition")
    assert marking["name"] == "TLP:AMBER"
    unmarked = {item["type"] for item in _objects(result) if "object_marking_refs" not in item}
    assert unmarked == {"identity", "marking-definition", "extension-definition"}


def test_clear_identifiers_stay_in_the_house(result: ScanResult) -> None:
    """Accounts in clear are marked AMBER+STRICT: for the organisation alone."""
    clear = replace(result, run=replace(result.run, key_id=""))
    assert _by_kind(clear, "marking-definition")[0]["name"] == "TLP:AMBER+STRICT"


def test_prompts_never_leave(result: ScanResult) -> None:
    """No template of a prompt stands in the bundle."""
    text = render(result)
    for campaign in result.campaigns:
        assert all(template not in text for template in campaign.facts.templates)


def test_the_limits_travel_with_the_evidence(result: ScanResult) -> None:
    """Who receives a campaign receives what its error rate does not cover."""
    for note in _by_kind(result, "note"):
        assert "paid to look like a campaign" in note["content"]


def test_nothing_found_is_a_bundle_of_definitions(empty_result: ScanResult) -> None:
    """A scan without campaigns shares no account."""
    assert {item["type"] for item in _objects(empty_result)} == EMPTY_SCAN_KINDS
