"""A hub as its operator sees it: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from phalanx.printable import printable, printable_json
from phalanx.share.hub.overview import CollectionView, MemberView, RightsView


def overview_text(collections: Sequence[CollectionView], members: Sequence[MemberView]) -> str:
    """Return collections and members for reading."""
    lines = [f"{each.path}  {each.title}" for each in collections]
    lines += [line for member in members for line in ("", *_member(member))]
    return "".join(f"{printable(line)}\n" for line in lines)


def overview_json(collections: Sequence[CollectionView], members: Sequence[MemberView]) -> str:
    """Return the same for programs."""
    said = {
        "collections": [asdict(each) for each in collections],
        "members": [asdict(each) for each in members],
    }
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False)) + "\n"


def _member(member: MemberView) -> Iterator[str]:
    yield member.name if member.is_active else f"{member.name} (suspended)"
    for each in member.rights:
        yield f"  {each.collection}  {', '.join(_words(each)) or 'knows of it'}"
    for key in member.keys:
        state = "revoked" if key.is_revoked else "in use"
        yield f"  key {key.key_id}  {state}, since {key.added_at[:10]}"
    if member.has_password:
        yield "  a password"
    if member.certificates:
        yield f"  certificates: {member.certificates}"


def _words(rights: RightsView) -> Iterator[str]:
    named = {"read": rights.can_read, "write": rights.can_write, "delete": rights.can_delete}
    return (word for word, is_given in named.items() if is_given)
