"""Every link family under its own null: parties operated apart, whatever is common among all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.apart import ApartTest, combine
from phalanx.detect.codes import coded
from phalanx.detect.links import (
    ALIKE_CONTENT,
    SHARING_FAMILIES,
    LinkFamily,
    Moment,
    SharedValues,
)
from phalanx.detect.picked import PickedPrompts
from phalanx.detect.shared_use import SharedUse

Groups = list[npt.NDArray[np.int64]]

FAMILIES: tuple[LinkFamily, ...] = (*SHARING_FAMILIES, ALIKE_CONTENT)

KINDS = ("everyday", "release", "one address")
DRAWS = 10_000


def drawn_alike(moment: Moment, size: int, draws: int, seed: int) -> Groups:
    """Draw parties without regard to anything."""
    generator = np.random.default_rng(seed)
    parties = moment.population.parties.count
    return [generator.choice(parties, size, replace=False) for _ in range(draws)]


def drawn_by_country(moment: Moment, size: int, draws: int, seed: int) -> Groups:
    """Draw parties of two countries: whatever a country has in common is no evidence."""
    generator = np.random.default_rng(seed)
    country = moment.population.attributes["country"]
    near = np.flatnonzero(country <= 2)
    return [generator.choice(near, size, replace=False) for _ in range(draws)]


def drawn_by_volume(moment: Moment, size: int, draws: int, seed: int) -> Groups:
    """Draw among the busiest half, as content does, whose groups hold heavy users."""
    generator = np.random.default_rng(seed)
    activity = moment.population.activity
    volume = activity.total("exchanges", 0, moment.step)
    busy = np.flatnonzero(volume >= np.median(volume))
    return [generator.choice(busy, size, replace=False) for _ in range(draws)]


WAYS = (drawn_alike, drawn_by_country, drawn_by_volume)


def e_of(moment: Moment, groups: Groups, family: LinkFamily) -> npt.NDArray[np.float64]:
    """Return the e-value of one family for each group."""
    lines = ApartTest(moment).test(groups, (family,))
    return 10.0 ** np.array([line[0].log10_e for line in lines])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.rule_id)
def test_every_family_is_calibrated(
    family: LinkFamily,
    kind: str,
    crowd: Callable[[str, int], Moment],
    calibrated: Callable[[npt.NDArray[np.float64]], bool],
) -> None:
    """Over 10,000 groups whose parties have nothing to do with each other, mean and tails hold."""
    moment = crowd(kind, 5)
    assert calibrated(e_of(moment, drawn_alike(moment, 6, DRAWS, 7), family))


@pytest.mark.slow
@pytest.mark.parametrize("size", [3, 12, 40, 120])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_every_family_is_calibrated_at_every_size(
    kind: str,
    way: Callable[[Moment, int, int, int], Groups],
    size: int,
    crowd: Callable[[str, int], Moment],
    calibrated: Callable[[npt.NDArray[np.float64]], bool],
) -> None:
    """The same for groups of any size, of few countries, and of heavy users, over ten crowds."""
    each = DRAWS // 10
    found: dict[str, list[npt.NDArray[np.float64]]] = {f.rule_id: [] for f in FAMILIES}
    product: list[float] = []
    for seed in range(10):
        moment = crowd(kind, 100 + seed)
        groups = way(moment, size, each, seed)
        lines = ApartTest(moment).test(groups, FAMILIES)
        product += [10.0 ** combine(of_group, size) for of_group in lines]
        for position, family in enumerate(FAMILIES):
            found[family.rule_id].append(10.0 ** np.array([x[position].log10_e for x in lines]))
    wrong = [name for name, e in found.items() if not calibrated(np.concatenate(e))]
    assert wrong == []
    assert calibrated(np.array(product))


@pytest.mark.parametrize("family", SHARING_FAMILIES, ids=lambda family: family.rule_id)
def test_no_family_is_blind(family: SharedValues, crowd: Callable[[str, int], Moment]) -> None:
    """Those who all carry one uncommon value of a family are told from chance by it."""
    moment = crowd("everyday", 5)
    level = family.values(moment)[-1]
    values, carriers = np.unique(level[level >= 0], return_counts=True)
    uncommon = np.where(carriers <= level.size // 20, carriers, 0)
    together = np.flatnonzero(level == values[np.argmax(uncommon)])
    assert e_of(moment, [together], family)[0] > 100.0


def test_writing_alike_is_not_overlooked(crowd: Callable[[str, int], Moment]) -> None:
    """Those who write on one subject of their own are told from chance, without a template."""
    moment = crowd("everyday", 5)
    picked = moment.population.picked
    together = np.arange(0, 40, 2)
    turned = np.random.default_rng(3).integers(-(2**62), 2**62, picked.signs.size)
    worded = turned & np.roll(turned, 1)
    signs = np.where(
        np.isin(picked.party, together), np.int64(0x5DEECE66D5DEECE6) ^ worded, picked.signs
    )
    alike = replace(
        moment.population,
        picked=PickedPrompts(picked.party, picked.step, signs, picked.draw),
    )
    moment = Moment(alike, moment.step, moment.communities)
    assert e_of(moment, [together], ALIKE_CONTENT)[0] > 1_000.0


@pytest.mark.parametrize("seed", range(3))
def test_order_and_names_of_parties_do_not_matter(
    seed: int, crowd: Callable[[str, int], Moment], presented: Callable[..., SharedUse]
) -> None:
    """Parties in another order, under other hashes, have the same evidence in every family."""
    moment = crowd("release", 5)
    population = moment.population
    generator = np.random.default_rng(seed)
    order = generator.permutation(population.parties.count)
    place = np.argsort(order)
    key = int(generator.integers(1, 2**40)) * 2 + 1
    activity = population.activity
    attributes = {
        name: (hashes if name == "created" else np.where(hashes != 0, hashes * key, 0))[order]
        for name, hashes in population.attributes.items()
    }
    renamed = replace(
        population,
        attributes=attributes,
        codes={name: coded(hashes) for name, hashes in attributes.items()},
        shown={name: steps[order] for name, steps in population.shown.items()},
        activity=replace(activity, party=place[activity.party], joined=activity.joined[order]),
        picked=PickedPrompts(
            place[population.picked.party],
            population.picked.step,
            population.picked.signs,
            population.picked.draw[order],
        ),
        signatures=presented(place[population.signatures.party()], population.signatures.value),
        pivots=replace(population.pivots, party=place[population.pivots.party]),
    )
    groups = drawn_alike(moment, 20, 50, seed)
    before = ApartTest(moment).test(groups, FAMILIES)
    after = ApartTest(Moment(renamed, moment.step, moment.communities[order])).test(
        [place[group] for group in groups], FAMILIES
    )
    for old, new in zip(before, after, strict=True):
        assert [x.log10_e for x in new] == pytest.approx([x.log10_e for x in old], abs=1e-9)
