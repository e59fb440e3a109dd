"""What members say back: acknowledged tombstones, opinions taken together, things taken back.

All but `delete` are endpoints of Phalanx's hub, which other servers do not have.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

import msgspec

from phalanx.share.client.answers import Count, Tombstone, read
from phalanx.share.client.server import Collection
from phalanx.share.wire import OpinionSummary

Action = Literal["removed", "kept", "not-held"]
"""What a receiver did about a tombstone."""


class _Opinions(msgspec.Struct, frozen=True):
    verdict: Literal["POSITIVE", "DISPUTED", "NEGATIVE", "NONE"]
    agreeing: Count
    disagreeing: Count
    is_quarantined: bool


def acknowledge(collection: Collection, number: int, action: Action, reason: str = "") -> None:
    """Tell the hub what was done about a tombstone, in place of what was said before.

    Parameters:
        collection: That has it.
        number: Of the tombstone.
        action: What was done.
        reason: The member's own; the hub keeps it.

    Raises:
        InputError: If there is no such tombstone, for this member.
        PhalanxError: As `TaxiiServer.ask`.
    """
    path = f"{collection.path}x-tombstones/{number}/x-acknowledgement/"
    collection.server.ask("PUT", path, _said(reason, action=action))


def tombstone(collection: Collection, number: int) -> Tombstone:
    """Return a tombstone; to the member whose object it was, with how many have heard of it.

    Raises:
        PhalanxError: As `acknowledge`.
    """
    path = f"{collection.path}x-tombstones/{number}/"
    return read(Tombstone, collection.server.ask("GET", path).body)


def opinions(collection: Collection, object_id: str) -> OpinionSummary:
    """Return what the opinions of members on an object come to.

    Raises:
        InputError: If there is no such object.
        PhalanxError: As `TaxiiServer.ask`.
    """
    path = f"{_path_of(collection, object_id)}x-opinions/"
    said = read(_Opinions, collection.server.ask("GET", path).body)
    return OpinionSummary(said.verdict, said.agreeing, said.disagreeing, said.is_quarantined)


def delete(collection: Collection, object_id: str) -> None:
    """Delete all versions of one's own object; they may be added again.

    Raises:
        InputError: If there is no such object.
        PolicyError: If it is another member's, or nothing may be deleted here.
        PhalanxError: As `TaxiiServer.ask`.
    """
    path = _path_of(collection, object_id)
    collection.server.ask("DELETE", path, parameters={"match[version]": "all"})


def remove(collection: Collection, object_id: str, reason: str = "") -> None:
    """Erase one's own object for good: the hub never takes it again.

    Raises:
        PhalanxError: As `delete`.
    """
    path = f"{_path_of(collection, object_id)}x-removal/"
    collection.server.ask("POST", path, _said(reason))


def _path_of(collection: Collection, object_id: str) -> str:
    # What is no identifier must not lead elsewhere on the server.
    return f"{collection.path}objects/{quote(object_id, safe='')}/"


def _said(reason: str, **more: str) -> bytes:
    return msgspec.json.encode(more | ({"reason": reason} if reason else {}))
