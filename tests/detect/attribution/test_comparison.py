"""A profile against a group: likelihood ratios with stated probabilities."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.attribution.carried import EMAIL, Carried, Links, linked, standing
from phalanx.detect.attribution.comparison import (
    SEEN_SHARE,
    Shown,
    by_source,
    compare_values,
    seen_share,
)
from phalanx.detect.attribution.targets import Targets
from phalanx.model import TraitComparison

PARTIES = 1_020
GROUP = np.arange(20)
UNLISTED = np.arange(PARTIES) >= 20


def _targets(*values: int, persistence: float = 0.5, unusable: str = "") -> Targets:
    return Targets(np.array(values, dtype=np.int64), persistence, unusable)


def _domains(group: int, strangers: int = 0) -> npt.NDArray[np.int64]:
    domains = np.arange(10_000, 10_000 + PARTIES)
    domains[GROUP] = group
    domains[20 : 20 + strangers] = group
    return domains


def _compare(
    domains: npt.NDArray[np.int64], targets: Targets, others: tuple[float, ...] = ()
) -> TraitComparison:
    carried = standing(EMAIL, domains)
    links: Links = {EMAIL: linked(carried, GROUP)}
    shares = (seen_share(links, EMAIL, targets), *others)
    return compare_values(targets, Shown(carried, shares, UNLISTED), 0)


def test_a_seen_trait_has_the_stated_ratio() -> None:
    """Persistence / (2 (k + 1) / (n + 2)), with nobody else among a thousand operators."""
    found = _compare(_domains(7), _targets(7, persistence=0.6))
    assert found.status == "seen"
    assert found.probability_if_unrelated == pytest.approx(2 / 1_002)
    assert found.log10_likelihood_ratio == pytest.approx(math.log10(0.6 * 501))


def test_an_unseen_trait_speaks_against() -> None:
    """An actor that would have shown the trait again is less likely where it is absent."""
    found = _compare(_domains(7), _targets(8, persistence=0.8))
    assert found.status == "not seen"
    assert found.log10_likelihood_ratio == pytest.approx(math.log10(0.2 / (1 - 2 / 1_002)))


def test_a_more_common_value_weighs_less() -> None:
    """The ratio falls with every stranger that carries the value, and never rises."""
    ratios = [
        _compare(_domains(7, strangers), _targets(7)).log10_likelihood_ratio
        for strangers in (0, 1, 5, 20, 40)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > ratios[-1] + 1.0


def test_a_common_value_is_not_evaluable() -> None:
    """A value that is as common as the actor is faithful to it says nothing."""
    found = _compare(_domains(7, 300), _targets(7))
    assert found.status == "not evaluable"
    assert "too common" in found.reason
    assert found.log10_likelihood_ratio == 0.0


def test_what_the_log_does_not_show_is_not_evaluable() -> None:
    """Without mail domains nothing is said about them, for or against."""
    found = _compare(np.zeros(PARTIES, dtype=np.int64), _targets(7))
    assert found.status == "not evaluable"
    assert "does not show" in found.reason


def test_hashes_of_another_key_are_not_evaluable() -> None:
    """A profile that this scan cannot read says so."""
    found = _compare(_domains(7), _targets(unusable="its hashes were made under another key"))
    assert found.status == "not evaluable"
    assert "another key" in found.reason


def test_another_group_with_the_trait_counts_as_one_operator() -> None:
    """A second campaign of the actor raises the chance a little, whatever its size."""
    alone = _compare(_domains(7), _targets(7), (0.0,)).probability_if_unrelated
    shared = _compare(_domains(7), _targets(7), (1.0,)).probability_if_unrelated
    assert alone == pytest.approx(2 / 1_003)
    assert shared == pytest.approx(4 / 1_003)


def test_unrelated_groups_rarely_show_a_trait() -> None:
    """Groups that share values drawn as parties' are show a profile's values at most at rate 2q."""
    draw = np.random.default_rng(5)
    values = draw.zipf(1.3, 4_000).astype(np.int64) % 5_000 + 1
    seen = bound = 0.0
    for _ in range(600):
        of_profile = np.unique(draw.choice(values, 12))
        domains = values.copy()
        domains[:20] = draw.choice(draw.choice(values, 3), 20)
        carried = standing(EMAIL, domains)
        links: Links = {EMAIL: linked(carried, np.arange(20))}
        seen += seen_share(links, EMAIL, _targets(*of_profile.tolist())) >= SEEN_SHARE
        bound += min(1.0, 2 * np.isin(values, of_profile).mean())
    assert seen <= bound


def test_half_of_what_is_shared_must_be_in_the_profile() -> None:
    """One value among several that the group shares is not enough."""
    party = np.arange(20)
    value = np.repeat([1, 2, 3, 4], 5)
    carriers = np.ones(PARTIES, dtype=np.bool_)
    carried = Carried(EMAIL, party, value, carriers)
    links: Links = {EMAIL: linked(carried, GROUP)}
    assert seen_share(links, EMAIL, _targets(1)) == 0.25
    assert seen_share(links, EMAIL, _targets(1, 4)) == 0.5
    assert seen_share({}, EMAIL, _targets(1)) == 0.0


def test_families_of_one_source_are_averaged_and_silent_ones_left_out() -> None:
    """A card and a mail domain are one voice; what is not evaluable has none."""

    def trait(family: str, source: str, log10: float, status: str = "seen") -> TraitComparison:
        return TraitComparison(
            family=family, source=source, status=status, reason="", probability_if_actor=0.5,  # type: ignore[arg-type]
            probability_if_unrelated=0.01, log10_likelihood_ratio=log10,
        )  # fmt: skip

    sources = by_source(
        [
            trait("email", "identity", 2.0),
            trait("payment", "identity", 2.0),
            trait("template", "software", 3.0),
            trait("tls", "software", 0.0, "not evaluable"),
        ]
    )
    assert sources == {"identity": pytest.approx(2.0), "software": pytest.approx(3.0)}
