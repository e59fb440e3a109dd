"""Moments leave in steps: no exact one, and no interval that is shorter than what was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.gate import Context, Policy, decide
from phalanx.share.gate.moments import in_steps, with_steps
from phalanx.share.wire import Authorship, timestamp

_MOMENTS = st.integers(1_600_000_000_000, 1_900_000_000_000).map(
    lambda milliseconds: datetime.fromtimestamp(milliseconds / 1000, UTC)
)


@given(_MOMENTS, st.integers(1, 1440))
def test_steps_widen_an_interval_by_less_than_one_each(moment: datetime, minutes: int) -> None:
    """What began is put back, what was seen last forward, by less than a step; twice as once."""
    step = timedelta(minutes=minutes)
    before, after = (in_steps(moment, kind, minutes) for kind in ("since", "until"))
    assert moment - step < before <= moment <= after < moment + step
    assert in_steps(before, "since", minutes) == before
    assert in_steps(after, "until", minutes) == after
    assert in_steps(moment, "end", minutes) == before


def test_an_exact_moment_is_widened_by_rule_a5(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """The first sight leaves as the hour before, the last as the hour after, the end as before."""
    rule = corpus.rule_of(by)
    exact = {
        "valid_from": timestamp(context.now - timedelta(days=2, seconds=61)),
        "valid_until": timestamp(context.now + timedelta(days=4, seconds=61)),
    }
    decision = decide({**rule, **exact}, context, policy)
    assert (decision.action, {each.rule_id for each in decision.findings}) == ("bucket", {"A5"})
    assert decision.item is not None
    assert decision.item["valid_from"] == timestamp(context.now - timedelta(days=2, hours=1))
    assert decision.item["valid_until"] == timestamp(context.now + timedelta(days=4))
    assert decide(decision.item, context, policy).action == "allow"
    assert with_steps({**rule, **exact}, policy) == decision.item


def test_only_the_running_hour_ends_ahead(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """What is seen now has its last sight at the end of the hour; nothing lies further ahead."""
    seen = next(item for _, item in corpus.passing(by) if item["type"] == "campaign")
    moved = context.now + timedelta(minutes=20)

    def said(last: datetime) -> str:
        batched = replace(context, now=moved)
        return decide({**seen, "last_seen": timestamp(last)}, batched, policy).action

    assert said(context.now + timedelta(minutes=10)) == "bucket"
    assert said(context.now + timedelta(hours=1)) == "allow"
    assert said(context.now + timedelta(minutes=30)) == "refuse"
    assert said(context.now + timedelta(hours=2)) == "refuse"


def test_a_policy_without_steps_leaves_moments_as_they_are(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """A file of one's own that calls a field `past` says so for itself."""
    own = replace(policy, fields={**policy.fields, "campaign": {
        **policy.fields["campaign"], "first_seen": "past",
    }})  # fmt: skip
    seen = next(item for _, item in corpus.passing(by) if item["type"] == "campaign")
    exact = {**seen, "first_seen": timestamp(context.now - timedelta(days=3, seconds=7))}
    assert decide(exact, context, own).action == "allow"
    assert with_steps(exact, own) == exact
    assert decide(exact, context, policy).action == "bucket"
