"""What a sealing has done so far, so that the next run goes on where one was broken off.

A line is written when a sealed file is whole and on the disk. The content key stands in it wrapped
for the issuer himself. Each line is authenticated with a key that only he has: a journal lies in a
store that may be hostile, and who could plant one would choose the content key, or bring back a
file as it was before. A file that was begun and not finished is sealed anew under another salt,
and so another key: nothing is encrypted twice under one nonce.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import rfc8785

from phalanx.errors import InputError, VerificationError
from phalanx.json_text import parse_object
from phalanx.release.encoding import from_text, to_text
from phalanx.release.packages.building import Building
from phalanx.release.packages.record import SealedEntry, header_digest
from phalanx.release.parties.party_keys import PartyKeys
from phalanx.release.places.place import ModelFile
from phalanx.release.sealing.reading import read_header
from phalanx.release.sealing.suite import KEY_BYTES
from phalanx.release.sealing.wrapping import unwrap, wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One file that was sealed."""

    entry: SealedEntry
    digest: str
    """Of its content, in hexadecimal."""

    stamp: str
    """Of the file when it was sealed."""


class Journal:
    """What was done in one folder."""

    def __init__(
        self, building: Building, key: bytes, content_key: bytes, done: dict[str, Done]
    ) -> None:
        """Go on with what there is."""
        self._building, self._key = building, key
        self.content_key = content_key
        self._done = done

    @classmethod
    def begin(
        cls,
        building: Building,
        keys: PartyKeys,
        grant: bytes,
        hash_type: str,
        random: Callable[[int], bytes],
    ) -> Self:
        """Read the journal of a release in the making, or begin one.

        Parameters:
            building: In which files are sealed.
            keys: Of the issuer.
            grant: Digest of the grant.
            hash_type: Of the manifest.
            random: For the content key.

        Raises:
            InputError: If it was begun under another grant, with another hash or other keys.
        """
        bound_to = grant + hash_type.encode()
        content = building.journal()
        if b"\n" not in content:
            building.begin_anew()  # of a run that was broken off within its first line
            content_key = random(KEY_BYTES)
            wrapped = wrap(
                content_key, keys.identity.wrapping_key, purpose="resume", bound_to=bound_to
            )
            made = cls(building, keys.own_notes, content_key, {})
            made._write({"wrapped_key": to_text(wrapped)})
            return made
        first, *rest = content.split(b"\n")
        try:
            wrapped = from_text(_said(first, keys.own_notes)["wrapped_key"], "the journal")
            content_key = unwrap(wrapped, keys.receiving, purpose="resume", bound_to=bound_to)
        except (InputError, VerificationError, ValueError, KeyError, TypeError) as error:
            message = f"{building.place.where()}: was begun under another grant, hash or issuer"
            raise InputError(message, next_step="Remove what is there, and seal anew.") from error
        found = cls(building, keys.own_notes, content_key, dict(_lines(rest, keys.own_notes)))
        if rest[-1]:
            building.note(b"\n")  # behind a line that was broken off
        return found

    def kept(self, found: ModelFile) -> Done | None:
        """Return what was done of a file, if it is still as it was, and its sealed file whole."""
        done = self._done.get(found.name)
        if done is None or done.stamp != found.stamp():
            return None
        place, name = self._building.place, done.entry.file
        try:
            with place.open(name, is_short=True) as file:
                is_whole = header_digest(read_header(file, place.where(name))) == done.entry.header
        except (InputError, VerificationError):
            return None
        return done if is_whole else None

    def add(self, done: Done) -> None:
        """Note that a sealed file is whole and on the disk."""
        self._done[done.entry.name] = done
        self._write(
            {
                "entry": done.entry.model_dump(mode="json"),
                "digest": done.digest,
                "stamp": done.stamp,
            }
        )

    def _write(self, line: dict[str, Any]) -> None:
        self._building.note(rfc8785.dumps({**line, "mac": _mac(line, self._key)}) + b"\n")


def _mac(line: dict[str, Any], key: bytes) -> str:
    return hmac.digest(key, rfc8785.dumps(line), "sha256").hex()


def _said(line: bytes, key: bytes) -> dict[str, Any]:
    """Return what a line says, if its author holds the key.

    Raises:
        InputError: If it was broken off.
        ValueError: If somebody else wrote it.
    """
    said = parse_object(line, "the journal")
    if not isinstance(mac := said.pop("mac", None), str):
        message = "a line without an author"
        raise ValueError(message)  # noqa: TRY004 - of a file, not of a program
    if not hmac.compare_digest(mac.encode(), _mac(said, key).encode()):
        message = "a line of another author"
        raise ValueError(message)
    return said


def _lines(lines: list[bytes], key: bytes) -> list[tuple[str, Done]]:
    """Understand lines; one that was broken off, or is of somebody else, says nothing."""
    found = []
    for line in lines:
        try:
            said = _said(line, key)
            entry = SealedEntry.model_validate(said["entry"])
            done = Done(entry=entry, digest=str(said["digest"]), stamp=str(said["stamp"]))
        except (InputError, ValueError, KeyError, TypeError):
            continue
        found.append((entry.name, done))
    return found
