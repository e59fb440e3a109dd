"""What a grant demands of whoever opens under it, and what he trusts to meet that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from phalanx.errors import PolicyError
from phalanx.release.logged.proving import refuse_unlogged
from phalanx.release.packages.package import Package
from phalanx.release.parties.identity import Identity
from phalanx.release.trust.roots import Roots
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.policy import Policy

ROOTS = "that the roots are of today, list the issuer, and revoke no key and not this grant"
LOG = "that grant and record are in the log, under a checkpoint that the policy accepts"
SAME_LOG = "that the log is the one that was seen before"

_NOT = {
    ROOTS: "whether keys were revoked: no roots were named",
    LOG: "whether the release is in a transparency log: no log was named",
    SAME_LOG: "whether the log is the one that was seen before, at another size: it was not asked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Roots and logs that were pinned, and are of today."""

    roots: Roots
    policy: Policy | None
    """Of logs; null where no log is asked for."""

    seen: Path
    """Folder of the checkpoints that were seen."""

    readers: Mapping[str, LogReader] = field(default_factory=dict)
    """Origin of a log -> how it is read, where it can be asked."""

    @property
    def asks_logs(self) -> bool:
        """Whether each log that counts can be asked, and so shows one tree to all who ask."""
        return self.policy is not None and self.readers.keys() >= {
            each.name for each in self.policy.logs
        }


def refuse_unmet(
    package: Package, issuer: Identity, recipient: Identity, trusted: Trusted | None, now: datetime
) -> None:
    """Refuse a release of which something is not met that the grant or the recipient asks for.

    Parameters:
        package: Whose signatures were verified.
        issuer: As he was pinned.
        recipient: As he was pinned.
        trusted: Roots and logs, if any were pinned.
        now: In UTC.

    Raises:
        PolicyError: If the grant demands roots or a log, and none are named; or if something was
            revoked or is stale.
        VerificationError: If the release is not in the log, or the issuer not in the roots.
    """
    demands = package.agreed.grant.terms.demands
    if trusted is None:
        if {"roots", "log"} & set(demands):
            message = f"the grant demands to verify {' and '.join(demands)}"
            raise PolicyError(message, next_step="Name what was pinned with --trust.")
        return
    trusted.roots.refuse_untrusted(issuer, recipient, package.agreed.digest, now)
    if trusted.policy is None:
        if "log" in demands:
            message = "the grant demands a log, and neither the roots nor you name one"
            raise PolicyError(message, next_step="Ask the issuer for the policy of his log.")
        return
    refuse_unlogged(package, trusted.policy, trusted.seen, trusted.readers)


def no_roots() -> PolicyError:
    """Return what is said where no roots are named, and nobody said to do without."""
    message = "no roots are pinned: whether keys or the grant were revoked cannot be known"
    return PolicyError(
        message,
        next_step="Pin those of the issuer (roots pin), or open it with --without-roots.",
    )


def checks(trusted: Trusted | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which of these checks are made, and why others are not, in words."""
    made = {
        ROOTS: trusted is not None,
        LOG: trusted is not None and trusted.policy is not None,
        SAME_LOG: trusted is not None and trusted.asks_logs,
    }
    not_made = [each for each, done in made.items() if not done]
    if LOG in not_made:
        not_made.remove(SAME_LOG)
    return (
        tuple(each for each, done in made.items() if done),
        tuple(_NOT[each] for each in not_made),
    )
