"""The key server over HTTP: what it answers, what it refuses, and what it never learns."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from phalanx.errors import ConfigError, InputError
from phalanx.share.blinding.allowances import Allowances, Limits
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.group import random_element
from phalanx.share.blinding.identifiers import canonical, message_of
from phalanx.share.blinding.keyring import read_keyring
from phalanx.share.blinding.members import add_member, members_in, replace_key, revoke_member
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables
from phalanx.share.blinding.voprf import evaluate
from phalanx.store import place_of

if TYPE_CHECKING:
    from tests.share.blinding.conftest import House

IDENTIFIERS = ("ada.lovelace@example.com", "grace.hopper@example.com")
ELEMENT = to_text(random_element(lambda size: bytes([7]) * size))


def _asked(house: House, body: object, key: str | None = None) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {house.api_key if key is None else key}"}
    response = house.http.post("/v1/evaluate", json=body, headers=headers)
    return response.status_code, response.json()


def test_a_token_is_what_key_and_identifier_make_of_it(house: House) -> None:
    """The server's part and the member's part fit together, twice alike."""
    tokens = house.client().tokens("email", [*IDENTIFIERS, IDENTIFIERS[0].upper()])
    pair = read_keyring(house.settings.keys).pair(1, house.clock())
    direct = evaluate(pair, message_of("email", IDENTIFIERS[0], 1))
    assert tokens[0] == tokens[2] == to_text(direct[:32]) != tokens[1]
    assert house.client().tokens("device", IDENTIFIERS[:1]) != tokens[:1]


def test_the_server_never_learns_an_identifier(
    house: House, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what it receives, logs, counts or keeps; neither a token, nor what leads to one."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as logged:
        tokens = house.client().tokens("email", IDENTIFIERS)
        assert house.http.get("/metrics").status_code == 200
    written = capsys.readouterr()
    kept = "\n".join(sqlite3.connect(house.settings.database.file or "").iterdump())
    said = [str(logged), written.out, written.err, caplog.text, kept]
    everything = bytes(house.tapped.heard).decode() + "".join(said)
    for identifier, token in zip(IDENTIFIERS, tokens, strict=True):
        message = message_of("email", identifier, 1)
        for secret in (
            identifier,
            canonical("email", identifier),
            token,
            to_text(message),
            message.hex(),
        ):
            assert secret not in everything
    # What it does receive, it neither logs nor keeps.
    elements = json.loads(bytes(house.tapped.heard).split(b'"elements":')[1].split(b"]")[0] + b"]")
    assert len(elements) == 64
    for element in elements:
        assert not any(element in each for each in said)
    assert house.api_key not in "".join(said)
    assert [each["event"] for each in logged] == ["evaluated"]
    assert set(logged[0]) == {"event", "log_level", "member", "epoch", "elements", "seconds"}


def test_metrics_speak_of_all_members_together(house: House) -> None:
    """What one member asks would tell its traffic to others."""
    house.client().tokens("email", IDENTIFIERS)
    page = house.http.get("/metrics").text
    assert "phalanx_keys_elements_total 64.0" in page
    assert "north" not in page


def test_questions_are_counted_by_member_and_day(house: House) -> None:
    """Filling included: the server cannot tell it from the rest."""
    house.client().tokens("email", IDENTIFIERS)
    house.clock.moment += timedelta(days=1)
    house.client().tokens("email", [f"{i}@example.com" for i in range(65)])
    counts = Allowances(open_tables(house.settings.database))
    today, before = (counts.usage("north", house.clock() - timedelta(days=n)) for n in (0, 1))
    assert (before.elements, before.requests) == (64, 1)
    assert (today.elements, today.requests) == (256, 1)


def test_a_limit_is_answered_with_when_to_come_back(build: Callable[..., House]) -> None:
    """And nothing is evaluated."""
    house = build(Limits(elements_per_day=3, burst_elements=2, elements_per_second=0.5))
    body = {"epoch": 1, "elements": [ELEMENT, ELEMENT]}
    assert _asked(house, body)[0] == 200
    headers = {"Authorization": f"Bearer {house.api_key}"}
    refused = house.http.post("/v1/evaluate", json=body, headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "4")
    house.clock.moment += timedelta(seconds=4)
    refused = house.http.post("/v1/evaluate", json=body, headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "86396")
    assert refused.json() == {
        "title": "Too Many Requests",
        "description": "the limit of this day is reached",
        "http_status": "429",
    }
    assert _asked(house, body | {"elements": [ELEMENT] * 3})[0] == 403


@pytest.mark.parametrize("key", ["", "x", "phx.0123456789abcdef." + "A" * 43, "a" * 5000])
def test_nobody_else_is_answered(house: House, key: str) -> None:
    """Keys that were never given out; the answer does not say what was wrong."""
    status, said = _asked(house, {"epoch": 1, "elements": [ELEMENT]}, key)
    assert status == 401
    assert said["description"] == "an API key of a member is needed"


def test_a_key_that_was_replaced_or_revoked_is_worth_nothing(house: House) -> None:
    """From the next request on."""
    engine = open_tables(house.settings.database)
    body = {"epoch": 1, "elements": [ELEMENT]}
    new = replace_key(engine, "north", lambda size: bytes([9]) * size)
    assert _asked(house, body)[0] == 401
    assert _asked(house, body, new)[0] == 200
    almost = new[:-1] + ("A" if new[-1] != "A" else "B")
    assert _asked(house, body, almost)[0] == 401
    revoke_member(engine, "north", house.clock())
    assert _asked(house, body, new)[0] == 401


def test_a_key_that_cannot_be_handed_out_changes_nothing(house: House) -> None:
    """Else a member would be there with a key that nobody has, or be left without its own."""
    engine = open_tables(house.settings.database)

    def fails(_: str) -> None:
        message = "the disk is full"
        raise InputError(message)

    with pytest.raises(InputError, match="full"):
        replace_key(engine, "north", lambda size: bytes([9]) * size, fails)
    assert _asked(house, {"epoch": 1, "elements": [ELEMENT]})[0] == 200
    with pytest.raises(InputError, match="full"):
        add_member(engine, "south", Limits(), lambda size: bytes([3]) * size, house.clock(), fails)
    assert [each.member for each in members_in(engine)] == ["north"]


def test_only_a_hash_of_a_key_is_kept(house: House) -> None:
    """A stolen database lets nobody in."""
    kept = "\n".join(sqlite3.connect(house.settings.database.file or "").iterdump())
    assert house.api_key not in kept
    assert house.api_key.split(".")[2] not in kept
    assert (house.settings.database.file or Path()).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"epoch": 1, "elements": [to_text(bytes(32))]}, 400),
        ({"epoch": 1, "elements": [to_text(b"\xff" * 32)]}, 400),
        ({"epoch": 1, "elements": [ELEMENT[:-1] + "_"]}, 400),
        ({"epoch": 1, "elements": [ELEMENT[:-1]]}, 422),
        ({"epoch": 1, "elements": []}, 422),
        ({"epoch": 1, "elements": [ELEMENT] * 1025}, 422),
        ({"epoch": 1, "elements": [ELEMENT], "email": "ada@example.com"}, 422),
        ({"epoch": 2, "elements": [ELEMENT]}, 403),
        ({"epoch": "../../etc", "elements": [ELEMENT]}, 422),
        ({"epoch": "1", "elements": [ELEMENT]}, 422),
        ({"epoch": -1, "elements": [ELEMENT]}, 422),
        ({"epoch": 2**31, "elements": [ELEMENT]}, 422),
        ({"epoch": True, "elements": [ELEMENT]}, 422),
        ([], 422),
        (None, 422),
    ],
)
def test_what_is_no_question_is_refused(house: House, body: object, status: int) -> None:
    """With an error object that repeats nothing of it."""
    got, said = _asked(house, body)
    assert (got, said["http_status"]) == (status, str(status))
    assert set(said) == {"title", "description", "http_status"}
    for value in ("ada@example.com", "etc", ELEMENT):
        assert value not in str(said)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"[" * 60_000, (400, 422)),
        (b'{"epoch": ' + b"9" * 50_000 + b"}", (400, 422)),
        (b"\xff\xfe", (400, 422)),
        (b'{"epoch": "\\ud800", "elements": ["\\ud800"]}', (400, 422)),
        (b"x" * 70_000, (413,)),
    ],
)
def test_hostile_bodies_are_refused(house: House, content: bytes, status: tuple[int, ...]) -> None:
    """Deep, huge, no text, too large."""
    headers = {"Authorization": f"Bearer {house.api_key}", "Content-Type": "application/json"}
    response = house.http.post("/v1/evaluate", content=content, headers=headers)
    assert response.status_code in status
    assert response.json()["http_status"] == str(response.status_code)


def test_a_body_of_unknown_length_is_bounded_too(house: House) -> None:
    """Chunk by chunk."""
    response = house.http.post("/v1/evaluate", content=(b"x" * 1000 for _ in range(100)))
    assert response.status_code == 413


def test_a_past_epoch_is_answered_during_its_grace_only(house: House) -> None:
    """Then a new one is needed."""
    body = {"epoch": 1, "elements": [ELEMENT]}
    for days, status in ((36, 200), (37, 403)):
        house.clock.moment = house.epoch.valid_from + timedelta(days=days)
        assert _asked(house, body)[0] == status


def test_readiness_needs_a_current_key_and_the_counts(house: House) -> None:
    """Health does not."""
    assert house.http.get("/readyz").json() == {"status": "ready"}
    house.clock.moment += timedelta(days=31)
    assert house.http.get("/readyz").status_code == 503
    house.clock.moment -= timedelta(days=31)
    database = sqlite3.connect(house.settings.database.file or "")
    database.execute("DROP TABLE blinding_schema")
    database.execute("DROP TABLE blinding_bucket")
    assert house.http.get("/readyz").status_code == 503
    assert _asked(house, {"epoch": 1, "elements": [ELEMENT]})[0] == 503
    assert house.http.get("/healthz").json() == {"status": "ok"}


def test_the_list_of_epochs_is_public(house: House) -> None:
    """With the commitment that members compare."""
    said = house.http.get("/v1/epochs").json()
    assert (said["scheme"], said["current"]) == ("voprf-r255-v1", 1)
    assert said["epochs"][0]["commitment"] == house.epoch.commitment


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "keys.example.com"])  # noqa: S104
def test_other_machines_reach_it_by_tls_only(tmp_path: Path, host: str) -> None:
    """It listens on a loopback address unless told, and then not in clear."""
    place = place_of(str(tmp_path / "keys.db"))
    with pytest.raises(ConfigError, match="in clear"):
        KeyServerSettings(tmp_path, place, host)
    assert KeyServerSettings(tmp_path, place).host == "127.0.0.1"
    assert KeyServerSettings(tmp_path, place, host, behind_proxy=True).host == host
    assert KeyServerSettings(tmp_path, place, host, certificate=tmp_path / "c").host == host


def test_two_members_are_told_apart(house: House) -> None:
    """Each has a key and counts of its own; a name is given once."""
    engine = open_tables(house.settings.database)
    other = add_member(engine, "south", Limits(), lambda size: bytes([3]) * size, house.clock())
    assert _asked(house, {"epoch": 1, "elements": [ELEMENT]}, other)[0] == 200
    counts = Allowances(engine)
    assert counts.usage("south", house.clock()).elements == 1
    assert counts.usage("north", house.clock()).elements == 0


@pytest.mark.parametrize("name", ["", "North", "a b", "../x", "n" * 65, "north"])
def test_a_name_is_plain_and_given_once(house: House, name: str) -> None:
    """Also that of a member that was revoked."""
    engine = open_tables(house.settings.database)
    revoke_member(engine, "north", house.clock())
    with pytest.raises(InputError):
        add_member(engine, name, Limits(), bytes, house.clock())
    for change in (
        lambda: revoke_member(engine, "north", house.clock()),
        lambda: replace_key(engine, "nobody", bytes),
    ):
        with pytest.raises(InputError, match="no such member"):
            change()
