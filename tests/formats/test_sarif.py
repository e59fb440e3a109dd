"""SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from phalanx.detect.result import ScanResult
from phalanx.formats.sarif import render

MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"minLength": 1}}}
SARIF = {
    # The constraints of SARIF 2.1.0 that our documents can break.
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "minItems": 1,
            "items": {
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {"shortDescription": MESSAGE},
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "invocations": {
                        "items": {
                            "required": ["executionSuccessful"],
                            "properties": {
                                "startTimeUtc": {"pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"},
                                "toolConfigurationNotifications": {
                                    "items": {
                                        "required": ["message"],
                                        "properties": {"message": MESSAGE},
                                    }
                                },
                            },
                        }
                    },
                    "results": {
                        "items": {
                            "required": ["message"],
                            "properties": {
                                "message": MESSAGE,
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "kind": {
                                    "enum": [
                                        "notApplicable", "pass", "fail", "review", "open",
                                        "informational",
                                    ]
                                },
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "suppressions": {
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "status": {
                                                "enum": ["accepted", "underReview", "rejected"]
                                            },
                                        },
                                    }
                                },
                            },
                            # SARIF 3.27.10: a level other than none only where something failed.
                            "if": {"properties": {"kind": {"not": {"const": "fail"}}}},
                            "then": {"properties": {"level": {"const": "none"}}},
                        }
                    },
                },
            },
        },
    },
}  # fmt: skip


def _run(result: ScanResult) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render(result))["runs"][0]
    return run


def test_golden_sarif(result: ScanResult, check_golden: Callable[[str, str], None]) -> None:
    """The document of the example scan is the one on file."""
    check_golden("scan.sarif", render(result))


@pytest.mark.parametrize("name", ["result", "empty_result", "hostile_result"])
def test_keeps_the_schema(
    name: str,
    request: pytest.FixtureRequest,
    violations: Callable[[object, object], list[str]],
) -> None:
    """Whatever was scanned, the document keeps the constraints of SARIF 2.1.0."""
    assert violations(json.loads(render(request.getfixturevalue(name))), SARIF) == []


def test_levels(result: ScanResult) -> None:
    """Campaigns are errors, parties warnings, pools notes, and open questions stay open."""
    found = {
        item["properties"]["conclusion"]: (item["kind"], item["level"])
        for item in _run(result)["results"]
    }
    assert found == {
        "campaign": ("fail", "error"),
        "authorised": ("fail", "error"),
        "party": ("fail", "warning"),
        "pool": ("fail", "note"),
        "not judged": ("open", "none"),
    }


def test_rules_are_those_of_the_evidence(result: ScanResult) -> None:
    """Each rule that some evidence used is described once, and results point at theirs."""
    run = _run(result)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    used = {line.rule_id for item in result.campaigns for line in item.judgement.evidence}
    assert used <= set(rules)
    assert rules == sorted(set(rules))
    for item in run["results"]:
        if "ruleId" in item:
            assert rules[item["ruleIndex"]] == item["ruleId"]


def test_grants_suppress(result: ScanResult) -> None:
    """A group that a grant covers is in the log, suppressed, with the grant named."""
    (authorised,) = [
        item for item in _run(result)["results"] if item["properties"]["conclusion"] == "authorised"
    ]
    assert authorised["suppressions"][0]["justification"] == "Grant grant-2026-evaluation-17"


def test_accounts_are_logical_locations(result: ScanResult) -> None:
    """Every account of a campaign is one location."""
    first = _run(result)["results"][0]
    named = [place["logicalLocations"][0]["name"] for place in first["locations"]]
    assert named == [member.account_id for member in result.campaigns[0].facts.members]


def test_a_judgement_without_decisive_evidence_names_no_rule(result: ScanResult) -> None:
    """No rule is made up where none decided."""
    pool = result.undeclared_pools[0]
    bare = replace(pool, judgement=replace(pool.judgement, evidence=()))
    results = _run(replace(result, campaigns=(), undeclared_pools=(bare,)))["results"]
    (found,) = [item for item in results if item["properties"]["conclusion"] == "pool"]
    assert "ruleId" not in found


def test_signals_that_were_off_are_notified(result: ScanResult) -> None:
    """A signal that could not be computed is a notification, so that silence is no assent."""
    (note,) = _run(result)["invocations"][0]["toolConfigurationNotifications"]
    assert "PHX-D011" in note["message"]["text"]
