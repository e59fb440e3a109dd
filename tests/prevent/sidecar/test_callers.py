"""Who may ask a sidecar."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from phalanx.errors import ConfigError, InputError, PhalanxError
from phalanx.prevent.sidecar.callers import (
    RunningCallers,
    add_caller,
    read_callers,
    remove_caller,
)
from phalanx.prevent.sidecar.settings import SidecarSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the callers stand."""
    return tmp_path / "callers.toml"


def test_a_token_is_worth_something_until_it_is_removed(path: Path) -> None:
    """And the file says only its hash, to its owner."""
    token = add_caller(path, "litellm", secrets.token_bytes)
    other = add_caller(path, "envoy", secrets.token_bytes)
    assert read_callers(path).of(f"Bearer {token}") == "litellm"
    assert token.split(".")[2] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    remove_caller(path, "litellm")
    assert read_callers(path).of(f"Bearer {token}") is None
    assert read_callers(path).of(f"Bearer {other}") == "envoy"
    with pytest.raises(InputError, match="is no caller"):
        remove_caller(path, "litellm")


def test_a_name_is_given_once(path: Path) -> None:
    """And is one that a file can say."""
    add_caller(path, "litellm", secrets.token_bytes)
    for name in ("litellm", "", "a b", 'a"b', "x" * 65, "a.b"):
        with pytest.raises(InputError):
            add_caller(path, name, secrets.token_bytes)


@pytest.mark.parametrize(
    "content",
    [
        "", "[callers", "[others]\na = 1", "[callers]\na = 1", '[callers]\na = "x"',
        '[callers]\n"a b" = "' + "0" * 16 + ":" + "0" * 64 + '"',
        f'[callers]\na = "{"0" * 16}:{"0" * 64}"\nb = "{"0" * 16}:{"1" * 64}"',
    ],
)  # fmt: skip
def test_files_that_are_no_callers(path: Path, content: str) -> None:
    """Are refused, and none of them lets anybody in."""
    path.write_text(content)
    with pytest.raises(ConfigError, match="no table of callers"):
        read_callers(path)


def test_a_broken_file_changes_nothing(path: Path) -> None:
    """It is told once, and a file that is whole again is taken."""
    token = add_caller(path, "litellm", secrets.token_bytes)
    told: list[PhalanxError] = []
    running = RunningCallers(path, told.append)
    whole = path.read_text()
    path.write_text("[call")
    running.reload()
    running.reload()
    assert (len(told), running.is_stale) == (1, True)
    assert running.callers.of(f"Bearer {token}") == "litellm"
    path.write_text(whole)
    remove_caller(path, "litellm")
    running.reload()
    assert not running.is_stale
    assert running.callers.of(f"Bearer {token}") is None


def test_another_machine_needs_tls_and_callers(path: Path) -> None:
    """Prompts and tokens do not cross a network in clear, and not everybody is answered."""
    with pytest.raises(ConfigError, match="in clear"):
        SidecarSettings(host="0.0.0.0")  # noqa: S104 - what is refused
    with pytest.raises(ConfigError, match="could ask"):
        SidecarSettings(host="192.0.2.1", behind_proxy=True)
    allowed = SidecarSettings(host="192.0.2.1", behind_proxy=True, callers=path)
    assert allowed.host == "192.0.2.1"
    with pytest.raises(ConfigError, match="no such file"):
        SidecarSettings(certificate=path)
