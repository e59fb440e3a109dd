"""Marks of other providers on a group, for outputs that programs read."""

from __future__ import annotations

from phalanx.model import GroupFacts, Judgement


def marks_of(facts: GroupFacts, judgement: Judgement) -> dict[str, object]:
    """Return which shared campaigns mark which accounts; they are no evidence.

    Parameters:
        facts: Of the group.
        judgement: Of the same group.
    """
    return {
        "is_evidence": False,
        "formed_the_group": judgement.formed_by_marks,
        "threshold_without_marks_log10_e": judgement.threshold_without_marks_log10_e,
        "campaigns": [
            {
                "campaign": each.campaign,
                "accounts": [m.account_id for m in facts.members if each.campaign in m.marks],
                "kinds": dict(each.kinds),
                "accounts_of_log": each.accounts_of_log,
            }
            for each in facts.marks
        ],
    }
