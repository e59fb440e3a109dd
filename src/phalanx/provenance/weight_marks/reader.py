"""Reading a mark: what of a suspect goes beyond the original, summed along secret directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from phalanx.evidence.codes import weigh_words
from phalanx.evidence.tails import binomial_log10_sf
from phalanx.provenance.weight_marks.finding import MarkFinding
from phalanx.provenance.weight_marks.mark import MOST, WeightMark, as_rows, blocks, root_mean_square

_FAR = 3.0
"""Beyond so many typical deviations a weight counts no more: one weight must not drown a place."""

_SURE = 2.0
"""A place whose sum is so many times the typical one leans as far as any."""

Floats = npt.NDArray[np.float32]


class MarkReader:
    r"""Collects from one tensor after the other what a suspect shows at each place.

    Of each row of a suspect, the multiple of the original's row that fits it best is taken away;
    what is left is divided by that multiple, so that rows that were rescaled, turned round in
    sign, or mixed with another model's still show the mark. Zeros of the suspect are left out:
    they were pruned. Rows with a larger rest count less.

    None of this looks at the key. So if the suspect is independent of the key, turning round all
    directions of a place turns round its sum, and both are as likely: the sign of each sum is a
    fair coin, whatever the suspect's weights are. Sums of zero are left out.

    Parameters:
        mark: The mark that is looked for.

    Examples:
        >>> from phalanx.provenance.weight_marks import plan_mark
        >>> mark = WeightMark(plan_mark(4, 1), bytes(32))
        >>> weights = np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32)
        >>> reader = MarkReader(mark)
        >>> reader.add("up", weights, mark.marked("up", weights, "b"))
        >>> found = reader.finding(["a", "b", "c", "d"])
        >>> round(found.present_log10_p), [each.account for each in found.named]
        (-154, ['b'])
    """

    def __init__(self, mark: WeightMark) -> None:
        """Begin with nothing."""
        self._mark = mark
        self._sums = np.zeros(mark.plan.places)
        self._weights = 0
        self._power = 0.0

    def add(
        self,
        tensor: str,
        original: npt.NDArray[np.floating],
        suspect: npt.NDArray[np.floating],
        *,
        first: int = 0,
    ) -> None:
        """Take in a tensor, or some of its rows; once for each part of the suspect that is theirs.

        Parameters:
            tensor: Its name in the original.
            original: As it was before it was marked.
            suspect: Of the same shape, its neurons in the order of the original's.
            first: Number of the first weight in the tensor, where these are some of its rows.

        Raises:
            ValueError: If the shapes differ, or a number is not finite or beyond 1e15.
        """
        if original.shape != suspect.shape:
            message = f"{tensor} has shape {original.shape}, and the suspect's {suspect.shape}"
            raise ValueError(message)
        ours, theirs = as_rows(tensor, original), as_rows(tensor, suspect)
        for start, last in blocks(ours.shape):
            pair = ours[start:last].astype(np.float32), theirs[start:last].astype(np.float32)
            if not all((np.abs(part) < MOST).all() for part in pair):
                message = f"{tensor} holds numbers that are not finite, or beyond {MOST:g}"
                raise ValueError(message)
            left, power = self._left(*pair)
            self._power += power
            place, up = self._mark.pattern.deal(tensor, first + start * ours.shape[1], left.size)
            signed = np.where(up, left.reshape(-1), -left.reshape(-1))
            self._sums += np.bincount(place, signed, minlength=self._sums.size)
            self._weights += int(np.count_nonzero(left))

    def _left(self, ours: Floats, theirs: Floats) -> tuple[Floats, float]:
        """Return what goes beyond the original, in proportion to what it says of a mark.

        Besides, the sum of the squares of these proportions, which says how far a mark would lean.
        """
        kept = theirs != 0.0
        ours = np.where(kept, ours, np.float32(0.0))
        power = (ours * ours).sum(axis=1, keepdims=True)
        fit = (ours * theirs).sum(axis=1, keepdims=True) / np.where(power > 0.0, power, 1.0)
        rest = theirs - fit * ours
        typical = np.sqrt(
            (rest * rest).sum(axis=1, keepdims=True) / np.maximum(kept.sum(axis=1)[:, None], 1)
        )
        # Of rows that are the original's to the last digit, only rounding is left.
        rounding = np.float32(1e-6) * np.abs(fit) * root_mean_square(ours)
        seen = typical > rounding
        near = np.clip(rest / np.where(seen, typical, 1.0), -_FAR, _FAR)
        size = fit * root_mean_square(ours) / np.where(seen, typical, 1.0)
        most = 1.0 / self._mark.plan.strength
        said = np.where(kept & seen, np.clip(size, -most, most), np.float32(0.0))
        result: Floats = (near * said).astype(np.float32)
        return result, float((said.astype(np.float64) ** 2).sum())

    def finding(self, recipients: Sequence[str]) -> MarkFinding:
        """Test for the mark, and every recipient's word.

        Parameters:
            recipients: All that ever got a copy: each counts in the correction.

        Raises:
            ValueError: If there are more recipients than the mark is planned for, or one is
                named twice.
        """
        plan = self._mark.plan
        if len(recipients) > plan.code.accounts:
            message = f"the mark is planned for {plan.code.accounts} recipients"
            raise ValueError(message)
        common, word = self._sums[: plan.common], self._sums[plan.common :]
        seen = int(np.count_nonzero(common))
        ones = int((common > 0.0).sum())
        typical = float(np.sqrt(np.mean(word * word)))
        lean = np.clip(word / (_SURE * typical), -1.0, 1.0) if typical else np.zeros(word.size)
        return MarkFinding(
            plan=plan,
            weights=self._weights,
            places=seen,
            ones=ones,
            present_log10_p=float(binomial_log10_sf([ones], seen, 0.5)[0]),
            expected_log10_p=self._expected_log10_p(seen),
            recipients=weigh_words(lean, self._mark.code, recipients),
        )

    def _expected_log10_p(self, seen: int) -> float:
        """Return what the p-value would be, about, if the whole of the mark were in what was read.

        A mark moves each weight by the strength, in proportion to what the weight says of it; the
        rest adds noise of one. So a place leans by the strength times the root of its power.
        """
        plan = self._mark.plan
        lean = plan.strength * float(np.sqrt(self._power / plan.places))
        ones = int(seen * ndtr(lean))
        return float(binomial_log10_sf([ones], seen, 0.5)[0])
