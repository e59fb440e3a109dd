"""A content key reaches the recipient that it was wrapped for, and nobody else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from phalanx.errors import VerificationError
from phalanx.release.sealing.wrapping import WRAPPED_BYTES, unwrap, wrap

KEY, GRANT = bytes(range(32)), b"g" * 32


def _party(seed: int) -> MLKEM768X25519PrivateKey:
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(bytes([seed]) * 64),
        X25519PrivateKey.from_private_bytes(bytes([seed]) * 32),
    )


def test_the_key_comes_back() -> None:
    """What was wrapped for a recipient is what he unwraps."""
    own = _party(1)
    wrapped = wrap(KEY, own.public_key(), purpose="release", bound_to=GRANT)
    assert len(wrapped) == WRAPPED_BYTES
    assert unwrap(wrapped, own, purpose="release", bound_to=GRANT) == KEY


@pytest.mark.parametrize(
    ("seed", "purpose", "bound_to"),
    [(2, "release", GRANT), (1, "resume", GRANT), (1, "release", b"h" * 32)],
    ids=["recipient", "purpose", "grant"],
)
def test_nobody_else_unwraps_it(seed: int, purpose: str, bound_to: bytes) -> None:
    """Another recipient, another purpose or another grant ends in words."""
    wrapped = wrap(KEY, _party(1).public_key(), purpose="release", bound_to=GRANT)
    with pytest.raises(VerificationError, match="another recipient or grant"):
        unwrap(wrapped, _party(seed), purpose=purpose, bound_to=bound_to)


def test_half_a_key_is_not_enough() -> None:
    """Whoever holds one half of the recipient's key, post-quantum or not, opens nothing."""
    wrapped = wrap(KEY, _party(1).public_key(), purpose="release", bound_to=GRANT)
    for lattice, curve in ((1, 2), (2, 1)):
        half = MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(bytes([lattice]) * 64),
            X25519PrivateKey.from_private_bytes(bytes([curve]) * 32),
        )
        with pytest.raises(VerificationError):
            unwrap(wrapped, half, purpose="release", bound_to=GRANT)


def test_every_byte_counts() -> None:
    """A wrapped key that was changed, cut off or made longer is refused."""
    own = _party(1)
    wrapped = wrap(KEY, own.public_key(), purpose="release", bound_to=GRANT)
    changed = []
    for at in (0, 1100, 1125, 1160):
        raw = bytearray(wrapped)
        raw[at] ^= 1
        changed.append(bytes(raw))
    for each in [*changed, wrapped[:-1], wrapped[:100], b"", wrapped + b"\0"]:
        with pytest.raises(VerificationError):
            unwrap(each, own, purpose="release", bound_to=GRANT)
