"""What the builders emit, before the judges that others wrote."""

from __future__ import annotations

import importlib
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stix2
from stix2validator import ValidationOptions, validate_string

from phalanx.share.wire import (
    AccountFingerprint,
    Address,
    Authorship,
    Cluster,
    Domain,
    Handling,
    Indicator,
    Place,
    Statistic,
    atlas_case,
    attribution_of,
    check,
    document,
    grouping,
    indicator,
    infrastructure,
    member_id,
    observable,
    pattern_of,
    read_pattern,
    revoked,
    schema,
    sighting,
    statistic,
    tlp_of,
)
from phalanx.share.wire.extension import as_properties
from phalanx.share.wire.identifiers import OBSERVABLE_NAMESPACE, timestamp
from phalanx.share.wire.markings import PAP_IDS, TLP_IDS

NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
BY = Authorship(
    member=member_id("member-amber-falcon"),
    created=NOW,
    modified=NOW,
    handling=Handling(tlp="amber+strict", pap="red", legal_basis="us-rule-of-reason"),
    confidence=80,
)
PRINT = AccountFingerprint(kind="email", epoch=3, value="Ab-_" * 11)


def _strict(text: str) -> list[str]:
    verdict = validate_string(text, ValidationOptions(version="2.1", strict=True))
    return [str(error) for error in verdict.errors]


def _bundle(*items: dict[str, Any]) -> str:
    identifier = "bundle--7d0c9d3c-2f34-4b6e-9d57-2b8b39b1a001"
    return json.dumps({"type": "bundle", "id": identifier, "objects": list(items)})


@pytest.mark.parametrize(
    "said",
    [
        {"attribution_grade": "G"},
        {"attribution_grade": ["A"]},
        {"attribution_grade": "A", "operator_hypotheses": {"kind": "reseller"}},
        {
            "attribution_grade": "A",
            "operator_hypotheses": [{"kind": "Northwind", "probability": 1}],
        },
        {"attribution_grade": "A", "operator_hypotheses": [{"kind": "reseller", "probability": 2}]},
        {"attribution_grade": "A", "operator_hypotheses": ["reseller"]},
        {"attribution_grade": "A", "operator_hypotheses": [[]]},
    ],
)
def test_an_attribution_that_says_something_else_is_none(said: dict[str, Any]) -> None:
    """Nobody checked what another member wrote there."""
    assert attribution_of({"type": "campaign", "extensions": as_properties(**said)}) is None


def _others() -> list[dict[str, Any]]:
    """Return what the worked example does not hold."""
    place = Place(
        key="p",
        name="Relays",
        parts=(Address(value="2001:db8::1"), Domain(value="relay.example.net")),
        first_seen=NOW,
        last_seen=NOW,
    )
    items = infrastructure(place, BY)
    counted = Statistic(
        key="s",
        measure="accounts",
        period_end=NOW - timedelta(days=100),
        contributions={member_id(f"m{place}"): 40 for place in range(6)},
        about=(items[0]["id"],),
    )
    taken_back = revoked(items[0], NOW + timedelta(days=1), BY.member)
    return [*items[1:], taken_back, statistic(counted, BY), *BY.handling.definitions]


def test_everything_passes_the_validator_strictly() -> None:
    """The OASIS validator finds neither an error nor a departure from good practice."""
    assert _strict(json.dumps(atlas_case())) == []
    assert _strict(_bundle(*_others())) == []


def test_everything_is_read_by_the_stix_library() -> None:
    """The reference library reads every object, ours as custom ones."""
    for item in (*atlas_case()["objects"], *_others()):
        assert stix2.parse(json.dumps(item), allow_custom=True)["id"] == item["id"]


def test_everything_passes_our_own_check() -> None:
    """What a member emits, every hub takes."""
    for item in (*atlas_case()["objects"], *_others()):
        assert check(document(item).raw).fields == item


def test_extended_objects_hold_to_their_schema() -> None:
    """Observables and added properties validate, and the schema names each of their fields."""
    validator = importlib.import_module("jsonschema").Draft202012Validator
    extension = next(iter(observable(PRINT)["extensions"]))
    seen = set()
    for item in (*atlas_case()["objects"], *_others()):
        if item["type"] in {"llm-account-fingerprint", "prompt-template-sketch"}:
            kind, value = item["type"], item
            assert set(item) <= set(schema(kind)["properties"])
        elif extension in item.get("extensions", {}):
            kind, value = "properties", item["extensions"][extension]
        else:
            continue
        seen.add(kind)
        assert list(validator(schema(kind)).iter_errors(value)) == []
    assert seen == {"llm-account-fingerprint", "prompt-template-sketch", "properties"}


