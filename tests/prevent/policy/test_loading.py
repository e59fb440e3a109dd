"""Policies from files, and while the gateway runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.errors import ConfigError, InputError, PhalanxError
from phalanx.prevent.policy.loading import MOST_BYTES, RunningPolicy, read_policy

POLICY = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "shadow"
on_failure = "open"
appeals = "mailto:appeals@example.com"

[[rules]]
name = "fast"
reason = "PHX-G005"
action = "slow"
delay_seconds = 2
when.requests_per_minute = { above = 60 }
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a policy that is whole."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return path


def test_a_policy_is_named_by_the_digest_of_its_file(path: Path) -> None:
    """Two decisions under one digest were made by the same words."""
    first = read_policy(path)
    path.write_text(POLICY + "# a remark\n")
    assert first.digest != read_policy(path).digest
    assert first.document == read_policy(path).document


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"rules = [", "no TOML"),
        (b"\xff", "no TOML"),
        (b'schema = "phalanx.gateway-policy/1"', "Field required"),
        (POLICY.replace("slow", "slo").encode(), "rules.0.action"),
        (b"#" * (MOST_BYTES + 1), "more than"),
        (b"a = " + b"[" * 100_000, "no TOML"),
    ],
)
def test_a_broken_file_is_refused_with_place_and_reason(
    path: Path, content: bytes, said: str
) -> None:
    """Whoever wrote it learns where."""
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_policy(path)


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    """It is told by its path."""
    with pytest.raises(InputError, match=r"none\.toml"):
        read_policy(tmp_path / "none.toml")


def test_a_running_policy_is_replaced_when_its_file_changes(path: Path) -> None:
    """Decisions under way keep the one that they began with."""
    alarms: list[PhalanxError] = []
    running = RunningPolicy(path, alarms.append)
    before = running.policy
    assert not running.reload()
    path.write_text(POLICY.replace("shadow", "enforce"))
    assert running.reload()
    assert running.policy.document.stage == "enforce"
    assert before.document.stage == "shadow"
    assert alarms == []


def test_a_file_that_breaks_while_running_leaves_the_old_policy_and_alarms_once(
    path: Path,
) -> None:
    """One alarm for one mistake; after it is mended, the next mistake is told again."""
    alarms: list[PhalanxError] = []
    running = RunningPolicy(path, alarms.append)
    before = running.policy
    for _ in range(3):
        path.write_text(POLICY.replace("slow", "slo"))
        assert not running.reload()
    assert running.policy is before
    assert running.is_stale
    assert len(alarms) == 1
    path.write_text(POLICY)
    assert not running.reload()
    assert not running.is_stale
    path.unlink()
    assert not running.reload()
    assert len(alarms) == 2
    assert running.policy is before


def test_a_gateway_does_not_start_under_a_broken_policy(path: Path) -> None:
    """There is no old one to keep."""
    path.write_text("nonsense")
    with pytest.raises(ConfigError):
        RunningPolicy(path, lambda _: None)
