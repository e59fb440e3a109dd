"""Where a shared state lies."""

from __future__ import annotations

import pytest

from phalanx.errors import ConfigError
from phalanx.prevent.state.shared import SharedPlace, is_shared, shared_place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://cache", SharedPlace("redis://cache", 1 << 20, 1 << 16)),
        ("rediss://u@cache:6380/2", SharedPlace("rediss://u@cache:6380/2", 1 << 20, 1 << 16)),
        ("unix:///redis.sock?db=3&groups=16", SharedPlace("unix:///redis.sock?db=3", 1 << 20, 16)),
        (
            "rediss://c?accounts=100&ssl_ca_certs=/etc/ca%20one.pem",
            SharedPlace("rediss://c?ssl_ca_certs=/etc/ca%20one.pem", 100, 1 << 16),
        ),
    ],
)  # fmt: skip
def test_a_url_says_where_and_how_much(text: str, expected: SharedPlace) -> None:
    """What is the client's is passed on, what is ours is not."""
    assert shared_place(text) == expected


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """Every user of a machine can read the arguments of its commands."""
    with pytest.raises(ConfigError) as error:
        shared_place("redis://user:hunter2@cache:6379/0")
    assert "hunter2" not in error.value.diagnostics()
    assert "REDISCLI_AUTH" in error.value.diagnostics()


@pytest.mark.parametrize(
    "text",
    [
        "", "state.arrow", "http://cache", "redis://", "redis:///0", "unix://", "redis://c:port",
        "redis://c?accounts=15", "redis://c?accounts=-1", "redis://c?accounts=9999999999",
        "redis://c?accounts=", "redis://c?socket_timeout=9", "redis://c?password=x", "redis://[",
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    """Nothing is guessed, and no setting of the client is open that bounds rest on."""
    with pytest.raises(ConfigError):
        shared_place(text)


@pytest.mark.parametrize("text", ["state.arrow", "./redis", "redis:", "C://x", ""])
def test_a_file_is_no_server(text: str) -> None:
    """A snapshot is named as before."""
    assert not is_shared(text)
