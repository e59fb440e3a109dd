"""`campaigns.json`: versioned, described by a schema, read back without loss."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.result import SCHEMA_VERSION, ScanResult
from phalanx.errors import InputError
from phalanx.formats.document import document_of, load, public_parameters
from phalanx.formats.json import render, render_run
from phalanx.formats.schema import SCHEMA_PATH, campaigns_schema

Violations = Callable[[object, object], list[str]]

KEYS = [
    "schema", "version", "days", "false_discovery_rate", "population", "campaigns", "authorised",
    "undeclared_pools", "suspicious_parties", "not_judged", "signals", "run",
    "mixed_accounts",
]  # fmt: skip


def _published() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return schema


def test_golden_json(result: ScanResult, check_golden: Callable[[str, str], None]) -> None:
    """The document of the example scan is the one on file."""
    check_golden("campaigns.json", render(result))


def test_published_schema_is_current() -> None:
    """The schema on file is the one that the types give (`python -m phalanx.formats.schema`)."""
    assert _published() == campaigns_schema()


def test_schema_describes_its_fields() -> None:
    """The schema says what an e-value is, in the words of the types."""
    properties = _published()["$defs"]["Judgement"]["properties"]
    assert properties["log10_e"]["description"] == "min(log10_e_apart, log10_e_honest)."


@pytest.mark.parametrize("name", ["result", "empty_result", "hostile_result"])
def test_documents_match_the_schema(
    name: str, request: pytest.FixtureRequest, violations: Violations
) -> None:
    """Whatever was scanned, the document keeps the published schema."""
    document = json.loads(render(request.getfixturevalue(name)))
    assert violations(document, _published()) == []


def test_schema_refuses_what_is_not_a_document(result: ScanResult, violations: Violations) -> None:
    """A document of another major version does not match."""
    document = json.loads(render(result)) | {"schema": "phalanx.campaigns/1"}
    assert violations(document, _published())


def test_top_level(result: ScanResult) -> None:
    """The document says what it is, and lists days as ISO dates."""
    document = json.loads(render(result))
    assert list(document) == KEYS
    assert document["schema"] == "phalanx.campaigns/2"
    assert document["version"] == SCHEMA_VERSION
    assert document["days"][0] == "2026-03-02"
    assert len(document["days"]) == 14


def test_reading_back_loses_nothing(result: ScanResult) -> None:
    """What was written is read back equal."""
    assert load(render(result)) == document_of(result)


def test_unknown_fields_are_passed_over(result: ScanResult) -> None:
    """A document of a later minor version, with more fields, is still read."""
    document = json.loads(render(result))
    document |= {"version": "2.9", "mood": "good"}
    document["campaigns"][0]["facts"]["colour"] = "red"
    assert load(json.dumps(document)).campaigns == result.campaigns


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[]", "not 'phalanx.campaigns/2'"),
        ('{"schema": "phalanx.campaigns/1"}', "'phalanx.campaigns/1'"),
        ('{"schema": "phalanx.campaigns/2"}', "version: Field required"),
        ('{"schema": "phalanx.campaigns/2", "days": [NaN]}', "NaN is no finite number"),
        ('{"schema": "phalanx.campaigns/2", "days": [1e999]}', "1e999 is no finite number"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_other_documents_are_refused_with_a_reason(text: str, reason: str) -> None:
    """What cannot be read is bad input with a next step, never a traceback."""
    with pytest.raises(InputError, match=r".") as caught:
        load(text)
    assert reason in str(caught.value)
    assert caught.value.next_step


@given(st.data())
def test_damaged_documents_never_crash(data: st.DataObject) -> None:
    """Any part of a document may be replaced by anything: it is read or refused."""
    document = json.loads(SMALL)
    place: Any = document
    key: Any = data.draw(st.sampled_from(sorted(document)))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    place[key] = data.draw(st.recursive(scalars, lambda inner: st.lists(inner, max_size=3)))
    with contextlib.suppress(InputError):
        assert load(json.dumps(document)).schema == "phalanx.campaigns/2"


SMALL = """{
 "schema": "phalanx.campaigns/2", "version": "2.0", "days": ["2026-03-02"],
 "false_discovery_rate": 0.01, "campaigns": [], "authorised": [], "undeclared_pools": [],
 "suspicious_parties": [],
 "population": {"exchanges": 1, "accounts": 1, "parties": 1, "rejected_rows": 0, "days": 1,
  "groups_opened": 1, "reference_parties": 0, "reachable_log10_e": 0.0,
  "first_exchange": "2026-03-02T00:00:00Z", "last_exchange": null},
 "not_judged": [{"group_id": "g", "accounts": ["a"], "reason": "r", "reachable_log10_e": 0.0,
  "log10_e_apart": 0.0, "log10_e_honest": 0.0}],
 "signals": [{"rule_id": "r", "name": "n", "enabled": true, "reason": ""}],
 "run": {"phalanx_version": "0", "versions": {}, "engine": "duckdb", "parameters": {"seed": 0},
  "started_at": "2026-03-02T00:00:00Z", "stage_seconds": {"read": 0.1}, "inputs": {},
  "columns": [], "rejects": {}, "key_id": ""}
}"""


def test_infinite_logarithms_become_the_largest_double(result: ScanResult) -> None:
    """Infinity never stands in a document; its sign and order do."""
    first = result.campaigns[0]
    endless = replace(first.judgement, log10_e_apart=float("inf"), log10_e_honest=float("-inf"))
    text = render(replace(result, campaigns=(replace(first, judgement=endless),)))
    assert "Infinity" not in text
    judgement = load(text).campaigns[0].judgement
    assert judgement.log10_e_apart == -judgement.log10_e_honest == 1.7976931348623157e308


def test_nan_is_refused(result: ScanResult) -> None:
    """NaN is a fault of the computation and must not be passed on."""
    with pytest.raises(ValueError, match="NaN"):
        render(replace(result, false_discovery_rate=float("nan")))


def test_no_secret_is_written(result: ScanResult) -> None:
    """Neither document holds the key of the pseudonyms, by name or by value."""
    for text in (render(result), render_run(result.run)):
        assert "pseudonym_key" not in text
        assert "never-written" not in text


def test_parameters_lose_secrets_at_any_depth() -> None:
    """Secrets inside lists and mappings are left out; token prices are none."""
    cleaned = public_parameters(
        {
            "service": {"api_key": "s", "url": "u"},
            "list": [{"password": "p", "kept": 1}],
            "prices_usd_per_million_tokens": {"*": (3.0, 15.0)},
        }
    )
    assert cleaned == {
        "service": {"url": "u"},
        "list": [{"kept": 1}],
        "prices_usd_per_million_tokens": {"*": [3.0, 15.0]},
    }
