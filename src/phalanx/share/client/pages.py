"""Lists that do not fit one answer, read page by page, however hostile who writes them is.

Filters are repeated with each `next`, as servers want it that keep nothing with it; a server that
gives no `next` is asked for what was added later. A list that does not move on ends the reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from phalanx.errors import VerificationError
from phalanx.share.client.answers import Listed, read, unreadable
from phalanx.share.client.server import Collection

PAGE_OBJECTS = 1_000
"""That are asked for at once; a server may give fewer."""

MOST_PAGES = 100_000
"""Of one list."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    listed: Listed

    last_added: str
    """When the last thing on the page was added; empty where nothing is on it, or it was not said
    in the head of the answer."""


def pages_of(
    collection: Collection, name: str, filters: Mapping[str, str], added_after: str
) -> Iterator[Page]:
    """Read a list to its end.

    Parameters:
        collection: That has it.
        name: `objects`, `manifest` or `x-tombstones`.
        filters: As `match[type]`.
        added_after: Moment after which it begins; empty begins with the first.

    Raises:
        VerificationError: If an answer cannot be read, or the list does not move on.
        PhalanxError: As `TaxiiServer.ask`.
    """
    after, token, before = added_after, "", b""
    for _ in range(MOST_PAGES):
        parameters = {**filters, "limit": str(PAGE_OBJECTS)}
        parameters |= {"added_after": after} if after else {}
        parameters |= {"next": token} if token else {}
        reply = collection.server.ask("GET", f"{collection.path}{name}/", parameters=parameters)
        listed = read(Listed, reply.body)
        last = reply.headers.get("x-taxii-date-added-last", "")
        last = moment(last) if last else ""
        # Some servers keep the place themselves, and give one `next` for all pages.
        is_stuck = reply.body == before or (not listed.next_token and last <= after)
        is_empty = not (listed.objects or listed.tombstones)
        if listed.more and (is_stuck or is_empty):
            message = "the TAXII server's list does not move on"
            raise VerificationError(message, next_step="Ask its operator.")
        yield Page(listed, last)
        if not listed.more:
            return
        before = reply.body
        if listed.next_token:
            token = listed.next_token
        else:
            after, token = last, ""
    message = "the TAXII server's list has no end"
    raise VerificationError(message, next_step="Ask its operator.")


def moment(text: str) -> str:
    """Return a moment with six digits of its second, so that two compare as texts.

    Raises:
        VerificationError: If it is none.

    Examples:
        >>> moment("2026-03-01T12:00:00Z") < moment("2026-03-01T12:00:00.0001Z")
        True
    """
    match = _MOMENT.fullmatch(text)
    if match is None or not _is_day(text[:10]):
        reason = f"{text[:40]!r} is no timestamp"
        raise unreadable(reason)
    fraction = (match[1] or ".").ljust(7, "0")[:7]
    return f"{text[:19]}{fraction}Z"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).year >= 1970
    except ValueError:
        return False
