"""Receiving: what is believed, what is rejected by name, what is never taken again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from phalanx.share.client import Cursor, Pulled, Tombstone, push
from phalanx.share.exchange.found import FoundCampaign
from phalanx.share.exchange.pulling import acknowledge_removals, heard_of
from phalanx.share.exchange.receiving import Received, cursor_at, receive
from phalanx.share.exchange.retracting import retract, with_parts
from phalanx.share.exchange.sending import send
from phalanx.share.exchange.standing import standing
from phalanx.share.exchange.tables import RECEIVED, REJECTED
from phalanx.share.wire import (
    Authorship,
    Document,
    Domain,
    Handling,
    Object,
    SharedCampaign,
    campaign,
    document,
    member_id,
    observable,
    revoked,
    sign,
    signature_list,
    timestamp,
)

Make = Callable[..., FoundCampaign]
A, B, C = map(member_id, ("member-amber-falcon", "member-quiet-river", "member-grey-heron"))


def _by(alliance: Any, member: str = A, minutes: int = -60) -> Authorship:
    at = alliance.now + timedelta(minutes=minutes)
    handling = Handling(tlp="amber", pap="amber", legal_basis="eu-gdpr-6-1-f")
    return Authorship(member=member, created=at, modified=at, handling=handling)


def _campaign(alliance: Any, member: str = A, name: str = "campaign-c1") -> Object:
    by = _by(alliance, member)
    return campaign(
        SharedCampaign(key="k", name=name, first_seen=by.created, last_seen=by.created), by
    )


def _signed(alliance: Any, item: Object, signer: str = "a", member: str = "") -> list[Document]:
    """Return a list with the signature of an object, and the object."""
    house = alliance.house(signer)
    signature = sign(item, member or house.member, house.key)
    return [document(signature_list([signature], _by(alliance, house.member))), document(item)]


def _take(alliance: Any, *documents: Document, tombstones: tuple[Tombstone, ...] = ()) -> Received:
    received = Received()
    part = Pulled(cursor=Cursor(), documents=documents, tombstones=tombstones)
    receive(alliance.house("b"), part, "hub", received)
    return received


def _reasons(received: Received) -> str:
    return " | ".join(reason for _, reason in received.rejected)


def test_what_was_published_comes_in_byte_for_byte(alliance: Any, found: Make) -> None:
    """A receiver keeps the bytes that the author signed, and rejects nothing of it."""
    done = alliance.publish("a", found())
    pulled = alliance.pull("b")
    assert pulled.received.rejected == []
    house = alliance.house("b")
    with house.folder.writing() as connection:
        rows = connection.execute(select(RECEIVED.c.object_id, RECEIVED.c.raw))
        kept = {row.object_id: row.raw for row in rows}
    public = {"extension-definition", "marking-definition"}
    for each in done.departure.leaving:
        if each.type not in public and each.fields.get("name") != "Phalanx":
            assert kept[each.id] == each.raw


def test_a_second_pull_brings_nothing(alliance: Any, found: Make) -> None:
    """The cursor is kept with what was received."""
    alliance.publish("a", found())
    alliance.pull("b")
    again = alliance.pull("b").received
    assert (again.taken, again.rejected) == ([], [])


def test_unknown_fields_and_types_survive(alliance: Any) -> None:
    """Fields that nobody here knows, and types of a later version, are kept as written."""
    item = _campaign(alliance) | {"x_later": {"b": 1.50, "a": [True, "é"]}}
    raw = msgspec.json.encode(item)
    later = {"type": "x-later", "id": f"x-later--{item['id'][10:]}", "modified": item["modified"]}
    house = alliance.house("a")
    spaced = json.dumps(later, indent=3).encode()
    signatures = [sign(each, house.member, house.key) for each in (item, later)]
    notes = document(signature_list(signatures, _by(alliance)))
    received = _take(alliance, notes, Document(raw, item), Document(spaced, later))
    assert received.rejected == []
    with alliance.house("b").folder.writing() as connection:
        kept = set(connection.execute(select(RECEIVED.c.raw)).scalars())
    assert kept == {raw, spaced}


def test_an_unsigned_object_is_rejected_by_name(alliance: Any) -> None:
    """Without a signature nothing counts, and the rejection is kept with its reason."""
    item = _campaign(alliance)
    received = _take(alliance, document(item))
    assert received.rejected == [(item["id"], f"{item['id']}: not signed")]
    house = alliance.house("b")
    with house.folder.writing() as connection:
        assert connection.execute(select(REJECTED.c.object_id)).scalars().all() == [item["id"]]
        assert standing(connection, house.pinned).of("campaign") == ()


def test_tampered_bytes_are_rejected(alliance: Any) -> None:
    """A word that was changed on the way breaks the signature."""
    notes, sent = _signed(alliance, _campaign(alliance))
    changed = Document(
        sent.raw.replace(b"campaign-c1", b"campaign-c2"), {**sent.fields, "name": "campaign-c2"}
    )
    assert "not what was signed" in _reasons(_take(alliance, notes, changed))


def test_an_object_of_another_member_is_not_taken_when_signed_again(alliance: Any) -> None:
    """Whoever signs another's object anew, or in its own name, is refused."""
    item = _campaign(alliance)
    assert "another member than its author" in _reasons(
        _take(alliance, *_signed(alliance, item, "c"))
    )
    assert _take(alliance, *_signed(alliance, item)).rejected == []
    stolen = item | {
        "created_by_ref": C,
        "modified": _by(alliance, minutes=-1).modified.isoformat()[:19] + "Z",
    }
    assert "belongs to another member" in _reasons(_take(alliance, *_signed(alliance, stolen, "c")))


