"""A commitment to the codeword of a copy: made before delivery, opened when a copy is traced.

It hides the codeword from the recipient, who could otherwise remove it, and binds the issuer: he
cannot choose afterwards whose codeword was found.
"""

from __future__ import annotations

import hmac

_LABEL = b"phalanx release codeword v1\0"
KEY_BYTES = 32


def commitment_to(codeword: str, key: bytes) -> str:
    """Return the commitment: HMAC-SHA256 under a key that the issuer keeps, in hexadecimal.

    Parameters:
        codeword: Zeros and ones, as they are written into the copy; at least one.
        key: 32 random bytes of this copy.

    Raises:
        ValueError: If the codeword is none, or the key has another length.

    Examples:
        >>> commitment_to("0110", bytes(32))[:16]
        'c15a125dce277565'
    """
    if not codeword or set(codeword) - {"0", "1"} or len(key) != KEY_BYTES:
        message = "a codeword is of zeros and ones, and its key has 32 bytes"
        raise ValueError(message)
    return hmac.digest(key, _LABEL + codeword.encode(), "sha256").hex()


def is_committed(commitment: str, codeword: str, key: bytes) -> bool:
    """Tell whether a codeword is the one that was committed to.

    Examples:
        >>> made = commitment_to("0110", bytes(32))
        >>> is_committed(made, "0110", bytes(32)), is_committed(made, "0111", bytes(32))
        (True, False)
    """
    return hmac.compare_digest(commitment, commitment_to(codeword, key))
