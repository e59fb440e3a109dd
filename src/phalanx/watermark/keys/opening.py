"""An opening: who wants which audit keys, for what, from when until when. What custodians read.

It names the moment at which it was asked for and the line of the vault's log that says so, and a
key that was made for it alone. Whatever is changed in it makes it another opening, which nobody
asked for and nobody approved.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from phalanx.errors import InputError
from phalanx.watermark.keys.custodians import MOST_NUMBER, refuse_name
from phalanx.watermark.keys.tree import refuse_key_name

LONGEST = timedelta(days=30)
"""For which an opening may be asked, and how long ahead."""

SKEW = timedelta(minutes=10)
"""By which clocks of different machines may differ."""

MOST_NAMES = 10_000
MOST_BYTES = 4 << 20
"""Of a request or an approval in a file."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENTS = ("asked_at", "opens_at", "closes_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is asked of the custodians. Public."""

    provider: str
    epoch: int
    root_id: str
    """Of the audit root that the keys are derived from."""

    scheme: str
    """Of marking."""

    names: tuple[str, ...]
    """Of the keys."""

    reason: str
    """Why the keys are needed, in words."""

    plan: str
    """SHA-256 of the plan of the audit, in hexadecimal; what is done with the keys stands there."""

    by: str
    """Who asks, and may not approve."""

    asked_at: datetime
    line: int
    """Number of the line of the vault's log that notes the asking."""

    before: str
    """Hash of the line before that one: the log as it was then."""

    opens_at: datetime
    closes_at: datetime
    """From when on the keys may be derived, and when no longer."""

    recipient: str
    """Public key (X25519, base64url) that halves are sealed to; made for this opening alone."""

    def __post_init__(self) -> None:
        """Refuse what nobody could approve with open eyes.

        Raises:
            InputError: With what is wrong.
        """
        refuse_name(self.by)
        for name in self.names:
            refuse_key_name(name)
        if reason := _wrong_words(self) or _wrong_numbers(self) or _wrong_moments(self):
            raise InputError(reason, next_step="Ask again, and say it so.")

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical form, in hexadecimal: what custodians read to each other."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        moments = {name: written(getattr(self, name)) for name in _MOMENTS}
        return asdict(self) | {"names": list(self.names)} | moments

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Opening:
        """Understand plain JSON.

        Raises:
            InputError: If it is something else.
        """
        try:
            moments = {name: read_moment(said[name]) for name in _MOMENTS}
            return cls(**{**said, **moments, "names": tuple(said["names"])})
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            message = "not an opening of audit keys"
            raise InputError(message, next_step="Ask whoever sent it for the file.") from error


def _wrong_words(opening: Opening) -> str:
    """Say what custodians could not read: it must not steer their terminals, and looks as it is."""
    if not (10 <= len(opening.reason.strip()) <= 2000 and opening.reason.isprintable()):
        return "the reason has 10 to 2,000 printable characters, on one line"
    if not all(map(str.isprintable, (opening.provider, opening.scheme, opening.recipient))):
        return "provider, scheme and recipient are printable"
    if not 1 <= len(set(opening.names)) == len(opening.names) <= MOST_NAMES:
        return f"an opening is of 1 to {MOST_NAMES:,} different keys"
    return ""


def _wrong_numbers(opening: Opening) -> str:
    for number, name in ((opening.epoch, "an epoch"), (opening.line, "a line of the log")):
        if type(number) is not int or not 1 <= number < MOST_NUMBER:
            return f"{name} is a whole number from 1"
    if not _DIGEST.fullmatch(opening.plan):
        return "the plan is named by its SHA-256, 64 hexadecimal digits"
    if not _DIGEST.fullmatch(opening.before):
        return "a line of the log is named by its SHA-256, 64 hexadecimal digits"
    return ""


def _wrong_moments(opening: Opening) -> str:
    asked, opens, closes = opening.asked_at, opening.opens_at, opening.closes_at
    if not (asked.tzinfo and opens.tzinfo and closes.tzinfo):
        return "an opening is for times with a time zone"
    if not timedelta() < closes - opens <= LONGEST:
        return f"an opening lasts at most {LONGEST.days} days, and ends after it begins"
    if not asked < closes <= asked + 2 * LONGEST:
        return f"an opening begins within {LONGEST.days} days, and is not over when asked for"
    return ""


def read_document(content: bytes) -> Mapping[str, Any]:
    """Read the JSON object of a request, an approval or shares, up to a size.

    Raises:
        InputError: If it is none, or too large.
    """
    if len(content) > MOST_BYTES:
        message = f"more than {MOST_BYTES:,} bytes"
        raise InputError(message, next_step="Name another file.")
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        message = "not a JSON document"
        raise InputError(message, next_step="Name another file.") from error
    if not isinstance(said, dict):
        message = "not a JSON object"
        raise InputError(message, next_step="Name another file.")
    return said


def written(moment: datetime) -> str:
    """Return a moment in the one form that is signed."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def read_moment(said: str) -> datetime:
    """Return the moment of that form.

    Raises:
        ValueError: If it is none, or has no time zone.
        TypeError: If it is no text.
        OverflowError: If no clock shows it.
    """
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        message = "a moment without a time zone is none"
        raise ValueError(message)
    return moment.astimezone(UTC)
