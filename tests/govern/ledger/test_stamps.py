"""Time stamps of an authority."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.govern.ledger.authority import make_authority, serving

from phalanx.errors import ConfigError, InputError, ServiceError, VerificationError
from phalanx.govern.ledger.stamps import read_roots, stamp_of, verify_stamp

CONTENT = b"lab.example/ledger\n7\nAAAA\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes]]:
    """URL of a running authority, and its root."""
    folder = tmp_path_factory.mktemp("authority") / "here"
    root = make_authority(folder)
    with serving(folder) as url:
        yield url, root


@pytest.fixture(scope="module")
def stamp(authority: tuple[str, bytes]) -> tuple[bytes, bytes]:
    """A stamp of the content, and the root of who made it."""
    url, root = authority
    return stamp_of(CONTENT, url, read_roots(root, "root")), root


def test_an_authority_says_when_it_saw_a_content(stamp: tuple[bytes, bytes]) -> None:
    """Its answer is verified without asking it again."""
    made, root = stamp
    moment = verify_stamp(made, CONTENT, read_roots(root, "root"), "it")
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_stamp_is_of_one_content_and_one_authority(
    stamp: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """Another content, another root, another nonce: none of them holds."""
    made, root = stamp
    roots = read_roots(root, "root")
    with pytest.raises(VerificationError, match="no valid time stamp"):
        verify_stamp(made, CONTENT + b"x", roots, "it")
    with pytest.raises(VerificationError, match="no valid time stamp"):
        verify_stamp(made, CONTENT, roots, "it", nonce=1)
    other = read_roots(make_authority(tmp_path / "other"), "root")
    with pytest.raises(VerificationError, match="no valid time stamp"):
        verify_stamp(made, CONTENT, other, "it")


@given(st.data())
def test_no_other_bytes_are_a_stamp(stamp: tuple[bytes, bytes], data: st.DataObject) -> None:
    """Changed anywhere it is refused, or says the same moment of the same content."""
    made, root = stamp
    roots = read_roots(root, "root")
    at = data.draw(st.integers(0, len(made) - 1))
    changed = made[:at] + bytes([made[at] ^ data.draw(st.integers(1, 255))]) + made[at + 1 :]
    try:
        moment = verify_stamp(changed, CONTENT, roots, "it")
    except VerificationError:
        return
    assert moment == verify_stamp(made, CONTENT, roots, "it")


@given(st.binary(max_size=200))
def test_hostile_bytes_are_refused(content: bytes) -> None:
    """Whatever an authority answers."""
    with pytest.raises(VerificationError, match="no valid time stamp"):
        verify_stamp(content, CONTENT, (), "it")


def test_an_authority_that_is_not_there_is_told(authority: tuple[str, bytes]) -> None:
    """A URL that is none, and a port where nobody listens."""
    roots = read_roots(authority[1], "root")
    with pytest.raises(ConfigError, match="no URL"):
        stamp_of(CONTENT, "ftp://stamps.example", roots)
    with pytest.raises(ServiceError, match="cannot be reached"):
        stamp_of(CONTENT, "http://127.0.0.1:1/", roots)
    with pytest.raises(InputError, match="no certificate"):
        read_roots(b"none", "root")
