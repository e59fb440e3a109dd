"""A mark for weights: what it is planned for, and how a recipient's copy gets it.

The weights of all matrices are dealt, by a secret, to the places of a word, each with a direction.
At each place all weights of a copy move a little in their directions if the recipient's bit is one,
and against them if it is zero. Some places are one in every copy: they show that a copy is there.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.codes import Code, CodePlan, plan_code
from phalanx.provenance.weight_marks.pattern import SECRET_BYTES, Pattern

BLOCK = 1 << 20
"""Weights that are worked on at a time."""

MOST = 1e15
"""Squares of larger weights could not be added up."""


@dataclass(frozen=True, slots=True)
class MarkPlan:
    """What a mark is made for."""

    code: CodePlan
    """Recipients, how many of them may pool their copies, and the chance of a false accusation."""

    common: int
    """Places that are one in every copy."""

    strength: float
    """Length of the change over that of the weights, in each row of each matrix."""

    @property
    def places(self) -> int:
        """All places: the common ones first."""
        return self.common + self.code.length


def plan_mark(
    recipients: int,
    collusion: int,
    false_accusation: float = 1e-6,
    *,
    common: int = 512,
    strength: float = 0.01,
) -> MarkPlan:
    """Choose a mark.

    Parameters:
        recipients: All that will ever get a copy.
        collusion: Recipients who may pool their copies and still be traced, mostly.
        false_accusation: Chance that anyone is accused who had no part in a suspect.
        common: Places that are one in every copy, at least 1.
        strength: Relative change of the weights, above 0 and at most 0.1.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> plan_mark(100, 2).places
        1240
    """
    if common < 1 or not 0.0 < strength <= 0.1:
        message = f"needed: a common place and a strength in (0, 0.1]: {common}, {strength}"
        raise ValueError(message)
    return MarkPlan(plan_code(recipients, collusion, false_accusation), common, strength)


class WeightMark:
    """A mark under a secret.

    Parameters:
        plan: What it is made for.
        secret: 32 random bytes, drawn for this model and never used for another.

    Raises:
        ValueError: If the secret has another length.

    Examples:
        >>> mark = WeightMark(plan_mark(4, 1, strength=0.01), bytes(32))
        >>> weights = np.ones((8, 16), np.float32)
        >>> copy = mark.marked("up.weight", weights, "first partner")
        >>> round(float(np.abs(copy - weights).max()), 4), mark.takes(weights.shape)
        (0.01, True)
    """

    def __init__(self, plan: MarkPlan, secret: bytes) -> None:
        """Derive the secrets of the pattern and of the code."""
        if len(secret) != SECRET_BYTES:
            message = f"the secret of a mark has {SECRET_BYTES} bytes, not {len(secret)}"
            raise ValueError(message)
        self.plan = plan
        self.pattern = Pattern(_derived(secret, b"pattern"), plan.places)
        self.code = Code(plan.code, _derived(secret, b"code"))

    @staticmethod
    def takes(shape: tuple[int, ...]) -> bool:
        """Say whether a tensor of a shape is marked: one of two axes or more.

        Norms and biases are not: a small change of theirs costs more than one of a matrix.
        """
        return len(shape) >= 2 and all(shape)

    def word(self, recipient: str) -> npt.NDArray[np.bool_]:
        """Return the bit of a recipient at every place, shape (places,)."""
        common = np.ones(self.plan.common, np.bool_)
        return np.concatenate([common, self.code.words([recipient])[0]])

    def marked(
        self, tensor: str, weights: npt.NDArray[np.floating], recipient: str, *, first: int = 0
    ) -> npt.NDArray[np.float32]:
        """Return a recipient's copy of a tensor, or of some of its rows.

        Each weight moves by `strength` times the root mean square of its row. Round the result
        to the format of the release only afterwards: rounding to bf16 costs the mark little, since
        the error of a weight does not depend on its direction.

        Parameters:
            tensor: Its name, the same for every copy and when the mark is read.
            weights: Of a size below 1e15; a memory map is read block by block.
            recipient: Who gets the copy.
            first: Number of the first weight in the tensor, where these are some of its rows.

        Raises:
            ValueError: If the tensor has fewer than two axes, is empty, or holds such numbers.
        """
        rows = as_rows(tensor, weights)
        result = np.empty(rows.shape, np.float32)
        moves = np.where(self.word(recipient), 1.0, -1.0).astype(np.float32)
        for start, last in blocks(rows.shape):
            part = rows[start:last].astype(np.float32)
            if not (np.abs(part) < MOST).all():
                message = f"{tensor} holds numbers that are not finite, or beyond {MOST:g}"
                raise ValueError(message)
            scale = root_mean_square(part)
            place, up = self.pattern.deal(tensor, first + start * rows.shape[1], part.size)
            change = np.where(up, moves[place], -moves[place]).reshape(part.shape)
            result[start:last] = part + np.float32(self.plan.strength) * scale * change
        return result.reshape(weights.shape)


def as_rows(tensor: str, weights: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return a tensor as rows, without a copy where its memory allows it."""
    if not WeightMark.takes(weights.shape):
        message = f"{tensor} has shape {weights.shape}: a matrix with weights was expected"
        raise ValueError(message)
    return weights.reshape(-1, weights.shape[-1])


def blocks(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return first and last row (not included) of parts of bounded size."""
    step = max(1, BLOCK // shape[1])
    return [(at, min(at + step, shape[0])) for at in range(0, shape[0], step)]


def root_mean_square(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the root mean square of each row, as a column."""
    result: npt.NDArray[np.float32] = np.sqrt(np.mean(rows * rows, axis=1, keepdims=True))
    return result


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"phalanx-weight-mark-v1\0" + purpose, hashlib.sha256)
