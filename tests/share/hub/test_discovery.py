"""What the hub says of itself and of its collections, as the specification has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TAXII = "application/taxii+json;version=2.1"

Make = Callable[..., dict[str, Any]]


def test_discovery_lists_the_roots_that_a_member_sees(alliance: Any) -> None:
    """A root is shown to those with rights in it."""
    for path in ("/taxii2/", "/taxii2", "/taxii/"):
        answer = alliance.get("north", path)
        assert answer.headers["content-type"] == TAXII
        assert answer.json()["api_roots"] == ["/alliance/"]
        assert answer.json()["default"] == "/alliance/"


def test_an_api_root_says_what_it_speaks(alliance: Any) -> None:
    """Title, versions and the largest body."""
    said = alliance.get("north", "/alliance/").json()
    assert said["versions"] == [TAXII]
    assert said["max_content_length"] == 10_485_760
    assert alliance.get("north", "/elsewhere/").status_code == 404


def test_collections_say_what_a_member_may_do(alliance: Any) -> None:
    """Each member sees its own rights, and not collections that it has no part in."""
    found = alliance.get("south", "/alliance/collections/").json()["collections"]
    assert [(each["title"], each["can_read"], each["can_write"]) for each in found] == [
        ("Open", True, True),
        ("Shut", False, False),
    ]
    one = alliance.get("south", alliance.open).json()
    assert one == found[0]
    assert alliance.get("south", "/alliance/collections/common/").json() == one
    assert alliance.get("south", alliance.own).status_code == 404


def test_what_a_client_does_not_take_is_not_sent(alliance: Any) -> None:
    """406 for other media types, and no 406 for a client that takes anything."""
    for accept, status in (
        ("application/taxii+json", 200),
        ("*/*", 200),
        ("text/html, application/taxii+json;version=2.1", 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/json", 406),
        ("*/*;q=0", 406),
    ):
        answer = alliance.ask("north", "GET", "/taxii2/", headers={"Accept": accept})
        assert answer.status_code == status, accept


def test_rights_are_kept(alliance: Any, indicator: Make) -> None:
    """401 without a proof, 403 without the right, 404 for what a member does not know of."""
    for path in (alliance.open + "objects/", "/alliance/collections/", "/nowhere/", "/taxii2/"):
        nobody = alliance.client.get(path, headers={"Accept": TAXII})
        assert nobody.status_code == 401
        assert "www-authenticate" in nobody.headers
        assert nobody.headers["content-type"] == TAXII
        assert nobody.json()["http_status"] == "401"
    for endpoint in ("objects/", "manifest/", f"objects/{indicator(1)['id']}/"):
        assert alliance.get("north", alliance.shut + endpoint).status_code == 403
        assert alliance.get("south", alliance.own + endpoint).status_code == 404
    assert alliance.post("north", alliance.shut, indicator(1)).status_code == 403
    assert alliance.post("south", alliance.own, indicator(1)).status_code == 404


def test_other_methods_and_paths_are_errors_of_taxii(alliance: Any) -> None:
    """405 and 404 are written as every other error."""
    for method, path, status in (
        ("PATCH", "/alliance/collections/", 405),
        ("GET", "/alliance/nothing/here/", 404),
        ("GET", "/", 404),
    ):
        answer = alliance.ask("north", method, path)
        assert answer.status_code == status
        assert answer.json()["http_status"] == str(status)
