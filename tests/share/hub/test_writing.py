"""Whose an object is, what counts as the same, and that bytes are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.hub.turn import Turn
from phalanx.share.hub.writing import MOST_VERSIONS

Make = Callable[..., dict[str, Any]]


def _send(alliance: Any, who: str, body: bytes) -> dict[str, Any]:
    said: dict[str, Any] = alliance.ask(
        who, "POST", alliance.open + "objects/", content=body
    ).json()
    return said


def test_bytes_are_kept_as_they_were_sent(alliance: Any, indicator: Make) -> None:
    """Order of fields, spelling of numbers and texts, spaces, unknown fields."""
    item = json.dumps(indicator(1))[:-1]
    written = item + ', "x_a" : [1.50, 1e3,\n"\\u00e9\\u0000\\ud83d\\ude00é" , {"b":{ } }] }'
    _send(alliance, "north", b'{"objects": [ ' + written.encode() + b" ]}")
    body = alliance.get("south", alliance.open + "objects/").content
    assert body == b'{"more":false,"objects":[' + written.encode() + b"]}"


def test_a_version_belongs_to_the_member_that_added_the_first(
    alliance: Any, indicator: Make
) -> None:
    """Nobody speaks, or retracts, in the name of another."""
    alliance.post("north", alliance.open, indicator(1))
    for other in (indicator(1), indicator(1, 1), indicator(1, 2, revoked=True)):
        said = alliance.post("south", alliance.open, other).json()
        assert "another member" in said["failures"][0]["message"]
    assert alliance.get("east", alliance.open + "objects/").json()["objects"] == [indicator(1)]


def test_observables_are_nobodys(alliance: Any) -> None:
    """Each member's claim is kept beside those of others; the same claim again changes nothing."""
    address = {"type": "ipv4-addr", "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"}
    said = [
        alliance.post(who, alliance.open, {**address, "value": "192.0.2.1", "x_seen": seen}).json()
        for who, seen in (("north", 1), ("south", 2), ("north", 1), ("north", 3))
    ]
    assert [each["success_count"] for each in said] == [1, 1, 1, 1]
    assert "held before" in said[2]["successes"][0]["message"]
    path = f"{alliance.open}objects/{address['id']}/"
    every = alliance.get("east", path, match_version="all").json()["objects"]
    assert [each["x_seen"] for each in every] == [1, 2, 3]
    last = alliance.get("east", path).json()["objects"]
    assert [each["x_seen"] for each in last] == [2, 3]


def test_objects_of_one_request_are_seen_by_those_that_follow(
    alliance: Any, indicator: Make
) -> None:
    """As if they had been sent one by one."""
    said = alliance.post(
        "north",
        alliance.open,
        indicator(1, 2),
        indicator(1, 2, name="twice"),
        indicator(1, 1),
        indicator(2, 0, revoked=True),
        indicator(2, 1),
    ).json()
    assert (said["success_count"], said["failure_count"]) == (4, 1)
    found = alliance.get("north", alliance.open + "objects/").json()["objects"]
    assert found == [indicator(1, 2), indicator(2, 0, revoked=True)]


def test_versions_may_come_late(alliance: Any, indicator: Make) -> None:
    """What is the last does not depend on the order in which they came."""
    for version in (5, 1, 9, 3):
        alliance.post("north", alliance.open, indicator(1, version))
    for word, version in (("first", 1), ("last", 9)):
        found = alliance.get("south", alliance.open + "objects/", match_version=word).json()
        assert found["objects"] == [indicator(1, version)]


def test_the_clock_may_step(alliance: Any, indicator: Make) -> None:
    """What is added later comes later, to the microsecond, whatever the clock says."""
    for number, step in enumerate((0, -3600, 0, 7200, -7200)):
        alliance.clock.moment += timedelta(seconds=step)
        alliance.post("north", alliance.open, indicator(2 * number), indicator(2 * number + 1))
    records = alliance.get("south", alliance.open + "manifest/").json()["objects"]
    assert [each["id"] for each in records] == [indicator(number)["id"] for number in range(10)]
    moments = [each["date_added"] for each in records]
    assert moments == sorted(set(moments))
    for at, moment in enumerate(moments):
        rest = alliance.get("south", alliance.open + "manifest/", added_after=moment).json()
        assert rest.get("objects", []) == records[at + 1 :]


def test_an_object_has_not_too_many_versions(small_alliance: Any, indicator: Make) -> None:
    """Else one member fills the list of all."""
    many = [indicator(1, version) for version in range(MOST_VERSIONS + 1)]
    said = small_alliance.post("north", small_alliance.open, *many).json()
    assert said["failure_count"] == 1
    assert "more than 1,000 versions" in said["failures"][0]["message"]


def test_a_check_may_be_stricter(small_alliance: Any, indicator: Make) -> None:
    """The gate stands here: what it refuses is not stored, and its reason is told."""
    from phalanx.errors import InputError

    def strict(raw: bytes, /) -> dict[str, Any]:
        if b"price" in raw:
            message = "A1: price"
            raise InputError(message, next_step="Leave it out.")
        read: dict[str, Any] = json.loads(raw)
        return read

    small_alliance.start(check=strict)
    said = small_alliance.post(
        "north", small_alliance.open, indicator(1), indicator(2, name="price list")
    ).json()
    assert said["failures"][0]["message"] == "A1: price"
    assert said["success_count"] == 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=20))
def test_moments_only_grow(steps: list[tuple[int, int]]) -> None:
    """For every clock and every number of things that want a moment."""
    from sqlalchemy import create_engine

    from phalanx.share.hub.tables import COLLECTIONS, METADATA

    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    before = 0
    with engine.begin() as connection:
        row = {"root": "r", "collection_id": "c", "title": "t", "last_added": 0}
        connection.execute(COLLECTIONS.insert().values(row))
        for now, count in steps:
            first = Turn(connection, 1, 1, now).take_moments(count)
            assert first >= max(before + 1, now) or first == before + 1
            before = first + count - 1
    engine.dispose()
