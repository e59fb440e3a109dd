"""The provider's side: a repository of roots as The Update Framework has it.

`source` holds what is to be published, `public` what is. Keys of the four roles lie elsewhere, for
their owner alone: whoever only serves the public folder cannot change what it says, and if he keeps
back a newer state, the timestamp runs out.

References:
    The Update Framework, version 1.0.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from phalanx.errors import InputError, reason_of
from phalanx.owned import read_or_make_secret, read_secret, written_whole
from phalanx.release.envelopes.statement import Moment
from phalanx.release.names import path_below
from phalanx.release.parties.identity import Identity
from phalanx.release.trust.roots import (
    PARTIES,
    REVOKED,
    Revocation,
    Revoked,
    identity_file,
    parse_revoked,
)

ROLES = ("root", "targets", "snapshot", "timestamp")
VALID_DAYS: Mapping[str, int] = MappingProxyType(
    {"root": 365, "targets": 90, "snapshot": 7, "timestamp": 1}
)
"""For which each role counts. That of the timestamp is how long a revocation can be kept back."""

MOST_TARGET_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository, and the keys of its roles."""

    folder: Path
    keys: Path

    def begin(self, now: datetime) -> bytes:
        """Make keys, an empty repository and its first root, and return that root.

        Raises:
            InputError: If there is a repository.
            ConfigError: If keys cannot be made.
        """
        if self.folder.exists():
            message = f"{self.folder}: is there already"
            raise InputError(message, next_step="Name a new folder.")
        for role in ROLES:
            read_or_make_secret(self.keys / f"{role}.key", "key of roots", 32)
        self.put(REVOKED, Revoked().as_bytes())
        self._write_root(1, now)
        self.publish(now)
        return (self._metadata / "1.root.json").read_bytes()

    def add_party(self, identity: Identity) -> str:
        """Add an identity to what is to be published, and return its name there."""
        name = f"{PARTIES}{identity.fingerprint}.json"
        self.put(name, identity_file(identity))
        return name

    def put(self, name: str, content: bytes) -> None:
        """Add a file to what is to be published.

        Raises:
            VerificationError: If the name is none.
            InputError: If it is too large, or cannot be written.
        """
        if len(content) > MOST_TARGET_BYTES:
            message = f"{name}: has more than {MOST_TARGET_BYTES:,} bytes"
            raise InputError(message, next_step="Publish a shorter one.")
        _write(path_below(self.folder / "source", name), content)

    def revoke(self, kind: str, digest: str, reason: str, now: Moment) -> None:
        """Revoke a key or a grant in what is to be published.

        Parameters:
            kind: `keys` or `grants`.
            digest: Fingerprint of an identity, or digest of a grant.
            reason: For people.
            now: In UTC, in whole seconds.

        Raises:
            ValidationError: If the digest or the reason is none.
            InputError: If there is no repository.
        """
        revoked = parse_revoked(_read(self.folder / "source" / REVOKED), REVOKED)
        before = getattr(revoked, kind)
        if any(each.digest == digest for each in before):
            return
        made = Revocation(digest=digest, at=now, reason=reason)
        self.put(REVOKED, revoked.model_copy(update={kind: (*before, made)}).as_bytes())

    def publish(self, now: datetime) -> int:
        """Sign what is to be published, and return the number of this publication.

        The timestamp is replaced last: until then readers see the state before.

        Raises:
            InputError: If there is no repository, or it cannot be written.
            ConfigError: If a key cannot be read.
        """
        root = self._newest_root()
        if root.expires - now < timedelta(days=VALID_DAYS["root"] // 2):
            self._write_root(root.version + 1, now)
        number = self._published() + 1
        targets = Targets(number, expires=_until("targets", now))
        for path in sorted((self.folder / "source").rglob("*")):
            if path.is_file():
                name = path.relative_to(self.folder / "source").as_posix()
                content = path.read_bytes()
                targets.targets[name] = TargetFile.from_data(name, content, ["sha256"])
                parent, _, last = name.rpartition("/")
                hashed = f"{hashlib.sha256(content).hexdigest()}.{last}"
                _write(self.folder / "public" / "targets" / parent / hashed, content)
        snapshot = Snapshot(number, expires=_until("snapshot", now))
        snapshot.meta["targets.json"] = MetaFile(number)
        timestamp = Timestamp(number, expires=_until("timestamp", now))
        timestamp.snapshot_meta = MetaFile(number)
        self._sign(f"{number}.targets.json", "targets", Metadata(targets))
        self._sign(f"{number}.snapshot.json", "snapshot", Metadata(snapshot))
        self._sign("timestamp.json", "timestamp", Metadata(timestamp))
        return number

    @property
    def _metadata(self) -> Path:
        return self.folder / "public" / "metadata"

    def _published(self) -> int:
        path = self._metadata / "timestamp.json"
        if not path.exists():
            return 0
        try:
            return Metadata[Timestamp].from_bytes(_read(path)).signed.version
        except DeserializationError as error:
            message = f"{path}: is damaged"
            raise InputError(message, next_step="Bring it back from a backup.") from error

    def _newest_root(self) -> Root:
        found = sorted(
            self._metadata.glob("*.root.json"), key=lambda path: int(path.name.partition(".")[0])
        )
        if not found:
            message = f"{self.folder}: is no repository of roots"
            raise InputError(message, next_step="Make one: phalanx release roots init")
        return Metadata[Root].from_bytes(_read(found[-1])).signed

    def _write_root(self, version: int, now: datetime) -> None:
        root = Root(version, expires=_until("root", now), consistent_snapshot=True)
        for role in ROLES:
            root.add_key(self._signer(role).public_key, role)
        self._sign(f"{version}.root.json", "root", Metadata(root))

    def _signer(self, role: str) -> CryptoSigner:
        secret = read_secret(self.keys / f"{role}.key", "key of roots", 32)
        return CryptoSigner(Ed25519PrivateKey.from_private_bytes(secret))

    def _sign(self, file: str, role: str, metadata: Metadata[Any]) -> None:
        metadata.sign(self._signer(role))
        _write(self._metadata / file, metadata.to_bytes())


def _until(role: str, now: datetime) -> datetime:
    return now + timedelta(days=VALID_DAYS[role])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the folder of the roots.") from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(path) as aside, aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Mend it, and try again.") from error
