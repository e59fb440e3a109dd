"""The reference server of OASIS, which has none of the hub's own endpoints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phalanx.errors import InputError, PolicyError
from phalanx.share.client import (
    Access,
    Cursor,
    acknowledge,
    connected,
    delete,
    fetch,
    manifest,
    opinions,
    pull,
    push,
)
from phalanx.share.wire import Document

Make = Callable[..., Document]


def test_reading_and_adding(medallion: tuple[str, Access], make: Make) -> None:
    """In pages of its size and envelopes of the length that it takes; then only what is new."""
    url, access = medallion
    with connected(url, access) as server:
        theirs = server.collection()
        assert theirs.info().title == "Theirs"
        documents = [make(number) for number in range(130)]
        parts = list(push(theirs, documents))
        assert len(parts) > 1
        assert [each.id for part in parts for each in part.stored] == [d.id for d in documents]
        read = list(pull(theirs))
        assert len(read) == 7
        found = {each.id: each.fields for part in read for each in part.documents}
        assert found == {each.id: each.fields for each in documents}
        assert list(pull(theirs, read[-1].cursor)) == []
        assert sum(part.stored != () for part in push(theirs, [make(1, 1)])) == 1
        (part,) = pull(theirs, read[-1].cursor)
        assert [each.fields for each in part.documents] == [make(1, 1).fields]
        assert len(list(manifest(theirs))) == 130
        assert len(fetch(theirs, [each.id for each in documents]).documents) == 130


def test_what_only_the_hub_has(medallion: tuple[str, Access], make: Make) -> None:
    """Deleting works; opinions and acknowledgements are told not to be there."""
    url, access = medallion
    with connected(url, access) as server:
        theirs = server.collection()
        (part,) = push(theirs, [make(1)])
        assert part.stored
        for ask in (
            lambda: opinions(theirs, make(1).id),
            lambda: acknowledge(theirs, 1, "removed"),
        ):
            with pytest.raises(InputError, match="not there"):
                ask()
        delete(theirs, make(1).id)
        assert list(pull(theirs, Cursor())) == []


def test_a_wrong_password(medallion: tuple[str, Access]) -> None:
    """Its answer is no TAXII, and is understood nonetheless."""
    url, access = medallion
    with (
        connected(url, Access(key=access.key, user="nobody")) as server,
        pytest.raises(PolicyError, match="401"),
    ):
        list(pull(server.collection()))
