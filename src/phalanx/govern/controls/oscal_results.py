"""An assessment in OSCAL.

References:
    OSCAL 1.2.1, the model assessment-results.
"""

from __future__ import annotations

from typing import Any

from phalanx.govern.controls.assessing import Assessment, Finding, Outcome
from phalanx.govern.controls.oscal import Json, identifier, metadata


def results_document(assessment: Assessment) -> Json:
    """Return an assessment as OSCAL assessment-results.

    A control that nobody looked at has no finding: it is named in the remarks.
    """
    at = assessment.at.isoformat()
    key = (assessment.catalogue.sha256, assessment.profile, at)
    looked_at = [e for e in assessment.findings if e.outcome is not Outcome.NOT_ASSESSED]
    left = [e.control.id for e in assessment.findings if e.outcome is Outcome.NOT_ASSESSED]
    result: dict[str, Any] = {
        "uuid": identifier("result", *key),
        "title": f"Profile {assessment.profile}",
        "description": (
            f"{assessment.count(Outcome.SATISFIED)} controls are satisfied "
            f"({assessment.partly_seen} of them as far as was seen), "
            f"{assessment.count(Outcome.NOT_SATISFIED)} are not, {len(left)} were not assessed."
        ),
        "start": at,
        "end": at,
        "reviewed-controls": {
            "control-selections": [
                {
                    "include-controls": [
                        {"control-id": each.control.id} for each in assessment.findings
                    ]
                }
            ]
        },
    }
    if looked_at:
        result["observations"] = [observation_of(each, key, at) for each in looked_at]
        result["findings"] = [finding_of(each, key) for each in looked_at]
    if left:
        result["remarks"] = f"Not assessed: {', '.join(left)}."
    return {
        "assessment-results": {
            "uuid": identifier("results", *key),
            "metadata": metadata(
                assessment.catalogue, f"Assessment: {assessment.profile}", assessment.at
            ),
            "import-ap": {
                "href": "#",
                "remarks": "The plan is the profile itself: all of its controls are looked at.",
            },
            "results": [result],
        }
    }


def observation_of(finding: Finding, key: tuple[str, ...], at: str) -> Json:
    """Return what was seen of a control.

    Parameters:
        finding: About it.
        key: Words that the identifiers of the document follow from.
        at: When, as text.
    """
    return {
        "uuid": identifier("observation", *key, finding.control.id),
        "title": finding.control.title,
        "description": finding.said,
        "methods": [
            *(["TEST"] if finding.is_looked_up else []),
            *([] if finding.by is None else ["INTERVIEW"]),
        ],
        "types": ["finding"],
        "collected": at,
        **({} if finding.by is None else {"remarks": f"As {finding.by} said."}),
    }


def finding_of(finding: Finding, key: tuple[str, ...]) -> Json:
    """Return whether a control is satisfied, and of what that was not seen.

    Parameters:
        finding: About it.
        key: Words that the identifiers of the document follow from.
    """
    return {
        "uuid": identifier("finding", *key, finding.control.id),
        "title": finding.control.title,
        "description": finding.control.statement,
        "target": {
            "type": "objective-id",
            "target-id": f"{finding.control.id}_obj",
            "status": {"state": finding.outcome.value, **_short_of(finding)},
        },
        "related-observations": [
            {"observation-uuid": identifier("observation", *key, finding.control.id)}
        ],
    }


def _short_of(finding: Finding) -> Json:
    # OSCAL has two states; a reason that is not `pass` says that this one is not the whole.
    if finding.not_seen is None:
        return {}
    return {
        "reason": "other",
        "remarks": f"Satisfied as far as was seen. Not looked at: {finding.not_seen}.",
    }
