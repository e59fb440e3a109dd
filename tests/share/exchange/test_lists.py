"""The lists: what stands on them, for how long, and what members think of it."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.logs import open_log
from phalanx.share.blinding.carriers import read_identifiers
from phalanx.share.exchange.answering import Answer, SeenHere, note, objects_of, seen_by_scan
from phalanx.share.exchange.building import campaign_name
from phalanx.share.exchange.found import FoundCampaign
from phalanx.share.exchange.match_list import (
    MOST_SKETCHES,
    match_list,
    read_match_list,
    write_match_list,
)
from phalanx.share.exchange.matching import (
    ALLIANCE_SCHEMA,
    LogMatcher,
    Matches,
    epochs_in,
    in_force,
    match_identifiers,
)
from phalanx.share.exchange.profiles import file_name, profiles
from phalanx.share.exchange.pulling import pull_in
from phalanx.share.exchange.reading import observables_in
from phalanx.share.exchange.standing import standing
from phalanx.share.wire import (
    Address,
    AutonomousSystem,
    Domain,
    member_id,
    object_id,
    pattern_of,
)
from phalanx.sketches.templates.list_rows import LIST_SCHEMA

Make = Callable[..., FoundCampaign]


def _campaign_id(published: Any) -> str:
    (found,) = [each for each in published.departure.leaving if each.type == "campaign"]
    return str(found.id)


def test_everything_published_stands_on_the_list(alliance: Any, found: Make) -> None:
    """Each token, template and place has a row with its campaign, and none is one's own."""
    campaign = found()
    published = alliance.publish("a", campaign)
    table = alliance.pull("b").matches.table
    assert table.schema == LIST_SCHEMA
    assert sorted(table["kind"].to_pylist()) == [
        "address", "domain", "email", "network", "payment", "template",
    ]  # fmt: skip
    assert set(table["campaign"].to_pylist()) == {_campaign_id(published)}
    (template,) = [row for row in table.to_pylist() if row["kind"] == "template"]
    sketch = campaign.templates[0].sketch
    assert (template["minhash"].hex(), template["value"]) == (sketch.minhash, None)
    assert f"{template['simhash']:016x}" == sketch.simhash
    assert {row["verdict"] for row in table.to_pylist()} == {"none"}
    assert alliance.pull("a").matches.table.num_rows == 0


def test_many_sketches_of_one_simhash_do_not_multiply(
    alliance: Any, found: Make, monkeypatch: Any
) -> None:
    """Sketches that share a SimHash beyond a bound, and rows beyond another, are not listed."""
    made = found()
    (seen,) = made.templates
    many = [
        replace(seen, sketch=replace(seen.sketch, minhash=secrets.token_hex(128)))
        for _ in range(MOST_SKETCHES)
    ]
    alliance.publish("a", replace(made, templates=tuple(many)))
    pulled = alliance.pull("b")
    assert pulled.matches.table["kind"].to_pylist().count("template") == MOST_SKETCHES
    with monkeypatch.context() as patched:
        patched.setattr("phalanx.share.exchange.match_list.MOST_ROWS", 2)
        bounded = match_list(pulled.standing, member_id("x"), alliance.now)
    assert bounded.table.num_rows == 2
    assert bounded.unreadable > 0
    alliance.now += timedelta(hours=6)
    alliance.publish("a", replace(made, templates=(*many, seen)))
    matches = alliance.pull("b").matches
    assert "template" not in matches.table["kind"].to_pylist()
    assert matches.unreadable == 1


def test_who_is_no_member_any_more_is_not_listed(alliance: Any, found: Make) -> None:
    """What a member sent before it was expelled does not stand after, nor do its opinions."""
    alliance.publish("a", found())
    assert alliance.pull("b").matches.table.num_rows > 0
    path = alliance.folder / "agreement.toml"
    path.write_text(
        path.read_text().replace("from = 2026-01-01", "from = 2026-01-01\nuntil = 2026-02-01", 1)
    )
    pulled = alliance.pull("b")
    assert pulled.matches.table.num_rows == 0
    assert pulled.standing.of("campaign") == pulled.standing.of("indicator") == ()
    assert len(pulled.standing.of("prompt-template-sketch")) == 1  # of all who name it


