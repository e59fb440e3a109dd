"""Adding and deleting objects, as the specification has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Make = Callable[..., dict[str, Any]]


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


def test_deleting(alliance: Any, fill: Callable[[Any], None], indicator: Make) -> None:
    """By version, by specification, or as a whole; what is gone is 404, and may come again."""
    fill(alliance)
    path = f"{alliance.open}objects/{indicator(3)['id']}/"

    def deleted(**asked: str) -> int:
        named = {f"match[{name}]": value for name, value in asked.items()}
        return int(alliance.ask("north", "DELETE", path, params=named).status_code)

    assert deleted(version="2026-02-28T00:00:02.000Z") == 200
    assert len(alliance.get("north", path + "versions/").json()["versions"]) == 2
    assert deleted(version="first") == 200
    assert deleted(spec_version="2.0") == 404
    assert alliance.get("north", path).json()["objects"] == [indicator(3, 3)]
    assert deleted(version="last") == 200
    assert alliance.get("north", path).status_code == 404
    assert deleted() == 404
    assert alliance.post("north", alliance.open, indicator(3, 3)).json()["success_count"] == 1
    assert deleted() == 200