def test_the_schemas_refuse_what_the_builders_refuse() -> None:
    """A plain hash, an address or an unknown scheme is no fingerprint."""
    validator = importlib.import_module("jsonschema").Draft202012Validator
    rules = validator(schema("llm-account-fingerprint"))
    for change in ({"value": "alice@example.org"}, {"scheme": "sha256"}, {"kind": "name"}):
        assert list(rules.iter_errors({**observable(PRINT), **change}))


def test_the_same_thing_has_the_same_identifier() -> None:
    """Two members name an observable alike, and each its own indicator apart."""
    assert observable(PRINT)["id"] == observable(PRINT, BY.handling.references)["id"]
    name = '{"value":"192.0.2.1"}'
    expected = f"ipv4-addr--{uuid.uuid5(OBSERVABLE_NAMESPACE, name)}"
    assert observable(Address(value="192.0.2.1"))["id"] == expected
    other = replace(BY, member=member_id("another"))
    rule = Indicator(
        key="k", name="n", description="d", pattern=pattern_of([PRINT]),
        valid_from=NOW, valid_until=NOW + timedelta(days=9),
    )  # fmt: skip
    assert indicator(rule, BY)["id"] == indicator(rule, BY)["id"] != indicator(rule, other)["id"]


def test_an_indicator_ends_and_says_how_sure_it_is() -> None:
    """None is valid for ever, none without confidence, none with a pattern that is none."""
    rule = Indicator(
        key="k", name="n", description="d", pattern=pattern_of([PRINT]),
        valid_from=NOW, valid_until=NOW + timedelta(days=9),
    )  # fmt: skip
    for wrong, by in (
        (replace(rule, valid_until=NOW), BY),
        (rule, replace(BY, confidence=None)),
        (replace(rule, pattern="[not a pattern"), BY),
    ):
        with pytest.raises(ValueError, match=r"indicator|pattern"):
            indicator(wrong, by)


def test_patterns_are_read_back() -> None:
    """What is written into a pattern comes out of it, quotes included."""
    compared = read_pattern(pattern_of([PRINT, Address(value="192.0.2.1")]))
    paths = {each.path: each.values for each in compared}
    assert paths["llm-account-fingerprint:value"] == (PRINT.value,)
    assert paths["ipv4-addr:value"] == ("192.0.2.1",)


def test_an_address_is_valid_for_a_week_at_most() -> None:
    """The indicator of a place ends with what changes hands soonest."""
    (rule,) = [item for item in _others() if item["type"] == "indicator"]
    assert rule["valid_until"] == timestamp(NOW + timedelta(days=7))


def test_no_exact_count_leaves() -> None:
    """A sighting carries the lower end of its bucket, under the member's pseudonym."""
    seen = sighting("indicator--" + str(uuid.uuid4()), 4_321, NOW, NOW, BY)
    assert seen["count"] == 3_000
    assert seen["where_sighted_refs"] == [BY.member]


@pytest.mark.parametrize("value", ["", "alice@example.org", "ab" * 16, "x" * 87, "a" * 42 + "="])
def test_what_is_not_blinded_is_no_fingerprint(value: str) -> None:
    """Addresses and short hashes cannot be put into a fingerprint by mistake."""
    with pytest.raises(ValueError, match="blinded"):
        AccountFingerprint(kind="email", epoch=1, value=value)


def test_published_markings_keep_their_identifiers() -> None:
    """TLP 2.0 and PAP are known by the identifiers that FIRST and OASIS published."""
    assert len(set(TLP_IDS.values())) == 5
    assert len(set(PAP_IDS.values())) == 4
    assert tlp_of([TLP_IDS["clear"], TLP_IDS["amber"]]) == "amber"
    assert tlp_of([]) is None


def test_empty_clusters_are_refused() -> None:
    """A cluster says what belongs to it."""
    with pytest.raises(ValueError, match="at least one"):
        grouping(Cluster(key="k", name="n", members=()), BY)
