"""How a passphrase becomes a key: Argon2id, as costly as the file says, within bounds.

The cost is stored beside what it protects, so that a later version may raise it. It is bounded on
both sides: a file from elsewhere can neither make a passphrase cheap to guess once it is sealed
again, nor ask for more memory than a machine has.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from phalanx.errors import ConfigError
from phalanx.watermark.keys.secret import Secret

FEWEST_BYTES = 12
"""Of a passphrase."""

_SALT_BYTES = 16
_MEMORY_KIB = 19 * 1024, 1024 * 1024
_PASSES = 1, 16
_LANES = 1, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What it costs to try a passphrase.

    The default is the second recommendation of RFC 9106: 64 MiB, three passes, four lanes.
    """

    memory_kib: int = 64 * 1024
    """19 MiB to 1 GiB, in KiB."""

    passes: int = 3
    """1 to 16."""

    lanes: int = 4
    """1 to 16."""

    def __post_init__(self) -> None:
        """Refuse what is outside the bounds.

        Raises:
            ValueError: With what is wrong.
        """
        for name, value, (least, most) in (
            ("memory_kib", self.memory_kib, _MEMORY_KIB),
            ("passes", self.passes, _PASSES),
            ("lanes", self.lanes, _LANES),
        ):
            if type(value) is not int or not least <= value <= most:
                message = f"{name} is {least} to {most}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretching:
    """Cost and salt of one passphrase."""

    cost: Cost
    salt: bytes
    """16 random bytes."""

    def __post_init__(self) -> None:
        """Refuse a salt of another length.

        Raises:
            ValueError: If it has one.
        """
        if len(self.salt) != _SALT_BYTES:
            message = f"a salt has {_SALT_BYTES} bytes"
            raise ValueError(message)

    def key(self, passphrase: Secret) -> Secret:
        """Make the key of a passphrase: 32 bytes."""
        derive = Argon2id(
            salt=self.salt,
            length=32,
            iterations=self.cost.passes,
            lanes=self.cost.lanes,
            memory_cost=self.cost.memory_kib,
        )
        return Secret(derive.derive(passphrase.reveal()))

    def as_json(self) -> dict[str, Any]:
        """Return what a header says of it."""
        return {
            "name": "argon2id",
            "memory_kib": self.cost.memory_kib,
            "passes": self.cost.passes,
            "lanes": self.cost.lanes,
            "salt": base64.urlsafe_b64encode(self.salt).decode().rstrip("="),
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Stretching:
        """Understand what a header says.

        Raises:
            ValueError: If it is outside the bounds, or of another function.
            KeyError: If something is missing.
            TypeError: If something is no text or number.
        """
        if said["name"] != "argon2id" or len(said) != 5:
            message = "another function than argon2id"
            raise ValueError(message)
        return cls(
            cost=Cost(memory_kib=said["memory_kib"], passes=said["passes"], lanes=said["lanes"]),
            salt=base64.b64decode(said["salt"] + "==", altchars=b"-_", validate=True),
        )


def refuse_weak(passphrase: Secret) -> None:
    """Refuse a passphrase that is too short to withstand guessing.

    Parameters:
        passphrase: As it was typed, or the line of a file, in UTF-8.

    Raises:
        ConfigError: If it has fewer than 12 bytes.

    Examples:
        >>> refuse_weak(Secret(b"correct horse battery"))
    """
    if len(passphrase) < FEWEST_BYTES:
        message = f"a passphrase has at least {FEWEST_BYTES} characters"
        raise ConfigError(message, next_step="Take several words, or a key file.")
