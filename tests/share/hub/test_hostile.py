"""Whatever is sent, the answer is an error that names the sender's mistake, never ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from phalanx.share.hub.filters import Asked, Filters, next_page
from phalanx.share.hub.signing import load_or_create_key, signed

Make = Callable[..., dict[str, Any]]

ON_ONE_HUB = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def _post(alliance: Any, body: bytes) -> Any:
    return alliance.ask("north", "POST", alliance.open + "objects/", content=body)


@pytest.fixture
def hub(alliance: Any) -> Any:
    """Return a hub that does not count requests."""
    alliance.start(requests_per_second=1e9, burst_requests=1e9)
    return alliance


def test_a_body_that_is_too_large(hub: Any, indicator: Make) -> None:
    """413 for more than the API root says, however it is sent."""
    body = json.dumps({"objects": [indicator(1, name="x" * 10_485_760)]}).encode()
    parts = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    for content in (body, parts):
        assert _post(hub, content).status_code == 413  # type: ignore[arg-type]
    assert _post(hub, body * 5).status_code == 413


def test_the_largest_object_is_taken_and_served(hub: Any, indicator: Make) -> None:
    """Ten megabytes are no error of the hub, and stand on a page of their own."""
    large = indicator(1, name="x" * 10_400_000)
    body = json.dumps({"objects": [large]}).encode()
    assert _post(hub, body).json()["success_count"] == 1
    hub.post("north", hub.open, indicator(2))
    page = hub.get("south", hub.open + "objects/").json()
    assert (page["objects"], page["more"]) == ([large, indicator(2)], False)
    hub.post("north", hub.open, indicator(3, name="x" * 9_000_000))
    page = hub.get("south", hub.open + "objects/").json()
    assert (len(page["objects"]), page["more"]) == (2, True)
    rest = hub.get("south", hub.open + "objects/", next=page["next"]).json()
    assert len(rest["objects"]) == 1


def test_deep_nesting(hub: Any, indicator: Make) -> None:
    """Is refused with its object, or with the request where nothing can be read."""
    for depth in (33, 1_000, 1_000_000):
        item = json.dumps(indicator(1))[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
        answer = _post(hub, b'{"objects":[' + item.encode() + b"]}")
        assert answer.status_code == 422 or answer.json()["failure_count"] == 1
        assert _post(hub, b"[" * depth).status_code == 422


def test_objects_that_are_none(hub: Any, indicator: Make) -> None:
    """Each is refused with a reason, and those beside it are stored."""
    head = '"type":"x-a","id":"x-a--00000000-0000-4000-8000-000000000001"'
    broken = [
        *('{"id":"x"}', "1", "null", "[]", '{"id":1,"type":"x-a"}'),
        "{" + head + ',"type":"x-b"}',
        "{" + head.replace("x-a", "x-b", 1) + "}",
        *("{" + head + ',"modified":' + each + "}" for each in ("1", "null", '"2026"', "{}")),
        "{" + head + ',"modified":"9999-12-31T23:59:59-23:59"}',
        *("{" + head + ',"n":' + each + "}" for each in ("1e999", "1" + "0" * 5_000, "NaN")),
        *("{" + head + ',"revoked":' + each + "}" for each in ("1", "null", '"yes"')),
        *("{" + head + ',"spec_version":' + each + "}" for each in ("2.1", "null", '"9"')),
    ]
    for number, written in enumerate(broken):
        beside = json.dumps(indicator(number))
        answer = _post(hub, f'{{"objects":[{written},{beside}]}}'.encode())
        if answer.status_code == 422 and written.endswith("NaN}"):
            continue
        assert answer.status_code == 202, written
        said = answer.json()
        assert (said["success_count"], said["failure_count"]) == (1, 1), written
        assert said["failures"][0]["message"]


@ON_ONE_HUB
@given(st.lists(JSON, min_size=1, max_size=3) | st.dictionaries(st.text(), JSON))
def test_any_json_is_answered(small_alliance: Any, said: Any) -> None:
    """202 with failures, or 422."""
    answer = _post(small_alliance, json.dumps({"objects": said}).encode())
    assert answer.status_code in {202, 422, 429}


@ON_ONE_HUB
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(small_alliance: Any, body: bytes) -> None:
    """422, since chance writes no envelope."""
    assert _post(small_alliance, body).status_code in {422, 429}


def test_cursors_that_are_none(hub: Any) -> None:
    """400 for every length, for one that is cut, and for one that is signed with another key."""
    key = load_or_create_key(hub.folder / "hub.key")
    right = next_page(key, Asked(Filters(), 10, (0, 0), "1 objects/"), (5, 5))
    stranger = signed(bytes(32), "next", {"what": "1 objects/"})
    broken = [letter * length for length in (1, 32, 43, 44, 5_000, 24_001) for letter in "A_"]
    broken += [right[:length] for length in (1, 42, 43, len(right) - 1)]
    for token in (*broken, right + "A", right.lower(), stranger, "é!", "\0"):
        answer = hub.get("south", hub.open + "objects/", next=token)
        assert answer.status_code == 400, token
        assert answer.json()["http_status"] == "400"


def test_parameters_that_are_none(hub: Any) -> None:
    """400, as an error of TAXII."""
    for query in (
        "match[id]=x",
        "match[id]=%00",
        "match[id]=" + "x" * 13_000,
        "match[type]=a%00b",
        "match[type]=" + ",".join(f"type-{n}" for n in range(33)),
        "match[version]=yesterday",
        "match[version]=9999-12-31T23:59:59-23:59",
        "match[version]=0001-01-01T00:00:00%2B23:59",
        "match[spec_version]=%F0%9F%98%80",
        "added_after=2026",
        "added_after=2026-13-01T00:00:00Z",
        "added_after=" + quote("\uff12\uff10\uff12\uff16-01-01T00:00:00Z"),
        "limit=1&limit=2",
        "match[type]=indicator&match[type]=malware",
        "next=&limit=-1",
    ):
        for endpoint in ("objects/", "manifest/"):
            answer = hub.get("south", f"{hub.open}{endpoint}?{query}")
            assert answer.status_code == 400, query
            assert answer.json()["http_status"] == "400"


def test_many_identifiers_are_no_error(hub: Any, indicator: Make) -> None:
    """As many as fit into the filters."""
    hub.post("north", hub.open, indicator(1))
    many = ",".join(indicator(number)["id"] for number in range(240))
    found = hub.get("south", hub.open + "objects/", match_id=many).json()
    assert found["objects"] == [indicator(1)]


def test_what_the_openapi_document_allows_is_never_our_error(small_alliance: Any) -> None:
    """Schemathesis asks every endpoint whatever its parameters and bodies may be."""
    small_alliance.start(requests_per_second=1e9, burst_requests=1e9)
    app = small_alliance.client.app
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    known = {"root": "alliance", "collection": "common"}
    headers = {"Authorization": f"Bearer {small_alliance.keys['north']}"}
    operations = list(schema.get_all_operations())
    assert len(operations) > 15
    for found in operations:
        assert isinstance(found, Ok)

        @settings(
            max_examples=10,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.ok().as_strategy())
        def asked(case: Any) -> None:
            for name in known.keys() & case.path_parameters.keys():
                case.path_parameters[name] = known[name]
            case.headers.pop("Authorization", None)
            case.call_and_validate(headers=headers, checks=[not_a_server_error])

        asked()
