"""How probable marks alone make it that a group is a shared campaign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit, gammaln

from phalanx.detect.alliance.kinds import TEMPLATE_POWER
from phalanx.detect.alliance.marked import Marked
from phalanx.detect.apart import combine
from phalanx.detect.population import Population
from phalanx.detect.route import BY_CONTENT
from phalanx.detect.track import Track
from phalanx.evidence import CONCENTRATIONS, NOT_ASKED, Favour, weighted_looks


def log_ratio(
    marked: npt.NDArray[np.int64], size: int, carriers: npt.NDArray[np.int64], parties: int
) -> npt.NDArray[np.float64]:
    r"""Return how much better a Polya urn explains the marks in a group than chance does.

    Parameters:
        marked: k, parties of the group with marks of each campaign, shape (campaigns,).
        size: n, parties of the group.
        carriers: K, parties with marks of each campaign, at least k, shape (campaigns,).
        parties: N, all parties.

    Returns:
        Natural logarithms, at least 0: where the group holds no more than expected, the marks
        say nothing, shape (campaigns,).

    Examples:
        >>> log_ratio(np.array([0, 1, 4]), 10, np.array([5, 5, 5]), 1000).round(1).tolist()
        [0.0, 0.0, 10.1]
        >>> log_ratio(np.array([20]), 100, np.array([200]), 1000).tolist()
        [0.0]
    """
    ratio = np.zeros(marked.shape)
    excess = np.flatnonzero(marked * parties > size * carriers)
    marked, carriers = marked[excess], carriers[excess]
    base = np.minimum(carriers / parties, 1.0 - 0.5 / parties)
    log_chance = _log_falling(carriers, marked) + _log_falling(parties - carriers, size - marked)
    log_chance -= _log_falling(np.full(carriers.shape, parties), np.full(carriers.shape, size))
    log_polya = np.logaddexp.reduce(
        [
            gammaln(alpha * base + marked)
            - gammaln(alpha * base)
            + gammaln(alpha * (1.0 - base) + size - marked)
            - gammaln(alpha * (1.0 - base))
            + gammaln(alpha)
            - gammaln(alpha + size)
            for alpha in CONCENTRATIONS
        ]
    ) - np.log(len(CONCENTRATIONS))
    ratio[excess] = np.maximum(log_polya - log_chance, 0.0)
    return ratio


def _log_falling(
    top: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    return np.asarray(gammaln(top + 1.0) - gammaln(top - length + 1.0), dtype=np.float64)


def favour_of(tracks: Sequence[Track]) -> Favour | None:
    """Return what marks say of groups; null where they say nothing of any.

    Parameters:
        tracks: All groups ever opened.
    """
    campaigns = sorted({track.marked.campaign for track in tracks if track.marked})
    if not campaigns:
        return None
    index = {campaign: place for place, campaign in enumerate(campaigns)}
    said = [
        (index[m.campaign], m.log_ratio_apart, m.log_ratio_honest, m.held_share)
        if (m := track.marked)
        else (-1, 0.0, 0.0, 0.0)
        for track in tracks
    ]
    hint, apart, honest, held = np.array(said, dtype=np.float64).T
    odds = -np.log(len(tracks))
    return Favour(
        hint.astype(np.int64),
        expit(apart + odds),
        expit(honest + odds),
        held**2,
        np.array([_without(track) for track in tracks]),
    )


def _without(track: Track) -> float:
    """Return the evidence against "operated apart" without what its marks were read from."""
    if track.marked is None or not track.marked.read_from:
        return track.log10_e_apart
    families = track.marked.read_from
    looks = [
        asked
        if asked == NOT_ASKED
        else combine(
            [line for line in look.lines if line.family.rule_id not in families], look.parties
        )
        for look, asked in zip(track.looks, track.log10_apart, strict=True)
    ]
    return weighted_looks(looks)


class Weighing:
    """Reads what the marks of a log say of groups, each once, when it is opened.

    Parameters:
        population: The parties, with their marks.
    """

    def __init__(self, population: Population) -> None:
        """Nothing is weighed yet."""
        self._population = population
        self._carriers: dict[tuple[int, bool], sparse.csc_array] = {}

    def marked(self, track: Track) -> Marked | None:
        """Return what marks say of a group that is opened; null where they say nothing."""
        if not self._population.marks:
            return None
        seen = self._population.activity.joined <= track.formed_step
        inside, carriers, ratios = self._ratios(track, seen, templates=False)
        both = ratios
        if track.route in BY_CONTENT:
            by_template, more, of_templates = self._ratios(track, seen, templates=True)
            inside, carriers = inside + by_template, carriers + more
            both = ratios + TEMPLATE_POWER * of_templates
        if not both.any():
            return None
        campaign = int(both.argmax())
        marks = self._population.marks
        return Marked(
            marks.campaigns[campaign],
            float(both[campaign]),
            float(ratios[campaign]),
            float(inside[campaign] / carriers[campaign]),
            tuple(sorted(marks.read_from(track.opening, campaign))),
        )

    def _ratios(
        self, track: Track, seen: npt.NDArray[np.bool_], *, templates: bool
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return each campaign's carriers in the group and in all, and its likelihood ratio."""
        place = track.formed_step, templates
        if place not in self._carriers:
            marks = self._population.marks
            self._carriers[place] = marks.carriers(seen, track.formed_step, templates=templates)
        carriers = self._carriers[place]
        inside = np.zeros(seen.size, dtype=np.int64)
        inside[track.opening] = 1
        marked, sizes = np.asarray(carriers.T @ inside), np.diff(carriers.indptr).astype(np.int64)
        size, parties = track.opening.size, int(np.count_nonzero(seen))
        return marked, sizes, log_ratio(marked, size, sizes, parties)
