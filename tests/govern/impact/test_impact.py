"""Impact: intervals that hold, money at a dated list, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.govern.impact import (
    Figure,
    Impact,
    Price,
    PriceList,
    impact_of,
    read_price_list,
    weighted_span,
)
from phalanx.model.campaign import GroupFacts, Member, Role

AT = datetime(2026, 11, 25, tzinfo=UTC)
PRICES = PriceList(
    dated=date(2026, 11, 1), source="price page", currency="USD", sha256="",
    prices=(("large-*", Price(input=2.0, output=10.0)), ("small", Price(input=1.0, output=2.0))),
)  # fmt: skip


def member(role: Role, confidence: float, tokens: int) -> Member:
    """Return an account that received so many tokens, in a tenth as many exchanges."""
    return Member(
        account_id=f"{role}-{tokens}", party_id="p", role=role, confidence=confidence,
        first_seen=AT, last_seen=AT, exchanges=tokens // 10, input_tokens=tokens // 2,
        output_tokens=tokens,
    )  # fmt: skip


FACTS = GroupFacts(
    members=(member("harvester", 1.0, 1_000), member("mixed", 1.0, 500)), parties=2,
    first_seen=AT, last_seen=AT, exchanges=150, input_tokens=750, output_tokens=1_500,
    models={"large-1": 100, "small": 50}, capabilities={"code": 0.8}, daily_exchanges={},
    templates=(),
)  # fmt: skip


def figure(impact: Impact, name: str) -> Figure:
    """Return one figure."""
    return next(each for each in impact.figures if each.id == name)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_covers_as_often_as_it_says(confidence: float) -> None:
    """Calibration: of sums that are drawn as assumed, at most the stated share lies outside."""
    generator = np.random.default_rng(7)
    weights = generator.lognormal(8, 1.5, 60)
    shares = generator.beta(8, 2, 60)
    span = weighted_span(weights, shares, confidence)
    drawn = (generator.random((20_000, 60)) < shares) @ weights
    outside = np.mean((drawn < span.low) | (drawn > span.high))
    assert outside <= 1 - confidence
    assert drawn.mean() == pytest.approx(span.point, rel=0.02)
    # And it says something: not all that could be.
    assert span.high - span.low < 0.8 * weights.sum()


@given(
    parts=st.lists(st.tuples(st.floats(0, 1e12), st.floats(0, 1)), max_size=30),
    confidence=st.floats(0.01, 0.9999),
)
def test_an_interval_holds_its_mean_and_lies_within_what_can_be(
    parts: list[tuple[float, float]], confidence: float
) -> None:
    """Whatever the weights and shares are."""
    weights, shares = [w for w, _ in parts], [s for _, s in parts]
    span = weighted_span(weights, shares, confidence)
    slack = 1e-6 * (1 + sum(weights))
    assert -slack <= span.low <= span.point + slack
    assert span.point <= span.high + slack
    assert span.high <= sum(weights) + slack


def test_what_is_sure_has_no_width() -> None:
    """And nothing at all is nothing."""
    assert weighted_span([], [], 0.9).high == 0
    span = weighted_span([3.0, 4.0, 5.0], [1.0, 0.0, 1.0], 0.9)
    assert (span.low, span.point, span.high) == (8.0, 8.0, 8.0)
    for weights, shares, confidence in (
        ([1.0], [2.0], 0.9), ([-1.0], [0.5], 0.9), ([1.0], [0.5], 1.0), ([1.0], [0.5, 0.5], 0.9),
        ([float("inf")], [0.5], 0.9),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"weights"):
            weighted_span(weights, shares, confidence)


def test_mixed_accounts_are_in_the_upper_end_alone() -> None:
    """How much of their use was harvest is not known."""
    impact = impact_of(FACTS, confidence=0.95, training_sets={"Set": 1_000})
    span = figure(impact, "output-tokens").span
    assert (span.low, span.point, span.high) == (1_000, 1_000, 1_500)
    assert figure(impact, "training-set-1").span.point == pytest.approx(0.1)
    assert figure(impact, "capability-1").span.high == pytest.approx(0.8 * 150)


def test_money_is_named_at_a_dated_list_alone() -> None:
    """Point at the mix of models, ends at the cheapest and the dearest."""
    impact = impact_of(FACTS, confidence=0.95, training_sets={}, prices=PRICES)
    money = figure(impact, "list-price")
    assert money.unit == "USD"
    assert money.span.low == pytest.approx((500 * 1 + 1_000 * 2) / 1e6)
    mix = (500 * (2 * 100 + 1 * 50) + 1_000 * (10 * 100 + 2 * 50)) / 150
    assert money.span.point == pytest.approx(mix / 1e6)
    assert money.span.high == pytest.approx((750 * 2 + 1_500 * 10) / 1e6)
    assert any("2026-11-01 (price page)" in each for each in impact.assumptions)


@pytest.mark.parametrize(
    ("models", "prices", "why"),
    [
        ({"large-1": 1}, None, "no price list was named"),
        ({"large-1": 1, "other": 1}, PRICES, "no price for other"),
        ({}, PRICES, "names no model"),
    ],
)
def test_what_has_no_price_is_told_and_not_guessed(
    models: dict[str, int], prices: PriceList | None, why: str
) -> None:
    """No figure stands for a part of it."""
    facts = replace(FACTS, models=models)
    impact = impact_of(facts, confidence=0.95, training_sets={}, prices=prices)
    assert any(why in each for each in impact.unknown)
    assert "list-price" not in {each.id for each in impact.figures}


def test_a_price_list_says_its_day_and_its_source(tmp_path: Path) -> None:
    """Or it is none."""
    path = tmp_path / "prices.toml"
    text = (
        'schema = "phalanx.price-list/1"\ndated = 2026-11-01\nsource = "price page"\n'
        'currency = "USD"\n[[price]]\nmodel = "large-*"\ninput = 2.0\noutput = 10.0\n'
    )
    path.write_text(text)
    assert read_price_list(path).of("large-2") == Price(input=2.0, output=10.0)
    for old, new in (
        ("dated = 2026-11-01\n", ""), ('source = "price page"\n', ""), ('"USD"', '"dollars"'),
        ("input = 2.0", "input = -2.0"), ("input = 2.0", "input = nan"),
    ):  # fmt: skip
        path.write_text(text.replace(old, new))
        with pytest.raises(InputError, match="no price list"):
            read_price_list(path)
