"""What is done where several rules have a say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.policy.actions import Action, Measures, joined

MEASURES = st.builds(
    Measures,
    action=st.sampled_from(Action),
    keys=st.lists(st.sampled_from(["campaign", "wmk_a"]), max_size=2, unique=True).map(tuple),
    delay_seconds=st.sampled_from([0.0, 1.0, 5.0]),
    drops_logprobs=st.booleans(),
    summarises_reasoning=st.booleans(),
    most_output_tokens=st.none() | st.integers(1, 100),
)


def test_actions_have_an_order() -> None:
    """From the mildest to the most severe, as the reference says."""
    assert [each.word for each in sorted(Action)] == [
        "allow", "mark", "slow", "trim", "verify", "block",
    ]  # fmt: skip


@settings(max_examples=50)
@given(st.lists(MEASURES, max_size=5))
def test_the_most_severe_action_wins(parts: list[Measures]) -> None:
    """Whatever milder rules say."""
    assert joined(parts).action == max((each.action for each in parts), default=Action.ALLOW)


@settings(max_examples=50)
@given(
    st.lists(MEASURES, max_size=5).flatmap(lambda xs: st.tuples(st.just(xs), st.permutations(xs)))
)
def test_the_order_of_rules_changes_nothing_but_the_order_of_keys(
    both: tuple[list[Measures], list[Measures]],
) -> None:
    """What is done does not depend on which rule stands first in the file."""
    one, other = joined(both[0]), joined(both[1])
    assert set(one.keys) == set(other.keys)
    assert (one.action, one.delay_seconds, one.most_output_tokens) == (
        other.action, other.delay_seconds, other.most_output_tokens,
    )  # fmt: skip
    assert (one.drops_logprobs, one.summarises_reasoning) == (
        other.drops_logprobs, other.summarises_reasoning,
    )  # fmt: skip


@settings(max_examples=50)
@given(st.lists(MEASURES, min_size=1, max_size=5))
def test_joining_again_changes_nothing(parts: list[Measures]) -> None:
    """The join of a join with its parts is the join."""
    whole = joined(parts)
    assert joined([whole, *parts]) == whole


@settings(max_examples=50)
@given(st.lists(MEASURES, max_size=4), MEASURES)
def test_a_further_rule_never_makes_it_milder(parts: list[Measures], further: Measures) -> None:
    """Action, delay, length and cuts only grow harder, unless nothing is served at all."""
    before, after = joined(parts), joined([*parts, further])
    assert after.action >= before.action
    if after.action.serves:
        assert after.delay_seconds >= before.delay_seconds
        assert after.drops_logprobs >= before.drops_logprobs
        assert (after.most_output_tokens or 10**9) <= (before.most_output_tokens or 10**9)
        assert set(after.keys) >= set(before.keys)


@settings(max_examples=50)
@given(st.lists(MEASURES, max_size=4))
def test_what_is_not_served_is_neither_marked_nor_delayed(parts: list[Measures]) -> None:
    """A refusal has no output to do anything with."""
    for action in (Action.VERIFY, Action.BLOCK):
        found = joined([*parts, Measures(action=action)])
        assert found == Measures(action=found.action)
