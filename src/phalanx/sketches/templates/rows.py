"""Template sketches of other members, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.logs.siphash import Key, siphash_words, table_key
from phalanx.sketches.shape import PERMUTATIONS
from phalanx.text.hashing import hash_strings, text_buffers

_PREFIX = "indicator--"
_PATTERN = r"\Aindicator--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z"


@dataclass(frozen=True, slots=True)
class TemplateRows:
    """Sketches of one epoch. Arrays of one length; several rows may have one indicator."""

    epoch: int
    minhash: npt.NDArray[np.uint8]
    """Shape (rows, 128)."""

    indicator: npt.NDArray[np.uint64]
    """UUIDs of the indicators in two halves, shape (rows, 2)."""

    campaign: npt.NDArray[np.int32]
    """Positions in `campaigns`."""

    campaigns: tuple[str, ...]
    """STIX identifiers."""

    valid_until_us: npt.NDArray[np.int64]
    """Microseconds since 1970."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.campaign.size)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> TemplateRows:
        """Return some of the rows."""
        return TemplateRows(
            self.epoch, self.minhash[chosen], self.indicator[chosen], self.campaign[chosen],
            self.campaigns, self.valid_until_us[chosen],
        )  # fmt: skip

    def between(self, begin: int, end: int) -> TemplateRows:
        """Return some rows in a row, without copying them."""
        part = slice(begin, end)
        return TemplateRows(
            self.epoch, self.minhash[part], self.indicator[part], self.campaign[part],
            self.campaigns, self.valid_until_us[part],
        )  # fmt: skip


def joined_rows(parts: Sequence[TemplateRows]) -> TemplateRows:
    """Put rows of one epoch together.

    Parameters:
        parts: At least one.
    """
    places: dict[str, int] = {}
    codes = []
    for part in parts:
        used = np.unique(part.campaign)
        moved = np.zeros(len(part.campaigns), dtype=np.int32)
        for code in used.tolist():
            moved[code] = places.setdefault(part.campaigns[code], len(places))
        codes.append(moved[part.campaign])
    return TemplateRows(
        parts[0].epoch,
        np.concatenate([part.minhash for part in parts]).reshape(-1, PERMUTATIONS),
        np.concatenate([part.indicator for part in parts]).reshape(-1, 2),
        np.concatenate(codes),
        tuple(places),
        np.concatenate([part.valid_until_us for part in parts]),
    )


def uuids_of(indicators: pa.Array) -> npt.NDArray[np.uint64]:
    """Return the UUIDs of STIX identifiers in two halves, shape (rows, 2).

    Parameters:
        indicators: String array in one chunk.

    Raises:
        ValueError: If one is no identifier of an indicator.

    Examples:
        >>> halves = uuids_of(pa.array(["indicator--00000000-0000-0001-0000-00000000000a"]))
        >>> halves.tolist(), identifiers_of(halves)
        ([[1, 10]], ['indicator--00000000-0000-0001-0000-00000000000a'])
    """
    named = pc.match_substring_regex(indicators, _PATTERN)
    if named.null_count or not pc.all(named, min_count=0).as_py():
        message = "not all are identifiers of indicators"
        raise ValueError(message)
    offsets, data = text_buffers(indicators)
    return np.asarray(_halves(offsets, data))


def identifiers_of(halves: npt.NDArray[np.uint64]) -> list[str]:
    """Return the identifiers of UUIDs."""
    found = []
    for first, second in halves.tolist():
        digits = f"{first:016x}{second:016x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        found.append(_PREFIX + "-".join(parts))
    return found


def row_hashes(
    rows: TemplateRows, alive: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.uint64]:
    """Hash rows with all that they say, under a key of this process; 0 for those not alive."""
    seed = np.uint64(table_key()[0])
    campaigns = hash_strings(pa.array(rows.campaigns, pa.string()), seed).view(np.uint64)
    hashes = _row_hashes(
        rows.minhash.view(np.uint64), rows.indicator, campaigns, rows.campaign,
        rows.valid_until_us, np.uint64(rows.epoch), table_key(),
    )  # fmt: skip
    return hashes if alive is None else np.where(alive, hashes, np.uint64(0))


@numba.njit(cache=True, nogil=True)
def _row_hashes(
    minhash: npt.NDArray[np.uint64],
    indicator: npt.NDArray[np.uint64],
    campaigns: npt.NDArray[np.uint64],
    campaign: npt.NDArray[np.int32],
    valid_until_us: npt.NDArray[np.int64],
    epoch: np.uint64,
    key: Key,
) -> npt.NDArray[np.uint64]:
    width = minhash.shape[1]
    words = np.empty(width + 5, dtype=np.uint64)
    hashes = np.empty(campaign.size, dtype=np.uint64)
    for row in range(hashes.size):
        words[:width] = minhash[row]
        words[width : width + 2] = indicator[row]
        words[width + 2] = campaigns[campaign[row]]
        words[width + 3] = np.uint64(valid_until_us[row])
        words[width + 4] = epoch
        hashes[row] = max(siphash_words(words, 0, words.size, key), np.uint64(1))
    return hashes


@numba.njit(cache=True, nogil=True)
def _halves(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    halves = np.zeros((offsets.size - 1, 2), dtype=np.uint64)
    for row in range(offsets.size - 1):
        read = 0
        for position in range(offsets[row] + 11, offsets[row + 1]):
            byte = data[position]
            if byte == 45:
                continue
            digit = np.uint64(byte - 48 if byte < 58 else byte - 87)
            half = 0 if read < 16 else 1
            halves[row, half] = (halves[row, half] << np.uint64(4)) | digit
            read += 1
    return halves
