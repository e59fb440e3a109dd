"""The endpoint over HTTP: what it says, what it refuses, and what it keeps to itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import schemathesis
import structlog
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from phalanx.errors import ConfigError
from phalanx.watermark.endpoint.detector import KeysDetector
from phalanx.watermark.endpoint.limits import Rate
from phalanx.watermark.endpoint.server import create_app
from phalanx.watermark.endpoint.settings import EndpointSettings
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.schemes.registry import open_scheme

if TYPE_CHECKING:
    from tests.watermark.endpoint.conftest import Endpoint

Make = Callable[..., Any]
MANY = Rate(1e6, 1e9)


def _words(text: str) -> list[int]:
    return [sum(map(ord, word)) for word in text.split()]


def test_it_says_one_of_three_things_and_no_more(
    endpoint: Make, marked: list[int], written: Callable[..., list[int]]
) -> None:
    """No score, no key, no place in the text; no page is kept by others."""
    house: Endpoint = endpoint()
    for text, answer in (
        (marked, "marked"),
        (written(400, 2), "not seen"),
        (marked[:90], "too short to tell"),
    ):
        response = house.http.post("/v1/check", json={"tokens": text})
        assert response.json() == {"answer": answer}
        assert response.headers["cache-control"] == "no-store"
        assert set(response.headers) == {"content-length", "content-type", "cache-control"}


def test_text_is_taken_where_there_is_a_tokenizer(endpoint: Make) -> None:
    """And said to be missing where there is none."""
    said = {"text": "a word " * 300}
    assert endpoint(_words).http.post("/v1/check", json=said).json()["answer"]
    refused = endpoint().http.post("/v1/check", json=said)
    assert (refused.status_code, refused.json()["description"]) == (
        400,
        "this endpoint takes tokens only",
    )


def test_a_text_of_too_many_tokens_is_not_answered_in_part(endpoint: Make) -> None:
    """What was not read is not called "not seen": it is refused."""
    house: Endpoint = endpoint(_words)
    assert house.http.post("/v1/check", json={"text": "a " * 8192}).status_code == 200
    refused = house.http.post("/v1/check", json={"text": "a " * 8193})
    assert (refused.status_code, refused.json()["description"]) == (
        400,
        "the text has more than 8,192 tokens",
    )


def test_texts_appear_nowhere(
    endpoint: Make, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in logs, errors or metrics; nor do addresses."""
    caplog.set_level(logging.DEBUG)
    house: Endpoint = endpoint(_words, open_metrics=True)
    secret = "xyzzyplugh"
    with structlog.testing.capture_logs() as logged:
        answers = [
            house.http.post("/v1/check", json={"text": f"{secret} " * 300}),
            house.http.post("/v1/check", json={"text": secret, "tokens": [1]}),
            house.http.post("/v1/check", json={secret: secret}),
            house.http.post("/v1/check", json={"tokens": [secret]}),
            house.http.post("/v1/check", content=secret),
        ]
        page = house.http.get("/metrics").text
    assert [each.status_code for each in answers] == [200, 422, 422, 422, 422]
    captured = capsys.readouterr()
    said = "".join([str(logged), page, captured.out, captured.err, caplog.text])
    said += "".join(each.text for each in answers)
    assert secret not in said
    assert "192.0.2" not in said
    assert {each["event"] for each in logged} == {"answered", "refused"}
    assert 'phalanx_check_answers_total{answer="too short to tell"} 1.0' in page
    assert 'phalanx_check_refused_total{status="422"} 4.0' in page


def test_sizes_are_bounded(endpoint: Make) -> None:
    """Of bodies, texts, tokens and their number."""
    house: Endpoint = endpoint(_words, client=MANY, everybody=MANY)
    for body, status in (
        ({"tokens": [1] * 8192}, 200),
        ({"tokens": [1] * 8193}, 422),
        ({"tokens": []}, 422),
        ({"tokens": [-1]}, 422),
        ({"tokens": [2**31]}, 422),
        ({"tokens": [1.5]}, 422),
        ({"tokens": [True]}, 422),
        ({"text": "a" * 50_000}, 200),
        ({"text": "a" * 50_001}, 422),
        ({"text": ""}, 422),
        ({}, 422),
        ({"text": "a" * 300_000}, 413),
    ):
        assert house.http.post("/v1/check", json=body).status_code == status, str(body)[:50]


def test_limits_are_answered_with_when_to_come_back(endpoint: Make) -> None:
    """Alike for every text."""
    house: Endpoint = endpoint(client=Rate(2, 24))
    statuses = [house.http.post("/v1/check", json={"tokens": [at]}) for at in range(3)]
    assert [each.status_code for each in statuses] == [200, 200, 429]
    assert 3590 <= int(statuses[2].headers["retry-after"]) <= 3600


