"""Moments as the hub keeps them: whole microseconds since 1970, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from phalanx.errors import InputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def microseconds(moment: datetime) -> int:
    """Return a moment that has a time zone as microseconds.

    Examples:
        >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
        1000000
    """
    return (moment - _EPOCH) // _MICROSECOND


# Objects that are sent together bear few of them.
@lru_cache(maxsize=1024)
def parse_moment(text: str) -> int:
    """Return the microseconds of a timestamp of RFC 3339; finer digits are cut off.

    Raises:
        InputError: If it is none.

    Examples:
        >>> parse_moment("1970-01-01T00:00:01.5Z"), parse_moment("1970-01-01T01:00:00+01:00")
        (1500000, 0)
    """
    # Python takes fractions of three or six digits only.
    match = _MOMENT.fullmatch(text)
    if match is not None:
        fraction = match[1] or ""
        whole = text.replace(fraction, fraction[:7].ljust(7, "0"), 1) if fraction else text
        try:
            return microseconds(datetime.fromisoformat(whole).astimezone(UTC))
        except (ValueError, OverflowError) as error:
            raise _no_moment(text) from error
    raise _no_moment(text)


def moment_at(value: int) -> datetime:
    """Return microseconds as a moment.

    Examples:
        >>> moment_at(1_500_000)
        datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    """
    return _EPOCH + value * _MICROSECOND


def written_moment(value: int) -> str:
    """Return microseconds as a timestamp with six digits, as TAXII wants them.

    Examples:
        >>> written_moment(1500000)
        '1970-01-01T00:00:01.500000Z'
    """
    return f"{moment_at(value):%Y-%m-%dT%H:%M:%S.%f}Z".rjust(27, "0")


def _no_moment(text: str) -> InputError:
    message = f"{text[:40]!r} is no timestamp"
    return InputError(message, next_step="Write it like 2026-03-01T12:00:00.000Z.")
