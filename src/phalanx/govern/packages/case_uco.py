"""A package as CASE/UCO: the form in which tools of investigators exchange what was done.

References:
    CASE ontology 1.x (https://caseontology.org), UCO 1.x (https://unifiedcyberontology.org).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from phalanx.govern.packages.records import (
    CaseRecord,
    ClaimRecord,
    CustodyRecord,
    ItemRecord,
    PersonRecord,
    Record,
)

_UCO = "https://ontology.unifiedcyberontology.org/uco/"
CONTEXT = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "kb": "urn:phalanx:",
    "uco-action": f"{_UCO}action/",
    "uco-core": f"{_UCO}core/",
    "uco-identity": f"{_UCO}identity/",
    "uco-observable": f"{_UCO}observable/",
    "uco-tool": f"{_UCO}tool/",
    "uco-types": f"{_UCO}types/",
    "uco-vocabulary": f"{_UCO}vocabulary/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes of the IRIs that are used, all of them local: nothing is fetched to read a document."""

_NAMESPACE = uuid.UUID("0d4be6c5-5a1b-5f0e-8b0c-0e6d8d2f7a41")
Node = dict[str, Any]


def case_uco_document(records: Sequence[Record]) -> Node:
    """Return records as one JSON-LD document.

    The case is an investigation; each person an identity; each item a file with its SHA-256 and a
    record of provenance under its id as exhibit number; each act of custody an investigative
    action, informed by the one before it on the same item; each claim an annotation of the items
    that it rests on, in words. Identifiers follow from the records.

    Parameters:
        records: Of a package, or of a copy of it.
    """
    names = {each.id: _name(each) for each in records}
    nodes: list[Node] = []
    for each in records:
        if isinstance(each, PersonRecord):
            nodes.append(_person(each, names))
        elif isinstance(each, ItemRecord):
            nodes += [_file(each, names), _provenance(each, names)]
        elif isinstance(each, ClaimRecord):
            nodes.append(_claim(each, names))
    nodes += _tools(records)
    nodes += _actions(records, names)
    heads = [_investigation(e, nodes, names) for e in records if isinstance(e, CaseRecord)]
    return {"@context": CONTEXT, "@graph": [*heads, *nodes]}


def _name(record: Record) -> str:
    return _identified(record.kind, sha256(record.payload()).hexdigest())


def _identified(kind: str, *words: str) -> str:
    return f"kb:{kind}-{uuid.uuid5(_NAMESPACE, chr(10).join((kind, *words)))}"


def _refer(name: str) -> Node:
    return {"@id": name}


def _investigation(case: CaseRecord, nodes: Sequence[Node], names: dict[str, str]) -> Node:
    return {
        "@id": names[case.id],
        "@type": "case-investigation:Investigation",
        "uco-core:name": case.title,
        "uco-core:description": case.summary,
        "uco-core:objectCreatedTime": _moment(case.opened_at),
        "uco-core:object": [_refer(each["@id"]) for each in nodes],
    }


def _person(person: PersonRecord, names: dict[str, str]) -> Node:
    return {
        "@id": names[person.id],
        "@type": "uco-identity:Person",
        "uco-core:name": person.name,
        "uco-core:description": person.role,
    }


def _file(item: ItemRecord, names: dict[str, str]) -> Node:
    name = names[item.id]
    size = {"@type": "xsd:integer", "@value": str(item.size_bytes)}
    return {
        "@id": name,
        "@type": "uco-observable:File",
        "uco-core:name": item.title,
        "uco-core:description": item.source,
        "uco-core:hasFacet": [
            {
                "@id": _identified("content", name),
                "@type": "uco-observable:ContentDataFacet",
                "uco-observable:mimeType": item.media_type,
                "uco-observable:sizeInBytes": size,
                "uco-observable:hash": [
                    {
                        "@id": _identified("hash", name),
                        "@type": "uco-types:Hash",
                        "uco-types:hashMethod": {
                            "@type": "uco-vocabulary:HashNameVocab",
                            "@value": "SHA256",
                        },
                        "uco-types:hashValue": {
                            "@type": "xsd:hexBinary",
                            "@value": item.sha256.upper(),
                        },
                    }
                ],
            }
        ],
    }


def _provenance(item: ItemRecord, names: dict[str, str]) -> Node:
    return {
        "@id": _identified("provenance-record", names[item.id]),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": item.title,
        "case-investigation:exhibitNumber": item.id,
        "uco-core:object": [_refer(names[item.id])],
    }


def _claim(claim: ClaimRecord, names: dict[str, str]) -> Node:
    number = (
        f"log10 p = {claim.log10_p:g}"
        if claim.log10_p is not None
        else f"log10 e = {claim.log10_e:g}"
    )
    words = (
        claim.statement,
        f"Null hypothesis: {claim.null_hypothesis}",
        f"{claim.method}: {number}, before correction for the claims of the case.",
        *(f"Assumed: {each}" for each in claim.assumptions),
        f"It does not say: {claim.limits}",
    )
    return {
        "@id": names[claim.id],
        "@type": "uco-core:Annotation",
        "uco-core:name": claim.id,
        "uco-core:statement": list(words),
        # What was taken away from a copy has no node to point to.
        "uco-core:object": [_refer(names[each]) for each in claim.items if each in names],
    }


def _tools(records: Sequence[Record]) -> list[Node]:
    tools = dict.fromkeys(each.tool for each in records if isinstance(each, ItemRecord))
    return [
        {"@id": _identified("tool", each), "@type": "uco-tool:Tool", "uco-core:name": each}
        for each in tools
    ]


def _actions(records: Sequence[Record], names: dict[str, str]) -> list[Node]:
    items = {each.id: each for each in records if isinstance(each, ItemRecord)}
    last: dict[str, str] = {}
    found: list[Node] = []
    for each in records:
        if not isinstance(each, CustodyRecord):
            continue
        node: Node = {
            "@id": names[each.id],
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": each.action,
            "uco-action:endTime": _moment(each.at),
        }
        if each.note is not None:
            node["uco-core:description"] = each.note
        if each.by in names:
            node["uco-action:performer"] = _refer(names[each.by])
        if each.item in items:
            file = names[each.item]
            node["uco-action:object"] = [_refer(file)]
            record = _identified("provenance-record", file)
            node["uco-action:result"] = [_refer(record)]
            if each.action == "collected":
                node["uco-action:instrument"] = [_refer(_identified("tool", items[each.item].tool))]
        if each.item in last:
            node["case-investigation:wasInformedBy"] = [_refer(last[each.item])]
        last[each.item] = names[each.id]
        found.append(node)
    return found


def _moment(moment: datetime) -> Node:
    said = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"@type": "xsd:dateTime", "@value": said}
