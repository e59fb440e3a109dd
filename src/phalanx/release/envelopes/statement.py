"""In-toto statements of our own kinds: what they are about, and what they say of it.

A statement has one form: canonical JSON of exactly the fields of its kind. Whatever else reads as
the same is refused, so that a digest of a statement is a digest of what it says.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, ClassVar, TypeVar

import rfc8785
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from phalanx.errors import InputError, VerificationError
from phalanx.json_text import parse_object
from phalanx.printable import printable

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


def _whole_second(moment: datetime) -> datetime:
    if moment.microsecond or moment.utcoffset() != UTC.utcoffset(None):
        message = "a moment is in UTC, in whole seconds"
        raise ValueError(message)
    return moment


def _readable(text: str) -> str:
    if text != printable(text) or text != text.strip():
        message = "text is on one line and of characters that are printed"
        raise ValueError(message)
    return text


Moment = Annotated[AwareDatetime, AfterValidator(_whole_second)]
"""A moment in UTC, in whole seconds."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_readable)]
"""Words for a person, on one line."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hexadecimal."""


class Part(BaseModel):
    """Part of a statement: nothing in it is converted, added or left over."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Predicate(Part):
    """What a statement of one kind says."""

    type_uri: ClassVar[str]
    """Names the kind and its version."""


Said = TypeVar("Said", bound=Predicate)


def payload_of(predicate: Predicate, subject: str, digest: str) -> bytes:
    """Return the statement that is signed.

    Parameters:
        predicate: What it says.
        subject: Name of what it is about.
        digest: SHA-256 of what it is about, in hexadecimal.
    """
    return rfc8785.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject, "digest": {"sha256": digest}}],
            "predicateType": predicate.type_uri,
            "predicate": predicate.model_dump(mode="json"),
        }
    )


def parse_payload(payload: bytes, kind: type[Said], what: str) -> tuple[Said, str, str]:
    """Understand a statement.

    Parameters:
        payload: Of an envelope.
        kind: That it has to be.
        what: What messages call it.

    Returns:
        What it says, the name of what it is about, and the digest of that.

    Raises:
        VerificationError: If it is of another kind, or not in its one form.
    """
    try:
        said = parse_object(payload, what)
        (subject,) = said["subject"]
        name, digest = subject["name"], subject["digest"]["sha256"]
        if said["predicateType"] != kind.type_uri:
            message = f"{what} is another kind of statement: {str(said['predicateType'])[:80]!r}"
            raise VerificationError(message, next_step="Name the file that is asked for.")
        found = kind.model_validate_json(rfc8785.dumps(said["predicate"]))
        is_canonical = payload_of(found, name, digest) == payload
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise _unreadable(what, f"{where}: {first['msg']}") from error
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(what, "it is not in its form") from error
    if not is_canonical:
        raise _unreadable(what, "it is not in its one form")
    return found, name, digest


def digest_of(payload: bytes) -> str:
    """Return the digest by which other statements name this one, in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()


def _unreadable(what: str, why: str) -> VerificationError:
    message = f"{what} cannot be understood: {printable(why)[:200]}"
    return VerificationError(message, next_step="Ask its author for the file again.")
