"""Findings of every kind, as what a verdict takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from phalanx.evidence import calibrate_p_mixed
from phalanx.model import Evidence, ExactEvidence, Inconclusive
from phalanx.provenance.order_test import OrderFinding
from phalanx.provenance.panel_test import PanelFinding
from phalanx.provenance.planted_keys import KeyFinding
from phalanx.provenance.tests import Comparison
from phalanx.provenance.verdict.answer import Asked
from phalanx.provenance.verdict.budget import LEVEL
from phalanx.provenance.verdict.families import Family
from phalanx.provenance.weight_marks import MarkTrace

_MOST_UNREAD = 0.5
"""Share of a suspect's bytes beyond which nothing found in the rest is no answer about it."""

KIN_TO_ANCESTOR_LOG10_P = -2.0
"""From here on a suspect counts as kin to an ancestor: it can only clear, so little is enough."""


def of_weights(
    comparison: Comparison,
    ancestors: Mapping[str, Comparison] | None = None,
    log10_share: float = math.log10(LEVEL),
) -> Asked:
    """Return what the tests of weights say; they are corrected for each other.

    What has no simple bound (pairs of two matchings, pairs of blocks) is made of the same units as
    the coins, and is taken to reach as far as these together: a model of nothing but NaN reaches
    nothing, and neither does one whose larger part no role is known of.

    Parameters:
        comparison: Of our model and the suspect.
        ancestors: Of models that ours was made from and the suspect, by name. They can only clear:
            what suspect and ancestor share may be all that the suspect and ours do.
        log10_share: Part of the level that weights have, base-10 logarithm: what reaches it must
            have been asked of every ancestor.
    """
    coins = [
        outcome.reachable_log10_p or 0.0
        for outcome, result in comparison.results
        if _may_decide(result)
    ]
    unread = comparison.theirs.unread > _MOST_UNREAD
    farthest = 0.0 if unread else _reachable(min(coins, default=0.0))
    return Asked(
        family=Family.WEIGHTS,
        results=tuple(
            replace(result, reachable_log10_e=farthest)
            if isinstance(result, ExactEvidence) and (unread or result.reachable_log10_e is None)
            else result
            for _, result in comparison.results
        ),
        corrected_for=len(comparison.results),
        references=len(ancestors or {}),
        objection=_in_the_way(comparison, ancestors or {}, log10_share),
    )


def _in_the_way(
    comparison: Comparison, ancestors: Mapping[str, Comparison], log10_share: float
) -> str:
    """Say why what was found may come from an ancestor; nothing if no ancestor is in its way.

    One that cannot be compared is in the way too: whoever named it asks not to be believed before
    it is ruled out. It is ruled out by a test only where that test could have shown it.
    """
    kin = [name for name, each in ancestors.items() if each.log10_p <= KIN_TO_ANCESTOR_LOG10_P]
    if kin:
        return (
            f"the suspect is kin to {', '.join(kin)} too, which ours was made from: what it shares "
            "with ours may come from there"
        )
    speaking = {
        (outcome.test.rule_id, outcome.where)
        for outcome, result in comparison.results
        if _may_decide(result) and result.log10_p <= log10_share
    }
    asked = {name: _could_show(each, log10_share) for name, each in ancestors.items()}
    if not speaking or speaking.intersection(*asked.values()):
        return ""
    silent = [name for name, tests in asked.items() if not speaking <= tests]
    return (
        f"{', '.join(silent)}, which ours was made from, cannot be compared with the suspect by "
        "what speaks against it: what it shares with ours may come from there"
    )


def _may_decide(result: Evidence | Inconclusive) -> TypeGuard[ExactEvidence]:
    return isinstance(result, ExactEvidence) and result.decisive


def _could_show(comparison: Comparison, log10_share: float) -> set[tuple[str, str]]:
    """Return the tests that could have come to a level in a comparison with an ancestor."""
    return {
        (outcome.test.rule_id, outcome.where)
        for outcome, result in comparison.results
        if _may_decide(result)
        and (outcome.reachable_log10_p is None or outcome.reachable_log10_p <= log10_share)
    }


def of_marks(trace: MarkTrace) -> Asked:
    """Return what a mark in weights says, and whose copy it is; nothing where too little is left.

    Parameters:
        trace: Over all ways of reading it, corrected for their number.
    """
    said = trace.conclusion()
    if isinstance(said, Inconclusive):
        return Asked(family=Family.WEIGHT_MARKS, results=(said,))
    places = max(each.finding.places for each in trace.readings)
    return Asked(
        family=Family.WEIGHT_MARKS,
        results=_bounded(said, -places * math.log10(2.0)),
        recipients=tuple(each.account for each in trace.named),
    )


def of_keys(finding: KeyFinding, panel: Sequence[KeyFinding] = ()) -> Asked:
    """Return what planted keys say, and whose copy they are of.

    Parameters:
        finding: Of the suspect.
        panel: Of reference models that were asked the same keys. They can only clear: if one of
            them gives as many planted answers, the answers are no secret, or no odd ones.
    """
    ahead = sum(each.hits >= finding.hits for each in panel)
    objection = (
        f"{ahead} of {len(panel)} reference models give as many planted answers" if ahead else ""
    )
    return Asked(
        family=Family.PLANTED_KEYS,
        results=_bounded(finding.evidence(), finding.asked * math.log10(finding.plan.chance)),
        recipients=tuple(each.account for each in finding.named),
        references=len(panel),
        objection=objection,
    )


def of_order(finding: OrderFinding | Inconclusive) -> Asked:
    """Return what the order of training says."""
    if isinstance(finding, Inconclusive):
        return Asked(family=Family.ORDER, results=(finding,))
    orders = math.lgamma(finding.texts + 1.0) / math.log(10.0)
    return Asked(family=Family.ORDER, results=_bounded((finding.evidence(),), -orders))


def of_agreement(finding: PanelFinding | Inconclusive) -> Asked:
    """Return what agreement against a panel says; without a panel that is nothing."""
    if isinstance(finding, Inconclusive):
        return Asked(family=Family.AGREEMENT, results=(finding,))
    return Asked(
        family=Family.AGREEMENT,
        results=_bounded(finding.evidence(), finding.reachable_log10_p),
        corrected_for=len(finding.sets),
    )


def of_audit(
    evidence: Sequence[Evidence], named: Sequence[bool], *, evaluable: bool = True
) -> Asked:
    """Return what an audit of marks says; each key's evidence is divided by their number.

    Parameters:
        evidence: Of each key.
        named: Whether the audit named it, at the level of its own plan: what it did not name is
            not counted here either.
        evaluable: Whether as much was read as its plan wants: else it is no answer.
    """
    return Asked(
        family=Family.AUDIT,
        results=tuple(
            each
            if is_named
            # What could have been named and was not is an answer, as long as anything counted.
            else replace(
                each,
                log10_e=min(each.log10_e, 0.0),
                decisive=evaluable and each.sample_size > 0,
            )
            for each, is_named in zip(evidence, named, strict=True)
        ),
    )


def _bounded(evidence: Sequence[ExactEvidence], log10_p: float) -> tuple[ExactEvidence, ...]:
    """Return evidence that says how far it could have gone."""
    return tuple(replace(each, reachable_log10_e=_reachable(log10_p)) for each in evidence)


def _reachable(log10_p: float) -> float:
    return max(0.0, float(calibrate_p_mixed(min(0.0, log10_p))))
