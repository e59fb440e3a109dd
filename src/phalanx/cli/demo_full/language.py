"""A small language model that learns in a second: trigrams, smoothed by Witten and Bell.

It stands in for what providers serve and thieves train. What marks and audits need of a model is
there: chances of every next token, sampling, and learning from texts. It is no transformer, and
nothing that is measured with it says how much marked text a large model takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError, reason_of
from phalanx.owned import written_whole

Tokens = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_NEXT = "Run the demo again, into a new folder."


@dataclass(frozen=True, slots=True, eq=False)
class Trigrams:
    """How often tokens followed each other, as a model of what comes next.

    After two tokens, what followed both is mixed with what followed the last one, and that with
    what comes at all. The rarer and the more varied what was seen, the less it weighs.

    Examples:
        >>> model = learnt([np.array([0, 1, 2, 0, 1, 2, 0, 1])], 4)
        >>> chances = model.chances(np.array([[0, 1]]))
        >>> int(chances.argmax()), round(float(chances.sum()), 6)
        (2, 1.0)
    """

    triples: Tokens
    """Number of each triple that was seen, ascending: (first * size + second) * size + third."""

    times: Tokens
    """How often, shape as `triples`."""

    size: int
    """Of the vocabulary."""

    @property
    def tokens_learnt(self) -> int:
        """How many tokens it was taught, but for the first two of each text."""
        return int(self.times.sum())

    def more(self, texts: Sequence[Tokens]) -> Trigrams:
        """Return the model that learns further texts besides.

        Parameters:
            texts: Token numbers below `size`.
        """
        seen = np.concatenate([self.triples, *(_triples(each, self.size) for each in texts)])
        weights = np.concatenate([self.times, np.ones(seen.size - self.times.size, np.int64)])
        triples, place = np.unique(seen, return_inverse=True)
        times = np.bincount(place, weights=weights, minlength=triples.size)
        return Trigrams(triples, times.astype(np.int64), self.size)

    def reader(self) -> Reader:
        """Return what gives chances."""
        return Reader(self)

    def chances(self, contexts: Tokens) -> Floats:
        """Return the chances of the next token, see `Reader.chances`."""
        return self.reader().chances(contexts)

    def save(self, path: Path) -> None:
        """Write the model to a file for its owner alone."""
        with written_whole(path) as aside, aside.open("wb") as file:
            np.savez(file, triples=self.triples, times=self.times, size=self.size)


class Reader:
    """Gives the chances of next tokens, as a model in use does.

    Parameters:
        model: What was learnt.
    """

    def __init__(self, model: Trigrams) -> None:
        """Sum up what shorter contexts need."""
        size = self.size = model.size
        pairs, third = np.divmod(model.triples, size)
        self._third, self._times = third, model.times.astype(np.float64)
        self._pairs, self._start = np.unique(pairs, return_index=True)
        self._stop = np.append(self._start[1:], pairs.size)
        after = np.zeros((size, size))
        np.add.at(after, (pairs % size, third), self._times)
        single = after.sum(axis=0) + 1.0
        self._single = single / single.sum()
        kinds = np.count_nonzero(after, axis=1)[:, None].astype(np.float64)
        total = after.sum(axis=1, keepdims=True)
        unseen = total[:, 0] == 0
        # Of what was never followed by anything nothing is known but what comes at all.
        kinds[unseen] = 1.0
        self._after = (after + kinds * self._single) / (total + kinds)

    def chances(self, contexts: Tokens) -> Floats:
        """Return the chances of every next token.

        Parameters:
            contexts: The two tokens before, shape (places, 2).

        Returns:
            Shape (places, vocabulary); each row sums to one.
        """
        found: Floats = self._after[contexts[:, 1]].copy()
        wanted = contexts[:, 0] * self.size + contexts[:, 1]
        at = np.searchsorted(self._pairs, wanted)
        inside = np.flatnonzero(at < self._pairs.size)
        for row in inside[self._pairs[at[inside]] == wanted[inside]]:
            seen = slice(self._start[at[row]], self._stop[at[row]])
            times = self._times[seen]
            kinds, total = times.size, times.sum()
            found[row] *= kinds / (total + kinds)
            found[row, self._third[seen]] += times / (total + kinds)
        return found

    def __call__(self, tokens: Tokens) -> Floats:
        """Return natural logarithms of what may follow each token, as an audit asks a model.

        Parameters:
            tokens: Shape (length,).

        Returns:
            Shape (length, vocabulary).
        """
        first = np.concatenate([tokens[:1], tokens[:-1]])
        logs: Floats = np.log(self.chances(np.stack([first, tokens], axis=1)))
        return logs


def learnt(texts: Sequence[Tokens], size: int) -> Trigrams:
    """Return a model of texts.

    Parameters:
        texts: Token numbers below `size`.
        size: Of the vocabulary.
    """
    nothing = np.zeros(0, dtype=np.int64)
    return Trigrams(nothing, nothing, size).more(texts)


def open_model(path: Path) -> Trigrams:
    """Read a model that was saved.

    Raises:
        InputError: If it is none.
    """
    try:
        with np.load(path, allow_pickle=False) as said:
            return Trigrams(said["triples"], said["times"], int(said["size"]))
    except (OSError, ValueError, KeyError) as error:
        message = f"{path}: no model of the demo: {reason_of(error)}"
        raise InputError(message, next_step=_NEXT) from error


def _triples(text: Tokens, size: int) -> Tokens:
    numbers: Tokens = (text[:-2] * size + text[1:-1]) * size + text[2:]
    return numbers
