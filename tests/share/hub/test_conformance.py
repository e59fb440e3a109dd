"""TAXII 2.1, seen from outside: each test is a sentence of the specification."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
TAXII = "application/taxii+json;version=2.1"
SCO = {"type": "ipv4-addr", "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"}

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def filled(alliance: Any, indicator: Make) -> Iterator[Any]:
    """Return a hub that holds five objects, one in three versions, one in two specifications."""
    first = indicator(1)
    older = {k: v for k, v in indicator(2, 9).items() if k != "spec_version"}
    for each in (
        indicator(3, 1),
        {**first, "type": "malware", "id": first["id"].replace("indicator", "malware")},
        indicator(2, 5),
        older,
        indicator(3, 2),
        {**SCO, "value": "192.0.2.1"},
        indicator(3, 3),
    ):
        alliance.clock.moment += timedelta(minutes=1)
        assert alliance.post("north", alliance.open, each).json()["success_count"] == 1
    return alliance


def _ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"].partition("--")[0] + each["id"][-2:] for each in answer.json()["objects"]]


def test_discovery_lists_the_roots_that_a_member_sees(alliance: Any) -> None:
    """A root is shown to those with rights in it."""
    for path in ("/taxii2/", "/taxii2", "/taxii/"):
        answer = alliance.get("north", path)
        assert answer.headers["content-type"] == TAXII
        assert answer.json()["api_roots"] == ["/alliance/"]
        assert answer.json()["default"] == "/alliance/"


def test_an_api_root_says_what_it_speaks(alliance: Any) -> None:
    """Title, versions and the largest body."""
    said = alliance.get("north", "/alliance/").json()
    assert said["versions"] == [TAXII]
    assert said["max_content_length"] == 10_485_760
    assert alliance.get("north", "/elsewhere/").status_code == 404


def test_collections_say_what_a_member_may_do(alliance: Any) -> None:
    """Each member sees its own rights, and not collections that it has no part in."""
    found = alliance.get("south", "/alliance/collections/").json()["collections"]
    assert [(each["title"], each["can_read"], each["can_write"]) for each in found] == [
        ("Open", True, True),
        ("Shut", False, False),
    ]
    one = alliance.get("south", alliance.open).json()
    assert one == found[0]
    assert alliance.get("south", "/alliance/collections/common/").json() == one
    assert alliance.get("south", alliance.own).status_code == 404


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
        ({"match_type": "indicator"}, ["indicator02", "indicator03"]),
        ({"match_type": "indicator,malware"}, ["malware01", "indicator02", "indicator03"]),
        ({"match_id": SCO["id"]}, ["ipv4-addrdd"]),
        ({"match_id": SCO["id"], "match_type": "malware"}, []),
        ({"match_version": "first", "match_type": "indicator"}, ["indicator03", "indicator02"]),
        ({"match_version": "first,last", "match_type": "indicator"}, ["indicator03", "indicator02", "indicator03"]),
        ({"match_version": "all", "match_type": "indicator"}, ["indicator03", "indicator02", "indicator03", "indicator03"]),
        ({"match_version": "2026-02-28T00:00:02Z"}, ["indicator03"]),
        ({"match_version": "2026-02-28T01:00:02.000000+01:00"}, ["indicator03"]),
        ({"match_spec_version": "2.0"}, ["indicator02"]),
        ({"match_spec_version": "2.0,2.1", "match_type": "indicator"}, ["indicator02", "indicator03"]),
        ({"match_spec_version": "2.0,2.1", "match_version": "first", "match_type": "indicator"}, ["indicator03", "indicator02"]),
        ({"added_after": "2026-03-01T00:05:00Z"}, ["ipv4-addrdd", "indicator03"]),
        ({"added_after": "2026-03-01T00:07:00.000Z"}, []),
        ({"match_type": "unheard-of"}, []),
    ],
)  # fmt: skip
def test_filters(filled: Any, asked: dict[str, str], found: list[str]) -> None:
    """Every filter, alone and with others, on objects and on the manifest alike."""
    for endpoint in ("objects/", "manifest/"):
        answer = filled.get("south", filled.open + endpoint, **asked)
        if not found:
            assert answer.json() == {}
            assert "x-taxii-date-added-first" not in answer.headers
        else:
            assert _ids(answer) == found


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
    path = f"{filled.open}objects/{SCO['id']}/"
    assert filled.get("south", path + "versions/").json()["versions"] == [
        "2026-03-01T00:06:00.000000Z"
    ]
    for word in ("first", "last", "all", "2026-03-01T00:06:00Z"):
        assert len(filled.get("south", path, match_version=word).json()["objects"]) == 1


def test_a_status_says_what_became_of_each(alliance: Any, indicator: Make) -> None:
    """It is answered at once, and can be asked for later, by who sent the objects."""
    wrong = {**indicator(2), "id": "indicator--2"}
    answer = alliance.post("north", alliance.open, indicator(1), wrong)
    assert answer.status_code == 202
    said = answer.json()
    assert (said["status"], said["total_count"], said["pending_count"]) == ("complete", 2, 0)
    assert said["successes"] == [{"id": indicator(1)["id"], "version": indicator(1)["modified"]}]
    assert said["failures"][0]["message"]
    path = f"/alliance/status/{said['id']}/"
    assert alliance.get("north", path).json() == said
    assert alliance.get("south", path).status_code == 404
    assert alliance.get("north", "/alliance/status/2223/").status_code == 404


def test_the_same_version_again_is_a_success_that_changes_nothing(
    alliance: Any, indicator: Make
) -> None:
    """Whatever else it says: a version is written once."""
    alliance.post("north", alliance.open, indicator(1))
    again = alliance.post("north", alliance.open, indicator(1, name="changed"), indicator(1))
    assert again.json()["success_count"] == 2
    assert "failures" not in again.json()
    assert alliance.get("north", alliance.open + "objects/").json()["objects"] == [indicator(1)]


def test_what_a_client_does_not_take_is_not_sent(alliance: Any) -> None:
    """406 for other media types, and no 406 for a client that takes anything."""
    for accept, status in (
        ("application/taxii+json", 200),
        ("*/*", 200),
        ("text/html, application/taxii+json;version=2.1", 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/json", 406),
        ("*/*;q=0", 406),
    ):
        answer = alliance.ask("north", "GET", "/taxii2/", headers={"Accept": accept})
        assert answer.status_code == status, accept


def test_bodies_of_another_kind_are_refused(alliance: Any, indicator: Make) -> None:
    """415 for other media types, 422 for what is no envelope."""
    body = json.dumps({"objects": [indicator(1)]})
    path = alliance.open + "objects/"
    for kind in ("application/json", "application/taxii+json;version=2.0", ""):
        answer = alliance.ask("north", "POST", path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 415
    packed = {"Content-Encoding": "gzip"}
    assert alliance.ask("north", "POST", path, content=body, headers=packed).status_code == 415
    for wrong in (
        b"",
        b"{}",
        b"[]",
        b'{"objects":[]}',
        b'{"objects":{}}',
        b"\xff",
        json.dumps(indicator(1)).encode(),
    ):
        answer = alliance.ask("north", "POST", path, content=wrong)
        assert answer.status_code == 422, wrong
        assert answer.json()["title"] == "ProcessingError"
        assert answer.json()["http_status"] == "422"


def test_rights_are_kept(alliance: Any, indicator: Make) -> None:
    """401 without a proof, 403 without the right, 404 for what a member does not know of."""
    for path in (alliance.open + "objects/", "/alliance/collections/", "/nowhere/", "/taxii2/"):
        nobody = alliance.client.get(path, headers={"Accept": TAXII})
        assert nobody.status_code == 401
        assert "www-authenticate" in nobody.headers
        assert nobody.headers["content-type"] == TAXII
        assert nobody.json()["http_status"] == "401"
    for endpoint in ("objects/", "manifest/", f"objects/{indicator(1)['id']}/"):
        assert alliance.get("north", alliance.shut + endpoint).status_code == 403
        assert alliance.get("south", alliance.own + endpoint).status_code == 404
    assert alliance.post("north", alliance.shut, indicator(1)).status_code == 403
    assert alliance.post("south", alliance.own, indicator(1)).status_code == 404


def test_a_range_is_ignored(filled: Any) -> None:
    """TAXII 2.1 has pages in place of ranges: the answer is the whole page, with 200."""
    answer = filled.ask("north", "GET", filled.open + "objects/", headers={"Range": "items 0-1"})
    assert answer.status_code == 200


def test_other_methods_and_paths_are_errors_of_taxii(alliance: Any) -> None:
    """405 and 404 are written as every other error."""
    for method, path, status in (
        ("PATCH", "/alliance/collections/", 405),
        ("GET", "/alliance/nothing/here/", 404),
        ("GET", "/", 404),
    ):
        answer = alliance.ask("north", method, path)
        assert answer.status_code == status
        assert answer.json()["http_status"] == str(status)


@pytest.mark.parametrize("limit", ["0", "-20", "many", "1.5", "٣"])
def test_limits_that_are_none(alliance: Any, limit: str) -> None:
    """400, and one that is too large is taken as the largest."""
    assert alliance.get("north", alliance.open + "objects/", limit=limit).status_code == 400
    assert alliance.get("north", alliance.open + "objects/", limit="9" * 30).status_code == 200


def test_deleting(filled: Any, indicator: Make) -> None:
    """By version, by specification, or as a whole; what is gone is 404, and may come again."""
    path = f"{filled.open}objects/{indicator(3)['id']}/"

    def deleted(**asked: str) -> int:
        named = {f"match[{name}]": value for name, value in asked.items()}
        return int(filled.ask("north", "DELETE", path, params=named).status_code)

    assert deleted(version="2026-02-28T00:00:02.000Z") == 200
    assert len(filled.get("north", path + "versions/").json()["versions"]) == 2
    assert deleted(version="first") == 200
    assert deleted(spec_version="2.0") == 404
    assert filled.get("north", path).json()["objects"] == [indicator(3, 3)]
    assert deleted(version="last") == 200
    assert filled.get("north", path).status_code == 404
    assert deleted() == 404
    assert filled.post("north", filled.open, indicator(3, 3)).json()["success_count"] == 1
    assert deleted() == 200
