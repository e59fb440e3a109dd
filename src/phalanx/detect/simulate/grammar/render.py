"""Writing many prompts at once: one Arrow join for each skeleton."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect.simulate.grammar.hashing import Seeds, pick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from phalanx.detect.simulate.grammar.skeleton import Skeleton


class Vocabularies(Protocol):
    """Where the fillers come from."""

    def fillers(self, name: str) -> pa.StringArray:
        """Return the fillers of one vocabulary."""

    def literal(self, text: str) -> str:
        """Return literal text in the form that the fillers have."""


def render(
    skeletons: Sequence[Skeleton],
    choice: NDArray[np.int64],
    exchange: Seeds,
    wording: Seeds,
    vocabularies: Vocabularies,
) -> pa.StringArray:
    """Write one text for each row.

    Parameters:
        skeletons: All skeletons that `choice` may name.
        choice: Index of the skeleton of each row.
        exchange: Seed of each row for what differs between exchanges.
        wording: Seed of each row for what its template fixes.
        vocabularies: The fillers, plain or escaped for JSON.

    Returns:
        The texts, in the order of the rows.
    """
    if len(choice) == 0:
        return pa.array([], type=pa.string())
    order = np.argsort(choice, kind="stable")
    starts = np.flatnonzero(np.diff(choice[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    written = [
        _fill(skeletons[choice[rows[0]]], exchange[rows], wording[rows], vocabularies)
        for rows in (order[start:end] for start, end in zip(starts, ends, strict=True))
    ]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return pa.concat_arrays(written).take(pa.array(place))


def _fill(
    skeleton: Skeleton, exchange: Seeds, wording: Seeds, vocabularies: Vocabularies
) -> pa.StringArray:
    """Write the texts of one skeleton."""
    columns: list[pa.StringArray | pa.StringScalar] = []
    for piece in skeleton.pieces:
        if isinstance(piece, str):
            columns.append(pa.scalar(vocabularies.literal(piece)))
            continue
        fillers = vocabularies.fillers(piece.vocabulary)
        chosen = pick(wording if piece.wording else exchange, piece.key, len(fillers))
        columns.append(fillers.take(pa.array(chosen)))
    if all(isinstance(column, pa.Scalar) for column in columns):
        text = "".join(column.as_py() for column in columns)
        return pa.array([text] * len(exchange), type=pa.string())
    return pc.binary_join_element_wise(*columns, "")
