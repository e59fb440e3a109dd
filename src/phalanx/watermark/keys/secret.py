"""Bytes that must not be seen: neither printed, logged, compared in the open, nor pickled.

The bytes lie in objects that hide them, so that a traceback with local variables, a log of an
object or a failed assertion shows how many there are and nothing else. Python copies bytes and
never overwrites them: whoever reads the memory of the process reads its keys.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt


class Secret:
    """Some secret bytes.

    Parameters:
        value: The bytes; at least one.

    Raises:
        ValueError: If there are none.

    Examples:
        >>> Secret(bytes(32))
        Secret(32 bytes)
        >>> Secret(b"a") == Secret(b"a"), len(Secret(b"a"))
        (True, 1)
    """

    __slots__ = ("_bytes",)
    __hash__ = None  # type: ignore[assignment] # a hash would tell equal ones from others

    def __init__(self, value: bytes) -> None:
        """Keep the bytes."""
        if not value:
            message = "a secret has at least one byte"
            raise ValueError(message)
        self._bytes = bytes(value)

    def reveal(self) -> bytes:
        """Return the bytes, to be handed on at once and kept in no variable."""
        return self._bytes

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return len(self._bytes)

    def __eq__(self, other: object) -> bool:
        """Compare in a time that does not depend on where two differ."""
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other.reveal())

    def __repr__(self) -> str:
        """Say how many bytes are hidden."""
        return f"Secret({len(self)} bytes)"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied into something that is."""
        message = "a secret is not pickled"
        raise TypeError(message)


class SecretKeys:
    """Many keys of one length, in the order of what they were derived for.

    Parameters:
        keys: Each of the same length; at least one.

    Raises:
        ValueError: If there are none, or lengths differ.

    Examples:
        >>> keys = SecretKeys([Secret(b"ab"), Secret(b"cd")])
        >>> keys, keys.reveal().shape
        (SecretKeys(2 of 2 bytes), (2, 2))
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[Secret]) -> None:
        """Keep the keys."""
        if len({len(key) for key in keys}) != 1:
            message = "keys are one at least, and of one length"
            raise ValueError(message)
        self._keys = tuple(keys)

    def reveal(self) -> npt.NDArray[np.uint8]:
        """Return the keys as `Scheme.totals` takes them, shape (keys, key_bytes)."""
        joined = b"".join(key.reveal() for key in self._keys)
        return np.frombuffer(joined, dtype=np.uint8).reshape(len(self._keys), -1)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._keys)

    def __iter__(self) -> Iterator[Secret]:
        """Go through the keys."""
        return iter(self._keys)

    def __repr__(self) -> str:
        """Say how many there are, and how long."""
        return f"SecretKeys({len(self)} of {len(self._keys[0])} bytes)"
