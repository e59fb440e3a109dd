"""What is blinded: an identifier in the one form that all members give it.

Two members find the same token only if both write the identifier alike, so each kind has a
canonical form. A scheme, an epoch and a kind are part of what is hashed: tokens of two epochs,
or of an e-mail address and a device that happen to be spelled alike, have nothing in common.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import idna

from phalanx.errors import InputError
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.hashing import framed
from phalanx.share.blinding.voprf import OUTPUT_BYTES

SCHEME = "voprf-r255-v1"
"""VOPRF(ristretto255, SHA-512), these canonical forms, this framing. A change is a new scheme."""

TOKEN_BYTES = 32
EPOCHS = 2**31
"""Epochs are numbered below this."""

LARGEST_IDENTIFIER = 512
"""Characters of an identifier, before it is brought to its form."""

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_MARKS = re.compile(r"\(0\)|[\s().\-/\u2010-\u2015]")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of identifier."""

    name: str
    """Of the kind, as the wire objects name it."""

    canonical: Callable[[str], str]
    """Brings an identifier to its one form; `ValueError` says what is wrong, without it."""


def _email(value: str) -> str:
    text = _folded(value)
    local, at, domain = text.rpartition("@")
    if not at or not local or "@" in local or any(each.isspace() for each in local):
        message = "an e-mail address is local@domain"
        raise ValueError(message)
    try:
        host = idna.encode(domain.rstrip("."), uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        message = "an e-mail address ends with a domain name"
        raise ValueError(message) from error
    if "." not in host:
        message = "the domain of an e-mail address has a dot"
        raise ValueError(message)
    local = local.partition("+")[0] or local
    if host in _DOTLESS:
        local, host = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{host}"


def _phone(value: str) -> str:
    number = _PHONE_MARKS.sub("", unicodedata.normalize("NFKC", value))
    number = f"+{number[2:]}" if number.startswith("00") else number
    if not _PHONE.fullmatch(number):
        message = "a phone number begins with + and the country, and has 7 to 15 digits (E.164)"
        raise ValueError(message)
    return number


def _as_given(value: str) -> str:
    text = value.strip()
    if not text:
        message = "it is empty"
        raise ValueError(message)
    return text


def _folded(value: str) -> str:
    """Return text in lower case and compatibility form, as stable under doing it again."""
    once = unicodedata.normalize("NFKC", value.strip())
    return unicodedata.normalize("NFKC", once.lower()).strip()


KINDS = {
    kind.name: kind
    for kind in (
        Kind("account", _as_given),
        Kind("email", _email),
        Kind("payment", _as_given),
        Kind("phone", _phone),
        Kind("device", _as_given),
    )
}
"""Kinds that all members know. Another one is added here, with its form; none is ever changed."""


def canonical(kind: str, value: str) -> str:
    """Bring an identifier to its canonical form.

    Parameters:
        kind: One of `KINDS`.
        value: As the member's records have it.

    Raises:
        InputError: If there is no such kind, or it is none of that kind. The message never
            holds the identifier.

    Examples:
        >>> canonical("email", " Ada.Lovelace+keys@Bücher.example ")
        'ada.lovelace@xn--bcher-kva.example'
        >>> canonical("email", "a.d.a@googlemail.com")
        'ada@gmail.com'
        >>> canonical("phone", "0044 (0) 20 7946-0018")
        '+442079460018'
        >>> canonical("phone", "020 7946 0018")
        Traceback (most recent call last):
        phalanx.errors.InputError: ...
    """
    if kind not in KINDS:
        message = f"no such kind of identifier; there are {', '.join(KINDS)}"
        raise InputError(message, next_step="Name one of them.")
    if len(value) > LARGEST_IDENTIFIER:
        raise _unusable(kind, f"it has more than {LARGEST_IDENTIFIER} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _unusable(kind, "it is no text") from None
    try:
        return KINDS[kind].canonical(value)
    except ValueError as error:
        raise _unusable(kind, str(error)) from None


def _unusable(kind: str, reason: str) -> InputError:
    message = f"an identifier of kind {kind} cannot be used: {reason}"
    return InputError(message, next_step="Leave it out, or mend it.")


def message_of(kind: str, value: str, epoch: int) -> bytes:
    r"""Return what is blinded for an identifier.

    Parameters:
        kind: One of `KINDS`.
        value: As the member's records have it.
        epoch: Whose key is asked, at least 0 and below 2^31.

    Raises:
        InputError: As `canonical`, or if no epoch can have that number.

    Examples:
        >>> message_of("device", "a1", 7)
        b'\x00\rvoprf-r255-v1\x00\x017\x00\x06device\x00\x02a1'
    """
    if not 0 <= epoch < EPOCHS:
        message = "an epoch has a number from 0 to 2^31 - 1"
        raise InputError(message, next_step="Name one that the key server lists.")
    fields = (SCHEME, str(epoch), kind, canonical(kind, value))
    return b"".join(framed(field.encode()) for field in fields)


def token_of(output: bytes) -> str:
    """Return the token that stands for an identifier on the wire.

    Parameters:
        output: Of the VOPRF, 64 bytes.

    Examples:
        >>> token_of(bytes(64))
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    if len(output) != OUTPUT_BYTES:
        message = f"an output has {OUTPUT_BYTES} bytes"
        raise ValueError(message)
    return to_text(output[:TOKEN_BYTES])