def test_a_key_of_another_member_does_not_serve(alliance: Any) -> None:
    """A signature in the name of a member counts only under a key that is pinned for it."""
    received = _take(alliance, *_signed(alliance, _campaign(alliance), "c", member=A))
    assert "not pinned" in _reasons(received)


def test_a_member_that_left_is_not_believed(alliance: Any) -> None:
    """Keys of those who are no members at the time are not pinned."""
    documents = _signed(alliance, _campaign(alliance))
    path = alliance.folder / "agreement.toml"
    path.write_text(
        path.read_text().replace("from = 2026-01-01", "from = 2026-01-01\nuntil = 2026-02-01", 1)
    )
    assert "not pinned" in _reasons(_take(alliance, *documents))


def test_an_old_version_does_not_come_back(alliance: Any) -> None:
    """Neither an older version than the one that is held, nor a second one of the same moment."""
    old = _campaign(alliance)
    new = old | {
        "modified": alliance.now.isoformat(timespec="milliseconds")[:23] + "Z",
        "name": "campaign-c2",
    }
    assert _take(alliance, *_signed(alliance, new)).rejected == []
    assert "older than" in _reasons(_take(alliance, *_signed(alliance, old)))
    second = new | {"name": "campaign-c3"}
    assert "second object under the same version" in _reasons(
        _take(alliance, *_signed(alliance, second))
    )


def test_what_was_taken_back_is_never_taken_again(alliance: Any) -> None:
    """After a retraction neither the old version nor a newer one is accepted."""
    item = _campaign(alliance)
    _take(alliance, *_signed(alliance, item))
    gone = revoked(item, alliance.now, A)
    assert _take(alliance, *_signed(alliance, gone)).retracted == [item["id"]]
    assert "taken back" in _reasons(_take(alliance, *_signed(alliance, item)))
    newer = item | {"modified": "2099-01-01T00:00:00.000Z"}
    assert "taken back" in _reasons(_take(alliance, *_signed(alliance, newer)))


