"""A release whose signatures and keys were verified: its contents, in part or as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from phalanx.errors import InputError, VerificationError
from phalanx.owned import OWNER_ONLY
from phalanx.release.contents.kinds import refuse_unfit
from phalanx.release.manifest.bundle import MOST_BYTES
from phalanx.release.manifest.resources import Manifest
from phalanx.release.names import path_below
from phalanx.release.packages.package import Package
from phalanx.release.packages.record import SealedEntry, header_digest
from phalanx.release.sealing.hashing import new_hash
from phalanx.release.sealing.reading import SealedFile, opened
from phalanx.release.sealing.streams import read_into
from phalanx.release.sealing.writing import Buffers, open_plain, sync_folder
from phalanx.tensor_layout import LENGTH_BYTES, Entry, header_length, parse_layout

Told = Callable[[str, float], None]
"""Is told what is being done, and which share of it is done, in [0, 1]."""

_USUAL_HEADER_BYTES = 1 << 20
_AGAIN = "Ask the sender for the release again."


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRelease:
    """A release whose signatures and keys were verified; contents are, as they are read."""

    package: Package
    manifest: Manifest
    content_key: bytes = field(repr=False)
    buffers: Buffers = field(repr=False)
    layouts: dict[str, Mapping[str, Entry]] = field(default_factory=dict, repr=False)
    """Of files whose headers were read."""

    @property
    def files(self) -> Mapping[str, int]:
        """Names of files, with their bytes."""
        return {each.name: each.content_bytes for each in self.package.record.files}

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        """Return a range of a file; only the chunks that hold it are read and verified.

        Parameters:
            name: Of the file.
            start: First byte.
            size: Bytes; null takes all to the end.

        Raises:
            InputError: If there is no such file, or the range lies outside of it.
            VerificationError: If a chunk is not as it was sealed.
        """
        entry = self._entry(name)
        wanted = entry.content_bytes - start if size is None else size
        return b"".join(bytes(piece) for piece in self.range(name, start, wanted))

    def range(self, name: str, start: int, size: int) -> Iterator[memoryview]:
        """Yield a range of a file piece by piece, to be used as `pieces` says.

        Parameters:
            name: Of the file.
            start: First byte.
            size: Bytes.

        Raises:
            InputError: If there is no such file, or the range lies outside of it.
            VerificationError: If a chunk that holds it is not as it was sealed.
        """
        entry = self._entry(name)
        if start < 0 or size < 0 or start + size > entry.content_bytes:
            message = f"{name} has {entry.content_bytes:,} bytes, and others were asked for"
            raise InputError(message, next_step="Ask for a range within the file.")
        with self._sealed(entry) as file:
            yield from file.range(start, size, self.buffers)

    def tensors(self, name: str) -> Mapping[str, Entry]:
        """Return where the tensors of a safetensors file lie, by name.

        Raises:
            InputError: If there is no such file, or it is none of safetensors.
            VerificationError: If a chunk is not as it was sealed.
        """
        if name not in self.layouts:
            whole = self._entry(name).content_bytes
            # At once with its length: the first chunk is decrypted for either.
            first = self.read(name, 0, min(_USUAL_HEADER_BYTES, whole))
            end = LENGTH_BYTES + header_length(first, whole, name)
            header = first[:end] if end <= len(first) else self.read(name, 0, end)
            self.layouts[name] = parse_layout(header[LENGTH_BYTES:], whole, name)
        return self.layouts[name]

    def tensor(self, name: str) -> tuple[Entry, bytes]:
        """Return one tensor, with its numbers as they are stored; nothing else is decrypted.

        Parameters:
            name: Of the tensor, in whichever file it is.

        Raises:
            InputError: If no file has it.
            VerificationError: If a chunk is not as it was sealed.
        """
        for file in self.files:
            if file.endswith(".safetensors") and (entry := self.tensors(file).get(name)):
                return entry, self.read(file, entry.start, entry.size)
        message = f"no file of the release has a tensor {name!r}"
        raise InputError(message, next_step="Name a tensor as its file does.")

    def pieces(self, name: str) -> Iterator[memoryview]:
        """Decrypt a file, and yield its content piece by piece; its digest is verified at the end.

        What was yielded may be used only when the iteration has ended, and is overwritten by the
        next piece.

        Raises:
            InputError: If there is no such file.
            VerificationError: If it is not as it was sealed and signed.
        """
        entry, expected = self._entry(name), self._digests()[name]
        digest = new_hash(self.manifest.hash_type)
        with self._sealed(entry) as file:
            for piece in file.pieces(self.buffers):
                digest.update(piece)
                yield piece
        _refuse_other(entry, expected, digest.digest())

    def check(self, told: Told = lambda *_: None) -> None:
        """Verify every chunk and every file, and write nothing.

        Raises:
            VerificationError: If one is not as it was sealed and signed.
        """
        for entry, _ in self._in_order(told):
            for _ in self.pieces(entry.name):
                pass

    def write_files(self, aside: Path, *, unsafe_any_file: bool, told: Told) -> Path:
        """Decrypt and verify every file into a folder below another, and return that folder.

        Files that an earlier run has written are verified, and decrypted again if they differ.

        Raises:
            VerificationError: If one is not as it was sealed and signed.
            PolicyError: If one is of no kind that is handed on.
        """
        model = _folder_of(aside, self.package.digest)
        unfinished = aside / "unfinished"
        for entry, expected in self._in_order(told):
            path = path_below(model, entry.name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_written(path, entry, expected):
                if not unsafe_any_file:  # it may have been written by a run that took any kind
                    with open_plain(path) as file:
                        refuse_unfit(entry.name, file)
                continue
            with self._sealed(entry) as file, new_file(unfinished) as target:
                digest = new_hash(self.manifest.hash_type)
                file.write_to(target, digest, self.buffers)
                _refuse_other(entry, expected, digest.digest())
                if not unsafe_any_file:
                    refuse_unfit(entry.name, target)
            unfinished.rename(path)
            sync_folder(path.parent)
        return model

    def _in_order(self, told: Told) -> Iterator[tuple[SealedEntry, bytes]]:
        """Yield each file with the digest that it has to have."""
        expected = self._digests()
        done, whole = 0, max(1, sum(self.files.values()))
        for each in self.package.record.files:
            told(each.name, done / whole)
            done += each.content_bytes
            yield each, expected[each.name]

    def _digests(self) -> dict[str, bytes]:
        expected = {each.name: each.digest for each in self.manifest.resources}
        if expected.keys() != set(self.files):
            message = "the manifest and the record of the release list other files"
            raise VerificationError(message, next_step=_AGAIN)
        return expected

    def _sealed(self, entry: SealedEntry) -> AbstractContextManager[SealedFile]:
        return _verified(self.package, entry, self.content_key)

    def _entry(self, name: str) -> SealedEntry:
        for each in self.package.record.files:
            if each.name == name:
                return each
        message = f"the release has no file {name!r}"
        raise InputError(message, next_step="Name a file as the record of the release does.")

    def _is_written(self, path: Path, entry: SealedEntry, expected: bytes) -> bool:
        if not path.is_file() or path.is_symlink() or path.stat().st_size != entry.content_bytes:
            return False
        digest = new_hash(self.manifest.hash_type)
        with open_plain(path) as file:
            while got := read_into(file, self.buffers.plain):
                digest.update(self.buffers.plain[:got])
        return digest.digest() == expected


@contextmanager
def _verified(package: Package, entry: SealedEntry, content_key: bytes) -> Iterator[SealedFile]:
    """Open a sealed file that is still the one which the record names."""
    with package.place.open(entry.file) as source:
        file = opened(source, content_key, package.place.where(entry.file))
        if header_digest(file.header) != entry.header:
            message = f"{entry.file} was exchanged while the release was opened"
            raise VerificationError(message, next_step=_AGAIN)
        yield file


def manifest_bytes(package: Package, content_key: bytes, buffers: Buffers) -> bytes:
    """Return the signed manifest of a release; its signature is not verified yet.

    Raises:
        VerificationError: If it is not as it was sealed, or too large.
    """
    entry = package.record.manifest
    if entry.content_bytes > MOST_BYTES:
        message = "the manifest of the release is too large"
        raise VerificationError(message, next_step=_AGAIN)
    with _verified(package, entry, content_key) as file:
        return file.read(0, entry.content_bytes, buffers)


def _folder_of(aside: Path, digest: str) -> Path:
    """Return the folder for files, without what was left there by another release."""
    model, owner = aside / "model", aside / "record"
    if not owner.is_file() or owner.read_text() != digest:
        shutil.rmtree(model, ignore_errors=True)
        owner.write_text(digest)
    model.mkdir(mode=0o700, exist_ok=True)
    return model


def new_file(path: Path) -> FileIO:
    """Make a file for its owner alone, in the place of whatever is there."""
    path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return FileIO(os.open(path, flags, OWNER_ONLY), "rb+")


def _refuse_other(entry: SealedEntry, expected: bytes, digest: bytes) -> None:
    if digest != expected:
        message = f"{entry.name!r} is not the file that the manifest names"
        raise VerificationError(message, next_step=_AGAIN)
