"""From exchanges to prompt texts: plain prompts, and conversations as JSON messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.detect.simulate.exchanges import Exchanges
from phalanx.detect.simulate.grammar import Book, render
from phalanx.detect.simulate.grammar.hashing import Seeds, key_of, mix
from phalanx.detect.simulate.profiles import PROFILES
from phalanx.detect.simulate.rewording import reworded
from phalanx.detect.simulate.templates import in_language

_OPEN = '[{"role":"user","content":"'
_TO_ASSISTANT = '"},{"role":"assistant","content":"'
_TO_USER = '"},{"role":"user","content":"'
_CLOSE = '"}]'


@dataclass(frozen=True, eq=False, kw_only=True)
class PromptWriter:
    """Writes the prompts of any rows, in any order."""

    exchanges: Exchanges
    book: Book

    reply_kind: NDArray[np.int64]
    """Kind of the assistant's replies of each exchange, as a position in `REPLY_KINDS`."""

    language: NDArray[np.int64]
    """Language of each account."""

    corpus: pa.StringArray = field(default_factory=lambda: pa.array([], type=pa.string()))
    """Texts that `Exchanges.corpus` points into."""

    def write(self, rows: NDArray[np.int64]) -> pa.StringArray:
        """Return the prompts of `rows`."""
        rows = rows - self.exchanges.repeats[rows]
        talk = self.exchanges.conversation[rows] != 0
        plain, spoken = np.flatnonzero(~talk), np.flatnonzero(talk)
        texts = pa.concat_arrays([self._plain(rows[plain]), self._conversations(rows[spoken])])
        place = np.empty(len(rows), dtype=np.int64)
        place[np.concatenate([plain, spoken])] = np.arange(len(rows))
        return texts.take(pa.array(place))

    def _plain(self, rows: NDArray[np.int64]) -> pa.StringArray:
        """Write single prompts."""
        return self._texts(rows, escaped=False)

    def _texts(self, rows: NDArray[np.int64], *, escaped: bool) -> pa.StringArray:
        """Write the user's words of `rows`, from the corpus where it has them."""
        exchanges = self.exchanges
        given = exchanges.corpus[rows] >= 0
        written, quoted = np.flatnonzero(~given), np.flatnonzero(given)
        source = self.book.escaped if escaped else self.book.plain
        texts = render(
            self.book.skeletons,
            exchanges.skeleton[rows[written]],
            exchanges.seed[rows[written]],
            exchanges.wording[rows[written]],
            source,
        )
        if len(quoted) == 0:
            return texts
        real = self._quoted(rows[quoted])
        if escaped:
            real = pa.array([source.literal(text) for text in real.to_pylist()], type=pa.string())
        place = np.empty(len(rows), dtype=np.int64)
        place[np.concatenate([written, quoted])] = np.arange(len(rows))
        return pa.concat_arrays([texts, real]).take(pa.array(place))

    def _quoted(self, rows: NDArray[np.int64]) -> pa.StringArray:
        """Take prompts from the corpus, reworded where the exchange says so."""
        texts = self.corpus.take(pa.array(self.exchanges.corpus[rows]))
        seeds = self.exchanges.wording[rows]
        if not seeds.any():
            return texts
        same = texts.to_pylist()
        other = reworded(same, seeds)
        return pa.array(
            [new if seed else old for new, old, seed in zip(other, same, seeds, strict=True)],
            type=pa.string(),
        )

    def _conversations(self, rows: NDArray[np.int64]) -> pa.StringArray:
        """Write conversations up to and including the turn of each row."""
        if len(rows) == 0:
            return pa.array([], type=pa.string())
        turn = self.exchanges.turn[rows]
        needed = np.unique(
            np.concatenate([rows[turn >= back] - back for back in range(turn.max() + 1)])
        )
        asked = self._texts(needed, escaped=True)
        replied = self._replies(needed)
        written, places = [], []
        for length in np.unique(turn).tolist():
            chosen = np.flatnonzero(turn == length)
            written.append(_joined(asked, replied, np.searchsorted(needed, rows[chosen]), length))
            places.append(chosen)
        place = np.empty(len(rows), dtype=np.int64)
        place[np.concatenate(places)] = np.arange(len(rows))
        return pa.concat_arrays(written).take(pa.array(place))

    def _replies(self, rows: NDArray[np.int64]) -> pa.StringArray:
        """Write the assistant's replies, escaped for JSON."""
        seed = mix(self.exchanges.seed[rows], key_of("reply"))
        language = self.language[self.exchanges.account[rows]]
        skeleton = _reply_skeletons(self.reply_kind[rows], language, seed, self.book)
        return render(self.book.skeletons, skeleton, seed, seed, self.book.escaped)


REPLY_KINDS = ("chat_reply", "coding_reply", "agent_reply")
"""Kinds of replies in conversations."""


def _reply_skeletons(
    kind: NDArray[np.int64], language: NDArray[np.int64], seed: Seeds, book: Book
) -> NDArray[np.int64]:
    skeleton = np.empty(len(seed), dtype=np.int64)
    for at, name in enumerate(REPLY_KINDS):
        chosen = np.flatnonzero(kind == at)
        skeleton[chosen] = in_language(name, language[chosen], seed[chosen], book)
    return skeleton


def _joined(
    asked: pa.StringArray, replied: pa.StringArray, last: NDArray[np.int64], length: int
) -> pa.StringArray:
    """Join `length` earlier turns and the last one into message lists."""
    columns: list[pa.StringArray | str] = [_OPEN]
    for back in range(length, 0, -1):
        at = pa.array(last - back)
        columns += [asked.take(at), _TO_ASSISTANT, replied.take(at), _TO_USER]
    columns += [asked.take(pa.array(last)), _CLOSE]
    return pc.binary_join_element_wise(*columns, "")


def reply_kinds(behaviour: NDArray[np.int64], harvest: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the kind of replies that conversations of each exchange quote.

    Parameters:
        behaviour: Behaviour of each exchange's account, as a position in `PROFILES`.
        harvest: Whether the exchange is a campaign's own work.
    """
    names = list(PROFILES)
    agentic = harvest | (behaviour == names.index("agent"))
    return np.where(agentic, 2, np.where(behaviour == names.index("coding"), 1, 0))
