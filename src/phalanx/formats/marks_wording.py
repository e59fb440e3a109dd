"""The sentences in which marks of other providers are stated, the same in every output."""

from __future__ import annotations

from phalanx.formats.notation import count, e_value, plural
from phalanx.model import GroupFacts, Judgement

_CAMPAIGNS_NAMED = 3
"""Shared campaigns that are named in a sentence."""


def marks_sentence(facts: GroupFacts, judgement: Judgement) -> str:
    """Say which shared campaigns mark a group, and that this is no evidence; empty for none.

    Parameters:
        facts: Of the group.
        judgement: Of the same group.
    """
    if not facts.marks:
        return ""
    named = "; ".join(
        f"{count(each.accounts)} of {plural(len(facts.members), 'account')} carry a mark of "
        f"{each.campaign} ({', '.join(f'{kind} {count(n)}' for kind, n in each.kinds.items())}; "
        f"in all of the log {count(each.accounts_of_log)})"
        for each in facts.marks[:_CAMPAIGNS_NAMED]
    )
    left = len(facts.marks) - _CAMPAIGNS_NAMED
    more = f"; and {plural(left, 'further campaign')}" if left > 0 else ""
    return f"{named}{more}. {marks_effect(judgement)}"


def marks_effect(judgement: Judgement) -> str:
    """Say what marks of other providers did to a judgement.

    Parameters:
        judgement: Of a group.
    """
    without = judgement.threshold_without_marks_log10_e
    if judgement.formed_by_marks:
        done = "They formed the group"
    elif without is None:
        done = "They formed no group"
    else:
        done = f"They set its level, which would be {e_value(without)} without them"
    return f"{done}; no evidence rests on them."
