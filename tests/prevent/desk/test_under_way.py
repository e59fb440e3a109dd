"""The table of requests under way, which nothing makes grow beyond its bounds."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.exchange import Exchange
from phalanx.prevent.desk.under_way import Opened, OpenExchanges
from phalanx.prevent.request import Request

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ALLOWED = Decision(
    exchange_id="r", action="allow", key_id=None, delay_seconds=0.0, drop_logprobs=False,
    summarise_reasoning=False, most_output_tokens=None, in_force="allow", reasons=(), grants=(),
    appeal="", appeals="mailto:a@example.com", policy="p", policy_digest="0" * 64, stage="enforce",
    decided_at=NOW,
)  # fmt: skip


def _opened(since: float, characters: int = 0) -> Opened:
    request = Request(exchange_id="r", account_id="a", model="m", prompt="x" * characters)
    return Opened(since, None, Exchange(request, ALLOWED, NOW))


def test_too_many_at_once_cost_the_oldest() -> None:
    """Which is counted."""
    table = OpenExchanges(most=2, most_characters=100, most_seconds=60)
    for number in range(3):
        lost = table.put(("a", f"r{number}"), _opened(number))
    assert [how for how, _ in lost] == ["overflowed"]
    assert table.take(("a", "r0")) is None
    assert table.take(("a", "r2")) is not None
    assert (len(table), table.lost) == (1, {"overflowed": 1})


def test_too_much_text_costs_the_oldest_but_never_the_newest() -> None:
    """A prompt that is larger than the bound stands alone."""
    table = OpenExchanges(most=10, most_characters=100, most_seconds=60)
    table.put(("a", "r0"), _opened(0, 60))
    assert [how for how, _ in table.put(("a", "r1"), _opened(1, 60))] == ["overflowed"]
    table.put(("a", "r2"), _opened(2, 1_000))
    assert table.take(("a", "r1")) is None
    assert table.take(("a", "r2")) is not None
    assert not table.put(("a", "r3"), _opened(3, 100))


def test_what_takes_too_long_is_forgotten() -> None:
    """When the next comes, or when somebody looks."""
    table = OpenExchanges(most=10, most_characters=100, most_seconds=60)
    table.put(("a", "r0"), _opened(0))
    assert [how for how, _ in table.put(("a", "r1"), _opened(60))] == ["expired"]
    assert not table.expired(119)
    assert len(table.expired(120)) == 1
    assert table.lost == {"expired": 2}


def test_the_same_name_again_takes_the_place() -> None:
    """Of the same account only; whoever comes last is settled."""
    table = OpenExchanges(most=10, most_characters=100, most_seconds=60)
    table.put(("a", "r"), _opened(0))
    assert not table.put(("b", "r"), _opened(1))
    assert [how for how, _ in table.put(("a", "r"), _opened(2))] == ["replaced"]
    found = table.take(("a", "r"))
    assert found is not None
    assert found.since_seconds == 2


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 60), st.floats(0, 30)),
        max_size=40,
    )
)
def test_bounds_hold_whatever_comes(steps: list[tuple[bool, int, int, float]]) -> None:
    """As many as fit, no more text than fits, and none is lost without being counted."""
    table = OpenExchanges(most=3, most_characters=100, most_seconds=60)
    now, came, taken = 0.0, 0, 0
    for puts, name, characters, later in steps:
        now += later
        if puts:
            came += 1
            table.put(("a", str(name)), _opened(now, characters))
        else:
            taken += table.take(("a", str(name))) is not None
        held = table._open.values()
        assert len(table) <= 3
        assert table._characters == sum(each.characters for each in held)
        assert table._characters <= 100 or len(table) == 1
        assert all(now - each.since_seconds < 60 for each in held) or not puts
    assert came == taken + len(table) + sum(table.lost.values())