def test_an_attacker_with_many_questions_gets_few_answers(
    endpoint: Make, marked: list[int]
) -> None:
    """Over HTTP as in the policy: four variants are answered, the rest is silence."""
    house: Endpoint = endpoint(client=MANY, everybody=MANY)
    answers = [house.ask([*marked[:at], 60_000, *marked[at + 1 :]]) for at in range(100, 160)]
    assert answers == ["marked"] * 4 + ["too short to tell"] * 56


def test_health_and_metrics(endpoint: Make) -> None:
    """Metrics are for this machine, unless told otherwise."""
    house: Endpoint = endpoint()
    assert house.http.get("/healthz").json() == {"status": "ok"}
    assert house.http.get("/readyz").json() == {"status": "ready"}
    assert house.http.get("/metrics").status_code == 404
    assert "phalanx_check_tables_filled" in endpoint(open_metrics=True).http.get("/metrics").text


def test_no_text_crosses_a_network_in_clear(tmp_path: Path) -> None:
    """A loopback address is the default; any other needs TLS."""
    assert EndpointSettings(folder=tmp_path).host == "127.0.0.1"
    with pytest.raises(ConfigError, match="in clear"):
        EndpointSettings(folder=tmp_path, host="0.0.0.0")  # noqa: S104 - refused
    behind = EndpointSettings(folder=tmp_path, host="0.0.0.0", proxy="10.0.0.1")  # noqa: S104 - TLS
    assert behind.proxy == "10.0.0.1"


@pytest.mark.parametrize("proxy", ["*", "0.0.0.0/0", "::/0", "", "proxy", "10.0.0.1,*"])
def test_a_proxy_is_not_everybody(tmp_path: Path, proxy: str) -> None:
    """Who says what a client is called could have as many limits as it likes."""
    with pytest.raises(ConfigError, match="proxy is named by"):
        EndpointSettings(folder=tmp_path, proxy=proxy)


def test_deep_and_broken_json_is_refused(endpoint: Make) -> None:
    """Nesting without end, numbers without end, halves of characters."""
    house: Endpoint = endpoint(_words, client=MANY, everybody=MANY)
    headers = {"Content-Type": "application/json"}
    for content in (
        b"[" * 200_000,
        b'{"tokens":' * 20_000,
        b'{"tokens":[' + b"9" * 100_000 + b"]}",
        b'{"text":"\\ud800"}',
        b'{"tokens":[1e999]}',
        b'{"text":"a","text":"b","tokens":[1]}',
    ):
        response = house.http.post("/v1/check", content=content, headers=headers)
        assert response.status_code in {400, 422}, content[:20]


def test_anything_is_answered_or_refused(endpoint: Make) -> None:
    """Never with 500."""
    house = endpoint(_words, client=MANY, everybody=MANY)
    values = (
        st.none()
        | st.text(st.characters(codec=None), max_size=20)
        | st.lists(st.integers(), max_size=5)
        | st.floats()
    )
    objects = st.dictionaries(st.sampled_from(["text", "tokens", "x"]), values)

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=200) | objects.map(lambda said: json.dumps(said).encode()))
    def every_body(content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        response = house.http.post("/v1/check", content=content, headers=headers)
        assert response.status_code in {200, 400, 422}

    every_body()


def test_the_description_of_the_interface_is_kept(endpoint: Make) -> None:
    """Requests made from it, right and wrong ones, get no server error."""
    house = endpoint(_words, client=MANY, everybody=MANY, open_metrics=True)
    schema = schemathesis.openapi.from_asgi("/openapi.json", house.http.app)
    operations = [cast("Any", each).ok().as_strategy() for each in schema.get_all_operations()]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(*operations))
    def every_case(case: Any) -> None:
        case.call_and_validate(checks=[not_a_server_error])

    every_case()


def test_a_token_that_no_model_has_is_refused(tmp_path: Path) -> None:
    """With status 400, before anything is used up, and without a word of the scheme."""
    scheme = open_scheme("sbw-selfhash-v1")
    settings = EndpointSettings(folder=tmp_path / "memory", cells=1 << 20, answers=1 << 10)
    keys = SecretKeys([Secret(b"\1" * scheme.setting.key_bytes)])
    app = create_app(settings, [KeysDetector(scheme, keys)])
    with TestClient(app, "http://localhost") as http:
        answer = http.post("/v1/check", json={"tokens": [*range(300), 1 << 30]})
        assert answer.status_code == 400
        assert "vocabulary" in answer.text
        assert "sbw" not in answer.text
    assert app.state.parts.memory.filled() == 0.0
    app.state.parts.memory.close()
