"""How far a policy, or one of its rules, is in force.

In shadow nothing is done, and all is told. As a canary a rule acts on a share of all accounts:
those whose place on a line from 0 to 1 lies below the share. The place follows from the account by
a keyed hash, so that it stays as long as the key and the name of the policy do, whoever grows the
share only adds accounts, and nobody outside can look for an account that is left out.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Stage = Literal["shadow", "canary", "enforce"]
"""Nothing is done; a share of accounts; all."""


def share_in_force(stage: Stage, canary_percent: float | None) -> float:
    """Return on which share of accounts something acts.

    Examples:
        >>> share_in_force("shadow", None), share_in_force("canary", 5), share_in_force(
        ...     "enforce", None)
        (0.0, 0.05, 1.0)
    """
    match stage:
        case "shadow":
            return 0.0
        case "enforce":
            return 1.0
        case "canary":
            return 0.0 if canary_percent is None else canary_percent / 100


def place_of(account: str, policy_name: str, key: bytes) -> float:
    """Return where an account stands on the line from 0 to 1; 1 is not reached.

    Parameters:
        account: Its identifier.
        policy_name: Name of the policy, so that not always the same accounts come first.
        key: Secret of the deployment, 16 to 64 bytes.

    Raises:
        ValueError: If the key has another length.

    Examples:
        >>> place = place_of("acct_1", "production", bytes(32))
        >>> place == place_of("acct_1", "production", bytes(32)), 0 <= place < 1
        (True, True)
    """
    if not 16 <= len(key) <= 64:
        message = "the key of a canary has 16 to 64 bytes"
        raise ValueError(message)
    keyed = hashlib.blake2b(digest_size=8, key=key, person=b"phalanx canary")
    keyed.update(policy_name.encode() + b"\0")
    keyed.update(account.encode("utf-8", "surrogatepass"))
    # 53 bits, which a float holds, so that it is never rounded up to 1.
    return (int.from_bytes(keyed.digest()) >> 11) / (1 << 53)
