"""Whatever is sent to a broker, the answer names the sender's mistake, never ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from phalanx.release.broker.service import LARGEST_BODY_BYTES, create_app

ON_ONE_BROKER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def test_a_body_that_is_too_large(brokered: Any) -> None:
    """413, before anything looks at it."""
    body = b'{"grant":"' + b"a" * LARGEST_BODY_BYTES + b'"}'
    assert brokered.client.post("/v1/challenges", content=body).status_code == 413


@ON_ONE_BROKER
@given(body=st.binary(max_size=60) | JSON.map(lambda each: json.dumps(each).encode()))
def test_any_body(brokered: Any, body: bytes) -> None:
    """Anything that is no request is a mistake of the sender."""
    for page in ("/v1/challenges", "/v1/keys"):
        answer = brokered.client.post(page, content=body)
        assert 400 <= answer.status_code < 500


@ON_ONE_BROKER
@given(data=st.data())
def test_any_token(
    session: Callable[[], Any], ask: Callable[..., Any], data: st.DataObject
) -> None:
    """A token of any letters, or of any header and claims, is refused."""
    part = st.one_of(st.text(max_size=20), JSON.map(json.dumps))
    parts = data.draw(st.lists(part, min_size=1, max_size=4))
    text = data.draw(st.sampled_from(["", "."])).join(_base64(each) for each in parts)
    assert ask(session(), text).status_code in {400, 403, 422}


def _base64(text: str) -> str:
    import base64

    return base64.urlsafe_b64encode(text.encode(errors="replace")).decode().rstrip("=")


@pytest.mark.parametrize("raw", [bytes(1216), b"\xff" * 1216])
def test_keys_of_machines_that_are_none(
    raw: bytes, brokered: Any, session: Callable[[], Any], token: Any, deal: Any
) -> None:
    """A key outside of its group is refused, and a point that gives nothing away too."""
    from phalanx.release.attested import KeyRequest, nonce_of
    from phalanx.release.encoding import to_text
    from phalanx.release.envelopes.dsse import Envelope
    from phalanx.release.envelopes.statement import digest_of, payload_of
    from phalanx.release.grants.request import named

    mine = session()
    vouched = token(nonce_of(mine.challenge, raw))
    said = KeyRequest(
        recipient=named(deal.partner.identity), grant=mine.grant, challenge=mine.challenge.hex(),
        receiving=to_text(raw), token=digest_of(vouched.encode()), asked_at=deal.now,
    )  # fmt: skip
    request = Envelope(payload=payload_of(said, "grant", mine.grant)).signed(deal.partner.signing)
    body = {"request": json.loads(request.as_bytes()), "token": vouched}
    assert brokered.client.post("/v1/keys", json=body).status_code in {400, 403}


def test_the_api_as_it_describes_itself(brokered: Any) -> None:
    """No request that follows from the OpenAPI document makes an error of the broker."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(brokered.broker))
    operations = list(schema.get_all_operations())
    assert len(operations) == 4
    for found in operations:
        assert isinstance(found, Ok)

        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.ok().as_strategy())
        def asked(case: Any) -> None:
            case.call_and_validate(checks=[not_a_server_error])

        asked()
