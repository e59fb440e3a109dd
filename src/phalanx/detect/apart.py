"""Are these parties operated apart?

Cross-examination: a group formed by what its parties *send* is tested by where they
*come from*, and the other way round. What formed a group never testifies for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.links import (
    ALIKE_CONTENT,
    BIRTH_FAMILIES,
    CONTENT_FAMILIES,
    IDENTITY_FAMILIES,
    ROUTING_FAMILIES,
    SHARED_TLS_FINGERPRINT,
    STANDING_FAMILIES,
    TIMING_FAMILIES,
    LinkFamily,
    Moment,
    OwnTest,
    SharedValues,
    Tester,
)
from phalanx.detect.route import Route
from phalanx.evidence import OddsTest, Urn, UrnTest, WitnessTest, mean, without_strongest

TESTED_BY: Mapping[Route, Sequence[LinkFamily]] = {
    "content": (*STANDING_FAMILIES, *ROUTING_FAMILIES, *TIMING_FAMILIES),
    "identity": (
        *BIRTH_FAMILIES,
        *CONTENT_FAMILIES,
        ALIKE_CONTENT,
        *ROUTING_FAMILIES,
        *TIMING_FAMILIES,
    ),
    "birth": (
        *IDENTITY_FAMILIES,
        *CONTENT_FAMILIES,
        ALIKE_CONTENT,
        *ROUTING_FAMILIES,
        *TIMING_FAMILIES,
    ),
    "mark": (
        *BIRTH_FAMILIES,
        *(family for family in CONTENT_FAMILIES if family is not SHARED_TLS_FINGERPRINT),
        ALIKE_CONTENT,
        *ROUTING_FAMILIES,
        *TIMING_FAMILIES,
    ),
    "template_mark": (*STANDING_FAMILIES, *ROUTING_FAMILIES, *TIMING_FAMILIES),
}
"""Route that formed a group -> families that testify for it. Marks by identifiers are read from
cards, addresses, mail and devices, so none of these does for a group that they formed."""

LASTING: Mapping[Route, Sequence[LinkFamily]] = {
    route: tuple(family for family in families if family not in TIMING_FAMILIES)
    for route, families in TESTED_BY.items()
}
"""Those of them that say the same at every later step."""

_Filling = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Values and strata of an urn."""


FamilyTest = UrnTest | OddsTest | WitnessTest
"""Outcome of a family's test."""


@dataclass(frozen=True, slots=True)
class FamilyEvidence:
    """What one family says about one group."""

    family: LinkFamily
    log10_e: float
    finest: FamilyTest
    """The test at the resolution that says most."""


