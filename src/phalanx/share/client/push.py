"""Adding objects: in envelopes that the server takes, each object's fate told.

The same version of an object may be sent again: a server that holds it keeps it and calls it a
success. So whatever was interrupted is sent again as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from phalanx.errors import ServiceError
from phalanx.share.client.answers import Detail, Status, read
from phalanx.share.client.server import Collection
from phalanx.share.wire import Document

MOST_OBJECTS = 1_000
"""In one envelope."""

MOST_BYTES = 8 << 20
"""Of one envelope, however many more a server takes."""

STATUS_SECONDS = 300.0
"""For which a server may leave a request pending."""

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 15.0
_HEAD, _TAIL = b'{"objects":[', b"]}"
_TOO_LARGE = 413
_NOT_PROCESSED = frozenset({400, 422})


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that the server did not take."""

    document: Document

    reason: str
    """As the server says, or why it was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of one part of what was sent."""

    stored: tuple[Document, ...] = ()
    """The server holds them now."""

    refused: tuple[Refused, ...] = ()


def push(collection: Collection, documents: Iterable[Document]) -> Iterator[Pushed]:
    """Add objects to a collection, envelope by envelope; nothing is sent before a part is taken.

    Parameters:
        collection: To add to.
        documents: In their order; their bytes are sent as they are.

    Yields:
        What became of each part, in order; together the parts hold each document once.

    Raises:
        InputError: If there is no such collection, for this member.
        VerificationError: If an answer cannot be read.
        PolicyError: If the server refuses the request as a whole.
        ServiceError: If it does not answer, or leaves a request pending for long.
    """
    most = min(collection.server.api_root(collection.root).max_content_length, MOST_BYTES)
    part: list[Document] = []
    size = len(_HEAD) + len(_TAIL)
    for each in documents:
        needed = len(each.raw) + 1
        if len(_HEAD) + len(_TAIL) + needed > most:
            reason = f"larger than what the server takes, {most:,} bytes"
            yield Pushed(refused=(Refused(each, reason),))
            continue
        if part and (size + needed > most or len(part) >= MOST_OBJECTS):
            yield from _sent(collection, part)
            part, size = [], len(_HEAD) + len(_TAIL)
        part.append(each)
        size += needed
    if part:
        yield from _sent(collection, part)


def _sent(collection: Collection, part: Sequence[Document]) -> Iterator[Pushed]:
    """Send an envelope; one that is larger than the server takes after all, in halves."""
    body = _HEAD + b",".join(each.raw for each in part) + _TAIL
    path = f"{collection.path}objects/"
    reply = collection.server.try_asking("POST", path, content=body)
    if reply.status == _TOO_LARGE and len(part) > 1:
        half = len(part) // 2
        yield from _sent(collection, part[:half])
        yield from _sent(collection, part[half:])
        return
    if reply.status in _NOT_PROCESSED | {_TOO_LARGE}:
        reason = f"the server refused the envelope ({reply.status})"
        yield Pushed(refused=tuple(Refused(each, reason) for each in part))
        return
    if not 200 <= reply.status < 300:
        raise collection.server.error_of(reply, path)
    yield _outcome(part, _followed(collection, read(Status, reply.body)))


def _followed(collection: Collection, status: Status) -> Status:
    """Ask for a status until nothing is pending."""
    waited, wait = 0.0, _FIRST_WAIT_SECONDS
    while status.status == "pending":
        if waited >= STATUS_SECONDS:
            message = "the TAXII server has not finished what was sent to it"
            raise ServiceError(message, next_step="Send it again later.")
        collection.server.sleep(wait)
        waited += wait
        wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
        reply = collection.server.ask("GET", f"{collection.root}status/{status.id}/")
        status = read(Status, reply.body)
    return status


def _outcome(part: Sequence[Document], status: Status) -> Pushed:
    """Say of each object whether it is held; of none without the server saying so."""
    if status.success_count == len(part) and not status.failure_count and not status.failures:
        return Pushed(stored=tuple(part))
    failures, successes = _by_id(status.failures), _by_id(status.successes)
    # A server need not list what it took, if it lists all that it did not.
    is_counted = status.success_count + status.failure_count == len(part)
    is_told = is_counted and not successes and status.failure_count == len(status.failures)
    stored, refused = [], []
    for each in part:
        failed = _of(each, failures)
        if failed is not None:
            refused.append(Refused(each, failed.message or "the server does not say why"))
        elif is_told or _of(each, successes) is not None:
            stored.append(each)
        else:
            refused.append(Refused(each, "the server does not say that it was taken"))
    return Pushed(stored=tuple(stored), refused=tuple(refused))


def _by_id(details: Iterable[Detail]) -> dict[str, list[Detail]]:
    found: dict[str, list[Detail]] = {}
    for each in details:
        found.setdefault(each.id, []).append(each)
    return found


def _of(document: Document, details: dict[str, list[Detail]]) -> Detail | None:
    """Return what is said of a document: of its version, or of an object without versions."""
    mine = _without_zeros(document.version)
    for each in details.get(document.id, ()):
        if not (mine and each.version) or _without_zeros(each.version) == mine:
            return each
    return None


def _without_zeros(version: str) -> str:
    """Return a moment with no more digits than it needs: a server may write more or fewer.

    Examples:
        >>> _without_zeros("2026-03-01T00:00:00.100Z"), _without_zeros("2026-03-01T00:00:00.000Z")
        ('2026-03-01T00:00:00.1', '2026-03-01T00:00:00')
    """
    bare = version.removesuffix("Z")
    return bare.rstrip("0").rstrip(".") if "." in bare else bare