def test_the_word_of_the_hub_alone_retracts_nothing(alliance: Any) -> None:
    """A tombstone that speaks of a retraction removes nothing without the author's version."""
    item = _campaign(alliance)
    _take(alliance, *_signed(alliance, item))
    said = Tombstone(
        number=1, object_id=item["id"], kind="retracted", date_added="2026-01-01T00:00:00Z"
    )
    assert _take(alliance, tombstones=(said,)).retracted == []
    house = alliance.house("b")
    with house.folder.writing() as connection:
        assert len(standing(connection, house.pinned).of("campaign")) == 1
    with alliance.collection("b") as collection:
        assert acknowledge_removals(alliance.house("b"), collection) == 0


@pytest.mark.parametrize("kind", ["deleted", "removed"])
def test_a_forged_tombstone_brings_no_old_version_back(alliance: Any, kind: Any) -> None:
    """What the hub calls gone is let go; only the version that was held, or a newer one, comes."""
    old = _campaign(alliance)
    new = old | {"modified": timestamp(alliance.now), "name": "campaign-c2"}
    _take(alliance, *_signed(alliance, old))
    _take(alliance, *_signed(alliance, new))
    said = Tombstone(number=1, object_id=old["id"], kind=kind, date_added="2026-01-01T00:00:00Z")
    replayed = _take(alliance, *_signed(alliance, old), tombstones=(said,))
    assert replayed.retracted == [old["id"]]
    assert "older than the version that was held" in _reasons(replayed)
    assert "older than" in _reasons(_take(alliance, *_signed(alliance, old)))
    assert _take(alliance, *_signed(alliance, new)).rejected == []


def test_an_oversized_object_is_rejected(alliance: Any) -> None:
    """One object has at most 256 KiB, whoever signed it."""
    item = _campaign(alliance) | {"description": "a" * 60_000, "labels": ["b" * 60_000] * 4}
    assert "bytes where" in _reasons(_take(alliance, *_signed(alliance, item)))


def test_an_identity_of_somebody_else_is_rejected(alliance: Any) -> None:
    """A member may say its own name only."""
    item = {**_campaign(alliance), "type": "identity", "id": B, "name": "x"}
    del item["created_by_ref"]
    assert "an identity of somebody" in _reasons(_take(alliance, *_signed(alliance, item)))


def test_a_flood_of_false_signatures_hides_no_true_one(alliance: Any) -> None:
    """Signatures that others claim for an object are tried, and do not displace the author's."""
    notes, sent = _signed(alliance, _campaign(alliance))
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    false = [replace(sign(sent.fields, A, stranger), value=f"{n:086d}") for n in range(300)]
    received = _take(alliance, notes, document(signature_list(false, _by(alliance, C))), sent)
    assert received.rejected == []


def test_claims_that_came_first_hide_no_later_one(alliance: Any, monkeypatch: Any) -> None:
    """Beyond the bound on claims the newest are looked at beside the oldest."""
    monkeypatch.setattr("phalanx.share.exchange.claims.MOST_CLAIMS", 10)
    notes, sent = _signed(alliance, _campaign(alliance))
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    false = [replace(sign(sent.fields, A, stranger), value=f"{n:086d}") for n in range(20)]
    received = _take(alliance, document(signature_list(false, _by(alliance, C))), notes, sent)
    assert received.rejected == []


def test_one_moment_in_two_spellings_is_one_version(alliance: Any) -> None:
    """A second object under another spelling of the moment is refused, and the first one stays."""
    first = _campaign(alliance) | {"modified": "2099-03-01T00:00:00Z"}
    second = first | {"modified": "2099-03-01T00:00:00.0Z", "name": "campaign-c2"}
    _take(alliance, *_signed(alliance, first))
    for each in (second, second | {"name": first["name"]}):
        assert "second object" in _reasons(_take(alliance, *_signed(alliance, each)))
    again = _take(alliance, *_signed(alliance, first))
    assert (again.again, again.rejected) == (1, [])


