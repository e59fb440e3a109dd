"""The templates of `match_list.parquet`: each checked to be what its columns say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.sketches.shape import PERMUTATIONS
from phalanx.sketches.templates.kernel import CANONICALISER, MINHASH_BITS, SHINGLE_WORDS
from phalanx.sketches.templates.list_rows import list_parts, wrong_list
from phalanx.sketches.templates.rows import TemplateRows, uuids_of

MOST_IDENTIFIER_BYTES = 128

USED_VERDICTS = ("positive", "disputed", "none")
"""What the members say of an indicator that is compared; not what most of them call wrong."""

_COLUMNS = (
    "indicator", "campaign", "kind", "epoch", "minhash", "minhash_bits", "shingle_size",
    "canonicaliser", "verdict", "valid_until",
)  # fmt: skip
_VALUE_BYTES = {8: 1, 16: 2}
"""Bits of a value -> its bytes. Of 16 bits the lower eight are those of a sketch of 8."""


def read_listed_templates(
    path: Path, verdicts: Iterable[str] = USED_VERDICTS
) -> tuple[tuple[TemplateRows, ...], int]:
    """Read the templates of a list.

    Parameters:
        path: File of the list.
        verdicts: Of the indicators that are taken.

    Returns:
        Rows of each epoch, and how many templates cannot be compared here: of another
        canonicaliser or shingle size, or of fewer than eight bits a value.

    Raises:
        InputError: If it cannot be read, or a row is not what it should be.
    """
    read = _Reading(path, pa.array(list(verdicts), pa.string()))
    for part in list_parts(path, _COLUMNS):
        read.take_in(part)
    return read.rows(), read.passed_over


class _Reading:
    """What was read of a list so far."""

    def __init__(self, path: Path, verdicts: pa.Array) -> None:
        self.passed_over = 0
        self._path, self._verdicts = path, verdicts
        self._places: dict[str, int] = {}
        self._parts: dict[int, list[tuple[npt.NDArray[np.generic], ...]]] = {}

    def take_in(self, table: pa.Table) -> None:
        """Check the templates of a part and keep them."""
        table = table.filter(pc.equal(table["kind"], "template"))
        if any(column.null_count for column in table.columns):
            raise wrong_list(self._path, "a template lacks a value")
        table = table.filter(pc.is_in(table["verdict"], self._verdicts))
        sizes = pc.binary_length(table["minhash"]).to_numpy()
        bits = table["minhash_bits"].to_numpy()
        if not np.isin(bits, (1, 2, 4, 8, 16)).all():
            raise wrong_list(self._path, "a sketch keeps 1, 2, 4, 8 or 16 bits of each value")
        if (sizes != bits.astype(np.int64) * PERMUTATIONS // 8).any():
            raise wrong_list(self._path, "a sketch is not as long as its bits say")
        epoch = table["epoch"].to_numpy()
        if (epoch < 0).any():
            raise wrong_list(self._path, "an epoch is negative")
        usable = (
            (bits >= MINHASH_BITS)
            & (table["shingle_size"].to_numpy() == SHINGLE_WORDS)
            & np.asarray(pc.equal(table["canonicaliser"], CANONICALISER))
        )
        self.passed_over += int((~usable).sum())
        for kept_bits, value_bytes in _VALUE_BYTES.items():
            for number in np.unique(epoch[usable]).tolist():
                chosen = usable & (bits == kept_bits) & (epoch == number)
                if chosen.any():
                    self._keep(number, table.filter(pa.array(chosen)), value_bytes)

    def _keep(self, epoch: int, table: pa.Table, value_bytes: int) -> None:
        raw = b"".join(table["minhash"].to_pylist())
        values = np.frombuffer(raw, np.uint8).reshape(-1, PERMUTATIONS, value_bytes)[:, :, -1]
        campaigns = table["campaign"].combine_chunks().dictionary_encode()
        if pc.max(pc.binary_length(campaigns.dictionary)).as_py() > MOST_IDENTIFIER_BYTES:
            raise wrong_list(self._path, "an identifier of a campaign is too long")
        codes = np.array(
            [
                self._places.setdefault(name, len(self._places))
                for name in campaigns.dictionary.to_pylist()
            ],
            dtype=np.int32,
        )
        try:
            uuids = uuids_of(table["indicator"].combine_chunks())
        except ValueError as error:
            raise wrong_list(self._path, f"of the indicators, {error}") from error
        until = table["valid_until"].combine_chunks().cast(pa.int64()).to_numpy()
        self._parts.setdefault(epoch, []).append(
            (values, uuids, codes[campaigns.indices.to_numpy()], until)
        )

    def rows(self) -> tuple[TemplateRows, ...]:
        """Return what was kept; each part is let go of as it is copied."""
        campaigns = tuple(self._places)
        found = []
        for epoch, parts in sorted(self._parts.items()):
            count = sum(len(part[0]) for part in parts)
            rows = TemplateRows(
                epoch,
                np.empty((count, PERMUTATIONS), dtype=np.uint8),
                np.empty((count, 2), dtype=np.uint64),
                np.empty(count, dtype=np.int32),
                campaigns,
                np.empty(count, dtype=np.int64),
            )
            while parts:
                values, uuids, codes, until = parts.pop()
                begin = count - len(values)
                rows.minhash[begin:count], rows.indicator[begin:count] = values, uuids
                rows.campaign[begin:count], rows.valid_until_us[begin:count] = codes, until
                count = begin
            found.append(rows)
        return tuple(found)
