"""Which signals a log could switch on, and what kept the others off."""

from __future__ import annotations

from phalanx.detect.apart import TESTED_BY
from phalanx.detect.links import SHARED_MARK
from phalanx.detect.result import SignalState
from phalanx.detect.rules import all_rules
from phalanx.detect.signals.known_sets import KnownSets

_ALWAYS_THERE = ("timestamp", "model", "prompt")


def sources_carried(columns: frozenset[str]) -> frozenset[str]:
    """Return the sources that can show that parties who send alike are operated together.

    The strongest is left out, so that with fewer than two no group is ever listed.

    Parameters:
        columns: Optional columns that the log carried.

    Examples:
        >>> sorted(sources_carried(frozenset({"client_ip"})))
        ['network', 'timing']
    """
    return frozenset(
        str(family.source)
        for family in TESTED_BY["content"]
        if any(name in columns or name in _ALWAYS_THERE for name in family.columns)
    )


def signal_states(
    columns: frozenset[str], *, has_prompts: bool, knows_sets: bool, knows_marks: bool = False
) -> tuple[SignalState, ...]:
    """Return the state of every rule.

    Parameters:
        columns: Optional columns that the log carried.
        has_prompts: Whether any exchange has a prompt that is not empty.
        knows_sets: Whether sketches of known sets were given.
        knows_marks: Whether marks of other providers were given.
    """
    states = []
    for rule in all_rules():
        reason = ""
        if not has_prompts and rule.columns == ("prompt",):
            reason = "every prompt in the log is empty"
        elif rule.rule_id == KnownSets.rule_id and not knows_sets:
            reason = "no sketch of a known set was given"
        elif rule.rule_id == SHARED_MARK.rule_id:
            reason = "" if knows_marks else "no marks of other providers were given (--alliance)"
        elif not any(c in columns or c in _ALWAYS_THERE for c in rule.columns):
            reason = "the log carries none of: " + ", ".join(rule.columns)
        states.append(
            SignalState(rule_id=rule.rule_id, name=rule.name, enabled=not reason, reason=reason)
        )
    return tuple(states)
