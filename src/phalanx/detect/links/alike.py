"""Alike content."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.links.family import Moment, Source, Tester
from phalanx.evidence import Witness

_HALF_KNOWN_FROM = 4.0
"""Picked prompts from which on the mean of a party's own counts more than that of everybody."""


class AlikeContent:
    """Parties write about the same things in the same words.

    Sees: one prompt of each account and step, picked without regard to what it says: which
    words it holds, in 64 numbers; with an embedder, what it means. Do the members before
    tell in which direction the next one differs from parties of its country that are known
    by as many prompts? No template need be shared, so that rewording does not hide it.
    Evaded by: ordinary cover traffic (E5), a subject of its own for each account.
    Honest look-alikes: a class, a trade, users of one program. It reads the same prompts as
    PHX-D001 and is averaged with it; one innocent cause explains both.
    Hash-only logs: works.
    """

    rule_id = "PHX-D012"
    name = "Alike content"
    source: Source = "software"
    columns: tuple[str, ...] = ("prompt",)

    def tester(self, moment: Moment) -> Tester | None:
        """Return the test of what parties have written until now."""
        picked = moment.population.picked
        prompts, sums = picked.until(moment.step)
        if not prompts.any():
            return None
        vectors = sums.astype(np.float64)
        wrote = prompts > 0
        common = (vectors[wrote] / prompts[wrote, None]).mean(axis=0)
        vectors[wrote] -= prompts[wrote, None] * common
        vectors /= (prompts + _HALF_KNOWN_FROM)[:, None]
        return Witness(
            vectors, strata_of(moment.strata("country"), prompts), picked.draw
        ).test_groups


def strata_of(
    country: npt.NDArray[np.int64], prompts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return within which parties writing is exchangeable, `MISSING` for those without any.

    Means of few prompts scatter more, so each is compared with those of about as many.

    Parameters:
        country: Stratum of each party, at least 0, shape (parties,).
        prompts: Picked prompts of each party, shape (parties,).

    Examples:
        >>> strata_of(np.array([0, 0, 1, 1]), np.array([1, 3, 3, 4])).tolist()
        [0, 0, 2, 3]
    """
    known = np.log2(np.maximum(prompts, 1)).astype(np.int64) // 2
    return np.where(prompts > 0, country * (int(known.max()) + 1) + known, MISSING)
