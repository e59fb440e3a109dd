"""The party that answers, and learns a rough size."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime
from itertools import chain

from phalanx.errors import InputError
from phalanx.share.blinding.group import RandomBytes, random_scalar
from phalanx.share.blinding.psi.counterparties import Counterparties
from phalanx.share.blinding.psi.elements import (
    digests,
    filled_size,
    hidden_elements,
    hidden_items,
)
from phalanx.share.blinding.psi.frames import (
    LARGEST_SET,
    WIDTHS,
    EntryList,
    Mode,
    Part,
    from_frames,
    to_frames,
)


class Responder:
    """Answers questions about one set.

    Parameters:
        items: The set; doubled items count once.
        counterparties: Who may ask what, and how much.
        random: Where keys come from; they must not be predictable.
        pool: Threads that share the work.
    """

    def __init__(
        self,
        items: Sequence[bytes],
        counterparties: Counterparties,
        random: RandomBytes = secrets.token_bytes,
        pool: Executor | None = None,
    ) -> None:
        """Keep the set."""
        self._items = tuple(dict.fromkeys(items))
        self._counterparties = counterparties
        self._random = random
        self._pool = pool

    def answer(self, counterparty: str, frames: Iterable[bytes], now: datetime) -> Iterator[bytes]:
        """Answer one question with the frames to send back.

        The key is new for each session, so that two of them cannot be put together.

        Parameters:
            counterparty: Who asks, as the transport has authenticated it.
            frames: Of the question.
            now: With a time zone.

        Raises:
            InputError: If they are no question.
            PolicyError: If the counterparty may not ask this, or not now.
        """
        most = self._counterparties.terms(counterparty).entries_per_day
        asked = from_frames(frames, Part.QUESTION, min(most, LARGEST_SET))
        if len(set(asked.entries)) < len(asked.entries):
            # Items that are repeated 1, 2, 4... times would be told apart by their mere number.
            message = "a question has each entry once"
            raise InputError(message, next_step="Ask for distinct items.")
        self._counterparties.admit(counterparty, asked, now)
        key = random_scalar(self._random)
        both = hidden_elements(key, asked.entries, self._pool)
        if asked.mode is Mode.CARDINALITY:
            # Under a key that the asker does not know, the order of the bytes is a shuffle.
            both.sort()
        own = digests(asked.session, hidden_items(key, self._items, self._pool))
        filling = filled_size(len(self._items)) - len(own)
        own += [self._random(WIDTHS[Part.OWN]) for _ in range(filling)]
        own.sort()
        return chain(
            to_frames(EntryList(Part.ANSWER, asked.mode, asked.session, both)),
            to_frames(EntryList(Part.OWN, asked.mode, asked.session, own)),
        )
