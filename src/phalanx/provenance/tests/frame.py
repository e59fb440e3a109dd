"""Coordinates in which units of two models are compared.

A unit is a vector over the residual stream, 4,096 numbers and more; it is folded to at most 256.
Folding is linear and the same for all units, so whatever null hypothesis permutes units or changes
their signs stays exact; it costs only power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.provenance.roles import Part
from phalanx.provenance.weights.numbers import Floats32

WIDTH = 256
"""Coordinates that remain, at most: cosines of unrelated units then spread by 1/16."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """How vectors over a residual stream become short ones."""

    hidden: int
    """Width of the stream."""

    width: int
    """Width that remains."""

    signs: Floats32
    """Of the blocks of the stream that are added, shape (blocks,); coordinates behind the last
    whole block are left out. A permutation of the short coordinates, or a change of their signs,
    is what a permutation of the stream, or a change of its signs, would have brought about."""

    matrix: Floats32 | None = None
    """Shape (hidden, width), if the stream is multiplied instead."""

    def fold(self, block: Floats32) -> Floats32:
        """Return vectors of shape (units, hidden) as (units, width)."""
        if self.matrix is not None:
            product: Floats32 = block @ self.matrix
            return product
        short = np.zeros((len(block), self.width), dtype=np.float32)
        for at, sign in enumerate(self.signs):
            short += sign * block[:, at * self.width : (at + 1) * self.width]
        return short

    def add_rows(self, start: int, block: Floats32, short: Floats32) -> None:
        """Add to `short`, shape (width, units), what coordinates from `start` on bring."""
        if self.matrix is not None:
            short += self.matrix[start : start + len(block)].T @ block
            return
        for at in range(start // self.width, len(self.signs)):
            first, last = max(start, at * self.width), (at + 1) * self.width
            last = min(last, start + len(block))
            if first >= last:
                break
            rows = short[first - at * self.width : last - at * self.width]
            rows += self.signs[at] * block[first - start : last - start]


def standing_frame(hidden: int, random: np.random.Generator) -> Frame:
    """Return a frame for two models with one and the same residual stream.

    Parameters:
        hidden: Width of the stream.
        random: Chooses signs.

    Examples:
        >>> frame = standing_frame(4096, np.random.default_rng(0))
        >>> frame.width, frame.signs.size
        (256, 16)
    """
    width = next((each for each in range(WIDTH, WIDTH // 2, -1) if hidden % each == 0), WIDTH)
    width = min(width, hidden)
    signs = random.choice(np.array([-1.0, 1.0], dtype=np.float32), hidden // width)
    return Frame(hidden, width, signs)


def vocabulary_frame(anchors: Floats32) -> Frame:
    """Return a frame of what a unit does to tokens.

    The tokens' embeddings span a subspace of the stream; a unit's place in it, in axes that the
    tokens alone determine, does not change if the whole stream is rotated, and can be compared
    between streams of different widths.

    Parameters:
        anchors: Embeddings of the same tokens in the same order for both models, shape
            (tokens, hidden), fewer tokens than coordinates.
    """
    centred = anchors - anchors.mean(axis=0)
    gram = centred.astype(np.float64) @ centred.T.astype(np.float64)
    sizes, axes = np.linalg.eigh(gram)
    # A token's mean is lost, and directions that are nearly lost would only bring noise.
    kept = sizes > sizes[-1] * 1e-6 if sizes.size else sizes > 0.0
    inverse = np.where(kept, 1.0 / np.sqrt(np.where(kept, sizes, 1.0)), 0.0)
    matrix = centred.T @ ((axes * inverse) @ axes.T)
    return Frame(anchors.shape[1], anchors.shape[0], np.empty(0, "f4"), matrix.astype("f4"))


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """Units in short coordinates."""

    values: Floats32
    """Shape (units, width)."""

    not_finite: int
    """Numbers that were NaN or infinite, and were taken for nothing."""


def fold_part(part: Part, frame: Frame, norm: npt.NDArray[np.floating] | None = None) -> Folded:
    """Return a part's units in short coordinates, read in pieces.

    Parameters:
        part: The units.
        frame: Of their stream.
        norm: Weights of the norm before them, which some exports put into the part itself.

    Raises:
        InputError: If a file ends before, or has numbers of a kind that cannot be read.
    """
    bad = 0
    scale = None if norm is None else norm.astype(np.float32)
    if part.residual_axis == 1:
        pieces = []
        for _, block in part.blocks():
            clean, missing = _finite(block)
            bad += missing
            pieces.append(frame.fold(clean if scale is None else clean * scale))
        nothing = np.zeros((0, frame.width), dtype=np.float32)
        return Folded(np.concatenate([nothing, *pieces]), bad)
    short = np.zeros((frame.width, part.units), dtype=np.float32)
    for start, block in part.blocks():
        clean, missing = _finite(block)
        bad += missing
        if scale is not None:
            clean = clean * scale[start : start + len(clean), None]
        frame.add_rows(start, clean, short)
    return Folded(np.ascontiguousarray(short.T), bad)


def _finite(block: Floats32) -> tuple[Floats32, int]:
    """Return a block with zeros where it is not finite, or beyond 1e18, and how many there are.

    Larger numbers would overflow when they are squared; no weight of a working model has them.
    """
    if not block.size or (float(block.max()) <= 1e18 and float(block.min()) >= -1e18):
        return block, 0
    good = np.abs(block) <= 1e18
    return np.where(good, block, np.float32(0.0)), int(good.size - np.count_nonzero(good))


def unit_length(values: Floats32) -> Floats32:
    """Return rows of length one; rows of nothing stay nothing."""
    length = np.sqrt(np.einsum("ij,ij->i", values, values, dtype=np.float64))
    scale = np.where(length > 0.0, 1.0 / np.where(length > 0.0, length, 1.0), 0.0)
    result: Floats32 = (values * scale[:, None]).astype(np.float32)
    return result
