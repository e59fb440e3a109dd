"""The recipient's side: roots that were pinned once, and are asked for anew each time.

What was seen is kept in one folder, so that no older state comes back. python-tuf takes the time
from the clock of the machine; whoever opens compares the expiry with his own time besides.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.api.metadata import Metadata, Targets, Timestamp
from tuf.api.serialization.json import CanonicalJSONSerializer
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from phalanx.errors import ConfigError, InputError, ServiceError, VerificationError, reason_of
from phalanx.owned import OWNER_ONLY, read_owned, written_whole
from phalanx.release.trust.repository import MOST_TARGET_BYTES
from phalanx.release.trust.roots import (
    LOG_POLICY,
    PARTIES,
    REVOKED,
    Roots,
    parse_revoked,
    stale,
)
from phalanx.release.trust.rotation import MOST_ROOT_BYTES, parse_root
from phalanx.transparency.places import fetch_from

SEEN = "seen"
"""Folder of checkpoints that were seen."""

_METADATA, _TARGETS = "roots:/metadata/", "roots:/targets/"
_MOST_METADATA_BYTES = 4 << 20
_LIMITS = UpdaterConfig(
    max_root_rotations=1024,  # each was signed by the one before: no server can make them up
    max_delegations=1,
    root_max_length=MOST_ROOT_BYTES,
    timestamp_max_length=1 << 14,
    snapshot_max_length=1 << 16,
    targets_max_length=_MOST_METADATA_BYTES,
)
_AGAIN = "Ask the issuer; do not delete what was seen before."


def pin(root: bytes, place: str, folder: Path) -> None:
    """Pin the root of a provider, which came over a way that is trusted.

    Parameters:
        root: Its first root.
        place: Folder or URL of what the provider publishes.
        folder: New one, for what is seen.

    Raises:
        VerificationError: If it is no root.
        ConfigError: If the place is none.
        InputError: If the folder is there, or cannot be made.
    """
    made = parse_root(root)
    try:
        made.signed.verify_delegate(
            "root", CanonicalJSONSerializer().serialize(made.signed), made.signatures
        )
    except (RepositoryError, ValueError) as error:
        message = "this is no root of a repository"
        raise VerificationError(message, next_step="Ask the issuer for his root.") from error
    fetch_from(place)
    try:
        folder.mkdir(parents=True, mode=0o700)
        for name, content in (("root.json", root), ("place", place.encode() + b"\n")):
            with written_whole(folder / name) as aside:
                aside.write_bytes(content)
    except OSError as error:
        message = f"{folder}: cannot be made: {reason_of(error)}"
        raise InputError(message, next_step="Name a new folder.") from error


def fresh_roots(folder: Path) -> Roots:
    """Return what the provider publishes now.

    Parameters:
        folder: That `pin` made.

    Raises:
        PolicyError: If what is published is stale.
        VerificationError: If it is not signed as it has to be, or older than what was seen.
        ServiceError: If it cannot be reached.
        ConfigError: If the folder is none that `pin` made.
        InputError: If it cannot be written.
    """
    root = read_owned(folder / "root.json", "pinned root", _MOST_METADATA_BYTES)
    place = read_owned(folder / "place", "place of roots", 4096).decode(errors="replace").strip()
    with _locked(folder):
        try:
            return _read(root, _Fetcher(place), folder)
        except ExpiredMetadataError as error:
            raise stale(reason_of(error)) from error
        except BadVersionNumberError as error:
            message = f"the roots are older than those that were seen before: {reason_of(error)}"
            raise VerificationError(message, next_step=_AGAIN) from error
        except DownloadError as error:
            message = f"the roots cannot be fetched from {place}: {reason_of(error)}"
            raise ServiceError(message, next_step="Check the place, and try again.") from error
        except (RepositoryError, ValueError) as error:
            message = f"the roots are not as the issuer signed them: {reason_of(error)}"
            raise VerificationError(message, next_step=_AGAIN) from error
        except OSError as error:
            message = f"{folder}: cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and try again.") from error


def _read(root: bytes, fetcher: _Fetcher, folder: Path) -> Roots:
    metadata, targets = folder / "metadata", folder / "targets"
    for each in (metadata, targets):
        each.mkdir(exist_ok=True, mode=0o700)
    updater = Updater(
        str(metadata), _METADATA, str(targets), _TARGETS, fetcher, _LIMITS, bootstrap=root
    )
    updater.refresh()
    listed = Metadata[Targets].from_file(str(metadata / "targets.json")).signed.targets
    parties = {
        name.removeprefix(PARTIES).removesuffix(".json"): each.hashes.get("sha256", "")
        for name, each in listed.items()
        if name.startswith(PARTIES)
    }
    revoked = _target(updater, REVOKED)
    if revoked is None:
        message = "the roots do not say what was revoked"
        raise VerificationError(message, next_step=_AGAIN)
    timestamp = Metadata[Timestamp].from_file(str(metadata / "timestamp.json")).signed
    return Roots(
        parties=parties,
        revoked=parse_revoked(revoked, REVOKED),
        log_policy=_target(updater, LOG_POLICY),
        expires_at=timestamp.expires,
    )


def _target(updater: Updater, name: str) -> bytes | None:
    info = updater.get_targetinfo(name)
    if info is None:
        return None
    if info.length > MOST_TARGET_BYTES:
        message = f"{name} of the roots is too large"
        raise VerificationError(message, next_step=_AGAIN)
    found = updater.find_cached_target(info) or updater.download_target(info)
    return Path(found).read_bytes()


class _Fetcher(FetcherInterface):
    """Reads what is published from a folder or a URL, each file up to a size."""

    def __init__(self, place: str) -> None:
        self._fetch_file = fetch_from(place)

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = url.removeprefix("roots:/")
        try:
            content = self._fetch_file(path, _MOST_METADATA_BYTES)
        except InputError as error:
            raise DownloadHTTPError(str(error), 404) from error
        except ServiceError as error:
            raise DownloadError(str(error)) from error
        return iter([content])


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    except OSError as error:
        message = f"{folder}: cannot be written: {reason_of(error)}"
        raise ConfigError(message, next_step="Name the folder that was pinned.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
