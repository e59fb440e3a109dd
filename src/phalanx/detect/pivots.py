"""Who moved to a model that came out within the log, and in which step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.activity import Activity
from phalanx.detect.codes import MISSING

MOVED_SHARE = 0.25
"""Share of a party's exchanges of one step that must go to a new model for it to have moved."""

KNOWN_DAYS = 1
"""Days at the start of a log whose models are not new: they may have been there before it."""

FRESH_DAYS = 7
"""Days after a model came out in which parties move to it; later it is one of many."""


@dataclass(frozen=True, slots=True)
class Pivots:
    """One row per party and new model that it moved to, ordered by step, then release."""

    party: npt.NDArray[np.int64]
    model: npt.NDArray[np.int64]
    """Number of the model, in the order in which models came out."""

    step: npt.NDArray[np.int64]
    """First step in which at least `MOVED_SHARE` of the party's exchanges went to the model."""

    def until(self, step: int) -> Pivots:
        """Return the moves until the end of a step."""
        known = int(np.searchsorted(self.step, step, side="right"))
        return Pivots(self.party[:known], self.model[:known], self.step[:known])

    def of_model(self, model: int, parties: int) -> npt.NDArray[np.int64]:
        """Return the step in which each party moved to a model, `MISSING` where it did not."""
        moved = np.full(parties, MISSING, dtype=np.int64)
        rows = self.model == model
        moved[self.party[rows]] = self.step[rows]
        return moved


def releases(models: pa.Table, first_step: int, steps_per_day: int) -> Mapping[int, int]:
    """Return the models that came out within the log, and in which step of 1970.

    Parameters:
        models: Columns model and first: the first step in which an account used it.
        first_step: Of the log.
        steps_per_day: Steps in a day.

    Examples:
        >>> models = pa.table({"model": [7, 8, 8], "first": [100, 130, 120]})
        >>> releases(models, 100, 4)
        {8: 120}
    """
    firsts = models.group_by("model").aggregate([("first", "min")]).sort_by("first_min")
    known = first_step + KNOWN_DAYS * steps_per_day
    return {
        model: first
        for model, first in zip(
            firsts["model"].to_pylist(), firsts["first_min"].to_pylist(), strict=True
        )
        if first >= known
    }


def find_pivots(
    uses: pa.Table,
    released: Mapping[int, int],
    party_of_account: npt.NDArray[np.int64],
    activity: Activity,
    first_step: int,
) -> Pivots:
    """Find the moves of parties that had used other models before.

    Whoever joined after a model came out did not move to it.

    Parameters:
        uses: Columns account (number), model, step (since 1970) and exchanges.
        released: Model -> step since 1970 in which it came out.
        party_of_account: Party of each account.
        activity: What parties did.
        first_step: Of the log.
    """
    order = sorted(released, key=lambda model: (released[model], model))
    number = np.array([order.index(m) for m in uses["model"].to_pylist()], dtype=np.int64)
    party = party_of_account[uses["account"].to_numpy()]
    step = uses["step"].to_numpy() - first_step
    parties, steps = activity.parties, activity.steps
    cells, place = np.unique((number * steps + step) * parties + party, return_inverse=True)
    sent = np.bincount(place, weights=uses["exchanges"].to_numpy(), minlength=cells.size)
    rest, party = np.divmod(cells, parties)
    number, step = np.divmod(rest, steps)
    all_cells = np.repeat(np.arange(steps), np.diff(activity.starts)) * parties + activity.party
    in_all = activity.counts["exchanges"][np.searchsorted(all_cells, step * parties + party)]
    came_out = np.array([released[model] - first_step for model in order], dtype=np.int64)
    moved = (sent >= MOVED_SHARE * in_all) & (activity.joined[party] < came_out[number])
    party, number, step = party[moved], number[moved], step[moved]
    # The first step of each party and model; cells are in the order of models, then steps.
    first = np.sort(np.unique(number * parties + party, return_index=True)[1])
    first = first[np.lexsort((number[first], step[first]))]
    return Pivots(party[first], number[first], step[first])
