"""Whatever is sent to the key server, it answers or refuses; it never fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from phalanx.share.blinding.encoding import to_text

if TYPE_CHECKING:
    from tests.share.blinding.conftest import House


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=50),
            lambda inner: (
                st.lists(inner, max_size=5)
                | st.dictionaries(st.sampled_from(["epoch", "elements", "x"]), inner)
            ),
        ).map(lambda value: json.dumps(value).encode()),
        st.lists(st.binary(min_size=32, max_size=32).map(to_text), max_size=5).map(
            lambda elements: json.dumps({"epoch": 1, "elements": elements}).encode()
        ),
    )
)
def test_anything_is_answered_or_refused(house: House, content: bytes) -> None:
    """Never with 500."""
    headers = {"Authorization": f"Bearer {house.api_key}", "Content-Type": "application/json"}
    response = house.http.post("/v1/evaluate", content=content, headers=headers)
    assert response.status_code == 200 or 400 <= response.status_code < 500


def test_the_description_of_the_interface_is_kept(house: House) -> None:
    """Requests made from it, right and wrong ones, get no server error."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", house.tapped)
    operations = [cast("Any", each).ok().as_strategy() for each in schema.get_all_operations()]

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(*operations))
    def every_case(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {house.api_key}"}
        case.call_and_validate(checks=[not_a_server_error])

    every_case()
