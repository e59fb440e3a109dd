"""What a policy says of one request: what is done, what would be, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from phalanx.prevent.policy.actions import Measures, joined
from phalanx.prevent.policy.walking import Held


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule whose conditions hold."""

    rule: int
    """Its place in the policy, from 0."""

    held: Held
    overrules_grant: bool
    """Whether a grant covers the account, and did not hold the rule off."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy says of one request."""

    measures: Measures
    """What is done."""

    in_force: Measures
    """What would be done if all rules were enforced; grants hold off what they hold off. It is
    never milder than what is done."""

    rules: tuple[RuleOutcome, ...]
    """Whose conditions hold, in the order of the policy."""

    failed: bool = False
    """Whether the gateway could not decide, and the policy says what is done then."""


def outcome_of(measures: Sequence[Measures], held: bytes, *, has_grant: bool) -> Outcome:
    """Put together what became of the rules at one request.

    Parameters:
        measures: Of each rule.
        held: A value of `Held` for each rule, one byte each.
        has_grant: Whether a grant covers the account.
    """
    found = tuple(
        RuleOutcome(rule, Held(state), has_grant and state > Held.BY_GRANT)
        for rule, state in enumerate(held)
        if state != Held.ABSENT
    )
    return Outcome(
        measures=joined(measures[each.rule] for each in found if each.held == Held.ACTS),
        in_force=joined(measures[each.rule] for each in found if each.held > Held.BY_GRANT),
        rules=found,
    )