def test_no_author_makes_a_rule_for_ever(alliance: Any, found: Make) -> None:
    """Of a rule that states a far end, the lifetime of what it matches counts from its receipt."""
    alliance.publish("a", found())
    stands = alliance.pull("b").standing
    far = tuple(
        replace(each, item=each.item | {"valid_until": "9999-12-31T00:00:00Z"})
        for each in stands.of("indicator")
    )
    stands = replace(stands, by_type={**stands.by_type, "indicator": far})
    table = match_list(stands, member_id("x"), alliance.now).table
    ends = {row["kind"]: row["valid_until"] - alliance.now for row in table.to_pylist()}
    assert {kind: end.days for kind, end in ends.items()} == {
        "address": 7, "domain": 30, "email": 90, "network": 7, "payment": 90, "template": 180,
    }  # fmt: skip


def test_lists_are_written_while_no_other_pull_may(alliance: Any, found: Make) -> None:
    """What a pull read is written before another one can bring in what takes it back."""
    alliance.publish("a", found())
    house, tried = alliance.house("b"), []

    def write(*_: object) -> None:
        path = house.folder.path
        assert read_match_list(path.parent).num_rows > 0
        with sqlite3.connect(path, timeout=0) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        tried.append(path)

    with alliance.collection("b") as collection:
        pull_in(house, collection, also=write)
    assert len(tried) == 1


def test_the_scan_room_reads_the_list(alliance: Any, found: Make) -> None:
    """The list is in the form that the room of sketches takes."""
    from phalanx.sketches.templates import read_listed_templates

    alliance.publish("a", found())
    alliance.pull("b")
    rows, passed_over = read_listed_templates(alliance.settings["b"].folder / "match_list.parquet")
    assert (sum(map(len, rows)), passed_over) == (1, 0)


def test_what_is_over_leaves_the_list(alliance: Any, found: Make) -> None:
    """Each kind has its own time; a list that was pulled long ago is cut when it is used."""
    alliance.publish("a", found())
    table = alliance.pull("b").matches.table
    kinds = []
    for days in (0, 8, 40, 100, 200):
        left = in_force(table, alliance.now + timedelta(days=days))
        kinds.append(sorted(set(left["kind"].to_pylist())))
    assert kinds == [
        ["address", "domain", "email", "network", "payment", "template"],
        ["domain", "email", "payment", "template"],
        ["email", "payment", "template"],
        ["template"],
        [],
    ]
    alliance.now += timedelta(days=100)
    later = alliance.pull("b").matches
    assert (later.table["kind"].to_pylist(), later.expired) == (["template"], 4)


def test_opinions_come_back_and_quarantine_takes_off_the_list(alliance: Any, found: Make) -> None:
    """One agrees, one disagrees: disputed. Both disagree: nobody uses it until somebody looks."""
    campaign = _campaign_id(alliance.publish("a", found()))
    alliance.pull("b")
    alliance.pull("c")
    seen = SeenHere(exchanges=77, first_seen=alliance.now, last_seen=alliance.now)
    first = Answer(campaign=campaign, value="agree", ground="own-scan", seen=seen)
    left = alliance.send("b", objects_of(first, alliance.house("b"))).departure.leaving
    assert {each.type: each.fields.get("count") for each in left} == {
        "opinion": None,
        "sighting": 30,
    }
    note(alliance.house("b"), first, "0" * 64)
    (own,) = alliance.pull("a").own
    assert (own.summary.verdict, own.sightings) == ("POSITIVE", 1)
    against = Answer(campaign=campaign, value="disagree", ground="own-review")
    alliance.send("c", objects_of(against, alliance.house("c")))
    assert alliance.pull("a").own[0].summary.verdict == "DISPUTED"
    assert set(alliance.pull("c").matches.table["verdict"].to_pylist()) == {"disputed"}
    alliance.now += timedelta(hours=6)
    changed = replace(first, value="strongly-disagree", seen=None)
    alliance.send("b", objects_of(changed, alliance.house("b")))
    pulled = alliance.pull("c")
    assert (pulled.matches.table.num_rows, pulled.matches.quarantined) == (0, 5)
    said = [each.facts for each in alliance.house("b").audit.entries() if each.kind == "received"]
    head = {"object": campaign, "action": "opinion: agree"}
    assert {**head, "reason": "own-scan", "evidence": "0" * 64} in said


