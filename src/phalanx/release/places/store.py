"""A store behind a URL, by fsspec: object stores, web servers, whatever else it has drivers for.

What a store answers is taken for hostile: names are checked, lengths are those of signed headers,
and every byte of a release is authenticated. A file is read in ranges.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from phalanx.errors import ConfigError, InputError, MissingExtraError, reason_of
from phalanx.printable import printable
from phalanx.release.names import by_parts, refuse_clashing
from phalanx.release.places.driver_files import Guarded, answering, reading
from phalanx.release.places.place import Folder
from phalanx.release.sealing.streams import Source, Target
from phalanx.release.sealing.suite import CHUNK_BYTES

MOST_FILES = 100_000
_FLAT = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci", "oss"})


@dataclass(frozen=True, slots=True)
class Store:
    """What lies below a URL."""

    driver: Any
    """Of fsspec."""

    root: str
    """As the driver names it."""

    def where(self, name: str = "") -> str:
        """Return what messages call a file, or the store itself, without what would open it."""
        return printable(str(self.driver.unstrip_protocol(self.key(name))))

    def key(self, name: str) -> str:
        """Return how the driver names a file below."""
        return f"{self.root.rstrip('/')}/{name}" if name else self.root

    @contextmanager
    def open(self, name: str, *, is_short: bool = False) -> Iterator[Source]:
        """Open a file for reading, in ranges that go ahead, or in those that are asked for."""
        with reading(self.driver, self.key(name), self.where(name), is_short=is_short) as file:
            yield file

    def refuse_others(self, expected: set[str]) -> None:
        """Do nothing: what is missing is missed when it is opened."""

    @contextmanager
    def new(self, name: str) -> Iterator[Target]:
        """Open a new file for writing; if anything fails on the way, it is removed again."""
        key, where = self.key(name), self.where(name)
        with answering(where):
            file = self.driver.open(key, "wb", block_size=2 * CHUNK_BYTES)
        try:
            yield Guarded(file, where)
        except BaseException:
            with answering(where):
                file.close()
                self.driver.rm_file(key)
            raise
        with answering(where):
            file.close()

    def content(self, name: str, most_bytes: int) -> bytes | None:
        """Return a small file, or nothing if there is none.

        Raises:
            InputError: If it is too large.
            ServiceError: If the store does not answer.
        """
        if not self.has(name):
            return None
        found = bytearray()
        # Within its length: some stores refuse a range that goes beyond it.
        with self.open(name) as file:
            while len(found) <= most_bytes and (piece := file.read(most_bytes + 1)):
                found += piece
        if len(found) > most_bytes:
            message = f"{self.where(name)} has more than {most_bytes:,} bytes"
            raise InputError(message, next_step="Name another place.")
        return bytes(found)

    def put(self, name: str, content: bytes) -> None:
        """Write a small file, whole or not at all as far as the store can."""
        with answering(self.where(name)):
            self._make_folder()
            self.driver.pipe_file(self.key(name), content)

    def _make_folder(self) -> None:
        # Where there are buckets in place of folders, a slip in a URL would make a bucket.
        if not _FLAT & _protocols(self.driver):
            self.driver.makedirs(self.root, exist_ok=True)

    def create(self, name: str, content: bytes) -> bool:
        """Write a small file unless there is one, and tell whether it was written.

        Of several at once one succeeds, where driver and store can do that, as those of S3 can.
        Others look first, and then write.
        """
        with answering(self.where(name)):
            self._make_folder()
            if "mode" not in signature(self.driver.pipe_file).parameters:
                if self.has(name):
                    return False
                self.driver.pipe_file(self.key(name), content)
                return True
            try:
                self.driver.pipe_file(self.key(name), content, mode="create")
            except FileExistsError:
                return False
        return True

    def has(self, name: str) -> bool:
        """Tell whether there is such a file now."""
        with answering(self.where(name)):
            self.driver.invalidate_cache()
            return bool(self.driver.exists(self.key(name)))

    def names(self) -> set[str]:
        """Return the names of all files just below."""
        with answering(self.where()):
            if not self.driver.exists(self.root):
                return set()
            self.driver.invalidate_cache()
            listed = self.driver.ls(self.root, detail=False)
        return {str(each).rstrip("/").rpartition("/")[2] for each in listed}

    def remove(self, name: str) -> None:
        """Remove a file."""
        with answering(self.where(name)):
            self.driver.rm_file(self.key(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a model in a store."""

    name: str
    size: int
    store: Store
    key: str
    """As the driver names it."""

    seen_at_ns: int = field(default_factory=time.time_ns)
    """Where a store does not say when a file was written, it counts as written now."""

    @property
    def where(self) -> str:
        """What messages call it."""
        return printable(str(self.store.driver.unstrip_protocol(self.key)))

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Open it for reading, from its beginning."""
        with reading(self.store.driver, self.key, self.where, is_short=False) as file:
            yield file

    def stamp(self) -> str:
        """Return what changes when it is written: what the store says of it, and when it was."""
        with answering(self.where):
            self.store.driver.invalidate_cache()
            said = self.store.driver.info(self.key)
            digest = hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()
            try:
                moment = self.store.driver.modified(self.key)
            except NotImplementedError:
                moment = None
        at = self.seen_at_ns if moment is None else _nanoseconds(moment)
        return f"{self.where}:{digest}:{at}"


def is_url(text: str) -> bool:
    """Tell whether a place is named by a URL.

    Examples:
        >>> is_url("s3://bucket/model"), is_url("models/one")
        (True, False)
    """
    return "://" in text


def place_of(text: str) -> Folder | Store:
    """Return the place that a path or a URL names; `file://` is a folder of this machine.

    Parameters:
        text: A path, or a URL of any kind that fsspec has a driver for.

    Raises:
        MissingExtraError: If fsspec or its driver is not installed.
        ConfigError: If nobody knows that kind of URL.
    """
    if not is_url(text):
        return Folder(Path(text))
    kind, _, rest = text.partition("://")
    if kind in {"file", "local"}:
        return Folder(Path(unquote(rest)))
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - of an extra

        driver, root = url_to_fs(text)
    except ImportError as error:
        message = f"a place behind a URL needs fsspec and its driver: {reason_of(error)}"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[urls]'") from error
    except (ValueError, OSError) as error:
        message = f"{printable(text)[:80]!r} is no URL of a place: {reason_of(error)}"
        raise ConfigError(
            message, next_step="Name a path, or a URL such as s3://.../..."
        ) from error
    return Store(driver, root)


def stored_files(store: Store, ignored: Iterable[str]) -> tuple[StoredFile, ...]:
    """Return the files of a model in a store, in the order of a manifest.

    A web server says nothing of folders: there a URL that ends with `/` is one, whose page lists
    its files.

    Parameters:
        store: The model.
        ignored: Names below it that are left out, with all that is below them.

    Raises:
        InputError: If there is nothing.
        VerificationError: If a name could not stand in a manifest.
        ServiceError: If the store does not answer.
    """
    left_out, is_web = frozenset(ignored), "http" in _protocols(store.driver)
    with answering(store.where()):
        if is_web and not store.root.endswith("/"):
            listed = {store.root: store.driver.info(store.root)}
        else:
            listed = store.driver.find(store.root, detail=True)
        if is_web:
            listed = {key: store.driver.info(key) for key in listed}
    start = f"{store.root.rstrip('/')}/"
    found = []
    for key, said in listed.items():
        name = key.removeprefix(start) if key.startswith(start) else key.rpartition("/")[2]
        name = unquote(name) if is_web else name
        parts = name.split("/")
        if left_out & {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}:
            continue
        if said.get("size") is None:
            message = f"{store.where()}: the store does not say how long {printable(name)} is"
            raise InputError(message, next_step="Copy the model to a folder, and seal that.")
        found.append(StoredFile(name=name, size=int(said["size"]), store=store, key=key))
    if not found or len(found) > MOST_FILES:
        message = f"{store.where()}: there are {len(found):,} files in it"
        raise InputError(message, next_step="Pass the URL of one model.")
    refuse_clashing(each.name for each in found)
    return tuple(sorted(found, key=lambda each: by_parts(each.name)))


def _nanoseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1e6) * 1000


def _protocols(driver: Any) -> set[str]:  # noqa: ANN401 - as above
    named = driver.protocol
    return {named} if isinstance(named, str) else set(named)