class ApartTest:
    """Urns of several families at one moment, ready for every group.

    Null hypothesis: the parties are operated apart, that is, within strata (of country,
    of network operator for addresses, or of pace for volumes) the values of the tested
    families are exchangeable between parties, the group having been formed without them.
    Families with a test of their own bring their null with it.
    """

    def __init__(self, moment: Moment) -> None:
        """Begin at a moment."""
        self._shelf: dict[tuple[str, int], tuple[_Filling, Urn]] = {}
        self.move_to(moment)

    def move_to(self, moment: Moment) -> None:
        """Go to another moment; nothing is counted before a family is asked for."""
        self._moment = moment
        self._seen = moment.population.activity.joined <= moment.step
        self._urns: dict[str, list[Urn]] = {}
        self._testers: dict[str, Tester | None] = {}

    def test(
        self, groups: Sequence[npt.NDArray[np.int64]], families: Sequence[LinkFamily]
    ) -> list[list[FamilyEvidence]]:
        """Return the evidence of each family that anybody shows on each group of parties."""
        lines: list[list[FamilyEvidence]] = [[] for _ in groups]
        for family in families:
            of_levels = self._test_levels(family, groups)
            if not of_levels:
                continue
            for evidence, *tests in zip(lines, *of_levels, strict=True):
                best = max(tests, key=lambda test: test.log10_e)
                evidence.append(FamilyEvidence(family, mean([t.log10_e for t in tests]), best))
        return lines

    def _test_levels(
        self, family: LinkFamily, groups: Sequence[npt.NDArray[np.int64]]
    ) -> Sequence[Sequence[FamilyTest]]:
        """Test a family at each of its resolutions."""
        if isinstance(family, SharedValues):
            return [urn.test_groups(groups) for urn in self._urns_of(family)]
        if isinstance(family, OwnTest):
            if family.rule_id not in self._testers:
                self._testers[family.rule_id] = family.tester(self._moment)
            tester = self._testers[family.rule_id]
            return [] if tester is None else [tester(groups)]
        message = f"{family.rule_id} has no test"
        raise TypeError(message)

    def without_each(
        self, members: npt.NDArray[np.int64], families: Sequence[LinkFamily]
    ) -> tuple[float, npt.NDArray[np.float64]]:
        """Return the combined evidence on one group, and that without each of its members.

        Parameters:
            members: Parties of the group.
            families: That testify.

        Returns:
            log10 e of all members, and shape (members,); 0 where too few sources testify.
        """
        sources, of_families = [], []
        for family in families:
            levels = self._levels_without_each(family, members)
            if levels:
                sources.append(family.source)
                of_families.append([mean(column) for column in zip(*levels, strict=True)])
        (whole,) = self.test([members], families)
        without = [
            without_strongest(zip(sources, said, strict=True), members.size - 1)
            for said in zip(*of_families, strict=True)
        ]
        return combine(whole, members.size), np.array(without or [0.0] * members.size)

    def _levels_without_each(
        self, family: LinkFamily, members: npt.NDArray[np.int64]
    ) -> Sequence[Sequence[float]]:
        """Return the evidence without each member, at each resolution of a family."""
        if isinstance(family, SharedValues):
            return [urn.log10_e_without_each(members).tolist() for urn in self._urns_of(family)]
        others = [np.delete(members, place) for place in range(members.size)]
        return [[test.log10_e for test in tests] for tests in self._test_levels(family, others)]

    def _urns_of(self, family: SharedValues) -> list[Urn]:
        """Count values among the parties that have appeared by then, once for all routes."""
        if family.rule_id not in self._urns:
            strata = self._moment.strata(family.stratum)
            urns = [
                self._urn((family.rule_id, number), (level, strata))
                for number, level in enumerate(family.values(self._moment))
            ]
            shown = any(urn.population for urn in urns)
            self._urns[family.rule_id] = urns if shown else []
        return self._urns[family.rule_id]

    def _urn(self, place: tuple[str, int], filling: _Filling) -> Urn:
        """Fill an urn; values that are what they were the last time are not sorted again."""
        shelved = self._shelf.get(place)
        if shelved is None or not all(map(np.array_equal, shelved[0], filling)):
            shelved = self._shelf[place] = filling, Urn(*filling)
        return shelved[1].among(self._seen)


def combine(lines: Sequence[FamilyEvidence], parties: int) -> float:
    """Average families of one source, multiply all sources but the strongest, temper by size.

    Strangers may share one thing by a common cause that no stratum captures: users of one
    benchmark who registered in the week it came out, jobs that start at six by default.
    Hence the evidence must stand whichever single source is left out: the least of the
    products without one source each, which is that without the strongest. Being below the
    e-value of every fixed choice, it is one.

    Users of one kind of program differ from the cohort in many small ways as well, and in
    a group of thousands small differences add up to certainty. The product is therefore
    taken to the power sqrt(2 / n): still an e-value (Jensen), and large only where members
    are alike each by each.

    Parameters:
        lines: Evidence of each family.
        parties: n, size of the group.

    Returns:
        log10 e; 0 where fewer than two sources testify.
    """
    return without_strongest([(line.family.source, line.log10_e) for line in lines], parties)
