"""What fails in an assessment, with who mends it and by when, in OSCAL.

References:
    OSCAL 1.2.1, the model plan-of-action-and-milestones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from phalanx.errors import InputError
from phalanx.govern.controls.assessing import Assessment, Finding, Outcome
from phalanx.govern.controls.oscal import Json, identifier, metadata
from phalanx.govern.controls.oscal_results import finding_of, observation_of
from phalanx.govern.controls.plan import Planned

_OWNER = "owner"
OPEN = "Nobody was named who mends it, and no day."


def plan_document(assessment: Assessment, plan: Mapping[str, Planned], system: str) -> Json:
    """Return what fails as an OSCAL plan of action and milestones.

    Parameters:
        assessment: Of which the controls that are not satisfied are items. What nobody looked at
            is none: it is not known to fail.
        plan: Who mends what, by control; an item without an entry says that it has none.
        system: What is assessed, in a few words or as an IRI.

    Raises:
        InputError: If nothing fails, as the model has no plan without an item; or the plan names a
            control that does not.
    """
    failed = [e for e in assessment.findings if e.outcome is Outcome.NOT_SATISFIED]
    if not failed:
        message = f"no control of the profile {assessment.profile} is known to fail"
        raise InputError(message, next_step="Write the assessment with -f oscal instead.")
    if unknown := sorted(plan.keys() - {each.control.id for each in failed}):
        message = f"the plan is about {unknown[0]!r}, which is not known to fail"
        raise InputError(message, next_step="Take it out of the plan.")
    at = assessment.at.isoformat()
    key = (assessment.catalogue.sha256, assessment.profile, at)
    owners = sorted({each.owner for each in plan.values()})
    title = f"Plan: {assessment.profile}"
    head = dict(metadata(assessment.catalogue, title, assessment.at))
    if owners:
        head["roles"] = [{"id": _OWNER, "title": "Who mends it"}]
        head["parties"] = [
            {"uuid": identifier("party", each), "type": "person", "name": each} for each in owners
        ]
    return {
        "plan-of-action-and-milestones": {
            "uuid": identifier("plan", *key),
            "metadata": head,
            "system-id": {"id": system},
            "observations": [observation_of(each, key, at) for each in failed],
            "findings": [finding_of(each, key) for each in failed],
            "risks": [_risk(each, key, plan.get(each.control.id)) for each in failed],
            "poam-items": [_item(each, key, plan.get(each.control.id)) for each in failed],
        }
    }


def _item(finding: Finding, key: tuple[str, ...], planned: Planned | None) -> Json:
    name = finding.control.id
    return {
        "uuid": identifier("poam-item", *key, name),
        "title": finding.control.title,
        "description": finding.said,
        "related-findings": [{"finding-uuid": identifier("finding", *key, name)}],
        "related-observations": [{"observation-uuid": identifier("observation", *key, name)}],
        "related-risks": [{"risk-uuid": identifier("risk", *key, name)}],
        **({"remarks": OPEN} if planned is None else {}),
    }


def _risk(finding: Finding, key: tuple[str, ...], planned: Planned | None) -> Json:
    name = finding.control.id
    found: dict[str, Any] = {
        "uuid": identifier("risk", *key, name),
        "title": finding.control.title,
        "description": finding.said,
        "statement": f"It is not so that: {finding.control.statement}",
        "status": "open",
    }
    if planned is None:
        return found
    due = datetime.combine(planned.due, time(0), UTC).isoformat()
    task = {
        "uuid": identifier("task", *key, name),
        "type": "milestone",
        "title": planned.action,
        "timing": {"on-date": {"date": due}},
        "responsible-roles": [
            {"role-id": _OWNER, "party-uuids": [identifier("party", planned.owner)]}
        ],
    }
    response = {
        "uuid": identifier("response", *key, name),
        "lifecycle": "planned",
        "title": planned.action,
        "description": f"{planned.owner}, by {planned.due.isoformat()}: {planned.action}",
        "tasks": [task],
    }
    return found | {"deadline": due, "remediations": [response]}
