"""A hub is filled from the data file of the reference server, or not at all."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from phalanx.errors import InputError
from phalanx.share.hub import create_app, open_database, seed
from phalanx.share.hub.settings import HubSettings
from phalanx.share.hub.tables import MEMBERS
from phalanx.store import Place

NAME = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
MALWARE = {
    "type": "malware",
    "id": "malware--c0931cc6-c75e-47e5-9036-78fabc95d4ec",
    "created": "2017-01-27T13:49:53.997Z",
    "modified": "2017-01-27T13:49:53.997Z",
    "name": "a",
}
DOCUMENT: dict[str, Any] = {
    "/discovery": {
        "title": "Some hub",
        "default": "http://localhost:5000/first/",
        "api_roots": ["http://localhost:5000/first/", "http://localhost:5000/second/"],
    },
    "first": {
        "information": {"title": "First", "versions": [], "max_content_length": 9},
        "status": [{"id": "2d086da7-4bdc-4f91-900e-d77486753710", "status": "pending"}],
        "collections": [
            {
                "id": NAME,
                "title": "High",
                "can_read": True,
                "can_write": False,
                "manifest": [
                    {
                        "id": MALWARE["id"],
                        "date_added": "2017-01-27T13:49:59.997000Z",
                        "version": MALWARE["modified"],
                    }
                ],
                "objects": [MALWARE],
            }
        ],
    },
    "second": {"information": {"title": "Second"}},
}


def _seed(place: Place, document: Any, users: dict[str, str]) -> None:
    from datetime import UTC, datetime

    database = open_database(place)
    chance = random.Random(1)
    try:
        now = datetime(2026, 3, 1, tzinfo=UTC)
        seed(database, document, users, now=now, random=chance.randbytes)
    finally:
        database.close()


def test_a_document_becomes_a_hub(place: Place, tmp_path: Any) -> None:
    """With its roots, rights, objects as old as its manifest says, and passwords."""
    _seed(place, DOCUMENT, {"admin": "Password0"})
    app = create_app(HubSettings(place, tmp_path / "k"))
    with TestClient(app, headers={"Accept": "application/taxii+json"}) as client:
        client.auth = ("admin", "Password0")
        said = client.get("/taxii2/").json()
        assert said["api_roots"] == DOCUMENT["/discovery"]["api_roots"]
        assert said["default"] == said["api_roots"][0]
        assert client.get("/second/collections/").json() == {}
        path = f"/first/collections/{NAME}/"
        assert client.get(path).json()["can_write"] is False
        answer = client.get(path + "objects/")
        assert answer.json()["objects"] == [MALWARE]
        assert answer.headers["x-taxii-date-added-last"] == "2017-01-27T13:49:59.997000Z"
        status = client.get("/first/status/2d086da7-4bdc-4f91-900e-d77486753710/")
        assert status.json()["status"] == "pending"
        client.auth = ("admin", "wrong")
        assert client.get("/taxii2/").status_code == 401


def test_a_broken_document_leaves_nothing(place: Place) -> None:
    """Whatever is wrong in it, all of it is refused."""
    broken: list[Any] = [copy.deepcopy(DOCUMENT) for _ in range(5)]
    del broken[0]["first"]["information"]
    broken[1]["first"]["collections"][0]["objects"].append({"id": "x"})
    broken[2]["second"] = []
    broken[3]["first"]["collections"][0]["manifest"][0]["date_added"] = "yesterday"
    broken[4]["first"]["collections"][0]["id"] = "x"
    for document in broken:
        with pytest.raises(InputError):
            _seed(place, document, {"admin": "x"})
    with pytest.raises(InputError, match="no member"):
        _seed(place, DOCUMENT, {})
    database = open_database(place)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(MEMBERS)).scalar_one() == 0
    database.close()
