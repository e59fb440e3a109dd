"""Turning a suspect's residual stream back into the original's directions.

A model says the same if its residual stream is rotated, once the weights of its norms stand in the
matrices that they feed. The embeddings of the same tokens show which rotation it was. Nothing here
knows a key.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_SAME = 0.5
"""Tokens whose embeddings are so alike, in the median, were not rotated."""

_FOUND = 0.9
"""So alike must they be once they are turned back."""

Floats = npt.NDArray[np.floating]


def stream_turn(original: Floats, suspect: Floats) -> Floats | None:
    """Return the rotation that takes a suspect's stream to the original's, if there was one.

    Where the stream was not rotated there is none to find: an estimate would only add noise.

    Parameters:
        original: Embeddings, shape (vocabulary, width).
        suspect: The same tokens' embeddings.

    Returns:
        An orthogonal matrix, to be multiplied from the right; none where the embeddings are alike
        as they stand, or no rotation makes them alike.

    Raises:
        ValueError: If shapes differ, or a number is not finite.

    References:
        Schoenemann, "A generalized solution of the orthogonal Procrustes problem", 1966.

    Examples:
        >>> random = np.random.default_rng(0)
        >>> ours = random.normal(size=(50, 4))
        >>> rotation = np.linalg.qr(random.normal(size=(4, 4)))[0]
        >>> np.allclose(stream_turn(ours, ours @ rotation), rotation.T)
        True
        >>> stream_turn(ours, ours) is None
        True
    """
    if original.shape != suspect.shape or original.ndim != 2:
        message = f"embeddings of shapes {original.shape} and {suspect.shape} cannot be compared"
        raise ValueError(message)
    if not (np.isfinite(original).all() and np.isfinite(suspect).all()):
        message = "embeddings hold numbers that are not finite"
        raise ValueError(message)
    if _likeness(original, suspect) > _SAME:
        return None
    left, _, right = np.linalg.svd(suspect.T.astype(np.float64) @ original)
    turn: Floats = left @ right
    return turn if _likeness(original, suspect @ turn) > _FOUND else None


def reads_stream(
    weights: Floats, turn: Floats, suspect_norm: Floats, original_norm: Floats
) -> Floats:
    """Return a matrix that reads the stream as it would stand in the original.

    Parameters:
        weights: The suspect's, shape (outputs, width).
        turn: Of `stream_turn`.
        suspect_norm: Weights of the norm before it, shape (width,); ones where it was folded in.
        original_norm: The original's.
    """
    safe = np.where(np.abs(original_norm) > 1e-6, original_norm, 1.0)
    result: Floats = ((weights * suspect_norm) @ turn / safe).astype(np.float32)
    return result


def writes_stream(weights: Floats, turn: Floats) -> Floats:
    """Return a matrix that writes into the stream as it would stand in the original.

    Parameters:
        weights: The suspect's, shape (width, inputs).
        turn: Of `stream_turn`.
    """
    result: Floats = (turn.T @ weights).astype(np.float32)
    return result


def with_fitted_columns(original: Floats, suspect: Floats) -> Floats:
    """Return a suspect's matrix, each column scaled to the original's.

    What feeds a column may have been scaled up, and the column down. Rows are fitted where the
    mark is read.
    """
    power = (original * original).sum(axis=0)
    fit = (original * suspect).sum(axis=0) / np.where(power > 0.0, power, 1.0)
    result: Floats = suspect / np.where(np.abs(fit) > 1e-3, fit, 1.0)
    return result


def _likeness(original: Floats, suspect: Floats) -> float:
    lengths = np.linalg.norm(original, axis=1) * np.linalg.norm(suspect, axis=1)
    cosines = (original * suspect).sum(axis=1) / np.where(lengths > 0.0, lengths, 1.0)
    return float(np.median(cosines))
