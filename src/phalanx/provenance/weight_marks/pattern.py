"""Which weights belong to a place of the mark, and in which direction each of them goes."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SECRET_BYTES = 32

_BLOCK = 16
_EACH = 4
"""Bytes of the stream for a weight: a bit for its direction, 31 for its place."""


class Pattern:
    """Directions and places of all weights under a secret.

    They come from the key stream of AES-256 in counter mode, under a key for each tensor: any
    part of a tensor is had without the parts before it.

    Parameters:
        secret: 32 random bytes.
        places: How many there are, from 1 to 2^31.

    Raises:
        ValueError: If the secret has another length, or there are no places or too many.

    Examples:
        >>> pattern = Pattern(bytes(32), 10)
        >>> places, ups = pattern.deal("layer.weight", 0, 1000)
        >>> np.array_equal(pattern.deal("layer.weight", 999, 1)[0], places[-1:])
        True
    """

    def __init__(self, secret: bytes, places: int) -> None:
        """Keep the secret."""
        if len(secret) != SECRET_BYTES or not 1 <= places <= 1 << 31:
            message = f"a pattern needs a secret of {SECRET_BYTES} bytes and from 1 to 2^31 places"
            raise ValueError(message)
        self.places = places
        self._secret = secret

    def deal(
        self, tensor: str, start: int, count: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return places and directions of some weights of a tensor.

        Parameters:
            tensor: Its name.
            start: Number of the first weight, in the order of memory (C).
            count: How many.

        Returns:
            The place of each, and whether it goes up; both of shape (count,).
        """
        key = hmac.digest(self._secret, b"tensor\0" + tensor.encode(), hashlib.sha256)
        block, skipped = divmod(start * _EACH, _BLOCK)
        counter = block.to_bytes(_BLOCK, "big")
        # AES as a stream of random numbers: nothing is encrypted, so nothing need be authentic.
        stream = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
        drawn = stream.update(bytes(skipped + count * _EACH))[skipped:]
        numbers = np.frombuffer(drawn, dtype="<u4")
        places = ((numbers >> 1).astype(np.int64) * self.places) >> 31
        return places, (numbers & 1).astype(np.bool_)
