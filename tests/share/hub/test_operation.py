"""What those who keep the hub running see: health, counts, logs, the OpenAPI document."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import structlog
from fastapi.testclient import TestClient

Make = Callable[..., dict[str, Any]]


def test_health_and_readiness_need_no_proof(alliance: Any) -> None:
    """With and without the last slash."""
    for path, said in (("/healthz", "ok"), ("/healthz/", "ok"), ("/readyz", "ready")):
        answer = alliance.client.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, said)


def test_without_its_database_the_hub_is_not_ready(small_alliance: Any) -> None:
    """503 says when to ask again, and no more."""
    client = small_alliance.client
    with sqlite3.connect(small_alliance.folder / "a.hub") as connection:
        connection.execute("ALTER TABLE hub_root RENAME TO elsewhere")
    connection.close()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "hub_root" not in answer.text
    assert client.get("/healthz").status_code == 200


def test_counts_are_of_the_hub_as_a_whole(small_alliance: Any, indicator: Make) -> None:
    """How much one member shares would tell others about its traffic."""
    said = indicator(1), indicator(2), {"id": "x"}
    assert small_alliance.post("north", small_alliance.open, *said).json()["success_count"] == 2
    small_alliance.get("south", small_alliance.open + "objects/")
    assert small_alliance.client.get("/metrics").status_code == 403
    here = TestClient(small_alliance.client.app, client=("127.0.0.1", 1))
    text = here.get("/metrics").text
    endpoint = "/{root}/collections/{collection}/objects/"
    assert f'answers_total{{endpoint="{endpoint}",method="POST",status="202"}} 1.0' in text
    for what, count in (("stored", 2), ("refused", 1), ("served", 2)):
        assert f'phalanx_hub_objects_total{{what="{what}"}} {count}.0' in text
    assert not any(name in text for name in ("north", "south", "alliance", "aaaaaaaa"))
    proxied = TestClient(small_alliance.start(behind_proxy=True).app, client=("127.0.0.1", 1))
    assert proxied.get("/metrics").status_code == 403
    assert small_alliance.start(open_metrics=True).get("/metrics").status_code == 200


def test_requests_are_written_down_without_what_they_hold(
    small_alliance: Any, indicator: Make
) -> None:
    """Who, what, how long; neither proofs nor objects nor filters."""
    with structlog.testing.capture_logs() as logs:
        small_alliance.start()
        small_alliance.post("north", small_alliance.open, indicator(1))
        small_alliance.get("north", small_alliance.open + "objects/", match_id=indicator(1)["id"])
    assert [(each["method"], each["status"], each["member"]) for each in logs] == [
        ("POST", 202, "north"),
        ("GET", 200, "north"),
    ]
    assert all(len(each["request"]) == 32 for each in logs)
    assert indicator(1)["id"] not in json.dumps(logs)
    assert small_alliance.keys["north"] not in json.dumps(logs)


def test_the_openapi_document_names_every_endpoint(small_alliance: Any) -> None:
    """And how members prove themselves; it needs no proof."""
    said = small_alliance.client.get("/openapi.json").json()
    assert {"basic", "bearer", "key", "certificate"} == set(said["components"]["securitySchemes"])
    collection = "/{root}/collections/{collection}/"
    for path in (
        "/taxii2/",
        "/{root}/",
        "/{root}/status/{status}/",
        "/{root}/collections/",
        collection,
        collection + "objects/",
        collection + "manifest/",
        collection + "objects/{object_id}/",
        collection + "objects/{object_id}/versions/",
        collection + "x-tombstones/",
    ):
        assert path in said["paths"], path
    assert set(said["paths"][collection + "objects/"]) == {"get", "post"}
    assert set(said["paths"][collection + "objects/{object_id}/"]) == {"get", "delete"}
