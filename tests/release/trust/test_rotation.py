"""Keys of roots are replaced by a chain of roots; fewer thieves than the threshold say nothing."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, Root, Snapshot, Timestamp

from phalanx.errors import ConfigError, InputError, PolicyError, VerificationError
from phalanx.release.trust.repository import Repository
from phalanx.release.trust.role_keys import RoleKeys, public_text, signer_of
from phalanx.release.trust.rotation import Change, described, next_root, parse_root
from phalanx.release.trust.trusting import fresh_roots, pin

NOW = datetime.now(tz=UTC).replace(microsecond=0)


@pytest.fixture
def provider(tmp_path: Path, deal: Any) -> Repository:
    """Return a repository that lists the lab, whose first root a partner pinned."""
    made = Repository(folder=tmp_path / "roots", keys=tmp_path / "keys")
    root = made.begin(NOW)
    made.add_party(deal.lab.identity)
    made.publish(NOW)
    pin(root, str(tmp_path / "roots" / "public"), tmp_path / "trust")
    fresh_roots(tmp_path / "trust")
    return made


@pytest.fixture
def holders(provider: Repository, tmp_path: Path) -> list[Path]:
    """Return the keys of three holders, of whom two have to sign a root from now on."""
    paths = [tmp_path / name for name in ("ada", "grace", "edsger")]
    keys = tuple(public_text(signer_of(path).public_key) for path in paths)
    assert provider.rotate(Change(role="root", holders=keys, threshold=2), NOW) == (0, 2)
    for path in paths[:2]:
        _sign(provider.waiting, path)
    provider.publish(NOW)
    return paths


def _sign(path: Path, key: Path) -> None:
    root = parse_root(path.read_bytes())
    root.sign(signer_of(key), append=True)
    path.write_bytes(root.to_bytes())


def _metadata(provider: Repository) -> Path:
    return provider.folder / "public" / "metadata"


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_a_key_is_replaced(role: str, provider: Repository, tmp_path: Path) -> None:
    """Whoever pinned the first root follows, and believes the old key no longer."""
    old = provider.root().roles[role].keyids
    assert provider.rotate(Change(role=role), NOW) == (0, 0)
    assert provider.root().version == 1
    provider.publish(NOW)
    assert (provider.root().version, provider.root().roles[role].keyids == old) == (2, False)
    assert len(fresh_roots(tmp_path / "trust").parties) == 1
    (tmp_path / "keys" / f"{role}.key").unlink()
    provider.publish(NOW)
    fresh_roots(tmp_path / "trust")


def test_a_threshold_of_holders(provider: Repository, holders: list[Path], tmp_path: Path) -> None:
    """Two of three sign the next root, none of whose keys lies with the repository."""
    fresh_roots(tmp_path / "trust")
    (tmp_path / "keys" / "root.key").unlink()
    assert provider.rotate(Change(role="timestamp"), NOW) == (2, 2)
    for signed, lacks in ((holders[2], (1, 1)), (holders[2], (1, 1)), (holders[0], (0, 0))):
        before = provider.root().version
        provider.publish(NOW)
        fresh_roots(tmp_path / "trust")
        assert provider.root().version == before == 2
        _sign(provider.waiting, signed)
        assert provider.lacking() == lacks
    provider.publish(NOW)
    fresh_roots(tmp_path / "trust")
    assert provider.root().version == 3
    assert not provider.waiting.exists()
    assert "root: 2 of" in described(provider.root())[1]


def test_one_thief_of_two_says_nothing(
    provider: Repository, holders: list[Path], tmp_path: Path
) -> None:
    """A root that one of two has signed is not followed, and cannot be pinned either."""
    fresh_roots(tmp_path / "trust")
    thief = Repository(folder=tmp_path / "stolen", keys=tmp_path / "thief")
    shutil.copytree(provider.folder, thief.folder)
    present = (_metadata(thief) / "2.root.json").read_bytes()
    for role in ("targets", "snapshot", "timestamp"):
        shutil.copy(tmp_path / "keys" / f"{role}.key", _made(thief.keys) / f"{role}.key")
    shutil.copy(holders[0], thief.keys / "root.key")
    own = RoleKeys(thief.keys).make("root")
    forged = next_root(
        present, RoleKeys(thief.keys), Change(role="root", holders=(public_text(own),)), NOW
    )
    (_metadata(provider) / "3.root.json").write_bytes(forged.to_bytes())
    with pytest.raises(VerificationError, match="not as the issuer signed"):
        fresh_roots(tmp_path / "trust")
    with pytest.raises(VerificationError, match="no root"):
        pin(
            next_root(present, RoleKeys(thief.keys), Change(), NOW).to_bytes(),
            str(provider.folder / "public"),
            tmp_path / "other",
        )


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def test_a_thief_who_ran_ahead(provider: Repository, tmp_path: Path) -> None:
    """Whoever stole the daily keys can number so high that nothing follows, until they are new."""
    old = RoleKeys(provider.keys)
    root = provider.root()
    ahead = 1 << 30
    path = _metadata(provider) / "2.snapshot.json"
    snapshot = Metadata[Snapshot].from_bytes(path.read_bytes())
    snapshot.signed.version = ahead
    snapshot.sign(old.signers("snapshot", root)[0])
    (_metadata(provider) / f"{ahead}.snapshot.json").write_bytes(snapshot.to_bytes())
    path = _metadata(provider) / "timestamp.json"
    kept = path.read_bytes()
    timestamp = Metadata[Timestamp].from_bytes(kept)
    timestamp.signed.version = timestamp.signed.snapshot_meta.version = ahead
    timestamp.sign(old.signers("timestamp", root)[0])
    path.write_bytes(timestamp.to_bytes())
    fresh_roots(tmp_path / "trust")
    path.write_bytes(kept)
    with pytest.raises(VerificationError, match="older than those that were seen"):
        fresh_roots(tmp_path / "trust")
    for role in ("timestamp", "snapshot"):
        provider.rotate(Change(role=role), NOW)
        provider.publish(NOW)
    assert len(fresh_roots(tmp_path / "trust").parties) == 1


def test_a_long_chain(provider: Repository, tmp_path: Path) -> None:
    """Who was away for twelve roots goes from one to the next, and none may be left out."""
    for _ in range(12):
        provider.rotate(Change(role="timestamp"), NOW)
        provider.publish(NOW)
    kept = _metadata(provider) / "7.root.json"
    kept.rename(tmp_path / "kept")
    with pytest.raises(VerificationError):
        fresh_roots(tmp_path / "trust")
    (tmp_path / "kept").rename(kept)
    fresh_roots(tmp_path / "trust")


def test_an_older_root_does_not_come_back(provider: Repository, tmp_path: Path) -> None:
    """Where the newer root is kept back, what it was followed by is believed and nothing else."""
    shutil.copytree(provider.folder / "public", tmp_path / "old")
    provider.rotate(Change(role="timestamp"), NOW)
    provider.publish(NOW)
    fresh_roots(tmp_path / "trust")
    shutil.rmtree(provider.folder / "public")
    (tmp_path / "old").rename(provider.folder / "public")
    with pytest.raises(VerificationError):
        fresh_roots(tmp_path / "trust")


def test_states_that_are_mixed(provider: Repository, tmp_path: Path) -> None:
    """Files of one publication do not stand beside those of another, validly signed as they are."""
    provider.revoke("grants", "ab" * 32, "contract ended", NOW)
    provider.publish(NOW)
    for name in ("snapshot", "targets"):
        path = _metadata(provider) / f"3.{name}.json"
        kept = path.read_bytes()
        path.write_bytes((_metadata(provider) / f"2.{name}.json").read_bytes())
        with pytest.raises(VerificationError):
            fresh_roots(tmp_path / "trust")
        path.write_bytes(kept)
    assert fresh_roots(tmp_path / "trust").revoked.grants


def test_a_root_whose_keys_are_away(provider: Repository, tmp_path: Path) -> None:
    """Each day is published without them; when the root itself has run out, nothing is."""
    (tmp_path / "keys" / "root.key").rename(tmp_path / "safe")
    later = NOW + timedelta(days=300)
    provider.publish(later)
    assert provider.root().version == 1
    with pytest.raises(PolicyError, match="root 1 expired"):
        provider.publish(NOW + timedelta(days=366))
    assert provider.rotate(Change(), later) == (1, 1)
    _sign(provider.waiting, tmp_path / "safe")
    provider.publish(later)
    assert provider.root().expires == later + timedelta(days=365)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (Change(role="timestamp", threshold=2), "signed by one key"),
        (Change(role="targets", holders=("d7" * 32,)), "signed by one key"),
        (Change(role="root", holders=("d7" * 32,) * 2), "stands twice"),
        (Change(role="root", holders=("d7" * 32, "D7" * 32), threshold=2), "stands twice"),
        (Change(role="root", holders=("d7" * 32, "d7 " * 32), threshold=2), "stands twice"),
        (Change(role="root", holders=("d7" * 32,), threshold=2), "2 of 1 keys"),
        (Change(role="root", threshold=0), "0 of 1 keys"),
        (Change(role="root", holders=("d7",)), "no key of a role"),
    ],
)
def test_what_is_no_change(change: Change, match: str, provider: Repository) -> None:
    """A root that nobody could sign, or that one could sign twice, is not made."""
    with pytest.raises(ConfigError, match=match):
        provider.rotate(change, NOW)
    assert not provider.waiting.exists()


def test_one_root_at_a_time(provider: Repository) -> None:
    """Two roots with one number would split those who follow; a strange one is not published."""
    provider.rotate(Change(role="targets"), NOW)
    with pytest.raises(InputError, match="another root waits"):
        provider.rotate(Change(role="timestamp"), NOW)
    waiting = parse_root(provider.waiting.read_bytes())
    waiting.signed.version = 7
    provider.waiting.write_bytes(waiting.to_bytes())
    with pytest.raises(VerificationError, match="does not follow root 1"):
        provider.publish(NOW)
    for wrong in (b"{}", (_metadata(provider) / "timestamp.json").read_bytes(), b"\xff"):
        provider.waiting.write_bytes(wrong)
        with pytest.raises(VerificationError, match="no root"):
            provider.publish(NOW)


def test_a_publication_that_was_killed(provider: Repository, tmp_path: Path) -> None:
    """Killed between root and timestamp, or just after both, the next run finishes the work."""
    timestamp = _metadata(provider) / "timestamp.json"
    for number, is_early in ((2, True), (3, False)):
        provider.rotate(Change(role="timestamp"), NOW)
        waiting, before = provider.waiting.read_bytes(), timestamp.read_bytes()
        provider.publish(NOW)
        provider.waiting.write_bytes(waiting)
        if is_early:
            timestamp.write_bytes(before)
            with pytest.raises(VerificationError):
                fresh_roots(tmp_path / "trust")
        provider.publish(NOW)
        assert provider.root().version == number
        assert not provider.waiting.exists()
        fresh_roots(tmp_path / "trust")


def test_a_root_that_was_changed_while_it_waited(provider: Repository, tmp_path: Path) -> None:
    """Signatures of holders are of what they read: another threshold in it needs them again."""
    provider.rotate(Change(role="timestamp"), NOW)
    said = json.loads(provider.waiting.read_bytes())
    said["signed"]["expires"] = "2990-01-01T00:00:00Z"
    provider.waiting.write_text(json.dumps(said))
    assert provider.lacking() == (1, 1)
    provider.publish(NOW)
    assert provider.root().version == 1
    assert isinstance(provider.root(), Root)
    fresh_roots(tmp_path / "trust")
