"""Tombstones: what is gone, who has heard of it, and what never comes back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from phalanx.share.hub import add_key, open_database, revoke_key, suspend_member

START = datetime(2026, 3, 1, tzinfo=UTC)
Make = Callable[..., dict[str, Any]]


def _tombstones(alliance: Any, who: str = "south", **asked: str) -> list[dict[str, Any]]:
    said = alliance.get(who, alliance.open + "x-tombstones/", **asked).json()
    found: list[dict[str, Any]] = said.get("tombstones", [])
    return found


def _acknowledge(alliance: Any, who: str, number: int, **said: Any) -> Any:
    path = f"{alliance.open}x-tombstones/{number}/x-acknowledgement/"
    return alliance.ask(who, "PUT", path, content=json.dumps(said))


def _remove(alliance: Any, who: str, object_id: str, **said: Any) -> Any:
    path = f"{alliance.open}objects/{object_id}/x-removal/"
    return alliance.ask(who, "POST", path, content=json.dumps(said))


def test_a_retraction_is_a_version_and_a_tombstone(alliance: Any, indicator: Make) -> None:
    """Both are served, in the order of time; nothing is taken under the identifier after it."""
    alliance.post("north", alliance.open, indicator(1))
    alliance.post("north", alliance.open, indicator(1, 1, revoked=True))
    assert alliance.get("south", alliance.open + "objects/").json()["objects"] == [
        indicator(1, 1, revoked=True)
    ]
    record = alliance.get("south", alliance.open + "manifest/").json()["objects"][0]
    assert record["x_phalanx_revoked"] is True
    buried = _tombstones(alliance)
    assert [(each["object_id"], each["kind"]) for each in buried] == [
        (indicator(1)["id"], "retracted")
    ]
    assert buried[0]["version"] == indicator(1, 1)["modified"]
    assert buried[0]["date_added"] > record["date_added"]
    later = alliance.post("north", alliance.open, indicator(1, 2)).json()
    assert "retracted" in later["failures"][0]["message"]


def test_each_member_acknowledges_and_the_owner_learns_how_many(
    alliance: Any, indicator: Make
) -> None:
    """What each did, with its own reason, for itself; counts for the one whose object it was."""
    alliance.post("north", alliance.open, indicator(1, revoked=True))
    number = _tombstones(alliance)[0]["number"]
    assert _acknowledge(alliance, "south", number, action="kept").status_code == 200
    said = _acknowledge(alliance, "south", number, action="removed", reason="no longer seen")
    assert said.json()["acknowledged"] == "removed"
    path = f"{alliance.open}x-tombstones/{number}/"
    assert alliance.get("north", path).json()["acknowledgements"] == {
        "readers": 2,
        "removed": 1,
        "kept": 0,
        "not_held": 0,
    }
    assert "acknowledgements" not in alliance.get("south", path).json()
    assert alliance.get("east", path).json().get("acknowledged") is None
    assert _tombstones(alliance)[0]["acknowledged"] == "removed"
    database = open_database(alliance.place)
    with database.write() as connection:
        suspend_member(connection, "east")
    database.close()
    assert alliance.get("north", path).json()["acknowledgements"]["readers"] == 1


def test_whom_the_hub_does_not_let_in_is_no_reader(alliance: Any, indicator: Make) -> None:
    """A member whose only key was revoked hears of nothing, and what it did counts no more."""
    alliance.post("north", alliance.open, indicator(1, revoked=True))
    number = _tombstones(alliance)[0]["number"]
    _acknowledge(alliance, "south", number, action="removed")
    path = f"{alliance.open}x-tombstones/{number}/"
    database = open_database(alliance.place)
    with database.write() as connection:
        revoke_key(connection, alliance.keys["south"].split(".")[1], START)
    told = alliance.get("north", path).json()["acknowledgements"]
    assert told == {"readers": 1, "removed": 0, "kept": 0, "not_held": 0}
    with database.write() as connection:
        add_key(connection, "south", secrets.token_bytes, START)
    database.close()
    told = alliance.get("north", path).json()["acknowledgements"]
    assert told == {"readers": 2, "removed": 1, "kept": 0, "not_held": 0}


def test_what_was_removed_never_comes_back(alliance: Any, indicator: Make) -> None:
    """All versions are erased, and the tombstone says why."""
    alliance.post("north", alliance.open, indicator(1), indicator(1, 1), indicator(2))
    assert _remove(alliance, "south", indicator(1)["id"]).status_code == 403
    assert _remove(alliance, "north", indicator(1)["id"], reason="an error").status_code == 200
    assert _remove(alliance, "north", indicator(1)["id"]).status_code == 404
    assert _remove(alliance, "north", "nothing").status_code == 404
    assert alliance.get("south", f"{alliance.open}objects/{indicator(1)['id']}/").status_code == 404
    assert [(each["kind"], each["reason"]) for each in _tombstones(alliance)] == [
        ("removed", "an error")
    ]
    for who in ("north", "south"):
        again = alliance.post(who, alliance.open, indicator(1, 9)).json()
        assert again["failure_count"] == 1


def test_what_was_deleted_may_come_back_from_its_member_only(
    alliance: Any, indicator: Make
) -> None:
    """Else another could speak in its name."""
    alliance.post("north", alliance.open, indicator(1))
    path = f"{alliance.open}objects/{indicator(1)['id']}/"
    assert alliance.ask("south", "DELETE", path).status_code == 403
    assert alliance.ask("north", "DELETE", path).status_code == 200
    assert _tombstones(alliance)[0]["kind"] == "deleted"
    assert alliance.post("south", alliance.open, indicator(1)).json()["failure_count"] == 1
    assert alliance.post("north", alliance.open, indicator(1)).json()["success_count"] == 1


def test_tombstones_come_in_pages(alliance: Any, indicator: Make) -> None:
    """With the same parameters as objects."""
    for number in range(5):
        alliance.post("north", alliance.open, indicator(number, revoked=True))
    path = alliance.open + "x-tombstones/"
    seen: list[str] = []
    asked: dict[str, str] = {"limit": "2"}
    while True:
        page = alliance.get("south", path, **asked).json()
        seen += [each["object_id"] for each in page["tombstones"]]
        if not page["more"]:
            break
        asked = {"next": page["next"]}
    assert seen == [indicator(number)["id"] for number in range(5)]
    third = _tombstones(alliance, match_id=seen[2])
    assert [each["object_id"] for each in third] == [seen[2]]
    after = _tombstones(alliance, added_after=third[0]["date_added"])
    assert [each["object_id"] for each in after] == seen[3:]
    assert alliance.get("south", alliance.open + "objects/", **asked).status_code == 400


@pytest.mark.parametrize("number", ["0", "-1", "x", "7", "9" * 16, "9" * 40, "٣"])
def test_tombstones_that_are_not_there(small_alliance: Any, number: str) -> None:
    """404, in reading and in acknowledging."""
    path = f"{small_alliance.open}x-tombstones/{number}/"
    assert small_alliance.get("south", path).status_code == 404
    said = json.dumps({"action": "kept"})
    answer = small_alliance.ask("south", "PUT", path + "x-acknowledgement/", content=said)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b'{"action":"burnt"}',
        b'{"action":"kept","more":1}',
        b'{"action":"kept","reason":"\\u0000"}',
        json.dumps({"action": "kept", "reason": "x" * 1_001}).encode(),
        b"[" * 100_000,
    ],
)
def test_acknowledgements_that_are_none(small_alliance: Any, indicator: Make, said: bytes) -> None:
    """422, with the reason."""
    small_alliance.post("north", small_alliance.open, indicator(1, revoked=True))
    path = f"{small_alliance.open}x-tombstones/1/x-acknowledgement/"
    answer = small_alliance.ask("south", "PUT", path, content=said)
    assert answer.status_code == 422
    assert answer.json()["http_status"] == "422"


def test_tombstones_are_for_readers(small_alliance: Any) -> None:
    """403 and 404, as of objects."""
    shut, own = small_alliance.shut, small_alliance.own
    assert small_alliance.get("south", shut + "x-tombstones/").status_code == 403
    assert small_alliance.get("south", own + "x-tombstones/").status_code == 404
    said = json.dumps({"action": "kept"})
    path = shut + "x-tombstones/1/x-acknowledgement/"
    assert small_alliance.ask("south", "PUT", path, content=said).status_code == 403
    removal = f"{shut}objects/indicator--x/x-removal/"
    assert small_alliance.ask("south", "POST", removal, content=b"{}").status_code == 403