def test_nobody_else_knows_the_identifier_of_an_answer(alliance: Any, found: Make) -> None:
    """An author cannot post something under the identifiers of opinions that are yet to come."""
    campaign = _campaign_id(alliance.publish("a", found()))
    alliance.pull("b")
    seen = SeenHere(exchanges=77, first_seen=alliance.now, last_seen=alliance.now)
    answer = Answer(campaign=campaign, value="disagree", ground="own-review", seen=seen)
    house = alliance.house("b")
    made = {each.item["type"]: each.item["id"] for each in objects_of(answer, house)}
    later = objects_of(replace(answer, value="agree"), house)
    assert {each.item["type"]: each.item["id"] for each in later} == made
    others = (house.member, alliance.house("a").authorship().namespace)
    for kind, name in made.items():
        assert name not in {object_id(kind, campaign, namespace=each) for each in others}


def test_nobody_answers_its_own_campaign_or_an_unknown_one(alliance: Any, found: Make) -> None:
    """An answer is about what others shared and what still stands."""
    campaign = _campaign_id(alliance.publish("a", found()))
    alliance.pull("a")
    answer = Answer(campaign=campaign, value="agree", ground="own-review")
    with pytest.raises(InputError, match="your own"):
        objects_of(answer, alliance.house("a"))
    with pytest.raises(InputError, match="not among those"):
        objects_of(answer, alliance.house("b"))


def test_a_profile_has_the_places_of_a_campaign(alliance: Any, found: Make) -> None:
    """Subnets and domains become traits; the names are those of the exchange."""
    campaign = _campaign_id(alliance.publish("a", found()))
    pulled, house = alliance.pull("b"), alliance.house("b")
    made = profiles(pulled.standing, pulled.matches.table, house.agreement)
    profile = made[file_name(campaign, alliance.house("a").member)]
    assert profile.name == f"{campaign_name(campaign)} of member-amber-falcon"
    assert {each.family: each.values for each in profile.traits} == {
        "email": ("mail0.example",),
        "subnet": ("198.51.100.0/24", "203.0.113.0/24"),
    }


@pytest.mark.parametrize("author", ["a", "c"])
def test_a_campaign_takes_no_other_profile_over(alliance: Any, found: Make, author: str) -> None:
    """Campaigns whose identifiers begin alike have a profile each."""
    campaign = _campaign_id(alliance.publish("a", found()))
    pulled, house = alliance.pull("b"), alliance.house("b")
    like = campaign[:17] + "f-ffff-4fff-bfff-ffffffffffff"
    (held,) = pulled.standing.of("campaign")
    member = alliance.house(author).member
    other = replace(held, item=held.item | {"id": like}, member=member)
    stands = replace(pulled.standing, by_type={"campaign": (held, other)})
    rows = [row | {"campaign": each} for row in pulled.matches.table.to_pylist()
            for each in (campaign, like)]  # fmt: skip
    made = profiles(stands, pa.Table.from_pylist(rows, schema=LIST_SCHEMA), house.agreement)
    assert len(made) == len({each.name for each in made.values()}) == 2


def test_identifiers_are_found_by_tokens_of_their_epoch(alliance: Any, found: Make) -> None:
    """An account at the other member that pays with the same card is found, and only that one."""
    campaign = _campaign_id(alliance.publish("a", found()))
    alliance.pull("b")
    path = alliance.folder / "identifiers.csv"
    path.write_text(
        "account_id,kind,value\nx,payment,card-0\ny,payment,card-9\nz,email,OP0+x@MAIL.example\n"
        "w,device,card-0\nv,email,nonsense\n"
    )
    records, matches = read_identifiers(path), read_match_list(alliance.settings["b"].folder)
    assert records.unusable == {"email": 1}
    (epoch,) = epochs_in(matches)
    tokens = {
        carried: made.value
        for carried, made in alliance.tokens("b", list(records.carriers)).items()
    }
    found_here = Matches()
    match_identifiers(matches, records, tokens, epoch, found_here)
    match_identifiers(matches, records, tokens, epoch + 1, found_here)
    assert found_here.table().to_pylist() == [
        {"account_id": name, "campaign": campaign, "kind": kind, "matches": 1, "first_seen": None,
         "last_seen": None}
        for name, kind in (("x", "payment"), ("z", "email"))
    ]  # fmt: skip


