"""Signed notes: a text, and lines of signatures under it.

References:
    C2SP signed-note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from phalanx.errors import VerificationError
from phalanx.transparency.base64_text import from_base64, to_base64
from phalanx.transparency.note_keys import NoteKey, NoteSigner, is_key_name

MOST_BYTES = 1 << 17
MOST_SIGNATURES = 64
"""The specification asks for 16 at least; one of ML-DSA-44 has 3.3 kB in letters."""

_LINE = re.compile(r"\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One line under a note."""

    name: str
    key_id: bytes
    value: bytes

    def as_line(self) -> str:
        """Return the line, with its end."""
        return f"\u2014 {self.name} {to_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and who signed it."""

    text: str
    """Ends in a line feed."""

    signatures: tuple[NoteSignature, ...] = ()

    def as_text(self) -> str:
        """Return the note as a file holds it."""
        return f"{self.text}\n{''.join(each.as_line() for each in self.signatures)}"

    def signed(self, signer: NoteSigner, time: int) -> Note:
        """Return the note with one more signature.

        Parameters:
            signer: Whose.
            time: Seconds since 1970, which cosignatures hold.
        """
        key = signer.public
        made = NoteSignature(name=key.name, key_id=key.id, value=signer.sign(self.text, time))
        return replace(self, signatures=(*self.signatures, made))

    def signed_at(self, key: NoteKey, what: str) -> int | None:
        """Return when a key signed the note, or nothing if it did not.

        Parameters:
            key: As it was pinned.
            what: What messages call the note.

        Raises:
            VerificationError: If a signature names this key and does not hold.
        """
        times = [
            key.verifies(each.value, self.text)
            for each in self.signatures
            if (each.name, each.key_id) == (key.name, key.id)
        ]
        if not times:
            return None
        held = [each for each in times if each is not None]
        if len(held) < len(times):
            message = f"{what} is not as {key.name} signed it"
            raise VerificationError(message, next_step="Ask for it again, and tell the log.")
        return max(held)


def parse_note(content: bytes | str, what: str) -> Note:
    r"""Understand a note. Nothing in it is verified yet.

    Parameters:
        content: Of a file.
        what: What messages call it.

    Raises:
        VerificationError: If it is none.

    Examples:
        >>> parse_note("a\n\n\u2014 me AAAAAAA=\n", "it").signatures[0].name
        'me'
    """
    if len(content) > MOST_BYTES:
        raise _no_note(what)
    try:
        said = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise _no_note(what) from error
    text, found, lines = said.rpartition("\n\n")
    if not found or not lines.endswith("\n") or any(c < " " and c != "\n" for c in said):
        raise _no_note(what)
    signatures = tuple(_signature(each, what) for each in lines[:-1].split("\n"))
    if len(signatures) > MOST_SIGNATURES:
        raise _no_note(what)
    return Note(text=f"{text}\n", signatures=signatures)


def signed_note(text: str, signers: Iterable[NoteSigner], time: int) -> Note:
    """Return a text with signatures of several keys.

    Parameters:
        text: Ends in a line feed.
        signers: Whose.
        time: Seconds since 1970.
    """
    note = Note(text=text)
    for each in signers:
        note = note.signed(each, time)
    return note


def _signature(line: str, what: str) -> NoteSignature:
    form = _LINE.fullmatch(line)
    raw = from_base64(form[2]) if form else None
    if form is None or raw is None or len(raw) < 5 or not is_key_name(form[1]):
        raise _no_note(what)
    return NoteSignature(name=form[1], key_id=raw[:4], value=raw[4:])


def _no_note(what: str) -> VerificationError:
    message = f"{what} is no signed note"
    return VerificationError(message, next_step="Fetch it again from where it was.")
