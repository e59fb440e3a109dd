"""What the endpoint remembers: how often each piece of evidence was used, and what it answered.

Neither texts nor tokens are kept, only their hashes under a secret, in tables of a fixed size
that nobody can make grow. Where two pieces share a place, the larger count holds for both: a
piece is never counted too low, so that the limit is kept whatever the hashes are. The tables lie
in a file, so that a restart forgets nothing, and are emptied when a period ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import mmap
import os
import re
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt

from phalanx.errors import ConfigError
from phalanx.logs.siphash import Key, absorb, close_state, hash_key, open_state, siphash_words
from phalanx.owned import OWNER_ONLY, read_or_make_secret
from phalanx.watermark.draws import Draws, Unit
from phalanx.watermark.keys.secret import Secret

SECRET_FILE, LOCK_FILE = "endpoint.key", "endpoint.lock"
SECRET_BYTES = 32
_TABLES = re.compile(r"tables-([0-9]{1,12})")
_ROWS = 2
_CODES = np.uint64(3)
_FULL = np.uint8(255)


class Memory:
    """Tables of one period in a folder of one process.

    Parameters:
        folder: For its owner alone; made if it is missing.
        cells: Places of each of the two tables of counts, a power of two up to 2^32; one byte each.
        answers: Answers that are remembered, a power of two; eight bytes each.

    Raises:
        ConfigError: If another process holds the folder, or it cannot be used.
    """

    def __init__(self, folder: Path, cells: int, answers: int) -> None:
        """Hold the folder, and open the tables of the last period."""
        for size in (cells, answers):
            if size & (size - 1) or not 1 << 10 <= size <= 1 << 32:
                message = "tables have a power of two of places, 2^10 to 2^32"
                raise ConfigError(message, next_step="Name such a number.")
        self._folder = folder
        self._shape = cells, answers
        self._secret = Secret(
            read_or_make_secret(folder / SECRET_FILE, "secret of the endpoint", SECRET_BYTES)
        )
        self._lock = _held(folder)
        self._period = -1
        self.turn_to(max(self._periods(), default=0))

    @property
    def secret(self) -> Secret:
        """Secret of the endpoint, from which others may be derived."""
        return self._secret

    def turn_to(self, period: int) -> None:
        """Go to a period; if it is another than that of the tables, they begin anew.

        Parameters:
            period: Number of the period, at least 0; a lower one than before changes nothing,
                since a clock that is set back must not give everybody a new start.

        Raises:
            ConfigError: If the tables cannot be made.
        """
        if period <= self._period:
            return
        cells, answers = self._shape
        path = self._folder / f"tables-{period}"
        size = _ROWS * cells + answers * 8
        try:
            whole = np.frombuffer(_mapped(path, size), dtype=np.uint8)
            for earlier in self._periods():
                if earlier < period:
                    (self._folder / f"tables-{earlier}").unlink()
        except OSError as error:
            message = f"{path}: cannot be used: {error.strerror}"
            raise ConfigError(message, next_step="Check the path and its permissions.") from error
        self._answers = whole[: answers * 8].view(np.uint64)
        self._counts = whole[answers * 8 :].reshape(_ROWS, cells)
        self._period = period
        moment = period.to_bytes(8, "big")
        self._pairs, self._texts, self._blur = (
            hash_key(hmac.digest(self._secret.reveal(), purpose + moment, hashlib.sha256))
            for purpose in (b"pairs", b"texts", b"blur")
        )

    def fresh(self, draws: Draws, unit: Unit, limit: int) -> npt.NDArray[np.bool_]:
        """Tell of each draw whether it was used fewer than `limit` times in this period.

        Parameters:
            draws: Of a text.
            unit: What counts as one piece of evidence.
            limit: 1 to 255.
        """
        return self._visit(draws, unit, limit, count=False)

    def use(self, draws: Draws, unit: Unit) -> None:
        """Count one use of each draw."""
        self._visit(draws, unit, 0, count=True)

    def recall(self, tokens: npt.NDArray[np.uint64]) -> int:
        """Return what was answered to this very text in this period, 1 to 3; or 0."""
        place, tag = self._place(tokens)
        found = self._answers[place]
        return int(found & _CODES) if found & ~_CODES == tag else 0

    def keep(self, tokens: npt.NDArray[np.uint64], answer: int) -> None:
        """Remember an answer, 1 to 3; an older one that shares its place is forgotten."""
        place, tag = self._place(tokens)
        self._answers[place] = tag | np.uint64(answer)

    def blur(self, tokens: npt.NDArray[np.uint64]) -> float:
        """Return a number in [0, 1) that nobody can foresee, the same for the same text."""
        return int(siphash_words(tokens, 0, tokens.size, self._blur)) / 2.0**64

    def filled(self) -> float:
        """Return the part of places of the counts that are in use, of a sample."""
        return float((self._counts[0, :: max(1, self._shape[0] >> 16)] > 0).mean())

    def close(self) -> None:
        """Let go of the folder; the system writes the tables down."""
        os.close(self._lock)

    def _periods(self) -> list[int]:
        """Return the periods of which tables lie in the folder."""
        found = (_TABLES.fullmatch(path.name) for path in self._folder.iterdir())
        return [int(match[1]) for match in found if match]

    def _visit(self, draws: Draws, unit: Unit, limit: int, *, count: bool) -> npt.NDArray[np.bool_]:
        fresh = np.zeros(draws.count, dtype=np.bool_)
        _visit(
            draws.stream, draws.positions, draws.tokens, draws.context_width, unit == "pair",
            self._pairs, self._counts, np.uint8(limit), count, fresh,
        )  # fmt: skip
        return fresh

    def _place(self, tokens: npt.NDArray[np.uint64]) -> tuple[int, np.uint64]:
        value = siphash_words(tokens, 0, tokens.size, self._texts)
        tag = max(value & ~_CODES, _CODES + np.uint64(1))
        return int(value >> np.uint64(2)) & (self._answers.size - 1), tag


def _held(folder: Path) -> int:
    """Lock a folder for as long as this process lives.

    Raises:
        ConfigError: If another process holds it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        lock = os.open(folder / LOCK_FILE, flags, OWNER_ONLY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"{folder}: another endpoint is using it, or it cannot be used"
        raise ConfigError(message, next_step="Stop the other, or name another folder.") from error
    return lock


def _mapped(path: Path, size: int) -> mmap.mmap:
    """Return a file as memory: what was not written yet takes no space.

    Raises:
        ConfigError: If the file has another size.
        OSError: If it cannot be used.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    try:
        if os.fstat(file).st_size == 0:
            os.ftruncate(file, size)
        if os.fstat(file).st_size != size:
            message = f"{path}: tables of another size"
            raise ConfigError(message, next_step="Name the former sizes, or another folder.")
        return mmap.mmap(file, size)
    finally:
        os.close(file)


@numba.njit(cache=True, nogil=True)
def _visit(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    width: int,
    pairs: bool,  # noqa: FBT001
    key: Key,
    counts: npt.NDArray[np.uint8],
    limit: np.uint8,
    count: bool,  # noqa: FBT001
    fresh: npt.NDArray[np.bool_],
) -> None:
    """Look up each draw in both tables, and count a use of it if told so."""
    last = np.uint64(counts.shape[1] - 1)
    for index in range(positions.size):
        position = positions[index]
        state = absorb(open_state(key), np.uint64(2 * width + pairs))
        for place in range(position - width, position):
            state = absorb(state, np.uint64(stream[place]))
        if pairs:
            state = absorb(state, np.uint64(tokens[index]))
        value = close_state(state, width + 1 + pairs)
        one, other = value & last, (value >> np.uint64(32)) & last
        least = min(counts[0, one], counts[1, other])
        fresh[index] = least < limit
        if count and least < _FULL:
            more = np.uint8(least + np.uint8(1))
            counts[0, one] = max(counts[0, one], more)
            counts[1, other] = max(counts[1, other], more)
