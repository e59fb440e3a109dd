"""A model on disk, held against its manifest: all of it, or named files only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from phalanx.errors import InputError, VerificationError
from phalanx.release.manifest.resources import (
    WHOLE_MODEL,
    Manifest,
    Resource,
    manifest_of,
    part_of,
)
from phalanx.release.manifest.tree import Found, files_of, refuse_outside
from phalanx.release.names import path_below
from phalanx.release.sealing.hashing import new_hash
from phalanx.release.sealing.streams import read_into
from phalanx.release.sealing.writing import Buffers, open_plain, pieces_of

_NEXT = "Fetch the model again; do not use this one."


def check_model(
    path: Path, manifest: Manifest, *, only: Collection[str] | None = None
) -> tuple[str, ...]:
    """Verify that a model is the one of a manifest, and return the names of verified files.

    Parameters:
        path: Folder of the model, or its file.
        manifest: Whose signature was verified.
        only: Names of files to verify, and no other; null takes all, and then nothing else may
            be there.

    Raises:
        VerificationError: If a file is missing, changed, not listed, or a link.
        InputError: If one cannot be read, or `only` names a file that is not listed.
    """
    wanted = _by_file(manifest)
    if list(wanted) == [WHOLE_MODEL]:
        wanted, path = {path.name: wanted[WHOLE_MODEL]}, path.parent
        only = list(wanted)
    if only is None:
        _refuse_unlisted(files_of(path, manifest.ignored), wanted, manifest)
    else:
        if unknown := sorted(set(only) - set(wanted)):
            message = f"the manifest lists no file {unknown[0]!r}"
            raise InputError(message, next_step="Name files as the manifest lists them.")
        wanted = {name: wanted[name] for name in wanted if name in set(only)}
    refuse_outside(path, wanted)
    buffers = Buffers()
    for name, parts in wanted.items():
        _check_file(path_below(path, name), name, parts, manifest, buffers)
    return tuple(wanted)


def digests_of(found: Iterable[Found], hash_type: str) -> dict[str, bytes]:
    """Return the digest of each file, by name.

    Raises:
        InputError: If one cannot be read, or changes its length meanwhile.
    """
    buffers = Buffers()
    return {
        each.name: _hashed(each.path, [(0, each.size)], hash_type, buffers)[0] for each in found
    }


def manifest_on_disk(path: Path, model: str, hash_type: str) -> Manifest:
    """Return the manifest of a model as it is on disk.

    Raises:
        InputError: If it cannot be read.
    """
    return manifest_of(model, digests_of(files_of(path), hash_type), hash_type)


def _by_file(manifest: Manifest) -> dict[str, list[Resource]]:
    if manifest.shard_bytes is None:
        return {each.name: [each] for each in manifest.resources}
    wanted: dict[str, list[Resource]] = {}
    for each in manifest.resources:
        wanted.setdefault(part_of(each.name)[0], []).append(each)
    for parts in wanted.values():
        parts.sort(key=lambda each: part_of(each.name)[1:])
    return wanted


def _refuse_unlisted(found: Iterable[Found], wanted: Collection[str], manifest: Manifest) -> None:
    names = set()
    for each in found:
        # A file that is hashed in parts has none if it is empty.
        is_empty_part = manifest.shard_bytes is not None and not each.size
        if each.name not in wanted and not is_empty_part:
            message = f"{each.name!r} is not in the manifest"
            raise VerificationError(message, next_step="Remove it, or fetch the model again.")
        names.add(each.name)
    if missing := sorted(set(wanted) - names):
        message = f"{missing[0]!r} is missing"
        raise VerificationError(message, next_step=_NEXT)


def _check_file(
    path: Path, name: str, parts: list[Resource], manifest: Manifest, buffers: Buffers
) -> None:
    try:
        size = path.lstat().st_size
    except OSError as error:
        message = f"{name!r} is missing"
        raise VerificationError(message, next_step=_NEXT) from error
    spans = [(0, size)]
    if manifest.shard_bytes is not None:
        spans = [part_of(each.name)[1:] for each in parts]
        starts, ends = [start for start, _ in spans], [end for _, end in spans]
        if starts != [0, *ends[:-1]] or ends[-1] != size:
            message = f"{name!r} has {size:,} bytes, and its parts in the manifest have others"
            raise VerificationError(message, next_step=_NEXT)
    (algorithm,) = {each.algorithm for each in parts}
    found = _hashed(path, spans, algorithm, buffers)
    if found != [each.digest for each in parts]:
        message = f"{name!r} is not the file that was signed"
        raise VerificationError(message, next_step=_NEXT)


def _hashed(
    path: Path, spans: list[tuple[int, int]], algorithm: str, buffers: Buffers
) -> list[bytes]:
    digests = []
    with open_plain(path) as file:
        for start, end in spans:
            whole = new_hash(algorithm)
            for size in pieces_of(end - start):
                piece = buffers.plain[:size]
                if read_into(file, piece) < size:
                    message = f"{path} became shorter while it was read"
                    raise InputError(message, next_step="Verify files that nobody is writing.")
                whole.update(piece)
            digests.append(whole.digest())
        if file.read(1):
            message = f"{path} became longer while it was read"
            raise InputError(message, next_step="Verify files that nobody is writing.")
    return digests
