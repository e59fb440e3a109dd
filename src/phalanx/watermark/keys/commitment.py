"""Commitments: which keys an audit will test, fixed before it asks its first question.

Who could choose the key after having seen the answers would find one that fits. So before the
audit one hash is published, over all keys with the plan of the audit. Later each key can be
opened alone, and anybody verifies that it was among them. The publisher cannot show another key:
it would take two texts with one SHA-256 value. And the hash says nothing of a key before: each is
hashed with 32 random bytes that nobody else knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.keys.custodians import from_text, to_text
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.merkle import is_leaf, path_of, root_of
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import MOST_KEY_BYTES

SEED_BYTES = 32
MOST_KEYS = 1 << 24
_LABEL = "phalanx key commitment v1"
_HASH_BYTES = 32
_MOST_BYTES = 64 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SCHEME = re.compile(r"[!-~]{1,300}")
_KEY_ID = re.compile(r"wmk_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """What is published before an audit."""

    root: str
    """Of the tree over all keys, base64url."""

    keys: int
    """How many there are."""

    scheme: str
    plan: str
    """SHA-256 of the plan of the audit, in hexadecimal."""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "schema": "phalanx.key-commitment/1",
            "root": self.root,
            "keys": self.keys,
            "scheme": self.scheme,
            "plan": self.plan,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedKey:
    """One key of a commitment with what shows that it is one. To publish it gives the key away."""

    index: int
    """Place among the keys, from 0."""

    key_id: str
    key: Secret
    nonce: Secret
    path: tuple[str, ...]
    """Hashes beside its way up the tree, base64url."""

    def publish(self) -> dict[str, Any]:
        """Return plain JSON, with the key in it."""
        return {
            "schema": "phalanx.opened-key/1",
            "index": self.index,
            "key_id": self.key_id,
            "key": self.key.reveal().hex(),
            "nonce": self.nonce.reveal().hex(),
            "path": list(self.path),
        }


def commit(keys: DerivedKeys, plan: str, seed: Secret) -> Commitment:
    """Commit to keys, in their order.

    Parameters:
        keys: That the audit will test.
        plan: SHA-256 of the plan of the audit, in hexadecimal.
        seed: 32 random bytes for this commitment alone, kept as secretly as the keys until they
            are opened: nonces are derived from them.

    Raises:
        ValueError: If the seed has another length, the plan is none, or there are too many keys.
    """
    return Commitment(
        root=to_text(root_of(_leaves(keys, plan, seed))),
        keys=len(keys.ids),
        scheme=keys.scheme,
        plan=plan,
    )


def open_key(keys: DerivedKeys, plan: str, seed: Secret, index: int) -> OpenedKey:
    """Open one key of a commitment, and tell nothing of the others.

    Parameters:
        keys: As they were committed to.
        plan: As it was committed to.
        seed: Of the commitment.
        index: Place of the key.

    Raises:
        IndexError: If there is no such key.
    """
    path = path_of(_leaves(keys, plan, seed), index)
    return OpenedKey(
        index=index,
        key_id=keys.ids[index],
        key=tuple(keys.keys)[index],
        nonce=_nonce(seed, index),
        path=tuple(map(to_text, path)),
    )


def verify_key(commitment: Commitment, opened: OpenedKey) -> None:
    """Verify that a key is the one that was committed to at its place.

    Parameters:
        commitment: As it was published before the audit.
        opened: As it was published after.

    Raises:
        VerificationError: If it is another key, place, plan or scheme.
        InputError: If the root or the path is no list of hashes.
    """
    leaf = _leaf(commitment.scheme, commitment.plan, opened.key_id, opened.key, opened.nonce)
    path = [from_text(each, _HASH_BYTES) for each in opened.path]
    root = from_text(commitment.root, _HASH_BYTES)
    if not is_leaf(root, commitment.keys, opened.index, leaf, path):
        message = f"{opened.key_id[:40]}: not the key that was committed to"
        raise VerificationError(message, next_step="Do not trust what was found with it.")


def read_commitment(content: bytes) -> Commitment:
    """Read a commitment that was published.

    Raises:
        InputError: If it is none.
    """
    said = _read(content, "phalanx.key-commitment/1")
    try:
        found = Commitment(
            root=said["root"], keys=said["keys"], scheme=said["scheme"], plan=said["plan"]
        )
        from_text(found.root, _HASH_BYTES)
        is_whole = (
            type(found.keys) is int
            and 1 <= found.keys <= MOST_KEYS
            and _SCHEME.fullmatch(found.scheme)
            and _DIGEST.fullmatch(found.plan)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _no_document() from error
    if not is_whole:
        raise _no_document()
    return found


def read_opened_key(content: bytes) -> OpenedKey:
    """Read a key that was published.

    Raises:
        InputError: If it is none.
    """
    said = _read(content, "phalanx.opened-key/1")
    try:
        key, nonce = bytes.fromhex(said["key"]), bytes.fromhex(said["nonce"])
        found = OpenedKey(
            index=said["index"],
            key_id=said["key_id"],
            key=Secret(key),
            nonce=Secret(nonce),
            path=tuple(said["path"]),
        )
        is_whole = (
            type(found.index) is int
            and _KEY_ID.fullmatch(found.key_id)
            and len(key) <= MOST_KEY_BYTES
            and len(nonce) == SEED_BYTES
            and all(isinstance(each, str) for each in found.path)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _no_document() from error
    if not is_whole:
        raise _no_document()
    return found


def _read(content: bytes, schema: str) -> Mapping[str, Any]:
    if len(content) > _MOST_BYTES:
        raise _no_document()
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_document() from error
    if not isinstance(said, dict) or said.get("schema") != schema:
        raise _no_document()
    return said


def _no_document() -> InputError:
    message = "not a commitment to keys, or no key of one"
    return InputError(message, next_step="Ask its publisher for the file.")


def _leaves(keys: DerivedKeys, plan: str, seed: Secret) -> list[bytes]:
    if len(seed) != SEED_BYTES or not 1 <= len(keys.ids) <= MOST_KEYS:
        message = f"a seed has {SEED_BYTES} bytes, and keys are 1 to {MOST_KEYS:,}"
        raise ValueError(message)
    if not _DIGEST.fullmatch(plan):
        message = "a plan is named by its SHA-256, 64 hexadecimal digits"
        raise ValueError(message)
    return [
        _leaf(keys.scheme, plan, name, key, _nonce(seed, index))
        for index, (name, key) in enumerate(zip(keys.ids, keys.keys, strict=True))
    ]


def _leaf(scheme: str, plan: str, name: str, key: Secret, nonce: Secret) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(framed(_LABEL, nonce.reveal(), name, scheme, plan, key.reveal()))
    return digest.finalize()


def _nonce(seed: Secret, index: int) -> Secret:
    info = framed(_LABEL, "nonce", index)
    return Secret(HKDFExpand(hashes.SHA256(), SEED_BYTES, info).derive(seed.reveal()))
