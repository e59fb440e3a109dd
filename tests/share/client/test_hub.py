"""Members at a hub that runs as its operator runs it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from phalanx.errors import InputError, PolicyError
from phalanx.share.client import (
    Collection,
    Cursor,
    acknowledge,
    delete,
    fetch,
    manifest,
    opinions,
    pull,
    push,
    remove,
    tombstone,
)
from phalanx.share.client.push import MOST_BYTES
from phalanx.share.wire import Document

Make = Callable[..., Document]


def _held(collection: Collection, held: dict[str, bytes], cursor: Cursor) -> Cursor:
    """Bring what a member holds up to date, as a member should."""
    for part in pull(collection, cursor):
        for each in part.tombstones:
            if each.kind != "retracted":
                held.pop(each.object_id, None)
        held |= {each.id: each.raw for each in part.documents}
        assert not part.rejected
        cursor = part.cursor
    return cursor


def _sent(collection: Collection, *documents: Document) -> None:
    """Add objects that are all taken."""
    parts = list(push(collection, documents))
    assert sum(len(part.stored) for part in parts) == len(documents), parts


def test_what_one_adds_the_other_reads(hub: Any, make: Make) -> None:
    """Byte for byte and in order, over several envelopes and pages; then only what is new."""
    north, south = hub.member("north"), hub.member("south")
    documents = [make(number) for number in range(2_300)]
    parts = list(push(north, documents))
    assert [len(part.stored) for part in parts] == [1_000, 1_000, 300]
    read = list(pull(south))
    assert [each.raw for part in read for each in part.documents] == [d.raw for d in documents]
    assert list(pull(south, read[-1].cursor)) == []
    _sent(north, make(9_999))
    (part,) = pull(south, read[-1].cursor)
    assert [each.raw for each in part.documents] == [make(9_999).raw]
    resumed = list(pull(south, read[0].cursor))
    ids = {each.id for part in resumed for each in part.documents}
    assert {each.id for each in documents[1_000:]} < ids
    records = list(manifest(south, types=("indicator",)))
    assert [each.id for each in records[:2_300]] == [each.id for each in documents]
    assert [each.raw for each in fetch(south, ["no id", documents[7].id]).documents] == [
        documents[7].raw
    ]


def test_types_are_chosen(small_hub: Any, make: Make) -> None:
    """A member may read some types of objects only."""
    north = small_hub.member("north")
    other = make(1, id=make(1).id.replace("indicator", "malware"), type="malware")
    _sent(north, make(1), other)
    (part,) = pull(north, types=("malware", "tool"))
    assert [each.id for each in part.documents] == [other.id]


def test_refusals_are_told_object_by_object(hub: Any, make: Make) -> None:
    """An object of another member, and one that is larger than the hub takes."""
    north, south = hub.member("north"), hub.member("south")
    _sent(north, make(1))
    large = make(3, name="x" * MOST_BYTES)
    parts = list(push(south, [make(1, 5), make(2), large]))
    refused = {each.document.id: each.reason for part in parts for each in part.refused}
    assert refused.keys() == {make(1).id, large.id}
    assert "another member" in refused[make(1).id]
    assert "larger" in refused[large.id]
    assert [each.id for part in parts for each in part.stored] == [make(2).id]
    _sent(north, make(1))


def test_deleted_and_added_again(hub: Any, make: Make) -> None:
    """Whatever comes between two readings, a reader holds what the hub holds."""
    north, south = hub.member("north"), hub.member("south")
    _sent(north, make(1), make(2))
    held: dict[str, bytes] = {}
    cursor = _held(south, held, Cursor())
    delete(north, make(1).id)
    _sent(north, make(1))
    delete(north, make(2).id)
    cursor = _held(south, held, cursor)
    assert held == {make(1).id: make(1).raw}
    remove(north, make(1).id, "not ours to share")
    cursor = _held(south, held, cursor)
    assert held == {}
    (part,) = push(north, [make(1)])
    assert "removed" in part.refused[0].reason


@pytest.mark.parametrize("seed", range(3))
def test_readers_follow_whatever_is_done(small_hub: Any, make: Make, seed: int) -> None:
    """Adding, changing, deleting, adding again, in any order, and a reading now and then."""
    chance = random.Random(seed)
    north, south = small_hub.member("north"), small_hub.member("south")
    held: dict[str, bytes] = {}
    there: dict[int, int] = {}
    cursor = Cursor()
    for _ in range(60):
        number = chance.randrange(5)
        match chance.randrange(3):
            case 0:
                there[number] = there.get(number, 0) + chance.randrange(2)
                _sent(north, make(number, there[number]))
            case 1 if number in there:
                delete(north, make(number).id)
                del there[number]
            case _:
                cursor = _held(south, held, cursor)
    _held(south, held, cursor)
    assert held == {make(each).id: make(each, there[each]).raw for each in there}


def test_retraction_is_acknowledged(hub: Any, make: Make) -> None:
    """The receiver sees what was taken back, says what it did; the author learns how many."""
    north, south = hub.member("north"), hub.member("south")
    _sent(north, make(1))
    cursor = _held(south, {}, Cursor())
    _sent(north, make(1, 1, revoked=True))
    parts = list(pull(south, cursor))
    (buried,) = parts[0].tombstones
    assert (buried.object_id, buried.kind, buried.acknowledged) == (make(1).id, "retracted", None)
    assert [each.fields["revoked"] for part in parts for each in part.documents] == [True]
    acknowledge(south, buried.number, "kept", "seen in our own logs")
    assert tombstone(south, buried.number).acknowledged == "kept"
    heard = tombstone(north, buried.number).acknowledgements
    assert heard is not None
    assert (heard.readers, heard.removed, heard.kept, heard.not_held) == (2, 0, 1, 0)
    with pytest.raises(InputError):
        acknowledge(south, 999, "removed")


def test_opinions_come_to_a_verdict(hub: Any, make: Make) -> None:
    """What two members say of a third one's object."""
    north = hub.member("north")
    _sent(north, make(1))
    assert opinions(north, make(1).id).verdict == "NONE"
    for number, (name, value) in enumerate([("south", "agree"), ("east", "disagree")], start=50):
        said = make(number, type="opinion", opinion=value, object_refs=[make(1).id])
        said = Document(said.raw.replace(b"indicator--", b"opinion--", 1), said.fields)
        fields = said.fields | {"id": said.id.replace("indicator", "opinion", 1)}
        _sent(hub.member(name), Document(said.raw, fields))
    summary = opinions(north, make(1).id)
    assert (summary.verdict, summary.agreeing, summary.disagreeing) == ("DISPUTED", 1, 1)
    with pytest.raises(InputError):
        opinions(north, make(2).id)


