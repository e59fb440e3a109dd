"""What the commands about logs do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from phalanx.cli.release_work import content_of
from phalanx.errors import ConfigError, InputError
from phalanx.owned import read_or_make_secret
from phalanx.release.envelopes.dsse import parse_envelope
from phalanx.release.envelopes.statement import digest_of
from phalanx.release.logged.book import PUBLIC, begin_book, open_book
from phalanx.release.logged.proving import prove_release
from phalanx.release.packages.package import read_envelope
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.note_keys import NoteSigner, is_key_name, read_key
from phalanx.transparency.notes import MOST_BYTES as MOST_NOTE_BYTES
from phalanx.transparency.notes import parse_note
from phalanx.transparency.places import fetch_from
from phalanx.transparency.witness import cosign


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