def _log(rows: list[dict[str, Any]]) -> list[pa.RecordBatch]:
    head = {"model": "m", "prompt": "p", "client_ip": None, "email_domain": None, "asn": None}
    table = pa.Table.from_pylist([head | row for row in rows])
    return list(open_log(table).batches())


def _list(*rows: dict[str, Any]) -> pa.Table:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    head = {
        "indicator": "indicator--1", "campaign": "campaign--1", "confidence": 90,
        "verdict": "none", "valid_from": now - timedelta(days=3), "valid_until": now,
    }  # fmt: skip
    return pa.Table.from_pylist([head | row for row in rows], schema=LIST_SCHEMA)


def test_places_count_only_while_they_are_vouched_for() -> None:
    """An exchange before or after the time of a place is not counted; each counts once."""
    listed = _list(
        {"kind": "address", "value": "203.0.113.7"},
        {"kind": "network", "value": "203.0.113.0/24"},
        {"kind": "network", "value": "203.0.112.0/23", "indicator": "indicator--2"},
        {"kind": "domain", "value": "mail.example"},
        {"kind": "network", "value": "AS64500"},
        {"kind": "network", "value": "2001:db8::/48"},
    )
    rows = [
        {"timestamp": "2026-03-06T23:00:00Z", "account_id": "early", "client_ip": "203.0.113.7"},
        {"timestamp": "2026-03-08T00:00:00Z", "account_id": "in", "client_ip": "203.0.113.7"},
        {"timestamp": "2026-03-08T01:00:00Z", "account_id": "in", "client_ip": "203.0.113.7"},
        {"timestamp": "2026-03-08T02:00:00Z", "account_id": "near", "client_ip": "203.0.112.9"},
        {"timestamp": "2026-03-08T03:00:00Z", "account_id": "six", "client_ip": "2001:db8::5"},
        {"timestamp": "2026-03-08T04:00:00Z", "account_id": "mail", "email_domain": "Mail.example"},
        {"timestamp": "2026-03-08T05:00:00Z", "account_id": "asn", "asn": "64500"},
        {"timestamp": "2026-03-08T06:00:00Z", "account_id": "nobody", "client_ip": "192.0.2.1"},
        {"timestamp": "2026-03-10T00:00:00Z", "account_id": "late", "client_ip": "203.0.113.7"},
    ]
    found, matcher = Matches(), LogMatcher(listed)
    for batch in _log(rows):
        matcher.match(batch, found)
    table = found.table()
    assert table.schema == ALLIANCE_SCHEMA
    assert [(r["account_id"], r["kind"], r["matches"]) for r in table.to_pylist()] == [
        ("asn", "network", 1),
        ("in", "address", 2),
        ("in", "network", 2),
        ("mail", "domain", 1),
        ("near", "network", 1),
        ("six", "network", 1),
    ]
    (row,) = [r for r in table.to_pylist() if (r["account_id"], r["kind"]) == ("in", "address")]
    assert (row["last_seen"] - row["first_seen"]) == timedelta(hours=1)


def test_a_list_survives_a_write_that_is_cut_off(tmp_path: Any, monkeypatch: Any) -> None:
    """A list is replaced whole or not at all; a damaged one is named."""
    write_match_list(_list({"kind": "domain", "value": "a.example"}), tmp_path)

    def cut_off(_: pa.Table, where: Any, **__: Any) -> None:
        where.write_bytes(b"PAR1 half of a fi")
        raise KeyboardInterrupt

    monkeypatch.setattr("phalanx.share.exchange.match_list.pq.write_table", cut_off)
    with pytest.raises(KeyboardInterrupt):
        write_match_list(_list(), tmp_path)
    assert read_match_list(tmp_path).num_rows == 1
    assert [each.name for each in tmp_path.iterdir()] == ["match_list.parquet"]
    (tmp_path / "match_list.parquet").write_bytes(b"PAR1 half of a fi")
    with pytest.raises(InputError, match="damaged"):
        read_match_list(tmp_path)


