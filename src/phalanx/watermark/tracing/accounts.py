"""Every key that was served is tried on a text: whose is it, if anyone's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from phalanx.errors import InputError
from phalanx.model import ExactEvidence
from phalanx.watermark.detection import (
    Detection,
    Finding,
    Reading,
    SchemeKeys,
    detect,
    detect_asked,
)
from phalanx.watermark.rules import TracedAccount
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.tracing.register import ServedKey

KeySource = Callable[[str], bytes]
"""The key of a name; the vault stands behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What the text says of those who were served under one key."""

    accounts: tuple[str, ...]
    """Who was served under the key, in order."""

    finding: Finding
    """The strongest test of the key."""

    def evidence(self) -> ExactEvidence:
        """Return the finding as evidence about the accounts, which it does not name."""
        return replace(
            self.finding.evidence(),
            rule_id=TracedAccount.rule_id,
            name=TracedAccount.name,
            null_hypothesis=(
                "No part of the text was served under the key of these accounts. "
                f"({self.finding.setting.null_hypothesis})"
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The answer for a register."""

    keys: tuple[Traced, ...]
    """Every key that was tried, the strongest first."""

    not_tried: tuple[str, ...]
    """Accounts that were first served after the text was there."""

    detection: Detection
    """All tests of the family."""

    @property
    def accused(self) -> tuple[Traced, ...]:
        """Keys that the text carries."""
        return tuple(each for each in self.keys if each.finding.verdict == "marked")


def trace(  # noqa: PLR0913 - each is one choice of who asks
    readings: Sequence[Reading],
    register: Sequence[ServedKey],
    schemes: Sequence[Scheme],
    key_source: KeySource,
    *,
    level: float = 1e-6,
    decoys: int = 999,
    seen_at: datetime | None = None,
) -> Trace:
    """Test documents for the key of every account of a register.

    Null hypothesis of each key: no part of the text was served under it. Corrected by Holm over
    all keys, schemes and tokenizers, so that the chance of accusing anyone whose text is not
    there is at most the level. An accused account's texts are in the documents; who put them
    there is another question.

    Parameters:
        readings: The same documents, once for each tokenizer.
        register: Who was served under which key.
        schemes: Under which the keys were used.
        key_source: Gives the key of a name.
        level: Chance of any false accusation that is accepted.
        decoys: Random keys that the scheme's law is held against.
        seen_at: When the text was there already: keys of later first use are not tried.

    Returns:
        The keys, the strongest first.

    Raises:
        InputError: If no key is left to try, a key fits no scheme, or `seen_at` has no time zone.

    Examples:
        >>> from datetime import UTC
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> at = datetime(2026, 9, 1, tzinfo=UTC)
        >>> row = ServedKey(account="a", key_id="k", first_served=at, last_served=at, tokens=9)
        >>> reading = Reading(tokenizer="bytes", documents=[list(b"somebody else's text")])
        >>> trace([reading], [row], [PhalanxGumbel()], lambda name: bytes(32)).accused
        ()
    """
    owners = owners_by(register, seen_at)
    keys = {key_id: key_source(key_id) for key_id in owners}
    detection = detect(readings, schemes, keys, level=level, decoys=decoys)
    return _told(detection, register, owners)


def trace_asked(  # noqa: PLR0913 - each is one choice of who asks
    readings: Sequence[Reading],
    register: Sequence[ServedKey],
    asked: Sequence[SchemeKeys],
    *,
    level: float = 1e-6,
    decoys: int = 999,
    seen_at: datetime | None = None,
) -> Trace:
    """Test documents as `trace` does, where each scheme has keys of its own.

    Parameters:
        readings: The same documents, once for each tokenizer.
        register: Who was served under which key.
        asked: Schemes with the keys of the register; others are not tried.
        level: Chance of any false accusation that is accepted.
        decoys: Random keys that the scheme's law is held against.
        seen_at: When the text was there already: keys of later first use are not tried.

    Raises:
        InputError: If no key is left to try.
        ValueError: If a key of the register is not there.
    """
    owners = owners_by(register, seen_at)
    tried = [
        SchemeKeys(each.scheme, {name: key for name, key in each.keys.items() if name in owners})
        for each in asked
    ]
    if not owners.keys() <= {name for each in tried for name in each.keys}:
        message = "a key of the register is not there"
        raise ValueError(message)
    detection = detect_asked(readings, tried, level=level, decoys=decoys)
    return _told(detection, register, owners)


def owners_by(register: Sequence[ServedKey], seen_at: datetime | None) -> dict[str, set[str]]:
    """Return who was served under each key by some moment; null for ever.

    Raises:
        InputError: If nobody was, or the moment has no time zone.
    """
    if seen_at is not None and seen_at.tzinfo is None:
        message = "seen_at has no time zone: which keys were served before it is not known"
        raise InputError(message, next_step="Give the moment with its time zone.")
    owners: dict[str, set[str]] = {}
    for row in register:
        if seen_at is None or row.first_served <= seen_at:
            owners.setdefault(row.key_id, set()).add(row.account)
    if not owners:
        message = "the register names no key that was served by then"
        raise InputError(message, next_step="Check the register and the date of the text.")
    return owners


def _told(
    detection: Detection, register: Sequence[ServedKey], owners: dict[str, set[str]]
) -> Trace:
    strongest: dict[str, Finding] = {}
    for finding in detection.findings:
        strongest.setdefault(finding.key_id, finding)
    found = {account for names in owners.values() for account in names}
    return Trace(
        keys=tuple(
            Traced(accounts=tuple(sorted(owners[key_id])), finding=finding)
            for key_id, finding in strongest.items()
        ),
        not_tried=tuple(sorted({row.account for row in register} - found)),
        detection=detection,
    )
