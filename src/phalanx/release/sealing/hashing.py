"""Hashes of a manifest: SHA-256, which every verifier has to know, and BLAKE3, which is quicker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Literal, Protocol

from blake3 import blake3

from phalanx.errors import VerificationError
from phalanx.printable import printable

Algorithm = Literal["sha256", "blake3"]


class Hash(Protocol):
    """A digest that grows."""

    def update(self, data: memoryview, /) -> object:
        """Take more bytes."""
        ...

    def digest(self) -> bytes:
        """Return the digest of all bytes so far."""
        ...


_MAKERS: dict[str, Callable[[], Hash]] = {
    "sha256": hashlib.sha256,
    "blake2b": hashlib.blake2b,  # read in manifests of others, not offered for ours
    "blake3": blake3,
}


def new_hash(algorithm: str) -> Hash:
    """Return an empty hash.

    Parameters:
        algorithm: As the Model Signing format names it.

    Raises:
        VerificationError: If it is none that this version knows.

    Examples:
        >>> new_hash("sha256").digest().hex()[:8], new_hash("blake3").digest().hex()[:8]
        ('e3b0c442', 'af1349b9')
    """
    maker = _MAKERS.get(algorithm)
    if maker is None:
        message = f"the hash {printable(algorithm)[:40]!r} is not known; {', '.join(_MAKERS)} are"
        raise VerificationError(message, next_step="Ask for a manifest with SHA-256.")
    return maker()
