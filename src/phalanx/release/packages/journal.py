"""What a sealing has done so far, so that the next run goes on where one was broken off.

A line is written when a sealed file is whole and on the disk. The content key stands in it wrapped
for the issuer himself. A file that was begun and not finished is sealed anew under another salt,
and so another key: nothing is encrypted twice under one nonce.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import rfc8785

from phalanx.errors import InputError, VerificationError
from phalanx.release.encoding import from_text, to_text
from phalanx.release.manifest.known_digests import stamp_of
from phalanx.release.manifest.tree import Found
from phalanx.release.packages.record import SealedEntry, header_digest
from phalanx.release.parties.party_keys import PartyKeys
from phalanx.release.sealing.reading import read_header
from phalanx.release.sealing.suite import KEY_BYTES
from phalanx.release.sealing.wrapping import unwrap, wrap
from phalanx.release.sealing.writing import open_plain, sync_folder

NAME = "journal"


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

    def __init__(self, folder: Path, content_key: bytes, done: dict[str, Done]) -> None:
        """Go on with what there is."""
        self._folder = folder
        self.content_key = content_key
        self._done = done

    @classmethod
    def begin(
        cls,
        folder: Path,
        keys: PartyKeys,
        grant: bytes,
        hash_type: str,
        random: Callable[[int], bytes],
    ) -> Self:
        """Read the journal of a folder, or begin one.

        Parameters:
            folder: In which files are sealed.
            keys: Of the issuer.
            grant: Digest of the grant.
            hash_type: Of the manifest.
            random: For the content key.

        Raises:
            InputError: If it was begun under another grant, with another hash or other keys.
        """
        path = folder / NAME
        bound_to = grant + hash_type.encode()
        content = path.read_bytes() if path.exists() else b""
        if b"\n" not in content:
            path.unlink(missing_ok=True)  # of a run that was broken off within its first line
            key = random(KEY_BYTES)
            wrapped = wrap(key, keys.identity.wrapping_key, purpose="resume", bound_to=bound_to)
            made = cls(folder, key, {})
            made._write({"wrapped_key": to_text(wrapped)})
            return made
        first, *rest = content.split(b"\n")
        try:
            wrapped = from_text(json.loads(first)["wrapped_key"], "the journal")
            key = unwrap(wrapped, keys.receiving, purpose="resume", bound_to=bound_to)
        except (VerificationError, ValueError, KeyError, TypeError) as error:
            message = f"{folder}: was begun under another grant, hash or issuer"
            raise InputError(message, next_step="Remove this folder, and seal anew.") from error
        found = cls(folder, key, dict(_lines(rest)))
        if rest[-1]:
            found._write_raw(b"\n")  # behind a line that was broken off
        return found

    def kept(self, found: Found) -> Done | None:
        """Return what was done of a file, if it is still as it was, and its sealed file whole."""
        done = self._done.get(found.name)
        if done is None or done.stamp != stamp_of(found.path):
            return None
        path = self._folder / done.entry.file
        try:
            with open_plain(path) as file:
                is_whole = header_digest(read_header(file, str(path))) == done.entry.header
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

    def end(self) -> None:
        """Remove the journal: the release is whole."""
        (self._folder / NAME).unlink()
        sync_folder(self._folder)

    def _write(self, line: dict[str, Any]) -> None:
        self._write_raw(rfc8785.dumps(line) + b"\n")

    def _write_raw(self, line: bytes) -> None:
        with (self._folder / NAME).open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)


def _lines(lines: list[bytes]) -> list[tuple[str, Done]]:
    """Understand lines; one that was broken off says nothing."""
    found = []
    for line in lines:
        try:
            said = json.loads(line)
            entry = SealedEntry.model_validate(said["entry"])
            done = Done(entry=entry, digest=str(said["digest"]), stamp=str(said["stamp"]))
        except (ValueError, KeyError, TypeError):
            continue
        found.append((entry.name, done))
    return found
