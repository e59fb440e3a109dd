"""The sentences in which marks of other providers are stated, the same in every output."""

from __future__ import annotations

import pyarrow.compute as pc

from phalanx.detect.result import ScanResult
from phalanx.detect.route import BY_MARKS
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


def marks_summary(result: ScanResult) -> str:
    """Say what marks of other providers did to a scan; empty where none were given.

    Parameters:
        result: What the scan found.
    """
    if result.run.parameters.get("alliance") is None or "marks" not in result.accounts.column_names:
        return ""
    of_accounts = pc.list_value_length(result.accounts["marks"])
    marks, accounts = pc.sum(of_accounts).as_py() or 0, pc.sum(pc.greater(of_accounts, 0)).as_py()
    if not marks:
        return "Marks of other providers were given, and no account of this log carries one."
    formed, weighed = set(), set()
    columns = result.looks.select(["track", "route", "marks"]).to_pydict()
    for track, route, said in zip(*columns.values(), strict=True):
        if route in BY_MARKS:
            formed.add(track)
        elif said is not None:
            weighed.add(track)
    matched = f"{plural(marks, 'mark')} of other providers matched {plural(accounts, 'account')}"
    done = f"formed {plural(len(formed), 'group') if formed else 'no group'}"
    others = plural(len(weighed), "group") if weighed else "none"
    were = "was" if len(weighed) < 2 else "were"
    return (
        f"{matched}; they {done}, and weighed {others} that {were} formed without them. No "
        "evidence rests on marks, and a marked account is compared with others, and others with "
        "it, like any account."
    )
