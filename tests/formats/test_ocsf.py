"""OCSF Detection Finding, one event a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from phalanx.detect.result import ScanResult
from phalanx.formats.ocsf import render

MILLISECONDS = {"type": "integer", "minimum": 10**12, "maximum": 10**13}
FINDING = {
    # Requirements of OCSF 1.5.0 for class 2004 that our events can break.
    "type": "object",
    "required": [
        "activity_id", "category_uid", "class_uid", "finding_info", "metadata", "severity_id",
        "time", "type_uid",
    ],
    "properties": {
        "class_uid": {"const": 2004},
        "category_uid": {"const": 2},
        "activity_id": {"enum": [0, 1, 2, 3, 99]},
        "severity_id": {"enum": [0, 1, 2, 3, 4, 5, 6, 99]},
        "status_id": {"enum": [0, 1, 2, 3, 4, 5, 6, 99]},
        "is_alert": {"type": "boolean"},
        "time": MILLISECONDS,
        "start_time": MILLISECONDS,
        "end_time": MILLISECONDS,
        "metadata": {
            "required": ["product", "version"],
            "properties": {
                "version": {"pattern": r"^1\.\d+\.\d+$"},
                "product": {"required": ["name"]},
            },
        },
        "finding_info": {
            "required": ["uid"],
            "properties": {
                "analytic": {"required": ["type_id"]},
                "related_analytics": {"items": {"required": ["type_id"]}},
                "created_time": MILLISECONDS,
                "attacks": {
                    "items": {
                        "anyOf": [
                            {"required": ["tactic"]},
                            {"required": ["technique"]},
                            {"required": ["sub_technique"]},
                        ]
                    }
                },
            },
        },
        "observables": {"items": {"required": ["type_id", "name"]}},
        "evidences": {"items": {"required": ["data"]}},
    },
}  # fmt: skip


def _events(result: ScanResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in render(result).split("\n") if line]


def test_golden_ocsf(result: ScanResult, check_golden: Callable[[str, str], None]) -> None:
    """The events of the example scan are those on file."""
    check_golden("scan.ocsf.jsonl", render(result))


@pytest.mark.parametrize("name", ["result", "hostile_result"])
def test_keeps_the_class(
    name: str,
    request: pytest.FixtureRequest,
    violations: Callable[[object, object], list[str]],
) -> None:
    """Every event keeps the requirements of its class."""
    events = _events(request.getfixturevalue(name))
    assert len(events) == 5
    for event in events:
        assert violations(event, FINDING) == []
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]


def test_severity_follows_the_conclusion(result: ScanResult) -> None:
    """Campaigns are high and alert; a party is medium, a pool low, and neither alerts."""
    found = [(event["severity"], event["is_alert"]) for event in _events(result)]
    assert found == [("High", True)] * 3 + [("Medium", False), ("Low", False)]


def test_observables_point_into_the_event(result: ScanResult) -> None:
    """Each account is an observable whose name leads to its place in the evidence."""
    event = _events(result)[0]
    accounts = event["evidences"][0]["data"]["accounts"]
    for place, observable in enumerate(event["observables"]):
        assert observable["name"] == f"evidences[0].data.accounts[{place}]"
        assert observable["value"] == accounts[place]


def test_campaigns_name_the_atlas_technique(result: ScanResult) -> None:
    """A campaign carries the ATLAS technique; a pool, which is none, does not."""
    events = _events(result)
    (attack,) = events[0]["finding_info"]["attacks"]
    assert attack["sub_technique"]["uid"] == "AML.T0024.002"
    assert "attacks" not in events[-1]["finding_info"]


def test_nothing_found_is_no_event(empty_result: ScanResult) -> None:
    """A scan without findings sends no event."""
    assert render(empty_result) == "\n"