def test_both_readers_of_a_list_refuse_the_same(tmp_path: Any) -> None:
    """A column of another type, or none, is no match list for logs either; an empty one is one."""
    path = write_match_list(_list(), tmp_path)
    assert read_match_list(tmp_path).schema == LIST_SCHEMA
    whole = _list({"kind": "domain", "value": "a.example"})
    at = LIST_SCHEMA.get_field_index("epoch")
    for wrong, said in (
        (whole.set_column(at, "epoch", pa.array([1.0])), "column epoch holds double, not int32"),
        (whole.drop_columns(["valid_from"]), "lacks the column valid_from"),
    ):
        pq.write_table(wrong, path)
        with pytest.raises(InputError, match=said) as told:
            read_match_list(tmp_path)
        assert str(path) in str(told.value)


_PLACES = st.one_of(
    st.ip_addresses()
    .filter(lambda each: "%" not in str(each))
    .map(lambda each: Address(value=str(each))),
    st.integers(1, 2**32 - 1).map(lambda each: AutonomousSystem(number=each)),
    st.from_regex(r"[a-z]{1,9}\.example", fullmatch=True).map(lambda each: Domain(value=each)),
)


@given(st.lists(_PLACES, min_size=1, max_size=20))
def test_patterns_come_back_as_they_were_written(places: list[Any]) -> None:
    """What a member writes into a pattern is what a receiver reads from it."""
    assert set(observables_in(pattern_of(places))) == set(places)


_PRINT = "llm-account-fingerprint"


@pytest.mark.parametrize(
    "pattern",
    [
        "[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']",
        "[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = 'a.example']",
        "[ipv4-addr:value != '192.0.2.1']",
        "[ipv4-addr:value = '192.0.2.1' AND ipv4-addr:value = '192.0.2.2']",
        f"[{_PRINT}:value = '{'A' * 43}']",
        f"[{_PRINT}:kind = 'x' AND {_PRINT}:epoch = 1 AND {_PRINT}:value = '{'A' * 43}']",
        "[url:value = 'https://a.example']",
        "[ipv4-addr:value = 'nonsense']",
        "[ipv4-addr:value = '0.0.0.0/0']",
        "[ipv4-addr:value IN ('192.0.2.1', '198.50.0.0/15')]",
        "[ipv6-addr:value = '2001:d00::/31']",
        "no pattern",
    ],
)
def test_patterns_that_say_more_match_nothing(pattern: str) -> None:
    """What has to be met as a whole is never met by a part."""
    assert observables_in(pattern) == ()


def test_a_scan_that_listed_matching_accounts_saw_the_campaign() -> None:
    """Only accounts that match and that the member's own scan listed count."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    matches = pa.Table.from_pylist(
        [{"account_id": name, "campaign": "campaign--1", "kind": "email"} for name in "xyz"],
        schema=ALLIANCE_SCHEMA,
    )
    accounts = pa.table(
        {
            "account_id": ["X", "Y", "Z"],
            "campaign_id": ["campaign-1", None, "campaign-1"],
            "exchanges": [3, 5, 7],
            "first_seen": [at, at, at + timedelta(days=1)],
            "last_seen": [at, at, at + timedelta(days=2)],
        }
    )
    hidden = {"x": "X", "y": "Y", "z": "Z"}
    wide = pa.array(["network", "domain", "network"])
    assert (
        seen_by_scan(matches.set_column(2, "kind", wide), accounts, "campaign--1", hidden) is None
    )
    seen = seen_by_scan(matches, accounts, "campaign--1", hidden)
    assert seen == SeenHere(exchanges=10, first_seen=at, last_seen=at + timedelta(days=2))
    assert seen_by_scan(matches, accounts, "campaign--2", hidden) is None


def test_a_view_of_nothing_is_empty(alliance: Any) -> None:
    """A member that pulled nothing has an empty list."""
    house = alliance.house("b")
    with house.folder.writing() as connection:
        stands = standing(connection, house.pinned)
    assert match_list(stands, member_id("x"), alliance.now).table.num_rows == 0
