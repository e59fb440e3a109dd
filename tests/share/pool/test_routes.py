"""The pool over HTTP: what members do, and what none of them can."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from phalanx.share.pool import SOURCES, add_decoys
from phalanx.share.pool.tables import BATCHES

from .conftest import MEMBERS, ROUND, STRANGER, SURE, Alliance, changed, finding, token_of


def test_contributors_are_told(alliance: Alliance) -> None:
    """Two members that are sure of one token are told of it; the third hears nothing."""
    alliance.send("north", {token_of(1): SURE, token_of(2): SURE})
    alliance.send("south", {token_of(1): SURE})
    alliance.send("east", {token_of(3): SURE})
    done = alliance.close_round()
    assert (done.members, done.common, done.told) == (tuple(sorted(MEMBERS)), 1, 1)
    for who in ("north", "south"):
        (told,) = alliance.told(who)
        assert told.pop("token") == token_of(1)
        assert told == {
            "without_you": False,
            "without_any_one": False,
            "under_any_dependence": True,
        }
    assert alliance.told("east") == []


def test_rounds_are_shown_to_those_who_take_part(alliance: Alliance) -> None:
    """A member sees what is agreed, and whether it has submitted; others see nothing."""
    alliance.send("north", {})
    (shown,) = alliance.ask("north", "GET", "").json()["rounds"]
    assert (shown["name"], shown["slots"], shown["submitted"]) == (ROUND.name, ROUND.slots, True)
    assert shown["rule"]["false_discovery_rate"] == 0.01
    assert not alliance.ask("south", "GET", "").json()["rounds"][0]["submitted"]
    assert alliance.ask(STRANGER, "GET", "").status_code == 403
    assert alliance.ask("nobody", "GET", "").status_code == 401


def test_all_batches_have_one_size(alliance: Alliance) -> None:
    """A member with no finding sends as many entries as one with more than fit."""
    many = {token_of(n + 1): finding(1.0, 1.0, n) for n in range(ROUND.slots + 50)}
    sizes = set()
    for who, findings in (("north", {}), ("south", many)):
        entries = json.loads(alliance.batch(who, findings))["batch"]["entries"]
        sizes.add(len({entry["token"] for entry in entries}))
    assert sizes == {ROUND.slots}
    # Those stay that most parties show.
    kept = {entry["token"] for entry in entries}
    assert kept == {token_of(n + 1) for n in range(50, ROUND.slots + 50)}


def test_filling_says_what_findings_say(alliance: Alliance) -> None:
    """No number tells filling from findings, and filling is different each time."""
    findings = {token_of(1): finding(1.234, -0.5, 2), token_of(2): finding(9.0, 9.0, 2)}
    entries = json.loads(alliance.batch("north", findings))["batch"]["entries"]
    said = {(*entry["apart"], entry["use"]) for entry in entries}
    assert said == {(*[123] * len(SOURCES), -50), (*[600] * len(SOURCES), 300)}
    again = json.loads(alliance.batch("north", findings, seed=2))["batch"]["entries"]
    shared = {entry["token"] for entry in entries} & {entry["token"] for entry in again}
    assert shared == set(findings)


def test_a_batch_counts_once(alliance: Alliance) -> None:
    """The same bytes again change nothing, and other bytes are refused."""
    body = alliance.batch("north", {token_of(1): SURE})
    statuses = [alliance.submit("north", body).status_code for _ in range(3)]
    assert statuses == [201, 200, 200]
    other = alliance.batch("north", {token_of(2): SURE})
    assert alliance.submit("north", other).status_code == 409


def test_a_batch_of_another_round_is_refused(alliance: Alliance) -> None:
    """What was signed for one round cannot be replayed in the next."""
    body = alliance.batch("north", {token_of(1): SURE})
    alliance.submit("north", body)
    alliance.close_round()
    again = alliance.open_round("2026-04")
    assert alliance.submit("north", body, again.name).status_code == 422
    renamed = changed(body, round=again.name, id=f"x-pool-batch--{again.name}--north")
    assert alliance.submit("north", renamed, again.name).status_code == 403


@pytest.mark.parametrize("who", ["south", STRANGER])
def test_a_batch_of_another_member_is_refused(alliance: Alliance, who: str) -> None:
    """Nobody submits for somebody else, with the other's signature or its own."""
    body = alliance.batch("north", {token_of(1): SURE})
    assert alliance.submit(who, body).status_code == 403
    as_own = changed(body, member=who, id=f"x-pool-batch--{ROUND.name}--{who}")
    assert alliance.submit(who, as_own).status_code == 403


