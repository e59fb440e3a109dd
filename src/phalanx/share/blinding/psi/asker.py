"""The party that learns the result."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from phalanx.errors import InputError
from phalanx.share.blinding.group import (
    RandomBytes,
    invert_each,
    random_element,
    random_scalar,
)
from phalanx.share.blinding.psi.elements import (
    digests,
    filled_size,
    hidden_elements,
    hidden_items,
)
from phalanx.share.blinding.psi.frames import (
    SESSION_BYTES,
    EntryList,
    Mode,
    Part,
    from_frames,
    to_frames,
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the asker learned."""

    cardinality: int
    """How many of its items the responder has."""

    items: tuple[bytes, ...] | None
    """Which; null where only the number was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What counts the answer where the process that asked has ended: a secret, for one answer."""

    session: bytes
    key: bytes = field(repr=False)
    entries: int
    """Of the question, filling included."""

    def count(self, frames: Iterable[bytes], pool: Executor | None = None) -> int:
        """Return how many items of the question the responder has.

        Parameters:
            frames: Of the answer.
            pool: Threads that share the work.

        Raises:
            InputError: If they are no answer to this question.
        """
        return sum(_hits(self, Mode.CARDINALITY, frames, pool))


class Asker:
    """Asks once: one set, one session, one answer.

    Parameters:
        items: The set; doubled items count once.
        mode: What is to be learned.
        random: Where the key comes from; it must not be predictable.
        pool: Threads that share the work.

    Raises:
        ValueError: If the set is larger than may be.
    """

    def __init__(
        self,
        items: Sequence[bytes],
        mode: Mode,
        random: RandomBytes = secrets.token_bytes,
        pool: Executor | None = None,
    ) -> None:
        """Hide the items under a key of this session."""
        self._mode = mode
        self._pool = pool
        self._session = random(SESSION_BYTES)
        self._key = random_scalar(random)
        # Filling may stand at the end: nobody else can tell it from the rest.
        self._items = tuple(dict.fromkeys(items))
        filling = filled_size(len(self._items)) - len(self._items)
        self._question = hidden_items(self._key, self._items, pool)
        self._question += [random_element(random) for _ in range(filling)]

    def kept(self) -> Kept:
        """Return what counts the answer in another process.

        Raises:
            ValueError: If more than a number was asked for.
        """
        if self._mode is not Mode.CARDINALITY:
            message = "only a count can be made without the items"
            raise ValueError(message)
        return self._kept

    @property
    def _kept(self) -> Kept:
        return Kept(session=self._session, key=self._key, entries=len(self._question))

    def question(self) -> Iterator[bytes]:
        """Return the frames to send."""
        yield from to_frames(EntryList(Part.QUESTION, self._mode, self._session, self._question))

    def result(self, frames: Iterable[bytes]) -> Found:
        """Read the answer: first the question under both keys, then the responder's own set.

        Parameters:
            frames: In the order in which the responder sent them.

        Raises:
            InputError: If they are no answer to this question.
        """
        hits = _hits(self._kept, self._mode, frames, self._pool)
        if self._mode is Mode.CARDINALITY:
            return Found(sum(hits), None)
        # Filling is behind the items, so `zip` leaves it out.
        items = tuple(item for item, hit in zip(self._items, hits, strict=False) if hit)
        return Found(len(items), items)


def _hits(kept: Kept, mode: Mode, frames: Iterable[bytes], pool: Executor | None) -> list[bool]:
    """Return for each entry of an answer, in its order, whether the responder has it."""
    rest = iter(frames)
    both = from_frames(rest, Part.ANSWER)
    own = from_frames(rest, Part.OWN)
    for said in (both, own):
        if (said.session, said.mode) != (kept.session, mode):
            raise _foreign()
    if len(both.entries) != kept.entries:
        raise _foreign()
    (inverse,) = invert_each([kept.key])
    theirs = set(own.entries)
    answered = digests(kept.session, hidden_elements(inverse, both.entries, pool))
    return [each in theirs for each in answered]


def _foreign() -> InputError:
    message = "the answer is to another question"
    return InputError(message, next_step="Begin again.")
