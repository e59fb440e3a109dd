"""Reading objects, manifests and versions, as the specification has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
TAXII = "application/taxii+json;version=2.1"
ADDRESS = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"

Make = Callable[..., dict[str, Any]]


def _ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"].partition("--")[0] + each["id"][-2:] for each in answer.json()["objects"]]


def test_objects_come_in_the_order_in_which_they_were_added(filled: Any) -> None:
    """Only the last version of the newest specification of each, unless more is asked for."""
    answer = filled.get("south", filled.open + "objects/")
    assert _ids(answer) == ["malware01", "indicator02", "ipv4-addrdd", "indicator03"]
    assert answer.json()["more"] is False
    assert MOMENT.fullmatch(answer.headers["x-taxii-date-added-first"])
    assert answer.headers["x-taxii-date-added-last"] == "2026-03-01T00:07:00.000000Z"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("match[type]=indicator", "indicator02 indicator03"),
        ("match[type]=indicator,malware", "malware01 indicator02 indicator03"),
        (f"match[id]={ADDRESS}", "ipv4-addrdd"),
        (f"match[id]={ADDRESS}&match[type]=malware", ""),
        ("match[type]=indicator&match[version]=first", "indicator03 indicator02"),
        ("match[type]=indicator&match[version]=first,last", "indicator03 indicator02 indicator03"),
        (
            "match[type]=indicator&match[version]=all",
            "indicator03 indicator02 indicator03 indicator03",
        ),
        ("match[version]=2026-02-28T00:00:02Z", "indicator03"),
        ("match[version]=2026-02-28T01:00:02.000000%2B01:00", "indicator03"),
        ("match[version]=2026-02-28T00:00:02Z,2026-02-28T00:00:05Z", "indicator02 indicator03"),
        ("match[version]=2026-02-28T00:00:02Z&match[type]=malware", ""),
        (
            "match[version]=2026-02-28T00:00:02Z,last",
            "malware01 indicator02 indicator03 ipv4-addrdd indicator03",
        ),
        ("match[spec_version]=2.0", "indicator02"),
        ("match[spec_version]=2.0,2.1&match[type]=indicator", "indicator02 indicator03"),
        (
            "match[spec_version]=2.0,2.1&match[type]=indicator&match[version]=first",
            "indicator03 indicator02",
        ),
        ("added_after=2026-03-01T00:05:00Z", "ipv4-addrdd indicator03"),
        ("added_after=2026-03-01T00:07:00.000Z", ""),
        ("match[type]=unheard-of", ""),
    ],
)
def test_filters(filled: Any, asked: str, found: str) -> None:
    """Every filter, alone and with others, on objects and on the manifest alike."""
    for endpoint in ("objects/", "manifest/"):
        answer = filled.get("south", f"{filled.open}{endpoint}?{asked}")
        if not found:
            assert answer.json() == {}
            assert "x-taxii-date-added-first" not in answer.headers
        else:
            assert _ids(answer) == found.split()


def test_the_older_specification_wins_where_it_was_asked_for_and_is_later(filled: Any) -> None:
    """With both asked for, the last version of either is the last."""
    asked = {"match_spec_version": "2.0,2.1", "match_type": "indicator"}
    answer = filled.get("south", filled.open + "objects/", **asked)
    assert "spec_version" not in answer.json()["objects"][0]


def test_manifest_records(filled: Any) -> None:
    """Identifier, version, when added, and of what specification."""
    record = filled.get("south", filled.open + "manifest/", match_type="malware").json()["objects"]
    assert record == [
        {
            "id": record[0]["id"],
            "date_added": "2026-03-01T00:02:00.000000Z",
            "version": "2026-02-28T00:00:00.000Z",
            "media_type": "application/stix+json;version=2.1",
        }
    ]


def test_pages(filled: Any) -> None:
    """`next` goes on, with the same filters repeated, or left out; the last page has none."""
    for repeated in ({}, {"match_version": "all"}):
        seen: list[str] = []
        asked: dict[str, str] = {"match_version": "all"}
        while True:
            answer = filled.get("south", filled.open + "objects/", limit="2", **asked)
            page = answer.json()
            seen += [each["id"] + each.get("modified", "") for each in page["objects"]]
            if not page["more"]:
                break
            asked = {"next": page["next"], **repeated}
        assert "next" not in page
        assert len(seen) == len(set(seen)) == 6


def test_the_limit_is_kept_where_it_is_not_repeated(filled: Any) -> None:
    """Some clients send `next` and nothing else."""
    page = filled.get("south", filled.open + "manifest/", limit="1").json()
    assert (
        len(filled.get("south", filled.open + "manifest/", next=page["next"]).json()["objects"])
        == 1
    )


def test_a_changed_filter_between_pages_is_refused(filled: Any) -> None:
    """A place belongs to one list."""
    page = filled.get("south", filled.open + "objects/", limit="1", match_version="all").json()
    for wrong in (
        {"match_version": "first"},
        {"match_type": "malware"},
        {"added_after": "2026-01-01T00:00:00Z"},
    ):
        answer = filled.get("south", filled.open + "objects/", next=page["next"], **wrong)
        assert answer.status_code == 400
        assert answer.json()["title"] == "ProcessingError"
    assert filled.get("south", filled.open + "manifest/", next=page["next"]).status_code == 400


def test_one_object(filled: Any, indicator: Make) -> None:
    """Its last version; others when asked for; an empty envelope where filters match none."""
    path = f"{filled.open}objects/{indicator(3)['id']}/"
    assert filled.get("south", path).json()["objects"] == [indicator(3, 3)]
    every = filled.get("south", path, match_version="all", limit="2").json()
    assert (len(every["objects"]), every["more"]) == (2, True)
    rest = filled.get("south", path, next=every["next"]).json()
    assert rest["objects"] == [indicator(3, 3)]
    assert filled.get("south", path, added_after="2027-01-01T00:00:00Z").json() == {}
    for absent in (indicator(77)["id"], "no-object", "%00", "a/b"):
        assert filled.get("south", f"{filled.open}objects/{absent}/").status_code == 404


def test_versions(filled: Any, indicator: Make) -> None:
    """Their names, of the newest specification unless others are asked for."""
    path = f"{filled.open}objects/{indicator(3)['id']}/versions/"
    page = filled.get("south", path, limit="2").json()
    assert page["versions"] == ["2026-02-28T00:00:01.000Z", "2026-02-28T00:00:02.000Z"]
    assert filled.get("south", path, next=page["next"]).json()["versions"][0].endswith("03.000Z")
    two = f"{filled.open}objects/{indicator(2)['id']}/versions/"
    assert len(filled.get("south", two).json()["versions"]) == 1
    assert len(filled.get("south", two, match_spec_version="2.0,2.1").json()["versions"]) == 2
    assert filled.get("south", two.replace("02/", "99/")).status_code == 404


def test_an_observable_has_the_moment_of_its_addition_as_version(filled: Any) -> None:
    """As the specification says of what has neither `modified` nor `created`."""
    path = f"{filled.open}objects/{ADDRESS}/"
    assert filled.get("south", path + "versions/").json()["versions"] == [
        "2026-03-01T00:06:00.000000Z"
    ]
    for word in ("first", "last", "all", "2026-03-01T00:06:00Z"):
        assert len(filled.get("south", path, match_version=word).json()["objects"]) == 1


def test_a_range_is_ignored(filled: Any) -> None:
    """TAXII 2.1 has pages in place of ranges: the answer is the whole page, with 200."""
    answer = filled.ask("north", "GET", filled.open + "objects/", headers={"Range": "items 0-1"})
    assert answer.status_code == 200


@pytest.mark.parametrize("limit", ["0", "-20", "many", "1.5", "٣"])
def test_limits_that_are_none(alliance: Any, limit: str) -> None:
    """400, and one that is too large is taken as the largest."""
    assert alliance.get("north", alliance.open + "objects/", limit=limit).status_code == 400
    assert alliance.get("north", alliance.open + "objects/", limit="9" * 30).status_code == 200
