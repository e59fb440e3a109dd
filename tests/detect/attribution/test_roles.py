"""Operator and provider network, and groups that share one of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.attribution.carried import (
    EMAIL,
    PAYMENT,
    TEMPLATE,
    Carried,
    Family,
    Links,
    linked,
    standing,
)
from phalanx.detect.attribution.roles import hash_text, related_groups, roles_of

PARTIES = 3_000
NORTH, SOUTH = np.arange(0, 20), np.arange(20, 40)


def _texts(of_north: list[int], of_south: list[int]) -> Carried:
    pairs = [(p, t) for p in NORTH for t in of_north] + [(p, t) for p in SOUTH for t in of_south]
    party, value = np.array(pairs).T
    return Carried(TEMPLATE, party, value, np.ones(PARTIES, dtype=np.bool_))


def _cards(north: int, south: int, strangers: int = 0) -> npt.NDArray[np.int64]:
    cards = np.arange(10_000, 10_000 + PARTIES)
    cards[NORTH], cards[SOUTH], cards[40 : 40 + strangers] = north, south, north
    return cards


def _related(carried: dict[Family, Carried]) -> list[tuple[int, int]]:
    links: list[Links] = [
        {family: linked(each, group) for family, each in carried.items()}
        for group in (NORTH, SOUTH)
    ]
    unlisted = np.ones(PARTIES, dtype=np.bool_)
    unlisted[:40] = False
    found = related_groups(["north", "south"], links, carried, unlisted)
    return [(each.content_values, each.network_values) for each in found[0]]


def test_two_operators_of_one_network() -> None:
    """Campaigns that share a card and no text share the network, not the operator."""
    cards = standing(PAYMENT, _cards(7, 7, strangers=10))
    assert _related({TEMPLATE: _texts([1, 2, 3], [4, 5, 6]), PAYMENT: cards}) == [(0, 1)]


def test_one_operator_with_two_networks() -> None:
    """Campaigns that share texts and no card share the operator, not the network."""
    cards = standing(PAYMENT, _cards(7, 8))
    assert _related({TEMPLATE: _texts([1, 2, 3], [1, 2, 3]), PAYMENT: cards}) == [(3, 0)]


def test_one_text_alone_relates_nobody() -> None:
    """A single text may be anybody's."""
    cards = standing(PAYMENT, _cards(7, 8))
    assert _related({TEMPLATE: _texts([1, 2, 3], [1, 4, 5]), PAYMENT: cards}) == []


def test_a_value_that_many_strangers_carry_relates_nobody() -> None:
    """What more than one in a hundred unlisted parties carry is no sign of one network."""
    cards = standing(PAYMENT, _cards(7, 7, strangers=60))
    assert _related({TEMPLATE: _texts([1, 2, 3], [4, 5, 6]), PAYMENT: cards}) == []


def test_each_role_names_its_accounts_and_values() -> None:
    """Content goes to the operator, mail domains to the network, each with who carries it."""
    domains = np.arange(10_000, 10_000 + PARTIES)
    domains[:12] = 3
    carried = {TEMPLATE: _texts([1, 2], [4]), EMAIL: standing(EMAIL, domains)}
    links: Links = {family: linked(each, NORTH) for family, each in carried.items()}
    operator, network = roles_of(
        links,
        carried,
        NORTH,
        lambda parties: tuple(f"a{party}" for party in parties),
        lambda family, value: f"{family.name} {value}",
    )
    assert (operator.role, network.role) == ("operator", "network")
    assert operator.accounts == tuple(f"a{party}" for party in range(20))
    assert network.accounts == tuple(f"a{party}" for party in range(12))
    assert [(v.value, v.hash, v.accounts) for v in network.values] == [
        ("email 3", hash_text(3), 12)
    ]
    assert operator.linked_values == 2


def test_a_role_without_values_is_left_out() -> None:
    """Nothing is said of a role that nothing points to."""
    carried = {EMAIL: standing(EMAIL, np.arange(1, PARTIES + 1))}
    links: Links = {EMAIL: linked(carried[EMAIL], NORTH)}
    assert roles_of(links, carried, NORTH, lambda _: (), lambda *_: "") == ()
