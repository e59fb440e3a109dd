"""What a manifest lists, and the in-toto statement that says it.

The subject is the model; its digest is the root: SHA-256 over the digests of all resources, in
their order. Neither name of the model nor time nor recipient stand in it: what binds a manifest
to a recipient is the record of the release, which names the root.

References:
    OpenSSF Model Signing Specification, version 1.0, predicate
    `https://model_signing/signature/v1.0`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from phalanx.errors import InputError, VerificationError
from phalanx.json_text import parse_object
from phalanx.release.names import by_parts, refuse_clashing, refuse_unsafe
from phalanx.release.sealing.hashing import new_hash

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
SIGNATURE_NAME = "model.sig"
IGNORED = (".git", ".gitattributes", ".github", ".gitignore", SIGNATURE_NAME)
"""What a manifest never lists: files of git, and the signature itself."""

WHOLE_MODEL = "."
"""Name of the only resource of a model that is one file."""

_MOST_RESOURCES = 100_000
_NEXT = "Ask the signer for the manifest again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One file, or one part of a file."""

    name: str
    """Of the file; with `:START:END` behind it where files are hashed in parts."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that a signature says of a model."""

    model: str
    """Its name, which is information only."""

    resources: tuple[Resource, ...]
    """In the order in which their digests make the root."""

    hash_type: str
    shard_bytes: int | None = None
    """Of the parts in which files are hashed; null where they are hashed whole."""

    ignored: tuple[str, ...] = IGNORED
    """Names and folders that are not part of the model."""

    @property
    def root(self) -> str:
        """Digest of the whole model, in hexadecimal."""
        return root_of(self.resources)


def root_of(resources: Iterable[Resource]) -> str:
    """Return SHA-256 over the digests of resources, in their order, in hexadecimal."""
    whole = hashlib.sha256()
    for each in resources:
        whole.update(each.digest)
    return whole.hexdigest()


def manifest_of(model: str, digests: Mapping[str, bytes], hash_type: str) -> Manifest:
    """Return the manifest of files that were hashed whole.

    Parameters:
        model: Its name.
        digests: Of each file, by name.
        hash_type: Such as `sha256`.

    Examples:
        >>> manifest_of("m", {"b": b"2" * 32, "a/b": b"1" * 32}, "sha256").resources[0].name
        'a/b'
    """
    return Manifest(
        model=model,
        hash_type=hash_type,
        resources=tuple(
            Resource(name=name, algorithm=hash_type, digest=digests[name])
            for name in sorted(digests, key=by_parts)
        ),
    )


def payload_of(manifest: Manifest) -> bytes:
    """Return the statement that is signed, in canonical JSON (RFC 8785).

    Parameters:
        manifest: Of files that were hashed whole: parts are read in manifests of others only.
    """
    serialization: dict[str, Any] = {
        "method": "files",
        "hash_type": manifest.hash_type,
        "allow_symlinks": False,
        "ignore_paths": list(manifest.ignored),
    }
    return rfc8785.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": manifest.model, "digest": {"sha256": manifest.root}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "serialization": serialization,
                "resources": [
                    {
                        "name": each.name,
                        "algorithm": each.algorithm,
                        "digest": each.digest.hex(),
                    }
                    for each in manifest.resources
                ],
            },
        }
    )


def parse_payload(payload: bytes, what: str) -> Manifest:
    """Understand the statement of a manifest, whoever wrote it.

    Parameters:
        payload: Whose signature was verified.
        what: What messages call it.

    Raises:
        VerificationError: If it is no such statement, its root is not that of its resources, or a
            name in it could lead out of the model's folder.
    """
    try:
        said = parse_object(payload, what)
        manifest, subject = _manifest(said)
    except (InputError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        message = f"{what} is no manifest of a model"
        raise VerificationError(message, next_step=_NEXT) from error
    _refuse_unsafe_names(manifest)
    if subject != manifest.root:
        message = f"{what} names another root than its resources make"
        raise VerificationError(message, next_step=_NEXT)
    return manifest


def _manifest(said: Mapping[str, Any]) -> tuple[Manifest, object]:
    (subject,) = said["subject"]
    predicate = said["predicate"]
    serialization, listed = predicate["serialization"], predicate["resources"]
    method, ignored = serialization["method"], serialization.get("ignore_paths", [])
    is_known = (
        said["_type"] == STATEMENT_TYPE
        and said["predicateType"] == PREDICATE_TYPE
        and method in {"files", "shards"}
        and isinstance(listed, list)
        and len(listed) <= _MOST_RESOURCES
        and all(isinstance(each, str) for each in [subject["name"], *ignored])
    )
    # Protocol buffers, with which others write it, know no whole numbers in free documents.
    shard_bytes = int(serialization["shard_size"]) if method == "shards" else None
    if not is_known or (shard_bytes is not None and shard_bytes < 1):
        message = "another kind of statement"
        raise ValueError(message)
    manifest = Manifest(
        model=subject["name"],
        hash_type=serialization["hash_type"],
        shard_bytes=shard_bytes,
        ignored=tuple(ignored),
        resources=tuple(_resource(each) for each in listed),
    )
    if len({each.algorithm for each in manifest.resources}) > 1:
        message = "more than one hash"
        raise ValueError(message)
    return manifest, subject["digest"]["sha256"]


def _resource(said: Mapping[str, Any]) -> Resource:
    digest, name = bytes.fromhex(said["digest"]), said["name"]
    # A part's is said to be `sha256-sharded-SIZE`; the size stands in the statement already.
    algorithm = said["algorithm"].partition("-sharded-")[0]
    if len(new_hash(algorithm).digest()) != len(digest) or not isinstance(name, str):
        message = "a digest of another length"
        raise ValueError(message)
    return Resource(name=name, algorithm=algorithm, digest=digest)


def _refuse_unsafe_names(manifest: Manifest) -> None:
    names = [each.name for each in manifest.resources]
    if manifest.shard_bytes is None:
        if names != [WHOLE_MODEL]:
            refuse_clashing(names)
        return
    for name in names:
        refuse_unsafe(part_of(name)[0])
    if len(set(names)) < len(names):
        message = "a manifest lists a part of a file twice"
        raise VerificationError(message, next_step=_NEXT)


def part_of(name: str) -> tuple[str, int, int]:
    """Return the file of a part, its first byte and the byte behind it.

    Raises:
        VerificationError: If it is no name of a part.

    Examples:
        >>> part_of("a/b:0:100")
        ('a/b', 0, 100)
    """
    file, *ends = name.rsplit(":", 2)
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() for end in ends):
        message = f"a manifest lists {name[:100]!r}, which is no part of a file"
        raise VerificationError(message, next_step=_NEXT)
    return file, int(ends[0]), int(ends[1])
