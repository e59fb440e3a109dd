"""What members think of an object, taken together."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, get_args

import pytest

from phalanx.share.wire import Verdict, aggregate

Make = Callable[..., dict[str, Any]]


def _opinion(number: int, value: str, about: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "opinion",
        "spec_version": "2.1",
        "id": f"opinion--{uuid.UUID(int=number, version=4)}",
        "created": "2026-02-01T00:00:00.000Z",
        "modified": "2026-02-01T00:00:00.000Z",
        "opinion": value,
        "object_refs": [about],
        **more,
    }


def _summary(alliance: Any, object_id: str) -> dict[str, Any]:
    answer = alliance.get("east", f"{alliance.open}objects/{object_id}/x-opinions/")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


def test_opinions_of_others_count_and_the_producers_own_does_not(
    alliance: Any, indicator: Make
) -> None:
    """Each member once, with the newest it said; a retracted opinion no more."""
    about = indicator(1)["id"]
    alliance.post("north", alliance.open, indicator(1), _opinion(1, "strongly-agree", about))
    nobody = _summary(alliance, about)
    alliance.post("south", alliance.open, _opinion(2, "strongly-disagree", about))
    alliance.post("east", alliance.open, _opinion(3, "agree", about))
    both = _summary(alliance, about)
    assert both != nobody
    alliance.post(
        "south",
        alliance.open,
        _opinion(2, "strongly-disagree", about, modified="2026-02-02T00:00:00.000Z", revoked=True),
    )
    assert _summary(alliance, about) != both


def test_members_are_not_named(alliance: Any, indicator: Make) -> None:
    """Only what their opinions come to is told."""
    about = indicator(1)["id"]
    alliance.post("north", alliance.open, indicator(1))
    alliance.post("south", alliance.open, _opinion(2, "disagree", about))
    said = _summary(alliance, about)
    assert said["object_id"] == about
    assert "south" not in str(said)
    assert said["verdict"] in get_args(Verdict)


def test_deleted_opinions_do_not_count(alliance: Any, indicator: Make) -> None:
    """As if they had never been."""
    about = indicator(1)["id"]
    alliance.post("north", alliance.open, indicator(1))
    before = _summary(alliance, about)
    opinion = _opinion(2, "strongly-disagree", about)
    alliance.post("south", alliance.open, opinion)
    assert _summary(alliance, about) != before
    alliance.ask("south", "DELETE", f"{alliance.open}objects/{opinion['id']}/")
    assert _summary(alliance, about) == before


@pytest.mark.parametrize("refs", [[], "x", [1, None], ["x"], [{"a": 1}]])
def test_opinions_about_nothing(small_alliance: Any, indicator: Make, refs: Any) -> None:
    """Are objects like others, and count nowhere."""
    small_alliance.post("north", small_alliance.open, indicator(1))
    said = small_alliance.post(
        "south", small_alliance.open, {**_opinion(2, "agree", ""), "object_refs": refs}
    )
    assert said.json()["success_count"] == 1
    assert _summary(small_alliance, indicator(1)["id"])["verdict"] == aggregate([]).verdict


def test_opinions_on_what_is_not_there(small_alliance: Any) -> None:
    """404."""
    for name in ("x", "indicator--00000000-0000-4000-8000-000000000001"):
        path = f"{small_alliance.open}objects/{name}/x-opinions/"
        assert small_alliance.get("east", path).status_code == 404
