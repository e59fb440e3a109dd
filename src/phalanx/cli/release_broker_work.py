"""What the commands about brokers do."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import rfc8785
from sqlalchemy import select

from phalanx.cli.release_roots_work import trusted_of
from phalanx.cli.release_work import content_of, now, read_identity
from phalanx.errors import ConfigError, InputError, VerificationError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import OWNER_ONLY, read_owned
from phalanx.release.asking import ask_challenge, ask_key
from phalanx.release.attested import Session
from phalanx.release.broker.broker import Broker
from phalanx.release.broker.policy import token_policy
from phalanx.release.broker.tables import DECISIONS, open_tables
from phalanx.release.broker.tokens import MOST_BYTES as MOST_TOKEN_BYTES
from phalanx.release.envelopes.statement import digest_of
from phalanx.release.logged.book import open_book
from phalanx.release.packages.package import GRANT, Package, check_package, read_envelope
from phalanx.release.parties.party_keys import PartyKeys, read_keys
from phalanx.store import database_of
from phalanx.store.place import DatabasePlace
from phalanx.store.schema import translated

_MOST_BYTES = 1 << 20
_KIND = "phalanx-release-session/1"


def running_broker(keys: Path, place: DatabasePlace, log: Path, trust: Path | None) -> Broker:
    """Return a broker that runs by the clock of this machine."""
    return Broker(
        keys=read_keys(keys),
        engine=open_tables(place),
        book=open_book(log),
        now=lambda: datetime.now(tz=UTC),
        random=secrets.token_bytes,
        trusted=lambda: trusted_of(trust),
    )


def add_release(  # noqa: PLR0917 - as many as the command has
    folder: Path,
    issuer: Path,
    recipient: Path,
    policy: Path,
    attester: Path,
    keys: Path,
    database: str,
    log: Path,
) -> str:
    """Take a release over, and return the digest of its grant.

    Raises:
        InputError: If the policy is none.
    """
    try:
        rules = tomllib.loads(content_of(policy, _MOST_BYTES).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{policy}: is no TOML: {reason_of(error)}"
        raise InputError(message, next_step="Write it as the how-to shows.") from error
    said = token_policy(rules, content_of(attester, _MOST_BYTES))
    parties = (read_identity(issuer), read_identity(recipient))
    package = check_package(folder, *parties)
    place = database_of(database)
    with translated(place):
        running_broker(keys, place, log, None).add(package, parties, said)
    return package.agreed.digest


def begin_session(release: Path, url: str, path: Path) -> str:
    """Ask for a challenge, keep what belongs to it, and return the nonce for the attester.

    Raises:
        InputError: If the file is there, or cannot be made.
    """
    grant = digest_of(read_envelope(release / GRANT).payload)
    session = Session(
        grant=grant, challenge=ask_challenge(url, grant), seed=secrets.token_bytes(32)
    )
    said = {
        "kind": _KIND,
        "url": url,
        "grant": grant,
        "challenge": session.challenge.hex(),
        "seed": session.seed.hex(),
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(rfc8785.dumps(said) + b"\n")
    except OSError as error:
        message = f"{path}: the session cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name a new file for it.") from error
    return session.nonce


def asking(
    session: Path | None, token: Path | None, keys: PartyKeys
) -> Callable[[Package], bytes] | None:
    """Return what asks a broker for the key of a release, where a session was begun.

    Raises:
        ConfigError: If only one of both is named, or the session is none.
    """
    if session is None and token is None:
        return None
    if session is None or token is None:
        message = "a session with a broker and a token go together"
        raise ConfigError(message, next_step="Name both --session and --token.")
    found, url = _session(session)
    text = content_of(token, MOST_TOKEN_BYTES).decode(errors="replace").strip()

    def ask(package: Package) -> bytes:
        if package.agreed.digest != found.grant:
            message = "the session with the broker is for another release"
            raise VerificationError(message, next_step="Begin one for this release.")
        return found.content_key(ask_key(url, found.request(keys, text, now()), text))

    return ask


def decisions_text(database: str) -> str:
    """Return the signed decisions of a broker, one a line."""
    place = database_of(database)
    with translated(place), open_tables(place).connect() as connection:
        found = connection.execute(select(DECISIONS.c.statement).order_by(DECISIONS.c.number))
        return "".join(str(each) for each in found.scalars())


def _session(path: Path) -> tuple[Session, str]:
    try:
        said = parse_object(read_owned(path, "session", 4096), str(path))
        found = Session(
            grant=str(said["grant"]),
            challenge=bytes.fromhex(said["challenge"]),
            seed=bytes.fromhex(said["seed"]),
        )
        if said["kind"] != _KIND or (len(found.challenge), len(found.seed)) != (32, 32):
            raise _no_session(path)
        return found, str(said["url"])
    except (InputError, KeyError, ValueError, TypeError) as error:
        raise _no_session(path) from error


def _no_session(path: Path) -> ConfigError:
    message = f"{path}: holds no session with a broker"
    return ConfigError(message, next_step="Begin one: phalanx release broker challenge")
