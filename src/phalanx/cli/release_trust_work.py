"""What the commands about roots and logs do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from pydantic import ValidationError

from phalanx.cli.release_work import content_of, now, read_identity, read_terms
from phalanx.errors import ConfigError, InputError
from phalanx.owned import read_or_make_secret, written_whole
from phalanx.release.demands import Trusted
from phalanx.release.envelopes.dsse import parse_envelope
from phalanx.release.envelopes.statement import digest_of
from phalanx.release.logged.book import PUBLIC, begin_book, open_book
from phalanx.release.logged.proving import prove_release
from phalanx.release.packages.package import read_envelope
from phalanx.release.trust.repository import MOST_TARGET_BYTES, Repository
from phalanx.release.trust.roots import LOG_POLICY, TERMS
from phalanx.release.trust.trusting import SEEN, fresh_roots, pin
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.note_keys import NoteSigner, is_key_name, read_key
from phalanx.transparency.notes import MOST_BYTES as MOST_NOTE_BYTES
from phalanx.transparency.notes import parse_note
from phalanx.transparency.places import fetch_from
from phalanx.transparency.policy import MOST_BYTES as MOST_POLICY_BYTES
from phalanx.transparency.policy import parse_policy
from phalanx.transparency.witness import cosign


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
    """
    if (party is None) == (grant is None):
        message = "either a party or a grant is revoked"
        raise ConfigError(message, next_step="Name --party or --grant.")
    kind = "grants" if party is None else "keys"
    digest = party or digest_of(read_envelope(grant or Path()).payload)
    try:
        Repository(folder=folder, keys=folder).revoke(kind, digest, reason, now())
    except ValidationError as error:
        message = "a fingerprint has 64 letters of hexadecimal, and a reason is on one line"
        raise ConfigError(message, next_step="Take it from the identity.") from error
    return digest


def publish(folder: Path, keys: Path) -> int:
    """Sign what is to be published, and return its number."""
    return Repository(folder=folder, keys=keys).publish(now())


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
    places = list(policy.places.values()) if policy else []
    reader = LogReader(fetch=fetch_from(places[0])) if len(places) == 1 else None
    return Trusted(roots=roots, policy=policy, seen=folder / SEEN, reader=reader)


def begin_log(folder: Path, origin: str) -> str:
    """Begin a log, and return the line of a policy that believes it."""
    return f"log {begin_book(folder, origin, seconds()).signer.public.as_text()}\n"


def add_to_log(folder: Path, files: Sequence[Path]) -> Iterator[tuple[str, int]]:
    """Enter statements, and yield their files and indexes."""
    digests = tuple(digest_of(read_envelope(path).payload) for path in files)
    openings = open_book(folder).enter(digests, secrets.token_bytes, seconds())
    for path, opening in zip(files, openings, strict=True):
        yield str(path), opening.index


def enter_text(folder: Path, text: str) -> None:
    """Enter a statement that was just made."""
    digest = digest_of(parse_envelope(text.encode(), "the statement").payload)
    open_book(folder).enter((digest,), secrets.token_bytes, seconds())


def prove(folder: Path, release: Path) -> int:
    """Enter a release and prove it, and return the size of the log."""
    book = open_book(folder)
    return prove_release(release, book, secrets.token_bytes, seconds()).size


def cosigned(place: str, log_key: str, name: str, key: Path, memory: Path) -> tuple[str, str]:
    """Return the checkpoint that a witness cosigned, and the witness's key.

    Raises:
        ConfigError: If the name is none.
    """
    if not is_key_name(name):
        message = f"{name[:80]!r} is no name of a witness"
        raise ConfigError(message, next_step="Name it like forum.example/w1, without spaces.")
    secret = read_or_make_secret(key, "key of a witness", 32)
    signer = NoteSigner(name=name, key=MLDSA44PrivateKey.from_seed_bytes(secret))
    reader = LogReader(fetch=fetch_from(place))
    note = cosign(reader, read_key(log_key), signer, memory, seconds())
    return note.as_text(), signer.public.as_text()


def take_cosigned(folder: Path, file: Path, witnesses: Sequence[str]) -> int:
    """Take over what witnesses signed, and return how many signatures were new."""
    note = parse_note(content_of(file, MOST_NOTE_BYTES), str(file))
    return open_book(folder).log.add_signatures(note, [read_key(each) for each in witnesses])


def check_log(folder: Path) -> int:
    """Verify a log and its openings, and return its size."""
    if not (folder / PUBLIC).is_dir():
        message = f"{folder}: is no log of releases"
        raise InputError(message, next_step="Begin one: phalanx release log init")
    return open_book(folder).check()


def seconds() -> int:
    """Return the time, in seconds since 1970."""
    return int(time.time())
