"""Short coordinates keep what tests rest on."""

from __future__ import annotations

import numpy as np
import pytest

from phalanx.provenance.roles import Part
from phalanx.provenance.tests.frame import fold_part, standing_frame, vocabulary_frame
from phalanx.provenance.weights import Tensor
from phalanx.provenance.weights.numbers import Floats32

RANDOM = np.random.default_rng(0)


def part(matrix: Floats32, axis: int) -> Part:
    """Return a matrix as a part."""
    return Part(Tensor("w", matrix.shape, "F32", 0, lambda a, b: matrix[a:b]), axis)


@pytest.mark.parametrize("hidden", [64, 513, 1024, 3584])
def test_both_ways_round_fold_alike(hidden: int) -> None:
    """Units in rows, and units in columns; with the weights of a norm, in blocks of any size."""
    matrix = RANDOM.normal(size=(5, hidden)).astype(np.float32)
    norm = RANDOM.uniform(0.5, 2.0, hidden).astype(np.float32)
    for frame in (
        standing_frame(hidden, RANDOM),
        vocabulary_frame(RANDOM.normal(size=(50, hidden)).astype(np.float32)),
    ):
        rows = fold_part(part(matrix, 1), frame, norm).values
        columns = fold_part(part(np.ascontiguousarray(matrix.T), 0), frame, norm).values
        np.testing.assert_allclose(rows, columns, atol=1e-4)
        short = np.zeros((frame.width, 5), np.float32)
        scaled = (matrix * norm).T
        for start in range(0, hidden, 37):
            frame.add_rows(start, scaled[start : start + 37], short)
        np.testing.assert_allclose(short.T, rows, atol=1e-4)


def test_folding_keeps_cosines_on_average() -> None:
    """Of 4,096 coordinates 256 remain; cosines move by a sixteenth."""
    first = RANDOM.normal(size=(200, 4096)).astype(np.float32)
    second = (0.6 * first + 0.8 * RANDOM.normal(size=first.shape)).astype(np.float32)
    frame = standing_frame(4096, RANDOM)
    a, b = frame.fold(first), frame.fold(second)
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert abs(cosines.mean() - 0.6) < 0.02
    assert cosines.std() < 0.07


def test_permuting_short_coordinates_is_permuting_the_stream() -> None:
    """Which makes decoys exact: the stream's own permutation does the same to what is folded."""
    frame = standing_frame(2048, RANDOM)
    units = RANDOM.normal(size=(3, 2048)).astype(np.float32)
    order, turn = RANDOM.permutation(256), RANDOM.choice([-1.0, 1.0], 256).astype(np.float32)
    stream = (np.arange(8)[:, None] * 256 + order).ravel()
    moved = frame.fold(units[:, stream] * np.tile(turn, 8))
    np.testing.assert_allclose(moved, frame.fold(units)[:, order] * turn, atol=1e-4)


def test_a_rotated_stream_looks_the_same_over_the_vocabulary() -> None:
    """Up to rounding; of a scaled embedding as well."""
    tokens = RANDOM.normal(size=(40, 96)).astype(np.float32)
    units = RANDOM.normal(size=(7, 96)).astype(np.float32)
    turn = np.linalg.qr(RANDOM.normal(size=(96, 96)))[0].astype(np.float32)
    plain = vocabulary_frame(tokens).fold(units)
    moved = vocabulary_frame(np.float32(3.0) * (tokens @ turn)).fold(units @ turn)
    np.testing.assert_allclose(moved, plain, atol=1e-3)


def test_tokens_that_say_nothing_of_each_other() -> None:
    """Equal embeddings span nothing, and give nothing rather than noise."""
    frame = vocabulary_frame(np.ones((9, 12), np.float32))
    assert np.isfinite(frame.fold(np.ones((2, 12), np.float32))).all()