def test_discovery(small_hub: Any) -> None:
    """A member finds collections from the address of the hub."""
    server = small_hub.member("north").server
    (root,) = server.discover().api_roots
    (found,) = server.collections(root)
    assert (found.alias, found.title, found.can_write) == ("campaigns", "Campaigns", True)
    assert server.api_root(root).max_content_length == 10_485_760
    assert server.collection(f"{root}collections/{found.id}/").info() == found


def test_what_the_operator_does_holds_at_once(small_hub: Any, make: Make) -> None:
    """Rights that are taken, a member that is suspended, a key that is revoked."""
    north, south = small_hub.member("north"), small_hub.member("south")
    small_hub.manage("set-rights", "north", "campaigns", "--may", "read")
    with pytest.raises(PolicyError, match="403"):
        list(push(north, [make(1)]))
    with pytest.raises(PolicyError, match="403"):
        delete(north, make(1).id)
    small_hub.manage("set-rights", "north", "campaigns")
    with pytest.raises(InputError, match="not there"):
        list(pull(north))
    small_hub.manage("suspend", "south")
    with pytest.raises(PolicyError, match="401"):
        list(pull(south))
    small_hub.manage("suspend", "south", "--lift")
    assert list(pull(south)) == []
    key_id = (small_hub.folder / "south.key").read_text().split(".")[1]
    small_hub.manage("new-key", "south", "-o", "again.key")
    small_hub.manage("revoke-key", key_id)
    with pytest.raises(PolicyError, match="401"):
        list(pull(south))
    assert list(pull(small_hub.member("again"))) == []


def test_a_hub_refuses_what_no_reader_could_use(small_hub: Any, make: Make) -> None:
    """Unless its operator says otherwise, an object with a broken pattern is refused alone."""
    url = small_hub.url.replace(str(small_hub.port), str(small_hub.serve()))
    broken = make(2, pattern="[ipv4-addr:value = ")
    (part,) = push(small_hub.member("north", url), [make(1), broken])
    assert [each.id for each in part.stored] == [make(1).id]
    assert "pattern" in part.refused[0].reason


def test_an_identifier_leads_nowhere_else(small_hub: Any) -> None:
    """What is none names an object that is not there."""
    north = small_hub.member("north")
    for name in ("../../..", "a/b", "?limit=1", "%2e%2e/"):
        with pytest.raises(InputError, match="not there"):
            delete(north, name)
