"""Clients that others wrote, over a real connection: in clear on this machine, and with TLS."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from taxii2client.common import TokenAuth
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

from phalanx.share.hub import add_certificate, open_database

Make = Callable[..., dict[str, Any]]
TAXII = "application/taxii+json;version=2.1"


@pytest.fixture
def served(small_alliance: Any) -> str:
    """Return the address of a hub that runs."""
    return f"http://127.0.0.1:{small_alliance.run().port}"


def test_the_client_of_oasis(small_alliance: Any, served: str, indicator: Make) -> None:
    """Discovery, collections, adding, pages, filters, versions, deletion."""
    key = small_alliance.keys["north"]
    server = Server(served + "/taxii2/", user="north", password=key)
    assert server.title == "Phalanx hub"
    root = ApiRoot(served + server._raw["api_roots"][0], user="north", password=key)
    assert root.max_content_length == 10_485_760
    collection = next(each for each in root.collections if each.title == "Open")
    objects = [indicator(number) for number in range(5)]
    status = collection.add_objects({"objects": objects}, wait_for_completion=True)
    assert (status.status, status.success_count) == ("complete", 5)
    again = root.get_status(status.id)
    assert again.success_count == 5
    pages = list(as_pages(collection.get_objects, per_request=2))
    assert [each for page in pages for each in page["objects"]] == objects
    assert [len(page["objects"]) for page in pages] == [2, 2, 1]
    manifest = collection.get_manifest(type="indicator", limit=3)
    assert (len(manifest["objects"]), manifest["more"]) == (3, True)
    rest = collection.get_manifest(added_after=manifest["objects"][-1]["date_added"])
    assert [each["id"] for each in rest["objects"]] == [each["id"] for each in objects[3:]]
    collection.add_objects({"objects": [indicator(0, 7)]})
    assert len(collection.object_versions(objects[0]["id"])["versions"]) == 2
    assert collection.get_object(objects[0]["id"])["objects"] == [indicator(0, 7)]
    collection.delete_object(objects[1]["id"])
    with pytest.raises(requests.HTTPError, match="404"):
        collection.get_object(objects[1]["id"])


def test_the_client_of_oasis_with_a_token(small_alliance: Any, served: str) -> None:
    """An API key goes as its `Token`."""
    path = small_alliance.open
    collection = Collection(served + path, auth=TokenAuth(key=small_alliance.keys["south"]))
    assert collection.can_write


def test_clients_that_send_next_and_nothing_else(
    small_alliance: Any, served: str, indicator: Make
) -> None:
    """As platforms do that drop `added_after` from the second page on."""
    small_alliance.post("north", small_alliance.open, *(indicator(n) for n in range(5)))
    records = small_alliance.get("north", small_alliance.open + "manifest/").json()["objects"]
    headers = {"Accept": TAXII, "X-API-Key": small_alliance.keys["south"]}
    url = served + small_alliance.open + "objects/"
    asked = {"limit": "2", "added_after": records[0]["date_added"], "match[type]": "indicator"}
    page = requests.get(url, params=asked, headers=headers, timeout=9).json()
    rest = requests.get(url, params={"next": page["next"]}, headers=headers, timeout=9).json()
    names = [each["id"] for each in page["objects"] + rest["objects"]]
    assert names == [each["id"] for each in records[1:]]


def test_broken_requests_are_told_so(small_alliance: Any, served: str) -> None:
    """What is no HTTP, and heads that are too large, are errors of who sent them."""
    port = int(served.rpartition(":")[2])
    path = f"{small_alliance.open}objects/?next=".encode()
    for sent in (
        b"\x16\x03\x01\x00\xa5\r\n\r\n",
        b"GET " + path + b"A" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /x-token/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=9) as connection:
            connection.sendall(sent)
            assert connection.recv(99).startswith(b"HTTP/1.1 4")
    assert requests.get(served + "/healthz", timeout=9).status_code == 200


def test_who_sends_or_reads_slowly_keeps_nobody_waiting(
    small_alliance: Any, indicator: Make
) -> None:
    """A body has its time, and an answer that nobody fetches holds no connection to the data."""
    running = small_alliance.run(body_seconds=0.5)
    key = small_alliance.keys["north"]
    small_alliance.post("north", small_alliance.open, indicator(1, name="x" * 9_000_000))
    head = (
        f"{{}} {small_alliance.open}objects/ HTTP/1.1\r\nHost: x\r\nAccept: {TAXII}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: {TAXII}\r\n{{}}\r\n"
    )
    slow = [socket.create_connection(("127.0.0.1", running.port), timeout=9) for _ in range(24)]
    for connection in slow[:20]:
        connection.sendall(head.format("GET", "").encode())
    for connection in slow[20:]:
        connection.sendall(head.format("POST", "Content-Length: 99\r\n").encode() + b"{")
    url = f"http://127.0.0.1:{running.port}{small_alliance.open}manifest/"
    headers = {"Accept": TAXII, "Authorization": f"Bearer {key}"}
    assert len(requests.get(url, headers=headers, timeout=30).json()["objects"]) == 1
    for connection in slow[20:]:
        assert connection.recv(99).startswith(b"HTTP/1.1 408")
    for connection in slow:
        connection.close()


def test_mutual_tls(small_alliance: Any, issued: Any, tmp_path: Path) -> None:
    """A certificate alone proves a member; one that nobody issued does not connect."""
    authority, signer = issued("authority", None)
    files = {name: issued(name, (authority, signer))[0] for name in ("hub", "north", "other")}
    database = open_database(small_alliance.place)
    fingerprint = hashlib.sha256(files["north"].public_bytes(serialization.Encoding.DER))
    with database.write() as connection:
        add_certificate(connection, "north", fingerprint.hexdigest(), small_alliance.clock())
    database.close()
    running = small_alliance.run(
        certificate=str(tmp_path / "hub.pem"),
        certificate_key=str(tmp_path / "hub.key.pem"),
        client_authority=str(tmp_path / "authority.pem"),
        client_certificates="accepted",
    )
    url = f"https://127.0.0.1:{running.port}{small_alliance.open}"

    def status(name: str, **headers: str) -> int:
        shown = (str(tmp_path / f"{name}.pem"), str(tmp_path / f"{name}.key.pem"))
        answer = requests.get(
            url,
            headers={"Accept": TAXII, **headers},
            cert=shown if name else None,
            verify=str(tmp_path / "authority.pem"),
            timeout=9,
        )
        return answer.status_code

    assert status("north") == 200
    assert status("other") == 401
    assert status("") == 401
    south = {"Authorization": f"Bearer {small_alliance.keys['south']}"}
    assert status("", **south) == 200
    assert status("north", **south) == 401
    issued("stranger", None)
    with pytest.raises(requests.ConnectionError):
        status("stranger")
