"""The manifest of one scan's files: what they are, how they were made, and their digests."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from phalanx.errors import VerificationError

KEPT_VERSION = 6
"""Version of what is kept. It grows when files, or the numbers in them, change their meaning."""

NAME = "manifest.json"
_MOST_BYTES = 1_000_000
_READ_BYTES = 1 << 20
_SCAN_ANEW = "Scan the whole log into a new store."


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file of a scan."""

    name: str
    sha256: str
    """Digest of its bytes, hexadecimal."""

    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a scan kept."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    kept_version: int
    store_id: str
    scan: int
    """Number of the scan."""

    versions: dict[str, str]
    """Phalanx and the libraries that numbers depend on -> version."""

    key_id: str
    """Of the pseudonym key; empty for identifiers in clear."""

    parameters: dict[str, str]
    """What decides evidence -> its value, or its digest where it names somebody."""

    columns: list[str]
    """Optional columns that the log has carried so far."""

    has_prompts: bool
    exchanges: int
    """That were kept so far, in all scans."""

    last_step: int
    """Steps of the log until the last one that was replayed, from 0."""

    formed_step: int
    """Last step after which groups were formed."""

    files: list[KeptFile]


_MANIFEST = TypeAdapter(Manifest)


def write_manifest(manifest: Manifest, folder: Path) -> str:
    """Write a manifest into its folder; return its digest."""
    text = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
    (folder / NAME).write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def read_manifest(folder: Path, sha256: str, store_id: str) -> Manifest:
    """Read a manifest, and check that it is the one that was written.

    Parameters:
        folder: Of the scan.
        sha256: Digest that the database remembers.
        store_id: Of the store.

    Raises:
        VerificationError: If it is absent, changed, of another store or of a later version.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: missing, or cannot be read: {error.strerror}"
        raise VerificationError(message, next_step=_bring_back(folder)) from error
    if hashlib.sha256(text).hexdigest() != sha256:
        message = f"{path}: changed since it was written, or of another store"
        raise VerificationError(message, next_step=_bring_back(folder))
    manifest = parse_manifest(text, str(path))
    if manifest.store_id != store_id:
        message = f"{path}: of another store"
        raise VerificationError(message, next_step=_bring_back(folder))
    return manifest


def parse_manifest(text: bytes, name: str) -> Manifest:
    """Parse a manifest.

    Parameters:
        text: Its bytes.
        name: What messages call it.

    Raises:
        VerificationError: If it is none, or of a version that this program does not know.
    """
    try:
        version = json.loads(text)["kept_version"]
        if version != KEPT_VERSION:
            later = isinstance(version, int) and version > KEPT_VERSION
            whose = "a newer version of Phalanx" if later else "another version of the method"
            message = f"{name}: kept by {whose}"
            raise VerificationError(message, next_step="Update Phalanx." if later else _SCAN_ANEW)
        return _MANIFEST.validate_json(text)
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError) as error:
        message = f"{name}: not a manifest"
        raise VerificationError(message, next_step=_SCAN_ANEW) from error


def digest(path: Path) -> KeptFile:
    """Read a file for its digest.

    Raises:
        OSError: If it cannot be read.
    """
    state, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            state.update(block)
            size += len(block)
    return KeptFile(name=path.name, sha256=state.hexdigest(), size_bytes=size)


def verified(manifest: Manifest, folder: Path, name: str) -> Path:
    """Return the path of a file of a scan, its digest being the manifest's.

    Raises:
        VerificationError: If the file is missing, or is not the one that was written.
    """
    path = folder / name
    kept = next((file for file in manifest.files if file.name == name), None)
    try:
        found = None if kept is None else digest(path)
    except OSError as error:
        message = f"{path}: missing, or cannot be read: {error.strerror}"
        raise VerificationError(message, next_step=_bring_back(folder)) from error
    if kept is None or found != kept:
        message = f"{path}: not the file that the scan wrote: its digest is another"
        raise VerificationError(message, next_step=_bring_back(folder))
    return path


def _bring_back(folder: Path) -> str:
    return f"Bring {folder} back from a backup, or scan the whole log into a new store."
