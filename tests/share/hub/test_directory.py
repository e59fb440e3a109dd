"""API roots and collections that cannot be made, and what is said of those that are."""

from __future__ import annotations

from typing import Any

import pytest

from phalanx.errors import InputError
from phalanx.share.hub import (
    Collection,
    Root,
    add_collection,
    add_root,
    describe_hub,
    open_database,
)
from phalanx.share.hub.directory import RESERVED, About

NEW = "dddddddd-1111-4111-8111-111111111111"


def test_roots_that_cannot_be(small_alliance: Any) -> None:
    """Taken, reserved, or no word of a path."""
    database = open_database(small_alliance.place)
    with database.write() as connection:
        for name in ("alliance", "", "A", "a/b", "-a", "a" * 64, "x.json", *sorted(RESERVED)):
            with pytest.raises(InputError, match="no API root"):
                add_root(connection, Root(name, "x"))
    database.close()


def test_collections_that_cannot_be(small_alliance: Any) -> None:
    """No UUID, an alias that is none or taken, a root that is not there."""
    taken = small_alliance.open.split("/")[3]
    database = open_database(small_alliance.place)
    with database.write() as connection:
        for root, name, alias in (
            ("alliance", "x", None),
            ("alliance", NEW.upper(), None),
            ("alliance", taken, None),
            ("alliance", NEW, "common"),
            ("alliance", NEW, "A b"),
            ("alliance", NEW, taken),
            ("nowhere", NEW, None),
        ):
            with pytest.raises(InputError):
                add_collection(connection, Collection(0, root, name, "x", alias=alias))
    database.close()


def test_what_the_hub_says_of_itself(small_alliance: Any) -> None:
    """The last that was said; a default that the member does not see is left out."""
    database = open_database(small_alliance.place)
    with database.write() as connection:
        describe_hub(connection, About("Before"))
        about = About("After", "What it is for", "hub@example.org", "/elsewhere/")
        describe_hub(connection, about)
    database.close()
    assert small_alliance.get("north", "/taxii2/").json() == {
        "title": "After",
        "description": "What it is for",
        "contact": "hub@example.org",
        "api_roots": ["/alliance/"],
    }
