"""Keys of a party: made, kept to its owner, and known to others by one fingerprint."""

from __future__ import annotations

import json
import random
import resource
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import ConfigError, InputError, VerificationError
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import new_keys, read_keys, write_keys
from phalanx.release.sealing.wrapping import unwrap, wrap


def test_keys_come_back(tmp_path: Path) -> None:
    """What was written is read, by its owner alone, and opens what was wrapped to its identity."""
    keys = new_keys("Lab", random.Random(1).randbytes)
    write_keys(keys, tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    assert read_keys(tmp_path / "keys") == keys
    identity = Identity.from_json(json.loads(json.dumps(keys.identity.as_json())))
    assert identity.fingerprint == keys.identity.fingerprint
    wrapped = wrap(bytes(32), identity.wrapping_key, purpose="release", bound_to=b"it")
    assert unwrap(wrapped, keys.receiving, purpose="release", bound_to=b"it") == bytes(32)
    assert "seed" not in repr(keys)


def test_who_reads_keys_leaves_no_core(tmp_path: Path) -> None:
    """A crash does not write keys and weights into a file; the process can say otherwise after."""
    write_keys(new_keys("Lab", random.Random(1).randbytes), tmp_path / "keys")
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    read_keys(tmp_path / "keys")
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, before[1])
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_no_key_file_is_replaced(tmp_path: Path) -> None:
    """A second set of keys does not take the place of the first."""
    keys = new_keys("Lab", random.Random(1).randbytes)
    write_keys(keys, tmp_path / "keys")
    with pytest.raises(InputError, match="cannot be written"):
        write_keys(new_keys("Lab", random.Random(2).randbytes), tmp_path / "keys")
    assert read_keys(tmp_path / "keys") == keys


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """Keys that others may read are no secret any more."""
    write_keys(new_keys("Lab", random.Random(1).randbytes), tmp_path / "keys")
    (tmp_path / "keys").chmod(0o640)
    with pytest.raises(ConfigError, match="can be read by others"):
        read_keys(tmp_path / "keys")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"kind": "phalanx-release-keys/2"}', b"[1]", b"\xff"]
)
def test_what_is_no_key_file(content: bytes, tmp_path: Path) -> None:
    """Anything else ends in words."""
    (tmp_path / "keys").write_bytes(content)
    (tmp_path / "keys").chmod(0o600)
    with pytest.raises(ConfigError, match="holds no keys"):
        read_keys(tmp_path / "keys")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "a\nb"), ("name", 3), ("name", "x" * 101), ("kind", "other"),
        ("signing", "AAAA"), ("signing", None), ("manifests", "no PEM"), ("manifests", 1),
        ("receiving", "AAAA"), ("lattice_signing", "AAAA"), ("more", "x"),
    ],
)  # fmt: skip
def test_what_is_no_identity(field: str, value: Any) -> None:
    """An identity with anything that does not belong there is refused."""
    said = new_keys("Lab", random.Random(1).randbytes).identity.as_json()
    with pytest.raises(VerificationError):
        Identity.from_json({**said, field: value})


def test_a_name_is_part_of_the_fingerprint() -> None:
    """The same keys under another name are another party."""
    keys = new_keys("Lab", random.Random(1).randbytes)
    other = new_keys("Labs", random.Random(1).randbytes)
    assert keys.identity.key_id == other.identity.key_id
    assert keys.identity.fingerprint != other.identity.fingerprint
