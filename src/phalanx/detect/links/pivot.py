"""Model pivot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.links.family import VOLUME, Moment, Source


class ModelPivot:
    """Parties move to a new model in the same step.

    Sees: the step in which at least a quarter of a party's exchanges first went to a model
    that came out within the log, while it had used others before. In each step, and on each
    day, those are compared who were active in it, sent about as much in all, and moved to the
    same model then or later within the week. So it says nothing that everybody turns to a
    model on its first day, nor who turns to it, nor who is awake.
    Evaded by: moving the accounts one after the other (E6), staying with old models.
    Honest look-alikes: users of a tool whose default changes; a lesson on the new model. What
    explains equal times explains equal moves: both are of one source.
    Hash-only logs: works.
    """

    rule_id = "PHX-D013"
    name = "Model pivot"
    source: Source = "timing"
    stratum = VOLUME
    columns: tuple[str, ...] = ("model",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return whether each party moved, one array per new model and time of moves until now.

        1 for who moved in the step (on the day), 0 for who was active in it and moved later.
        Times after which nobody moved any more say nothing, and are left out.
        """
        return tuple(self._of_times(moment))

    def _of_times(self, moment: Moment) -> Iterator[npt.NDArray[np.int64]]:
        population = moment.population
        pivots = population.pivots.until(moment.step)
        steps = np.arange(population.steps)
        for model in np.unique(pivots.model).tolist():
            moved = pivots.of_model(model, population.parties.count)
            for time_of_step in (steps, population.day_of_step):
                at = np.where(moved == MISSING, MISSING, time_of_step[moved])
                for time in np.unique(at[at != MISSING]).tolist()[:-1]:
                    first, last = np.searchsorted(time_of_step, [time, time + 1]).tolist()
                    active = population.activity.active_steps(first, last - 1) > 0
                    waiting = (at >= time) & active
                    yield np.where(waiting, (at == time).astype(np.int64), MISSING)

    def moves(self, moment: Moment) -> npt.NDArray[np.int64]:
        """Return a number for each last move, the same for who moved together; else `MISSING`."""
        pivots = moment.population.pivots.until(moment.step)
        last = np.full(moment.population.parties.count, MISSING, dtype=np.int64)
        # Of one party's rows the last stays.
        last[pivots.party] = pivots.model * moment.population.steps + pivots.step
        return last
