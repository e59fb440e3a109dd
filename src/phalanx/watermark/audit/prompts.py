"""What a plan says of what the suspect is asked, and a report of what it answered."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from phalanx.watermark.audit.winners import Integers

_LABEL = b"phalanx audit documents v1\0"


def prompts_digest(documents: bytes | Sequence[Integers]) -> str:
    """Return what a plan says of the prompts, SHA-256 in hexadecimal.

    Parameters:
        documents: Their file; or their token numbers, each from 0 to 2^63 - 1, as `run_audit`
            takes them: then how many documents there are and where each ends is fixed, too.

    Raises:
        ValueError: If a document is no list of token numbers.

    Examples:
        >>> prompts_digest([np.array([1, 2])]) == prompts_digest([np.array([1]), np.array([2])])
        False
    """
    if isinstance(documents, bytes):
        return hashlib.sha256(documents).hexdigest()
    digest = hashlib.sha256(_LABEL + len(documents).to_bytes(8, "big"))
    for document in documents:
        tokens = np.asarray(document)
        if tokens.ndim != 1 or (tokens.size and tokens.dtype.kind not in "iu"):
            message = "a document is a list of token numbers"
            raise ValueError(message)
        if tokens.size and int(tokens.min()) < 0:
            message = "token numbers must be at least 0"
            raise ValueError(message)
        digest.update(tokens.size.to_bytes(8, "big") + tokens.astype(">u8").tobytes())
    return digest.hexdigest()
