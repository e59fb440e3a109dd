"""Tardos's code: words of bits from which a group of traitors cannot make one that frames others.

Each place of the code has a secret bias, and each account's bit there is one with that chance,
drawn from a secret and the account's name. Nothing need be kept but the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SECRET_BYTES = 32

_LENGTH_FACTOR = math.pi**2
_CUTOFF_FACTOR = 0.1
_WORD = 2.0**-32


@dataclass(frozen=True, slots=True)
class CodePlan:
    """What a code is made for."""

    accounts: int
    """Accounts that are registered, or ever will be."""

    collusion: int
    """Accounts that may pool their texts and still be traced, mostly."""

    false_accusation: float
    """Chance that anyone at all is accused whose text is not there. It holds for any group of
    traitors and any length of code: the tail is computed, not approximated."""

    length: int
    """Places of the code."""

    cutoff: float
    """Smallest bias of a place, and its distance from 1."""


def plan_code(accounts: int, collusion: int, false_accusation: float = 1e-6) -> CodePlan:
    r"""Choose a code.

    Its length is $\pi^2 c^2 \ln(N / \epsilon)$, twice what symmetric accusation needs in the
    limit of many traitors. Too short a code convicts fewer traitors, never more innocents.

    Parameters:
        accounts: N, at least 1.
        collusion: c, at least 1.
        false_accusation: Chance of any false accusation over all accounts.

    Raises:
        ValueError: If a number is out of range.

    References:
        Tardos, "Optimal probabilistic fingerprint codes", JACM 2008. Skoric, Katzenbeisser &
        Celik, "Symmetric Tardos fingerprinting codes for arbitrary alphabet sizes", 2008.
        Laarhoven & de Weger, "Optimal symmetric Tardos traitor tracing schemes", 2014.

    Examples:
        >>> plan_code(1000, 3)
        CodePlan(accounts=1000, collusion=3, false_accusation=1e-06, length=1841, cutoff=0.0231...)
    """
    if accounts < 1 or collusion < 1 or not 0.0 < false_accusation < 1.0:
        message = (
            "accounts and collusion must be at least 1 and the chance of a false accusation "
            f"between 0 and 1: {accounts}, {collusion}, {false_accusation}"
        )
        raise ValueError(message)
    length = math.ceil(_LENGTH_FACTOR * collusion**2 * math.log(accounts / false_accusation))
    cutoff = _CUTOFF_FACTOR * collusion ** (-4.0 / 3.0)
    return CodePlan(accounts, collusion, false_accusation, length, cutoff)


class Code:
    """Biases and codewords of a plan under a secret.

    Parameters:
        plan: What the code is made for.
        secret: 32 random bytes.

    Raises:
        ValueError: If the secret has another length.

    Examples:
        >>> code = Code(plan_code(10, 1), bytes(32))
        >>> code.words(["a", "b"]).shape, float(code.biases.min()) > 0.09
        ((2, 160), True)
    """

    def __init__(self, plan: CodePlan, secret: bytes) -> None:
        """Derive the biases."""
        if len(secret) != SECRET_BYTES:
            message = f"the secret of a code has {SECRET_BYTES} bytes, not {len(secret)}"
            raise ValueError(message)
        self.plan = plan
        self._secret = secret
        low = math.asin(math.sqrt(plan.cutoff))
        angles = low + (0.5 * math.pi - 2.0 * low) * (self._words32(b"bias") + 0.5) * _WORD
        # A whole number of 2^-32, so that the chance of a bit is exactly the bias.
        self._thresholds = np.rint(np.sin(angles) ** 2 / _WORD).astype(np.uint64)

    @property
    def biases(self) -> npt.NDArray[np.float64]:
        """Chance of a one at each place, shape (length,)."""
        result: npt.NDArray[np.float64] = self._thresholds * _WORD
        return result

    def words(self, accounts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return the codeword of each account, shape (accounts, length)."""
        bits = [
            self._words32(b"word\0" + account.encode()) < self._thresholds for account in accounts
        ]
        return np.array(bits, dtype=np.bool_).reshape(len(accounts), self.plan.length)

    def _words32(self, purpose: bytes) -> npt.NDArray[np.uint32]:
        """Return a random 32-bit number for each place."""
        seed = hmac.digest(self._secret, b"phalanx-code-v1\0" + purpose, hashlib.sha256)
        stream = hashlib.shake_256(seed).digest(4 * self.plan.length)
        return np.frombuffer(stream, dtype="<u4")
