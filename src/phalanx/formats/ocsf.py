"""OCSF Detection Finding (class 2004) for a SIEM: one event a line.

Schema version 1.5.0. Campaigns, suspicious parties and undeclared pools each become one
finding with activity Create. What was authorised or could not be judged is no detection and
stays in `campaigns.json`. Without findings the output is one empty line.
"""

from __future__ import annotations

from datetime import datetime

from phalanx.detect.result import ScanResult
from phalanx.formats.json import to_line
from phalanx.formats.marks import marks_of
from phalanx.formats.notation import p_value
from phalanx.formats.wording import campaign_sentence, party_sentence, pool_sentence
from phalanx.model import Evidence, GroupFacts, Judgement

OCSF_VERSION = "1.5.0"
CLASS_UID = 2004
_CREATE = 1
_ACCOUNT_UID = 35
"""Type of an observable: identifier of an account."""

_SEVERITIES = {"campaign": (4, "High"), "party": (3, "Medium"), "pool": (2, "Low")}
_TITLES = {
    "campaign": "Distillation campaign",
    "party": "Suspicious party",
    "pool": "Undeclared pool of accounts",
}


def render(result: ScanResult) -> str:
    """Write each finding as one OCSF event on a line of its own.

    Parameters:
        result: What the scan found.
    """
    rate = result.false_discovery_rate
    lines = [
        _event(
            result,
            "campaign",
            campaign.campaign_id,
            campaign_sentence(campaign, rate),
            (campaign.facts, campaign.judgement),
        )
        for campaign in result.campaigns
    ]
    lines += [
        _event(
            result, "party", party.party_id, party_sentence(party), (party.facts, party.judgement)
        )
        for party in result.suspicious_parties
    ]
    lines += [
        _event(result, "pool", pool.group_id, pool_sentence(pool), (pool.facts, pool.judgement))
        for pool in result.undeclared_pools
    ]
    return "".join(map(to_line, lines)) or "\n"


def _event(
    result: ScanResult,
    conclusion: str,
    identifier: str,
    sentence: str,
    group: tuple[GroupFacts, Judgement],
) -> dict[str, object]:
    facts, judgement = group
    severity, severity_name = _SEVERITIES[conclusion]
    observables = [
        {
            "name": f"evidences[0].data.accounts[{place}]",
            "type": "Account UID",
            "type_id": _ACCOUNT_UID,
            "value": member.account_id,
        }
        for place, member in enumerate(facts.members)
    ]
    return {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Detection Finding",
        "class_uid": CLASS_UID,
        "type_uid": CLASS_UID * 100 + _CREATE,
        "type_name": "Detection Finding: Create",
        "time": _milliseconds(result.run.started_at),
        "start_time": _milliseconds(facts.first_seen),
        "end_time": _milliseconds(facts.last_seen),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": 1,
        "status": "New",
        "is_alert": conclusion == "campaign",
        "count": facts.exchanges,
        "message": sentence,
        "metadata": {
            "version": OCSF_VERSION,
            "uid": f"{identifier}@{_milliseconds(result.run.started_at)}",
            "product": {
                "name": "Phalanx",
                "vendor_name": "Phalanx",
                "version": result.run.phalanx_version,
            },
            "log_name": "scan",
        },
        "finding_info": _finding_info(conclusion, identifier, sentence, group),
        "observables": observables,
        "evidences": [
            {
                "name": "accounts of the group",
                "data": {"accounts": [member.account_id for member in facts.members]},
            },
            *(_evidence(line) for line in judgement.evidence),
        ],
        "unmapped": {
            "log10_e": judgement.log10_e,
            "log10_e_apart": judgement.log10_e_apart,
            "log10_e_honest": judgement.log10_e_honest,
            "threshold_log10_e": judgement.threshold_log10_e,
            "false_discovery_rate": result.false_discovery_rate,
            "input_tokens": facts.input_tokens,
            "output_tokens": facts.output_tokens,
            **({"marks": marks_of(facts, judgement)} if facts.marks else {}),
        },
    }


def _finding_info(
    conclusion: str, identifier: str, sentence: str, group: tuple[GroupFacts, Judgement]
) -> dict[str, object]:
    facts, judgement = group
    found_at = judgement.discovered_at or judgement.formed_at
    strongest = next((line for line in judgement.evidence if line.decisive), None)
    info: dict[str, object] = {
        "uid": identifier,
        "title": _TITLES[conclusion],
        "desc": sentence,
        "types": [conclusion],
        "created_time": _milliseconds(found_at),
        "first_seen_time": _milliseconds(facts.first_seen),
        "last_seen_time": _milliseconds(facts.last_seen),
        "related_analytics": [
            _analytic(line) for line in judgement.evidence if line is not strongest
        ],
    }
    if strongest:
        info["analytic"] = _analytic(strongest)
    if conclusion == "campaign":
        info["attacks"] = [
            {
                "technique": {"uid": "AML.T0024", "name": "Exfiltration via AI Inference API"},
                "sub_technique": {"uid": "AML.T0024.002", "name": "Extract AI Model"},
            }
        ]
    return info


def _analytic(line: Evidence) -> dict[str, object]:
    return {
        "uid": line.rule_id,
        "name": line.name,
        "desc": line.null_hypothesis,
        "category": line.family,
        "type_id": 3,
        "type": "Statistical",
        "version": line.method,
    }


def _evidence(line: Evidence) -> dict[str, object]:
    return {
        "name": line.name,
        "uid": line.rule_id,
        "data": {
            "observation": line.observation,
            "log10_e": line.log10_e,
            "p_value": p_value(line.log10_p),
            "sample_size": line.sample_size,
            "reference_size": line.reference_size,
            "decisive": line.decisive,
            "assumptions": list(line.assumptions),
        },
    }


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