def test_nobody_takes_an_observable_back_for_all(alliance: Any) -> None:
    """The word `revoked` on what has no version changes nothing, and a version is refused."""
    item = observable(Domain(value="relay.example")) | {"revoked": True}
    dated = item | {"modified": "2026-03-01T00:00:00.000Z"}
    assert "no versions" in _reasons(_take(alliance, *_signed(alliance, dated, "c")))
    assert _take(alliance, *_signed(alliance, item, "c")).retracted == []
    house = alliance.house("b")
    with house.folder.writing() as connection:
        assert len(standing(connection, house.pinned).of("domain-name")) == 1


@given(
    st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.text() | st.lists(st.text())
    )
)
def test_reading_signatures_survives_anything(properties: dict[str, Any]) -> None:
    """What carries no signatures carries none, whatever it says."""
    from phalanx.share.wire import EXTENSION_ID, signatures_of

    item = {"type": "note", "extensions": {EXTENSION_ID: {"signatures": properties}}}
    assert signatures_of(item) == ()
    assert signatures_of({"type": "note", **properties}) == ()


def test_a_retraction_reaches_the_receiver_and_its_answer_the_author(
    alliance: Any, found: Make
) -> None:
    """After a retraction the receiver's list is empty, and the author learns that it is."""
    done = alliance.publish("a", found())
    (sent,) = [each for each in done.departure.leaving if each.type == "campaign"]
    assert alliance.pull("b").matches.table.num_rows > 0
    alliance.now += timedelta(seconds=2)
    house = alliance.house("a", bases=("us-cisa-2015",))  # lapsed: keeps no retraction back
    took = retract(house, with_parts(house, [sent.id]))
    assert all(each.decision.may_leave for each in took.objects)
    assert len(took.erased) > 0
    with alliance.collection("a") as collection:
        assert send(house, collection).refused == ()
    pulled = alliance.pull("b")
    assert sent.id in pulled.received.retracted
    assert pulled.matches.table.num_rows == 0
    assert pq.read_table(alliance.settings["b"].folder / "match_list.parquet").num_rows == 0
    with alliance.collection("b") as collection:
        assert acknowledge_removals(alliance.house("b"), collection) > 0
        assert acknowledge_removals(alliance.house("b"), collection) == 0
    alliance.pull("a")
    with alliance.collection("a") as collection:
        heard = {each.object_id: each.told for each in heard_of(alliance.house("a"), collection)}
    assert (heard[sent.id].removed, heard[sent.id].readers) == (1, 2)
    kinds = {(each.kind, each.facts.get("action")) for each in alliance.house("b").audit.entries()}
    assert {("received", "listed"), ("received", "removed")} <= kinds
    assert "retracted" in {each.kind for each in house.audit.entries()}
    again = alliance.publish("a", found())
    assert again.departure.later == ()


def test_a_part_that_is_cut_off_leaves_nothing_of_it(alliance: Any) -> None:
    """A process that ends in the middle of a part has kept neither objects nor cursor."""
    documents = _signed(alliance, _campaign(alliance))
    cursor = Cursor(objects_after="2026-01-01T00:00:00.000000Z")
    house = alliance.house("b")
    broken = Pulled(cursor=cursor, documents=(*documents, _Killing(b"{}", {"id": "x"})))
    with pytest.raises(KeyboardInterrupt):
        receive(house, broken, "hub", Received())
    with house.folder.writing() as connection:
        assert cursor_at(connection, "hub") == Cursor()
        assert standing(connection, house.pinned).of("campaign") == ()
    assert len(_take(alliance, *documents).taken) == 1


class _Killing(Document):
    """Ends the process where it is looked at."""

    @property
    def type(self) -> str:
        raise KeyboardInterrupt


def test_hostile_objects_that_reach_the_hub_are_named(alliance: Any, found: Make) -> None:
    """A member that posts unsigned objects beside good ones is named, and the good ones count."""
    alliance.publish("a", found())
    with alliance.collection("c") as collection:
        for part in push(collection, [document(_campaign(alliance, C, "campaign-c9"))]):
            assert part.refused == ()
    received = alliance.pull("b").received
    assert [reason.split(": ")[1] for _, reason in received.rejected] == ["not signed"]
    assert any(each.type == "indicator" for each in received.taken)
