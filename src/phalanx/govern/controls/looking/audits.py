"""Looking at reports of audits of marks."""

from __future__ import annotations

from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.looking.looked import Looked, some
from phalanx.govern.controls.observed import Observed


def audits_follow_plans(_: Control, seen: Observed) -> Looked:
    """Ask whether each report is signed, and follows from the plan that it holds."""
    if seen.audits is None:
        return Looked(None, "No folder of audits was named.")
    reports, unread = seen.audits.reports, list(seen.audits.unread)
    if unread:
        said = f"No reports, or they do not follow from their plans: {some(unread)}."
        return Looked(is_so=False, said=said)
    if not reports:
        return Looked(None, "No audit was made.")
    unsigned = [each.name for each in reports if not each.signed_by]
    said = f"{len(reports):,} reports follow from the plans in them"
    if unsigned:
        return Looked(None, f"{said}; no key that was named signed {some(unsigned)}.")
    plans = some(sorted({each.plan_digest[:16] for each in reports}))
    return Looked(is_so=True, said=f"{said} and are signed; the plans' digests begin {plans}.")