def test_a_forged_signature_is_refused(alliance: Alliance) -> None:
    """Neither another's key, nor a changed number, nor a changed signature passes."""
    body = alliance.batch("north", {token_of(1): SURE})
    said = json.loads(body)
    entries = [{**entry, "use": 300} for entry in said["batch"]["entries"]]
    entries[0]["use"] = 299
    alliance.signing["north"] = alliance.signing["south"]
    forged = (
        changed(body, entries=entries),
        alliance.batch("north", {token_of(1): SURE}),
        body.replace(b'"value":"', b'"value":"A', 1),
        json.dumps({**said, "signature": {**said["signature"], "key_id": "0" * 32}}).encode(),
    )
    assert [alliance.submit("north", each).status_code for each in forged] == [403] * 4


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"entries": []}, 422),
        ({"epoch": 2}, 422),
        ({"member": "south"}, 422),
        ({"entries": [{"token": token_of(1), "apart": 1, "use": 1}] * ROUND.slots}, 422),
        ({"entries": [{"token": "x", "apart": 1, "use": 1}]}, 422),
        ({"entries": [{"token": token_of(1), "apart": 10**9, "use": 1}]}, 422),
        ({"entries": [{"token": token_of(1), "apart": 1.5, "use": 1}]}, 422),
        ({"more": 1}, 422),
    ],
)
def test_what_is_no_batch_is_refused(
    alliance: Alliance, change: dict[str, Any], status: int
) -> None:
    """Wrong numbers, repeated tokens and unknown fields are refused before anything is kept."""
    body = changed(alliance.batch("north", {token_of(1): SURE}), **change)
    assert alliance.submit("north", body).status_code == status
    assert not alliance.ask("north", "GET", "").json()["rounds"][0]["submitted"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"batch":' + b"[" * 9_000])
def test_hostile_bodies_are_refused(alliance: Alliance, body: bytes) -> None:
    """Bytes that mean nothing are answered with an error."""
    assert alliance.submit("north", body).status_code == 422


def test_a_body_that_is_too_large_is_refused(alliance: Alliance) -> None:
    """More than a batch of this round can have is not read as one."""
    body = alliance.batch("north", {}, replace(ROUND, slots=1_024))
    assert alliance.submit("north", body).status_code == 413


def test_what_is_late_or_unknown_is_refused(alliance: Alliance) -> None:
    """There is no report before the evaluation, and nothing is taken after the end."""
    assert alliance.ask("north", "GET", f"{ROUND.name}/report/").status_code == 404
    assert alliance.ask("north", "GET", "2030-01/report/").status_code == 404
    body = alliance.batch("north", {})
    assert alliance.submit("north", body, "2030-01").status_code == 404
    alliance.clock.moment = ROUND.closes_at
    assert alliance.submit("north", body).status_code == 409


def test_nothing_of_a_batch_outlasts_its_round(alliance: Alliance) -> None:
    """After the evaluation the pool knows a digest of what was submitted, and no more."""
    alliance.send("north", {token_of(1): SURE})
    alliance.close_round()
    with alliance.pool.read() as connection:
        (kept,) = connection.execute(select(BATCHES.c.body)).scalars()
    assert kept is None


def test_a_liar_is_caught_by_decoys_and_left_out(alliance: Alliance) -> None:
    """Who submits the caps on everything meets decoys, and counts no more."""
    decoys = [token_of(n) for n in range(100, 110)]
    with alliance.pool.write() as connection:
        assert add_decoys(connection, decoys, "east-1") == len(decoys)
        assert add_decoys(connection, decoys, "east-1") == 0
    alliance.send("north", dict.fromkeys([*decoys, token_of(1)], SURE))
    alliance.send("south", {token_of(1): SURE, decoys[0]: finding(5.0, 0.1, 2)})
    done = alliance.close_round()
    assert (done.left_out, done.members, done.told) == (("north",), ("south",), 0)
    assert alliance.told("north") == alliance.told("south") == []
    # It stays so, and the same decoys count once only.
    again = alliance.open_round("2026-04")
    alliance.send("north", dict.fromkeys([*decoys, token_of(1)], SURE), again)
    alliance.send("south", {token_of(1): SURE}, again)
    once_more = alliance.close_round(again)
    assert once_more.audits == done.audits
    assert once_more.left_out == ("north",)


def test_a_new_epoch_does_not_make_accounts_new(alliance: Alliance) -> None:
    """Accounts of decoys have other tokens in a new epoch, and are counted once all the same."""
    with alliance.pool.write() as connection:
        add_decoys(connection, [token_of(1), token_of(2)], "north-1")
    alliance.send("north", {token_of(1): finding(3.0, 1.0, 3)})
    first = alliance.close_round().audits["north"]
    assert first > 0
    later = alliance.open_round("2026-04", epoch=2)
    alliance.send("north", {token_of(2): finding(3.0, 1.0, 3)}, later)
    assert alliance.close_round(later).audits["north"] == first


def test_the_order_of_submissions_does_not_matter(alliance: Alliance) -> None:
    """Members are told the same whoever submits first."""
    findings = {
        "north": {token_of(n): finding(4.0, 1.5, 2) for n in range(1, 8)},
        "south": {token_of(n): finding(4.0, 1.0 + n / 8, 2) for n in range(1, 9)},
        "east": {token_of(n): finding(3.0, 1.2, 2) for n in range(4, 12)},
    }
    told = []
    for name, order in (("first", MEMBERS), ("second", MEMBERS[::-1])):
        round_ = alliance.open_round(name)
        for who in order:
            alliance.send(who, findings[who], round_)
        alliance.close_round(round_)
        told.append({who: alliance.told(who, round_) for who in MEMBERS})
    assert told[0] == told[1]
    assert any(told[0].values())
