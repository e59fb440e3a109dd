"""Files of group keys: whole, private, in order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError, InputError
from phalanx.sketches.templates import add_group_key, drop_group_keys, read_group_keys

DAY, NEXT = date(2026, 1, 1), date(2026, 7, 1)


def _secret(size: int) -> bytes:
    return bytes(range(size))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with two keys."""
    path = tmp_path / "keys"
    add_group_key(path, DAY, _secret)
    add_group_key(path, NEXT, bytes)
    return path


def test_a_key_that_has_not_begun_is_told_with_its_day(path: Path) -> None:
    """Making another one would be no help: what helps is to wait, or to do without."""
    with pytest.raises(ConfigError, match=r"of epoch 1, begins on 2026-01-01") as refused:
        read_group_keys(path).current(date(2025, 12, 31))
    assert "group_keys" in refused.value.next_step
    assert "new-key" not in refused.value.next_step


def test_keys_are_added_and_dropped(path: Path) -> None:
    """Epochs count on, and the oldest go first."""
    keys = read_group_keys(path)
    assert [(key.epoch, key.begins) for key in keys.keys] == [(1, DAY), (2, NEXT)]
    assert keys.keys[0].secret == bytes(range(32))
    assert keys.current(date(2026, 3, 1)).epoch == 1
    assert drop_group_keys(path, before=2) == (1,)
    assert [key.epoch for key in read_group_keys(path).keys] == [2]
    assert add_group_key(path, date(2027, 1, 1), bytes).epoch == 3


def test_the_file_is_for_its_owner(path: Path) -> None:
    """It is made so, and is not read otherwise."""
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="read by others"):
        read_group_keys(path)


def test_a_key_shows_nowhere(path: Path) -> None:
    """Not when an object is printed, and not in the fingerprint."""
    key = read_group_keys(path).keys[0]
    assert key.secret.hex()[:8] not in repr(key) + key.fingerprint
    assert "\\x01" not in repr(key)


LINE = f"1 2026-01-01 {'a' * 64}\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# none\n",
        LINE + LINE,
        LINE[:-3],
        f"1 2026-02-31 {'a' * 64}",
        "x" * 70_000,
        f"{LINE}2 2025-01-01 {'b' * 64}",
        f"9999999999 2026-01-01 {'a' * 64}",
    ],
)
def test_what_is_no_key_file_is_refused_without_being_shown(content: str, tmp_path: Path) -> None:
    """A mistake is named with its line, and no line is repeated: it may be a key."""
    path = tmp_path / "keys"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match="not a group key file") as raised:
        read_group_keys(path)
    assert "aaa" not in raised.value.diagnostics()


def test_a_day_before_the_last_begins_nothing(path: Path) -> None:
    """Rotation goes forward."""
    with pytest.raises(InputError, match="epoch 2 begins"):
        add_group_key(path, NEXT, bytes)
    with pytest.raises(InputError, match="no key of epoch 9"):
        drop_group_keys(path, before=9)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(path: Path, content: bytes) -> None:
    """Whatever stands in the file."""
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_group_keys(path)
