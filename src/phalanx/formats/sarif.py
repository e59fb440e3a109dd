"""SARIF 2.1.0 for the tools that already collect findings in it.

What stands where:

- a campaign is a result of level `error`; a suspicious party `warning`; an undeclared pool
  `note`; a group that could not be judged has kind `open`, which is SARIF's own word for it;
- an authorised group is a result that its grants suppress;
- the rules are the rules of the evidence that was used, and the rule of a result is its
  strongest decisive line;
- accounts are logical locations, since an account is no place in a file.
"""

from __future__ import annotations

from collections.abc import Iterable

from phalanx.detect.result import ScanResult
from phalanx.formats.json import to_text
from phalanx.formats.marks import marks_of
from phalanx.formats.notation import e_value, plural
from phalanx.formats.wording import campaign_sentence, party_sentence, pool_sentence
from phalanx.model import Evidence, GroupFacts, Judgement, NotJudged

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ATLAS_TECHNIQUE = "AML.T0024.002"


def render(result: ScanResult) -> str:
    """Write the result as a SARIF log with one run.

    Parameters:
        result: What the scan found.
    """
    rules = _rules(result)
    return to_text(
        {
            "$schema": SARIF_SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "Phalanx",
                            "version": result.run.phalanx_version,
                            "rules": list(rules.values()),
                        }
                    },
                    "automationDetails": {"id": "phalanx/scan/"},
                    "invocations": [_invocation(result)],
                    "results": _results(result, {rule: at for at, rule in enumerate(rules)}),
                    "columnKind": "unicodeCodePoints",
                    "properties": {
                        "falseDiscoveryRate": result.false_discovery_rate,
                        "groupsOpened": result.population.groups_opened,
                        "referenceParties": result.population.reference_parties,
                    },
                }
            ],
        }
    )


def _rules(result: ScanResult) -> dict[str, dict[str, object]]:
    used: dict[str, Evidence] = {}
    for judgement in _judgements(result):
        for line in judgement.evidence:
            used.setdefault(line.rule_id, line)
    return {
        rule: {
            "id": rule,
            "name": "".join(word.capitalize() for word in used[rule].name.split()),
            "shortDescription": {"text": used[rule].name},
            "fullDescription": {"text": f"Null hypothesis: {used[rule].null_hypothesis}"},
            "help": {"text": f"Run `phalanx explain {rule}`."},
            "defaultConfiguration": {"level": "error"},
            "properties": {"family": used[rule].family, "tags": ["distillation"]},
        }
        for rule in sorted(used)
    }


def _judgements(result: ScanResult) -> Iterable[Judgement]:
    yield from (campaign.judgement for campaign in result.campaigns)
    yield from (group.judgement for group in result.authorised)
    yield from (pool.judgement for pool in result.undeclared_pools)
    yield from (party.judgement for party in result.suspicious_parties)


def _results(result: ScanResult, places: dict[str, int]) -> list[dict[str, object]]:
    rate = result.false_discovery_rate
    found = [
        _result(
            campaign.campaign_id,
            "campaign",
            campaign_sentence(campaign, rate),
            (campaign.facts, campaign.judgement),
            places,
        )
        for campaign in result.campaigns
    ]
    for group in result.authorised:
        entry = _result(
            group.group_id,
            "authorised",
            f"{plural(len(group.facts.members), 'account')} would be a campaign and are covered "
            "by grants.",
            (group.facts, group.judgement),
            places,
        )
        entry["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"Grant {grant}"}
            for grant in group.grant_ids
        ]
        found.append(entry)
    found += [
        _result(pool.group_id, "pool", pool_sentence(pool), (pool.facts, pool.judgement), places)
        for pool in result.undeclared_pools
    ]
    found += [
        _result(
            party.party_id, "party", party_sentence(party), (party.facts, party.judgement), places
        )
        for party in result.suspicious_parties
    ]
    return found + [_open_result(group) for group in result.not_judged]


_LEVELS = {"campaign": "error", "authorised": "error", "party": "warning", "pool": "note"}


def _result(
    identifier: str,
    conclusion: str,
    sentence: str,
    group: tuple[GroupFacts, Judgement],
    places: dict[str, int],
) -> dict[str, object]:
    facts, judgement = group
    decisive = next((line for line in judgement.evidence if line.decisive), None)
    rule = {"ruleId": decisive.rule_id, "ruleIndex": places[decisive.rule_id]} if decisive else {}
    return {
        **rule,
        "kind": "fail",
        "level": _LEVELS[conclusion],
        "message": {"text": sentence},
        "locations": _locations(identifier, (member.account_id for member in facts.members)),
        "partialFingerprints": {"phalanxGroup/v1": identifier},
        "properties": {
            "conclusion": conclusion,
            "group": identifier,
            "accounts": len(facts.members),
            "exchanges": facts.exchanges,
            "firstSeen": facts.first_seen.isoformat(),
            "lastSeen": facts.last_seen.isoformat(),
            "log10E": judgement.log10_e,
            "log10EApart": judgement.log10_e_apart,
            "log10EHonest": judgement.log10_e_honest,
            "thresholdLog10E": judgement.threshold_log10_e,
            **({"marks": marks_of(facts, judgement)} if facts.marks else {}),
            "evidence": [
                {"rule": line.rule_id, "log10E": line.log10_e, "observation": line.observation}
                for line in judgement.evidence
            ],
            "taxa": [f"MITRE ATLAS {ATLAS_TECHNIQUE}"] if conclusion == "campaign" else [],
        },
    }


def _open_result(group: NotJudged) -> dict[str, object]:
    return {
        "kind": "open",
        "level": "none",
        "message": {
            "text": f"{plural(len(group.accounts), 'account')} could not be judged: "
            f"{group.reason.rstrip('.')}. Largest e-value within reach: "
            f"{e_value(group.reachable_log10_e)}."
        },
        "locations": _locations(group.group_id, group.accounts),
        "partialFingerprints": {"phalanxGroup/v1": group.group_id},
        "properties": {
            "conclusion": "not judged",
            "group": group.group_id,
            "accounts": len(group.accounts),
            "reachableLog10E": group.reachable_log10_e,
            "log10EApart": group.log10_e_apart,
            "log10EHonest": group.log10_e_honest,
        },
    }


def _locations(group: str, accounts: Iterable[str]) -> list[dict[str, object]]:
    return [
        {
            "logicalLocations": [
                {
                    "name": account,
                    "fullyQualifiedName": f"{group}/{account}",
                    "kind": "account",
                }
            ]
        }
        for account in accounts
    ]


def _invocation(result: ScanResult) -> dict[str, object]:
    return {
        "executionSuccessful": True,
        "startTimeUtc": result.run.started_at.isoformat().replace("+00:00", "Z"),
        "toolConfigurationNotifications": [
            {
                "level": "note",
                "message": {"text": f"{signal.rule_id} {signal.name} was off: {signal.reason}"},
            }
            for signal in result.signals
            if not signal.enabled
        ],
    }
