"""A part of an index that never changes: phrases in order, and where they were said.

On disk it is a folder of arrays that are mapped into memory, not read. Whatever stands in them,
no look-up leaves them: a segment that somebody tampered with gives wrong answers or is refused, and
does no more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phalanx.authorship.served.phrases import NUMBER_BITS
from phalanx.errors import InputError, reason_of

FEWEST_BUCKET_BITS, MOST_BUCKET_BITS = 16, 28
ENTRIES_PER_BUCKET = 8

ROW_BITS = np.uint64(32)
COMMON = np.uint64(0xFFFFFFFF)
"""In place of a row: the phrase stands in more parts than are listed."""

MOST_LISTED = 256
"""Parts in which a phrase is listed. One that stands in more is said by everybody."""

MOST_ROWS = (1 << 32) - 2
_MOST_ACCOUNT_BYTES = 1 << 30
_ARRAYS = {
    "starts": np.uint64,
    "entries": np.uint64,
    "accounts": np.int32,
    "times": np.int64,
    "sizes": np.uint8,
    "levels": np.uint8,
}
_NEXT = "Build the index again from the logs with `phalanx authorship index`."


@dataclass(frozen=True, slots=True)
class Segment:
    """Some parts of what was served."""

    starts: npt.NDArray[np.uint64]
    """Where the entries of each bucket begin: phrases that begin with the same bits."""

    entries: npt.NDArray[np.uint64]
    """The other bits of a phrase above 32 bits for the part, rising."""

    accounts: npt.NDArray[np.int32]
    """Account that each part was served to, by its place among `names`; -1 for none."""

    times: npt.NDArray[np.int64]
    """When each part was served, microseconds since 1970 in UTC."""

    sizes: npt.NDArray[np.uint8]
    """Phrases that are kept of each part and share no word with each other."""

    levels: npt.NDArray[np.uint8]
    """Zeros at the end of those that are kept of each part."""

    names: tuple[str, ...]
    """Accounts, as the logs name them: pseudonyms, unless they were read in clear."""

    @property
    def bucket_bits(self) -> int:
        """How many bits of a phrase choose its bucket."""
        return int(self.starts.size - 1).bit_length() - 1

    def account_of(self, row: int) -> str | None:
        """Return to whom a part was served, if that is told."""
        place = int(self.accounts[row])
        return self.names[place] if 0 <= place < len(self.names) else None

    @property
    def rows(self) -> int:
        """How many parts there are."""
        return int(self.sizes.size)


def bucket_bits_for(entries: int) -> int:
    """Return the bits that choose a bucket, so that one holds about `ENTRIES_PER_BUCKET`.

    Examples:
        >>> bucket_bits_for(10), bucket_bits_for(8 << 20), bucket_bits_for(1 << 40)
        (16, 20, 28)
    """
    wanted = (max(entries, 1) // ENTRIES_PER_BUCKET).bit_length() - 1
    return min(max(wanted, FEWEST_BUCKET_BITS), MOST_BUCKET_BITS)


def open_segment(folder: Path) -> Segment:
    """Map a segment into memory.

    Raises:
        InputError: If it is none, or its arrays do not fit together.
    """
    arrays: dict[str, Any] = {}
    try:
        for name, kind in _ARRAYS.items():
            found = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            if found.dtype != kind or found.ndim != 1:
                raise _refused(folder, f"{name} are of another kind")
            arrays[name] = found
        with (folder / "names.json").open("rb") as file:
            names = json.loads(file.read(_MOST_ACCOUNT_BYTES + 1))
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(folder, reason_of(error)) from error
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise _refused(folder, "its accounts are no list of names")
    segment = Segment(**arrays, names=tuple(names))
    _check(segment, folder)
    return segment


def _check(segment: Segment, folder: Path) -> None:
    """Refuse arrays that do not fit together; what stands in them is checked where it is used."""
    buckets = segment.starts.size - 1
    if buckets < 1 or buckets != 1 << segment.bucket_bits:
        raise _refused(folder, "its buckets are no power of two")
    if not FEWEST_BUCKET_BITS <= segment.bucket_bits <= MOST_BUCKET_BITS:
        raise _refused(folder, f"it has {buckets} buckets")
    sizes = {len(segment.accounts), len(segment.times), len(segment.sizes), len(segment.levels)}
    if len(sizes) > 1 or not 0 < segment.rows <= MOST_ROWS:
        raise _refused(folder, "its parts are not told of alike")
    if segment.starts[0] != 0 or segment.starts[-1] != segment.entries.size:
        raise _refused(folder, "its buckets do not hold its entries")


def split_bits(bucket_bits: int) -> tuple[np.uint64, np.uint64]:
    """Return how far a phrase is shifted to give its bucket, and the mask of what is left."""
    rest = NUMBER_BITS - bucket_bits
    return np.uint64(rest), np.uint64((1 << rest) - 1)


def _refused(folder: Path, what: str) -> InputError:
    return InputError(f"{folder}: not a part of an index: {what}", next_step=_NEXT)
