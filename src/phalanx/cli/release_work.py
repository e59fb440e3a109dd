"""What the commands about releases do."""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import read_or_make_secret
from phalanx.printable import printable, printable_json
from phalanx.release.envelopes.statement import parse_payload
from phalanx.release.grants.codeword import KEY_BYTES, commitment_to
from phalanx.release.grants.grant import Grant, accept_grant, issue_grant
from phalanx.release.grants.request import make_request
from phalanx.release.grants.terms import Asked, Terms
from phalanx.release.manifest.known_digests import KnownDigests
from phalanx.release.packages.package import read_envelope
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import new_keys, read_keys, write_keys
from phalanx.release.places.place import Folder
from phalanx.release.places.store import Store
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.sealing.hashing import Algorithm
from phalanx.release.sealing.writing import open_plain

_MOST_BYTES = 1 << 20
_Told = Callable[[str, float], None]


def now() -> datetime:
    """Return the time in UTC, in whole seconds."""
    return datetime.now(tz=UTC).replace(microsecond=0)


def make_keys(name: str, path: Path) -> Identity:
    """Make the keys of a party, and return what others know it by.

    Raises:
        InputError: If the file is there, or cannot be made.
        VerificationError: If the name is none.
    """
    made = new_keys(name, secrets.token_bytes)
    write_keys(made, path)
    return made.identity


def identity_text(identity: Identity) -> str:
    """Return an identity as it is handed over."""
    return document(identity.as_json())


def read_identity(path: Path) -> Identity:
    """Read the identity of a party.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none.
    """
    return Identity.from_json(parse_object(content_of(path, _MOST_BYTES), str(path)))


def asked(model: str, purposes: Sequence[str], tier: str, environment: str) -> Asked:
    """Return what is asked for.

    Raises:
        InputError: If a part of it is empty, too long, or not on one line.
    """
    said = {
        "model": model,
        "purposes": tuple(purposes),
        "tier": tier,
        "environment": environment,
    }
    try:
        return Asked.model_validate(said)
    except ValidationError as error:
        raise unusable(model, error) from error


def request_text(keys: Path, wanted: Asked) -> str:
    """Return a signed request."""
    made = make_request(read_keys(keys), wanted, now(), secrets.token_bytes)
    return made.as_bytes().decode()


def read_terms(path: Path) -> Terms:
    """Read the terms of a licence.

    Raises:
        InputError: If the file cannot be read, or a term is missing, wrong or unknown.
    """
    try:
        said = tomllib.loads(content_of(path, _MOST_BYTES).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: is no TOML: {reason_of(error)}"
        raise InputError(message, next_step="Write it as the how-to shows.") from error
    wanted = {name: said.pop(name) for name in Asked.model_fields if name in said}
    try:
        wanted["purposes"] = tuple(wanted.get("purposes", ()))
        return Terms.model_validate({"export": None, **said, "asked": wanted})
    except (ValidationError, TypeError) as error:
        raise unusable(str(path), error) from error


def commitment_of(codeword: Path | None, key: Path | None) -> str | None:
    """Return the commitment to a codeword, or nothing where there is none.

    Raises:
        ConfigError: If only one of the two files is named, or others may read the key.
        InputError: If the codeword is none.
    """
    if codeword is None and key is None:
        return None
    if codeword is None or key is None:
        message = "a codeword and the key that hides it go together"
        raise ConfigError(message, next_step="Name both --codeword and --codeword-key.")
    word = content_of(codeword, _MOST_BYTES).decode(errors="replace").strip()
    if not word or set(word) - {"0", "1"}:
        message = f"{codeword}: a codeword is of zeros and ones"
        raise InputError(message, next_step="Write it on one line.")
    return commitment_to(word, read_or_make_secret(key, "key of a codeword", KEY_BYTES))


def grant_text(
    request: Path, recipient: Identity, keys: Path, terms: Terms, commitment: str | None
) -> str:
    """Return a grant that the issuer has signed."""
    made = issue_grant(
        read_envelope(request),
        recipient,
        read_keys(keys),
        terms,
        now(),
        commitment=commitment,
    )
    return made.as_bytes().decode()


def accepted_text(grant: Path, issuer: Identity, keys: Path, request: Path) -> str:
    """Return a grant that both have signed."""
    made = accept_grant(
        read_envelope(grant), issuer, read_keys(keys), read_envelope(request), now()
    )
    return made.as_bytes().decode()


def terms_of(grant: Path, issuer: Identity) -> str:
    """Return what an issuer grants, a line for each term, for who is to sign it too.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is no grant, or he did not sign it.
    """
    envelope = read_envelope(grant)
    envelope.refuse_unsigned(issuer, "the grant")
    said, _, _ = parse_payload(envelope.payload, Grant, "the grant")
    whole = said.terms.model_dump(mode="json")
    return lines_of(*(f"{name}: {_words(each)}" for name, each in _flat(whole)))


def _flat(said: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, each in said.items():
        if isinstance(each, dict):
            yield from ((f"{name}.{inner}", value) for inner, value in _flat(each))
        else:
            yield name, each


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def sealing_of(
    grant: Path,
    recipient: Path,
    keys: Path,
    hash_type: Algorithm,
    *,
    broker: Path | None = None,
    unsafe_any_file: bool,
) -> Sealing:
    """Return for whom a model is sealed, and how.

    Raises:
        InputError: If a file cannot be read.
        ConfigError: If others may read the keys.
        VerificationError: If one holds something else.
    """
    return Sealing(
        keys=read_keys(keys),
        recipient=read_identity(recipient),
        grant=read_envelope(grant),
        now=now(),
        random=secrets.token_bytes,
        broker=None if broker is None else read_identity(broker),
        hash_type=hash_type,
        unsafe_any_file=unsafe_any_file,
    )


def sealed_text(
    source: Folder | Store, target: Folder | Store, how: Sealing, digests: Path | None, told: _Told
) -> str:
    """Seal a model, and return what was sealed, in words."""
    model = source.path if isinstance(source, Folder) else source
    out = target.path if isinstance(target, Folder) else target
    made = seal_release(model, out, how, known=KnownDigests(digests), told=told)
    return (
        f"root {made.root}\n"
        f"{made.files:,} files, {made.content_bytes:,} bytes; "
        f"{made.resumed:,} files had been sealed before, "
        f"{made.not_hashed:,} were not hashed again\n"
    )


def content_of(path: Path, most_bytes: int) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: If it cannot be read, or is larger.
    """
    with open_plain(path) as file:
        content = bytearray()
        while len(content) <= most_bytes and (piece := file.read(most_bytes + 1)):
            content += piece
    if len(content) > most_bytes:
        message = f"{path}: has more than {most_bytes:,} bytes"
        raise InputError(message, next_step="Name the file that is asked for.")
    return bytes(content)


def lines_of(*lines: str) -> str:
    """Return lines for a terminal, which cannot steer it."""
    return "".join(f"{printable(line)}\n" for line in lines)


def document(said: dict[str, Any]) -> str:
    """Return a document for programs."""
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False)) + "\n"


def unusable(what: str, error: ValidationError | TypeError) -> InputError:
    """Return what is told of words or numbers that a statement cannot say."""
    said = str(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    message = f"{what}: {printable(said)[:200]}"
    return InputError(message, next_step="Mend it, and try again.")
