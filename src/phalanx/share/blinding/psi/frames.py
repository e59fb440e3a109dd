"""Messages of a private set intersection: bounded byte frames, for any transport.

A list of entries of one width is cut into frames. Each says which part of which list it is, so
that what is missing, doubled or foreign is noticed:

    magic  part  mode  session  entries of the list  first entry  entries here  entries
    4      1     1     16       4                    4            4             width x n
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from phalanx.errors import InputError

LARGEST_SET = 1 << 22
"""Entries of a list, filling included."""

SESSION_BYTES = 16
_MAGIC = b"PSI1"
_HEADER = struct.Struct(f">4sBB{SESSION_BYTES}sIII")
_ENTRIES_OF_A_FRAME = 16_384
_WIDEST = 32
LARGEST_FRAME_BYTES = _HEADER.size + _ENTRIES_OF_A_FRAME * _WIDEST
"""Half a megabyte; a transport may refuse more."""


class Mode(IntEnum):
    """What the asker learns."""

    INTERSECTION = 1
    """Which of its items the responder has."""

    CARDINALITY = 2
    """How many of its items the responder has."""


class Part(IntEnum):
    """What a list is."""

    QUESTION = 1
    """The asker's items under its key: elements."""

    ANSWER = 2
    """The same under both keys: elements."""

    OWN = 3
    """The responder's items under its key: digests."""


WIDTHS = {Part.QUESTION: 32, Part.ANSWER: 32, Part.OWN: 16}
"""Bytes of an entry. 2^22 x 2^22 pairs of digests collide by chance once in 2^84 sessions."""


@dataclass(frozen=True, slots=True)
class EntryList:
    """A list of entries of one session."""

    part: Part
    mode: Mode
    session: bytes
    entries: Sequence[bytes]


def to_frames(said: EntryList) -> Iterator[bytes]:
    """Cut a list into frames.

    Examples:
        >>> said = EntryList(Part.OWN, Mode.CARDINALITY, bytes(16), [bytes(16)])
        >>> from_frames(to_frames(said), Part.OWN) == said
        True
    """
    for first in range(0, len(said.entries), _ENTRIES_OF_A_FRAME):
        here = said.entries[first : first + _ENTRIES_OF_A_FRAME]
        yield _HEADER.pack(
            _MAGIC, said.part, said.mode, said.session, len(said.entries), first, len(here)
        ) + b"".join(here)


def from_frames(frames: Iterable[bytes], part: Part, most_entries: int = LARGEST_SET) -> EntryList:
    """Read the frames of one list, in order, and not one more than it has.

    Parameters:
        frames: From outside.
        part: That is expected.
        most_entries: Of the list; a longer one is refused at its first frame.

    Raises:
        InputError: If they are anything but one whole list of that part.
    """
    entries: list[bytes] = []
    head: tuple[int, bytes, int] | None = None
    for frame in frames:
        mode, session, total, first, payload = _split(frame, part)
        head = head or (mode, session, total)
        if total > most_entries:
            raise _wrong(reason=f"at most {most_entries:,} entries are taken")
        width = WIDTHS[part]
        if (mode, session, total) != head or first != len(entries):
            raise _wrong(reason="a frame is missing, or is not of this list")
        entries += [payload[i : i + width] for i in range(0, len(payload), width)]
        if len(entries) > total:
            raise _wrong(reason="there are more entries than were announced")
        if len(entries) == total:
            return EntryList(part, Mode(mode), session, entries)
    raise _wrong(reason="the list ends early")


def _split(frame: bytes, part: Part) -> tuple[int, bytes, int, int, bytes]:
    if not _HEADER.size < len(frame) <= LARGEST_FRAME_BYTES:
        raise _wrong(reason="a frame has an impossible size")
    magic, said_part, mode, session, total, first, count = _HEADER.unpack_from(frame)
    if magic != _MAGIC or said_part != part or mode not in set(Mode):
        raise _wrong(reason="a frame is of something else")
    if total == 0:
        raise _wrong(reason="a list is empty")
    payload = frame[_HEADER.size :]
    if count == 0 or len(payload) != count * WIDTHS[part]:
        raise _wrong(reason="a frame does not hold what it says")
    return mode, session, total, first, payload


def _wrong(reason: str) -> InputError:
    message = f"not a message of a set intersection: {reason}"
    return InputError(message, next_step="Begin again; check that both have one version.")
