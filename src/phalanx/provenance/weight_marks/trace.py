"""Whose copy of ours is in a suspect's weights?

The suspect is read as it stands. Where that names nobody, it is read again with its parts put back
into our order. Both readings count in the correction, whether the second was needed or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from phalanx.errors import InputError
from phalanx.evidence import calibrate_p_mixed
from phalanx.evidence.codes import Resemblance
from phalanx.model import ExactEvidence, Inconclusive
from phalanx.provenance.weight_marks.finding import QUESTION, MarkFinding
from phalanx.provenance.weight_marks.mark import MarkPlan, WeightMark
from phalanx.provenance.weight_marks.ordering import put_in_order
from phalanx.provenance.weight_marks.pairing import Piece, Unread, as_it_stands, pair_up
from phalanx.provenance.weight_marks.reader import MarkReader
from phalanx.provenance.weights import Checkpoint
from phalanx.provenance.words import Traced

READINGS = ("as it stands", "put in order")
"""How a suspect may be read; each counts in the correction."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one way of reading a suspect came to."""

    how: str
    """One of `READINGS`."""

    finding: MarkFinding
    """Before the correction for the ways of reading."""

    tensors: int
    """Tensors of ours of which the suspect had anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkTrace:
    """What a suspect's weights say of a mark, over all ways of reading it."""

    plan: MarkPlan
    """What the mark was made for."""

    readings: tuple[Reading, ...]
    """Those that were tried, one or both."""

    marked_tensors: int
    """Tensors of ours that carry the mark in every copy."""

    marked_weights: int
    """Weights in them."""

    unread: Mapping[str, str]
    """Tensors of the suspect that could not be read, and why."""

    not_finite: Mapping[str, int]
    """Tensors of the suspect with NaN, infinite or absurd numbers, and how many; they were left
    out."""

    suspects: int = 1
    """Suspects that are read for this mark in all; each counts in the correction."""

    @property
    def _times(self) -> float:
        """What every p-value is multiplied by, as a logarithm to base 10."""
        return math.log10(len(READINGS) * self.suspects)

    @property
    def best(self) -> Reading:
        """The reading that says most."""
        return min(self.readings, key=lambda each: each.finding.present_log10_p)

    @property
    def recipients(self) -> tuple[Resemblance, ...]:
        """Every recipient by its strongest reading, corrected for all readings of all suspects."""
        limit = np.log10(self.plan.code.false_accusation)
        found: dict[str, Resemblance] = {}
        for each in (one for reading in self.readings for one in reading.finding.recipients):
            known = found.get(each.account)
            if known is None or each.adjusted_log10_p < known.adjusted_log10_p:
                found[each.account] = each
        corrected = []
        for each in found.values():
            adjusted = min(0.0, each.adjusted_log10_p + self._times)
            alone = min(0.0, each.log10_p + self._times)
            corrected.append(
                replace(
                    each,
                    log10_p=alone,
                    adjusted_log10_p=adjusted,
                    log10_e=float(calibrate_p_mixed(alone)),
                    accused=bool(adjusted <= limit),
                )
            )
        return tuple(sorted(corrected, key=lambda each: (each.log10_p, each.account)))

    @property
    def traced(self) -> Traced:
        """Whose copy it is, at the plan's chance of a false accusation."""
        best = self.best
        return Traced(
            question=QUESTION,
            seen=f"{best.finding.seen}, read {best.how}",
            present_log10_p=min(0.0, best.finding.present_log10_p + self._times),
            false_accusation=self.plan.code.false_accusation,
            recipients=self.recipients,
            sizes=(best.finding.places, self.plan.code.length),
        )

    @property
    def found(self) -> bool:
        """Whether the mark is seen, at the plan's chance of a false accusation."""
        level = np.log10(self.plan.code.false_accusation)
        return bool(self.traced.present_log10_p <= level)

    @property
    def named(self) -> tuple[Resemblance, ...]:
        """Recipients whose copies are in the suspect."""
        return self.traced.named

    @property
    def expected_log10_p(self) -> float:
        """About what the p-value would be if a copy were in the suspect, by the better reading."""
        return min(0.0, min(each.finding.expected_log10_p for each in self.readings) + self._times)

    def conclusion(self) -> tuple[ExactEvidence, ...] | Inconclusive:
        """Return the evidence; or why there is none, where a copy would hardly have been seen."""
        level = np.log10(self.plan.code.false_accusation)
        if self.found or self.expected_log10_p <= level:
            return self.traced.evidence()
        most = max(self.readings, key=lambda each: each.finding.weights)
        read = f"{most.tensors:,} of {self.marked_tensors:,} tensors with a mark were read"
        if most.tensors and not most.finding.weights:
            reason = f"{read}, and they are those of our original, which has no mark"
        else:
            reason = (
                f"{read}, {most.finding.weights:,} of {self.marked_weights:,} weights, and what of "
                f"them is ours would show a mark at 10^{self.expected_log10_p:.1f}: "
                f"10^{level:.1f} is needed"
            )
        return Inconclusive(
            reason=reason,
            reachable_log10_e=max(0.0, float(calibrate_p_mixed(self.expected_log10_p))),
        )


def trace_mark(  # noqa: PLR0913 - what a suspect is read with, and how many there are
    mark: WeightMark,
    ours: Checkpoint,
    suspect: Checkpoint,
    recipients: Sequence[str],
    progress: Progress = lambda *_: None,
    *,
    suspects: int = 1,
) -> MarkTrace:
    """Test a suspect for the mark, and for the word of every recipient.

    Null hypothesis: as for `MarkReader`, of every way of reading. Each is tested at the plan's
    chance of a false accusation divided by their number and by that of the suspects, so that any
    false accusation by any of them, of any suspect, has that chance at most (Bonferroni).

    Parameters:
        mark: That is looked for.
        ours: Our model, as it was before it was marked.
        suspect: The model under test, in any format that can be read.
        recipients: All that ever got a copy: each counts in the correction.
        progress: Is told the way of reading, and the share that is done.
        suspects: How many are or will be read for this mark, this one among them; at least 1.

    Raises:
        InputError: If ours cannot be read, or holds numbers that are not finite.
        ValueError: If there are more recipients than planned, one is named twice, or there is no
            suspect.
    """
    if suspects < 1:
        message = f"this suspect is one of those that are read: {suspects}"
        raise ValueError(message)
    pair, unread = pair_up(ours, suspect), Unread()
    readings: list[Reading] = []
    for at, (how, pieces) in enumerate(zip(READINGS, (as_it_stands, put_in_order), strict=True)):
        reader, tensors = MarkReader(mark), set()
        for piece in pieces(pair, unread):
            _take(reader, piece)
            tensors.add(piece.tensor)
            progress(how, (at + len(tensors) / (len(pair.marked) + 1)) / len(READINGS))
        finding = reader.finding(recipients)
        readings.append(Reading(how=how, finding=finding, tensors=len(tensors)))
        made = MarkTrace(
            plan=mark.plan,
            readings=tuple(readings),
            marked_tensors=len(pair.marked),
            marked_weights=pair.weights,
            unread=unread.tensors,
            not_finite=unread.not_finite,
            suspects=suspects,
        )
        if made.named:
            break
    return made


def _take(reader: MarkReader, piece: Piece) -> None:
    try:
        reader.add(piece.tensor, piece.ours, piece.theirs, first=piece.first)
    except ValueError as error:
        message = f"our own model cannot be read: {error}"
        raise InputError(message, next_step="Name our model as it was before marking.") from error
