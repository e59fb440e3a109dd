"""What the commands about roots do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from phalanx.cli.release_work import content_of, now, read_identity, read_terms
from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.owned import written_whole
from phalanx.release.demands import Trusted
from phalanx.release.envelopes.statement import digest_of, parse_payload
from phalanx.release.grants.grant import Grant
from phalanx.release.packages.package import read_envelope
from phalanx.release.trust.repository import MOST_TARGET_BYTES, Repository
from phalanx.release.trust.role_keys import existing_signer, public_text, signer_of
from phalanx.release.trust.roots import LOG_POLICY, TERMS
from phalanx.release.trust.rotation import (
    MOST_ROOT_BYTES,
    VALID_DAYS,
    Change,
    described,
    parse_root,
)
from phalanx.release.trust.trusting import SEEN, fresh_roots, pin
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.places import fetch_from
from phalanx.transparency.policy import MOST_BYTES as MOST_POLICY_BYTES
from phalanx.transparency.policy import parse_policy


def begin_roots(folder: Path, keys: Path) -> tuple[str, str]:
    """Begin a repository, and return its root and the fingerprint of that."""
    root = Repository(folder=folder, keys=keys).begin(now())
    return root.decode(), digest_of(root)


def add_to_roots(folder: Path, files: Sequence[Path], kind: str) -> Iterator[str]:
    """Add files to what is to be published, and yield their names there.

    Raises:
        InputError: If one cannot be read, or is not what it should be.
        ConfigError: If there are several policies.
    """
    repository = Repository(folder=folder, keys=folder)
    if kind == "log-policy" and len(files) != 1:
        message = "roots name one policy of logs"
        raise ConfigError(message, next_step="Put all logs and witnesses into one file.")
    for path in files:
        if kind == "party":
            yield repository.add_party(read_identity(path))
            continue
        content = content_of(path, MOST_TARGET_BYTES)
        name = LOG_POLICY
        if kind == "terms":
            read_terms(path)
            name = f"{TERMS}{path.name}"
        else:
            parse_policy(content, str(path))
        repository.put(name, content)
        yield name


def revoke(folder: Path, party: str | None, grant: Path | None, reason: str) -> str:
    """Revoke a party's keys or a grant, and return its digest.

    Raises:
        ConfigError: If not exactly one of both is named, or the fingerprint is none.
        VerificationError: If the file holds no grant: nothing would be revoked by it.
    """
    if (party is None) == (grant is None):
        message = "either a party or a grant is revoked"
        raise ConfigError(message, next_step="Name --party or --grant.")
    kind = "grants" if party is None else "keys"
    digest = party or _digest_of_grant(grant or Path())
    try:
        Repository(folder=folder, keys=folder).revoke(kind, digest, reason, now())
    except ValidationError as error:
        message = "a fingerprint has 64 letters of hexadecimal, and a reason is on one line"
        raise ConfigError(message, next_step="Take it from the identity.") from error
    return digest


def _digest_of_grant(path: Path) -> str:
    payload = read_envelope(path).payload
    parse_payload(payload, Grant, str(path))
    return digest_of(payload)


def publish(folder: Path, keys: Path) -> tuple[int, tuple[str, ...]]:
    """Sign what is to be published; return its number, and what is to be done about the root."""
    repository = Repository(folder=folder, keys=keys)
    number = repository.publish(now())
    left = repository.root().expires - now()
    lines = _waiting(repository.lacking()) if repository.waiting.exists() else ()
    if left < timedelta(days=VALID_DAYS["root"] // 2) and not lines:
        lines = (f"its root counts for {left.days} days; renew it: roots rotate",)
    return number, lines


def rotate(
    folder: Path, keys: Path, role: str | None, holders: Sequence[str], threshold: int
) -> tuple[str, ...]:
    """Make the next root, and return what it needs to count."""
    change = Change(role=role, holders=tuple(holders), threshold=threshold)
    lacks = Repository(folder=folder, keys=keys).rotate(change, now())
    return _waiting(lacks) if any(lacks) else ("another root counts when it is published",)


def holder_key(path: Path) -> str:
    """Return the key of a holder as he hands it over; it is made if it is missing."""
    return public_text(signer_of(path).public_key)


def sign_root(path: Path, key: Path) -> tuple[str, ...]:
    """Sign a root that waits, and return what it says.

    Raises:
        InputError: If it cannot be read or written.
        VerificationError: If it is no root.
    """
    found = parse_root(content_of(path, MOST_ROOT_BYTES))
    signer = existing_signer(key)
    found.sign(signer, append=True)
    lines = described(found.signed)
    if signer.public_key.keyid not in found.signed.roles["root"].keyids:
        lines += ("this key is none of its own: it counts only if the root before names it",)
    try:
        with written_whole(path) as aside:
            aside.write_bytes(found.to_bytes())
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name a copy that can be.") from error
    return lines


def _waiting(lacks: tuple[int, int]) -> tuple[str, ...]:
    before, after = lacks
    return (
        f"a root waits for {before} signatures of keys of the root before, and {after} of its own",
    )


def pin_root(root: Path, place: str, folder: Path, policy: Path | None) -> str:
    """Pin a root, and a policy of one's own; return the fingerprint of the root."""
    content = None if policy is None else content_of(policy, MOST_POLICY_BYTES)
    if content is not None:
        parse_policy(content, str(policy))
    pinned = content_of(root, MOST_TARGET_BYTES)
    pin(pinned, place, folder)
    if content is not None:
        with written_whole(folder / LOG_POLICY) as aside:
            aside.write_bytes(content)
    return digest_of(pinned)


def trusted_of(folder: Path | None) -> Trusted | None:
    """Return what was pinned, as it is today.

    Raises:
        PolicyError: If it is stale.
        VerificationError: If it is not as it was signed, or older than what was seen.
        ServiceError: If it cannot be reached.
    """
    if folder is None:
        return None
    roots = fresh_roots(folder)
    own = folder / LOG_POLICY
    content = content_of(own, MOST_POLICY_BYTES) if own.exists() else roots.log_policy
    policy = None if content is None else parse_policy(content, "the policy of logs")
    places = policy.places if policy else {}
    readers = {origin: LogReader(fetch=fetch_from(place)) for origin, place in places.items()}
    return Trusted(roots=roots, policy=policy, seen=folder / SEEN, readers=readers)
