"""The log, step by step: groups are formed after a step and tested on the steps that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from phalanx.detect.alliance.weighing import Weighing, favour_of
from phalanx.detect.apart import LASTING, TESTED_BY, ApartTest, FamilyEvidence, combine
from phalanx.detect.formation import Formation, Formations, Group, own_content_after
from phalanx.detect.groups import own_content
from phalanx.detect.habits import Habits, scores_of
from phalanx.detect.honest import HonestEvidence, examine_pool
from phalanx.detect.links import MISSING, TIMING_FAMILIES, Moment
from phalanx.detect.own_use import OwnUse
from phalanx.detect.population import Population
from phalanx.detect.reference import Operators, Reference, operators_beside
from phalanx.detect.replay_state import ReplaySettings, ReplayState
from phalanx.detect.route import BY_CONTENT, BY_MARKS, Route
from phalanx.detect.thresholds import MINIMUM_EXCHANGES
from phalanx.detect.track import Track, are_mostly_same, decide
from phalanx.detect.use_window import PromptUsers, UseWindow
from phalanx.evidence import (
    LOOKS,
    NOT_ASKED,
    mean,
)

LOOK_BACK_DAYS = 28
"""Days of use that testify about a group which was formed by standing values."""


class Replay:
    """State of the replay; `run` advances it to the end of the log.

    Parameters:
        population: Who did what in which step.
        settings: How groups are formed and judged.
        state: Where an earlier replay of the same steps stood; null begins at the first.
    """

    def __init__(
        self, population: Population, settings: ReplaySettings, state: ReplayState | None = None
    ) -> None:
        """Nothing is replayed yet beyond the state."""
        self._population = population
        self.settings = settings
        self._weighing = Weighing(population)
        self._habits = Habits(population.activity, knows_sets=settings.knows_sets)
        self._prompt_users = PromptUsers(population.prompts)
        texts = np.full(population.parties.count, MISSING, dtype=np.int64)
        self._windows: dict[tuple[int, int], UseWindow] = {}
        self._own_uses: dict[tuple[int, int], OwnUse] = {}
        self.tracks: list[Track] = []
        self.alive: dict[Route, dict[int, Track]] = {route: {} for route in TESTED_BY}
        self._formed_step = step = -1
        if state:
            # Those who joined later had no texts yet.
            texts[: state.texts.size] = state.texts
            step, self._formed_step = state.step, state.formed_step
            self.tracks = list(state.tracks)
            for route, numbers in state.alive.items():
                self.alive[route] = {number: self.tracks[number] for number in numbers}
            self._own = own_content_after(
                population, self._formed_step, texts, settings.minimum_parties
            )
        self.moment = Moment(population, step, texts)
        self.apart = ApartTest(self.moment)
        self.operators = self._operators()

    @property
    def state(self) -> ReplayState:
        """Where the replay stands."""
        return ReplayState(
            self.moment.step,
            self._formed_step,
            self.moment.communities,
            tuple(self.tracks),
            {route: tuple(tracks) for route, tracks in self.alive.items()},
        )

    @cached_property
    def sent(self) -> sparse.csr_array:
        """Exchanges per party and content value over the whole log."""
        return self._population.content.until(self._population.steps - 1)

    @cached_property
    def _users(self) -> npt.NDArray[np.int64]:
        """Parties that used each content value over the whole log."""
        return np.bincount(self.sent.indices, minlength=self.sent.shape[1])

    def coverage(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the share of every party's exchanges that a group's own content explains."""
        own = own_content(self.sent, self._users, members)
        explained = self.sent @ own.astype(np.float32)
        shares = np.minimum(1.0, explained / np.maximum(self._sent_in_all, 1.0))
        return np.asarray(shares, dtype=np.float64)

    @cached_property
    def _sent_in_all(self) -> npt.NDArray[np.float64]:
        return self._population.activity.total("exchanges", 0, self._population.steps - 1)

    @property
    def exchanges(self) -> npt.NDArray[np.float64]:
        """Exchanges of each party until now, shape (parties,)."""
        return self._population.activity.total("exchanges", 0, self.moment.step)

    def run(self) -> Iterator[int]:
        """Replay every step that is left; yield each step's index when it is over."""
        settings, first = self.settings, self.moment.step + 1
        formations = iter(
            Formations(
                self._population,
                settings.minimum_parties,
                settings.seed,
                settings.threads,
                first,
            )
        )
        for step in range(first, self._population.steps):
            if not self._population.activity.is_active(step):
                yield step
                continue
            formation = next(formations) if self._population.forms_after(step) else None
            if formation:
                self._own, self._own_uses, self._formed_step = formation.own, {}, step
            texts = formation.communities if formation else self.moment.communities
            self.moment = Moment(self._population, step, texts)
            self.apart.move_to(self.moment)
            current = self._current()
            self._look([t for t in current if step - t.formed_step in LOOKS])
            if formation:
                self._look(self._form_all(formation))
            self._decide()
            yield step

    def _form_all(self, formation: Formation) -> list[Track]:
        """Form by every route; return the groups that were opened."""
        return [
            track for route, found in formation.groups.items() for track in self._form(route, found)
        ]

    def _form(self, route: Route, found: Sequence[Group]) -> list[Track]:
        """Continue tracked groups that are still mostly the same, open others."""
        owner = np.full(self._population.parties.count, MISSING, dtype=np.int64)
        for number, track in self.alive[route].items():
            owner[track.members] = number
        claimed: dict[int, Track] = {}
        opened: list[Track] = []
        for members in sorted(found, key=lambda group: -group.size):
            numbers, counts = np.unique(owner[members], return_counts=True)
            shared = {
                int(n): int(c)
                for n, c in zip(numbers, counts, strict=True)
                if n != MISSING and int(n) not in claimed
            }
            best = max(shared, key=lambda n: shared[n], default=None)
            if best is not None and are_mostly_same(members, self.alive[route][best].members):
                self.alive[route][best].members = members
                claimed[best] = self.alive[route][best]
                continue
            track = Track(route, len(self.tracks), self.moment.step, members, members)
            track.marked = self._weighing.marked(track)
            self.tracks.append(track)
            opened.append(track)
            claimed[track.number] = track
        self.alive[route] = claimed
        return opened

    def _look(self, tracks: Sequence[Track]) -> None:
        """Test groups on what has happened since they were formed.

        At its opening a group that was formed by content has shown nothing else yet, and is
        asked nothing. One that was formed by standing values was formed without regard to what
        its parties send, and is asked at once.
        """
        due: list[Track] = []
        for route in TESTED_BY:
            chosen = [track for track in tracks if track.route == route]
            if route in BY_MARKS and not chosen:
                continue
            members = [track.members for track in chosen]
            of_families = self.apart.test(members, LASTING[route])
            timing = self.apart.test(members, TIMING_FAMILIES)
            for track, lines, times in zip(chosen, of_families, timing, strict=True):
                formed_by_this = route in BY_CONTENT and track.formed_step == self.moment.step
                # When parties sent what formed a group is what formed it, too.
                if not formed_by_this:
                    track.timing.extend(times)
                track.apart_lines = lines + _average(track.timing)
                track.linked_log10_e = combine(track.apart_lines, track.members.size)
                if formed_by_this:
                    track.look(self.moment.step, NOT_ASKED, NOT_ASKED)
                elif track.is_linked:
                    due.append(track)
                else:
                    track.look(self.moment.step, track.linked_log10_e, NOT_ASKED)
        self.operators = self._operators()
        for track in due:
            track.honest = self.examine_use(track.members, track.members, track)
            track.look(self.moment.step, track.linked_log10_e, track.honest.log10_e)

    def examine_use(self, members: Group, circle: Group, track: Track) -> HonestEvidence:
        """Test the use of a tracked group or of a part of it, the last look at others standing.

        Parameters:
            members: Parties of the group.
            circle: Parties among which a prompt may pass without being public.
            track: The group.
        """
        first, last = self._span_of(track)
        reference = Reference(
            self.use_between(first, last), self.operators, self._own_use_between(first, last)
        )
        return examine_pool(reference, members, circle, self._own.of_group(members, first, last))

    def harvest_scores(
        self, members: Group, circle: Group, track: Track
    ) -> npt.NDArray[np.float64]:
        """Return the score of harvesting in bulk of each active member, see `habits.SCORES`.

        Parameters:
            members: Parties of the group.
            circle: Parties among which a prompt may pass without being public.
            track: The group, on whose days it is asked.

        Returns:
            Shape (members with enough exchanges,).
        """
        window = self.use_between(*self._span_of(track))
        active = members[window.exchanges[members] >= MINIMUM_EXCHANGES]
        return scores_of(window.shares_within(active, circle))[:, 0]

    def _span_of(self, track: Track) -> tuple[int, int]:
        """Return the steps whose use testifies about a group.

        What its parties sent before it was formed by content formed it, and says nothing.
        A group that was formed by standing values was formed without regard to any use.
        """
        now = self.moment.step
        if track.route in BY_CONTENT:
            return track.formed_step + 1, now
        return max(0, now + 1 - LOOK_BACK_DAYS * self._population.steps_per_day), now

    def _own_use_between(self, first: int, last: int) -> OwnUse:
        """Return how each party uses the own content of its community, steps `first` to `last`."""
        if (first, last) not in self._own_uses:
            self._own_uses = {span: use for span, use in self._own_uses.items() if span[1] == last}
            self._own_uses[first, last] = self._own.of_parties(first, last)
        return self._own_uses[first, last]

    def use_between(self, first: int, last: int) -> UseWindow:
        """Return the habits of all parties in steps `first` to `last`."""
        if (first, last) not in self._windows:
            self._windows = {key: w for key, w in self._windows.items() if key[1] == last}
            self._windows[first, last] = UseWindow(
                self._prompt_users, self._habits, self.moment.communities, first, last
            )
        return self._windows[first, last]

    def _operators(self) -> Operators:
        """Tell who counts as one operator: parties alone, and suspected groups as one each."""
        if self.settings.trusted is not None:
            return Operators(self.settings.trusted, [])
        suspected = [track.members for track in self._current() if track.is_suspected]
        return operators_beside(suspected, self.moment)

    def reference_size(self) -> int:
        """Return how many operators can serve as reference now."""
        active = self.operators.alone & (self.exchanges > 0)
        return int(np.count_nonzero(active)) + self.operators.groups

    def _current(self) -> list[Track]:
        return [track for route in self.alive.values() for track in route.values()]

    def _decide(self) -> None:
        if not self.tracks:
            return
        rate = self.settings.false_discovery_rate
        outcome = decide(self.tracks, rate, favour_of(self.tracks))
        for track, rejected, level in zip(
            self.tracks, outcome.rejected, outcome.threshold_log10_e, strict=True
        ):
            track.threshold = float(level)
            if rejected and track.discovered_step is None:
                track.discovered_step = self.moment.step


def _average(timing: list[FamilyEvidence]) -> list[FamilyEvidence]:
    """Average each family over several steps: habits last, so steps may not be multiplied."""
    averages = []
    for family in TIMING_FAMILIES:
        lines = [line for line in timing if line.family is family]
        if lines:
            best = max(lines, key=lambda line: line.log10_e)
            averages.append(
                FamilyEvidence(family, mean([line.log10_e for line in lines]), best.finest)
            )
    return averages
