"""Another root in place of the present one: other keys, other holders, another threshold.

A root counts when enough keys of the root before and enough of its own have signed it, so that
whoever pinned any earlier one follows. Until then it waits beside what is published. A key that was
stolen ends with the root that no longer names it; as long as fewer than the threshold were stolen,
nobody but its holders can say so.

References:
    The Update Framework, version 1.0.34, 6.1 "Key management and migration".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization.json import CanonicalJSONSerializer

from phalanx.errors import ConfigError, VerificationError, reason_of
from phalanx.release.trust.role_keys import ROLES, RoleKeys, public_of, public_text
from phalanx.release.trust.roots import TIMESTAMP_DAYS

VALID_DAYS: Mapping[str, int] = MappingProxyType(
    {"root": 365, "targets": 90, "snapshot": 7, "timestamp": TIMESTAMP_DAYS}
)
"""For which each role counts."""

MOST_ROOT_BYTES = 1 << 18
_MOST_HOLDERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the next root says otherwise; nothing of it renews a root that grows old."""

    role: str | None = None
    """Whose keys are replaced."""

    holders: tuple[str, ...] = ()
    """Keys that take their place, as `public_text` has them; without any, one is made."""

    threshold: int = 1
    """How many of them have to sign."""


def first_root(keys: RoleKeys, now: datetime) -> Metadata[Root]:
    """Return the first root of a repository, with one new key for each role.

    Raises:
        ConfigError: If keys cannot be made.
    """
    root = Root(1, expires=now + timedelta(days=VALID_DAYS["root"]), consistent_snapshot=True)
    for role in ROLES:
        root.add_key(keys.make(role), role)
    return _signed(Metadata(root), keys.signers("root", root))


def next_root(before: bytes, keys: RoleKeys, change: Change, now: datetime) -> Metadata[Root]:
    """Return the next root, signed by those of its keys, old and new, that are at hand.

    Parameters:
        before: The present root.
        keys: Folder of keys.
        change: What it says otherwise.
        now: In UTC, in whole seconds.

    Raises:
        ConfigError: If so many cannot sign, a holder stands twice, or a key cannot be made.
    """
    made, old = parse_root(before), parse_root(before).signed
    root = made.signed
    root.version, root.expires = old.version + 1, now + timedelta(days=VALID_DAYS["root"])
    if change.role is not None:
        _replace(root, keys, change, change.role)
    made.signatures.clear()
    return _signed(made, (*keys.signers("root", old), *keys.signers("root", root)))


def _replace(root: Root, keys: RoleKeys, change: Change, role: str) -> None:
    if role != "root" and (change.holders or change.threshold != 1):
        message = f"{role} is signed by one key, each day"
        raise ConfigError(message, next_step="Name holders and a threshold for the role root only.")
    # One key in other letters is one key: it could not sign twice.
    named = [public_of(each) for each in change.holders]
    if len(named) > _MOST_HOLDERS or len({each.keyid for each in named}) < len(named):
        message = "a holder stands twice, or there are too many"
        raise ConfigError(message, next_step="Name each holder once.")
    if not 1 <= change.threshold <= max(1, len(change.holders)):
        message = f"{change.threshold} of {max(1, len(change.holders))} keys cannot sign"
        raise ConfigError(message, next_step="Name a threshold of at most as many as holders.")
    new = named or [keys.make(role)]
    for each in tuple(root.roles[role].keyids):
        root.revoke_key(each, role)
    for key in new:
        root.add_key(key, role)
    root.roles[role].threshold = change.threshold


def lacking(old: Root, waiting: Metadata[Root]) -> tuple[int, int]:
    """Return how many signatures a root lacks, of keys of the root before and of its own.

    Parameters:
        old: The root that it follows.
        waiting: The root.
    """
    payload = CanonicalJSONSerializer().serialize(waiting.signed)
    results = (
        each.get_verification_result("root", payload, waiting.signatures)
        for each in (old, waiting.signed)
    )
    before, after = (max(0, each.threshold - len(each.signed)) for each in results)
    return before, after


def parse_root(content: bytes) -> Metadata[Root]:
    """Understand a root; nothing of it is verified.

    Raises:
        VerificationError: If it is none.
    """
    try:
        found = Metadata[Root].from_bytes(content)
        if found.signed.type != "root":
            message = "another role"
            raise ValueError(message)  # noqa: TRY301 - told as the others
    except (RepositoryError, ValueError, AttributeError, TypeError, KeyError) as error:
        message = f"this is no root of a repository: {reason_of(error)}"
        raise VerificationError(message, next_step="Ask the issuer for his root.") from error
    return found


def described(root: Root) -> tuple[str, ...]:
    """Return what a root says, a line for each role, for who is asked to sign it."""
    lines = [f"root {root.version}, until {root.expires.isoformat()}"]
    for name in ROLES:
        role = root.roles[name]
        keys = ", ".join(sorted(public_text(root.keys[each]) for each in role.keyids))
        lines.append(f"{name}: {role.threshold} of {keys}")
    return tuple(lines)


def _signed(made: Metadata[Root], signers: Sequence[Signer]) -> Metadata[Root]:
    for each in signers:
        made.sign(each, append=True)
    return made
