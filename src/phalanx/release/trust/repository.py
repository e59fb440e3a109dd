"""The provider's side: a repository of roots as The Update Framework has it.

`source` holds what is to be published, `public` what is. Keys of the four roles lie elsewhere, for
their owner alone: whoever only serves the public folder cannot change what it says, and if he keeps
back a newer state, the timestamp runs out.

References:
    The Update Framework, version 1.0.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

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

from phalanx.errors import ConfigError, InputError, PolicyError, VerificationError
from phalanx.release.envelopes.statement import Moment
from phalanx.release.names import path_below
from phalanx.release.parties.identity import Identity
from phalanx.release.trust.files import alone_in, read_file, write_file
from phalanx.release.trust.role_keys import RoleKeys
from phalanx.release.trust.roots import (
    PARTIES,
    REVOKED,
    Revocation,
    Revoked,
    identity_file,
    parse_revoked,
)
from phalanx.release.trust.rotation import (
    VALID_DAYS,
    Change,
    first_root,
    lacking,
    next_root,
    parse_root,
)

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
        root = first_root(self._role_keys, now).to_bytes()
        self.put(REVOKED, Revoked().as_bytes())
        write_file(self._metadata / "1.root.json", root)
        self.publish(now)
        return root

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
        write_file(path_below(self.folder / "source", name), content)

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
        with alone_in(self.folder):
            revoked = parse_revoked(read_file(self.folder / "source" / REVOKED), REVOKED)
            before = getattr(revoked, kind)
            if any(each.digest == digest for each in before):
                return
            made = Revocation(digest=digest, at=now, reason=reason)
            self.put(REVOKED, revoked.model_copy(update={kind: (*before, made)}).as_bytes())

    def publish(self, now: datetime) -> int:
        """Sign what is to be published, and return the number of this publication.

        The timestamp is replaced last: until then readers see the state before. A root that waits,
        and that enough have signed, takes its place with it; one that grows old is renewed, if the
        keys for that are at hand.

        Raises:
            InputError: If there is no repository, or it cannot be written.
            ConfigError: If a key is not at hand, or cannot be read.
            PolicyError: If the root has expired.
            VerificationError: If a root that waits is none.
        """
        # Two publications under one number would keep a revocation from whoever saw the other one.
        with alone_in(self.folder):
            return self._publish(now)

    def _publish(self, now: datetime) -> int:
        renewed = self._next_root(now)
        root = self.root() if renewed is None else renewed.signed
        if now >= root.expires:
            message = f"root {root.version} expired at {root.expires.isoformat()}"
            raise PolicyError(message, next_step="Renew it: phalanx release roots rotate")
        number = self._published() + 1
        targets = Targets(number, expires=_until("targets", now))
        for path in sorted((self.folder / "source").rglob("*")):
            if path.is_file():
                name = path.relative_to(self.folder / "source").as_posix()
                content = path.read_bytes()
                targets.targets[name] = TargetFile.from_data(name, content, ["sha256"])
                parent, _, last = name.rpartition("/")
                hashed = f"{hashlib.sha256(content).hexdigest()}.{last}"
                write_file(self.folder / "public" / "targets" / parent / hashed, content)
        snapshot = Snapshot(number, expires=_until("snapshot", now))
        snapshot.meta["targets.json"] = MetaFile(number)
        timestamp = Timestamp(number, expires=_until("timestamp", now))
        timestamp.snapshot_meta = MetaFile(number)
        self._sign(f"{number}.targets.json", "targets", Metadata(targets), root)
        self._sign(f"{number}.snapshot.json", "snapshot", Metadata(snapshot), root)
        if renewed is not None:
            # With it the timestamp before may count no more: what is next follows at once.
            write_file(self._metadata / f"{root.version}.root.json", renewed.to_bytes())
            self.waiting.unlink(missing_ok=True)
        self._sign("timestamp.json", "timestamp", Metadata(timestamp), root)
        return number

    def rotate(self, change: Change, now: datetime) -> tuple[int, int]:
        """Make the next root, which waits for signatures, and counts when it is published.

        Parameters:
            change: What it says otherwise.
            now: In UTC, in whole seconds.

        Returns:
            How many signatures it lacks, of keys of the root before and of its own.

        Raises:
            InputError: If there is no repository, or another root waits.
            ConfigError: If the change is none, or a key cannot be read or made.
        """
        with alone_in(self.folder):
            self._forget_published()
            if self.waiting.exists():
                message = f"{self.waiting}: another root waits for signatures"
                raise InputError(message, next_step="Publish it, or remove it.")
            before = read_file(self._newest_root())
            made = next_root(before, self._role_keys, change, now)
            write_file(self.waiting, made.to_bytes())
        return lacking(parse_root(before).signed, made)

    @property
    def waiting(self) -> Path:
        """The next root, while it waits for signatures and for its publication."""
        return self.folder / "waiting.root.json"

    def lacking(self) -> tuple[int, int]:
        """Return how many signatures the root that waits lacks; none if none waits.

        Raises:
            InputError: If there is no repository.
            VerificationError: If what waits does not follow the present root.
        """
        if not self.waiting.exists():
            return 0, 0
        old, made = self.root(), parse_root(read_file(self.waiting))
        if made.signed.version != old.version + 1:
            message = f"{self.waiting}: does not follow root {old.version}"
            raise VerificationError(message, next_step="Remove it, and make another one.")
        return lacking(old, made)

    def root(self) -> Root:
        """Return the root that is published.

        Raises:
            InputError: If there is no repository.
        """
        return parse_root(read_file(self._newest_root())).signed

    def _next_root(self, now: datetime) -> Metadata[Root] | None:
        """Return the root that takes the place of the present one now, if there is one."""
        self._forget_published()
        if self.waiting.exists():
            return None if any(self.lacking()) else parse_root(read_file(self.waiting))
        old = self.root()
        if old.expires - now >= timedelta(days=VALID_DAYS["root"] // 2):
            return None
        made = next_root(read_file(self._newest_root()), self._role_keys, Change(), now)
        return None if any(lacking(old, made)) else made

    def _forget_published(self) -> None:
        """Remove a root that waits no more: a run was broken off after it was published."""
        if self.waiting.exists() and parse_root(read_file(self.waiting)).signed == self.root():
            self.waiting.unlink()

    @property
    def _role_keys(self) -> RoleKeys:
        return RoleKeys(self.keys)

    @property
    def _metadata(self) -> Path:
        return self.folder / "public" / "metadata"

    def _published(self) -> int:
        path = self._metadata / "timestamp.json"
        if not path.exists():
            return 0
        try:
            return Metadata[Timestamp].from_bytes(read_file(path)).signed.version
        except DeserializationError as error:
            message = f"{path}: is damaged"
            raise InputError(message, next_step="Bring it back from a backup.") from error

    def _newest_root(self) -> Path:
        found = sorted(
            self._metadata.glob("*.root.json"), key=lambda path: int(path.name.partition(".")[0])
        )
        if not found:
            message = f"{self.folder}: is no repository of roots"
            raise InputError(message, next_step="Make one: phalanx release roots init")
        return found[-1]

    def _sign(self, file: str, role: str, metadata: Metadata[Any], root: Root) -> None:
        signers = self._role_keys.signers(role, root)
        if not signers:
            message = f"{self.keys}: holds no key of the role {role} that the root names"
            raise ConfigError(message, next_step="Name the folder that holds it with --keys.")
        metadata.sign(signers[0])
        write_file(self._metadata / file, metadata.to_bytes())


def _until(role: str, now: datetime) -> datetime:
    return now + timedelta(days=VALID_DAYS[role])
