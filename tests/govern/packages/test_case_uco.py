"""A package as CASE/UCO: IRIs of the ontologies, one graph, and nothing that points nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.govern.packages.conftest import Case

from phalanx.govern.packages import ItemRecord
from phalanx.govern.packages.case_uco import CONTEXT, case_uco_document

TERMS = {
    "case-investigation": {
        "Investigation", "InvestigativeAction", "ProvenanceRecord", "exhibitNumber",
        "wasInformedBy",
    },
    "uco-action": {"endTime", "instrument", "object", "performer", "result"},
    "uco-core": {
        "Annotation", "description", "hasFacet", "name", "object", "objectCreatedTime",
        "statement",
    },
    "uco-identity": {"Person"},
    "uco-observable": {"ContentDataFacet", "File", "hash", "mimeType", "sizeInBytes"},
    "uco-tool": {"Tool"},
    "uco-types": {"Hash", "hashMethod", "hashValue"},
    "uco-vocabulary": {"HashNameVocab"},
    "xsd": {"dateTime", "hexBinary", "integer"},
}  # fmt: skip
"""What the ontologies define, of what is used here."""


def nodes_of(said: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document."""
    if isinstance(said, dict):
        yield said
        for value in said.values():
            yield from nodes_of(value)
    elif isinstance(said, list):
        for each in said:
            yield from nodes_of(each)


def test_every_term_is_one_of_the_ontologies(case: Case) -> None:
    """Each prefix has its IRI, which ends where a name begins; no prefix is there for nothing."""
    document = case_uco_document(case.records)
    seen = set()
    for node in nodes_of(document["@graph"]):
        named = [key for key in node if not key.startswith("@")]
        named += [node["@type"]] if "@type" in node else []
        for name in named:
            prefix, _, term = name.partition(":")
            assert term in TERMS[prefix], name
            seen.add(prefix)
    assert seen | {"kb"} == set(CONTEXT)
    assert all(iri.startswith(("https://", "http://", "urn:")) for iri in CONTEXT.values())
    assert all(iri[-1] in "/#:" for iri in CONTEXT.values())


def test_nothing_points_nowhere_and_no_name_stands_twice(case: Case) -> None:
    """Nodes are named by UUIDs that follow from the records."""
    document = case_uco_document(case.records)
    names = [
        each["@id"] for each in nodes_of(document["@graph"]) if "@id" in each and "@type" in each
    ]
    assert len(names) == len(set(names))
    pointed = {each["@id"] for each in nodes_of(document["@graph"]) if set(each) == {"@id"}}
    assert pointed <= set(names)
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(rf"kb:[a-z-]+-{uuid}", name) for name in names)
    assert case_uco_document(case.records) == document
    json.dumps(document, allow_nan=False)


def test_custody_is_a_chain_of_actions(case: Case) -> None:
    """Each by a person, at a moment, after the one before it on the same item."""
    graph = case_uco_document(case.records)["@graph"]
    first, second = (e for e in graph if e["@type"] == "case-investigation:InvestigativeAction")
    assert (first["uco-core:name"], second["uco-core:name"]) == ("collected", "handed over")
    assert second["case-investigation:wasInformedBy"] == [{"@id": first["@id"]}]
    assert "case-investigation:wasInformedBy" not in first
    assert first["uco-action:endTime"]["@value"] == "2026-11-27T09:00:00.000Z"
    people = {e["@id"]: e["uco-core:name"] for e in graph if e["@type"] == "uco-identity:Person"}
    assert people[second["uco-action:performer"]["@id"]] == "A. Lee"


def test_files_have_their_digest_and_claims_their_limits(case: Case) -> None:
    """A claim never stands without its null hypothesis."""
    graph = case_uco_document(case.records)["@graph"]
    files = [e for e in graph if e["@type"] == "uco-observable:File"]
    digests = {
        e["uco-core:hasFacet"][0]["uco-observable:hash"][0]["uco-types:hashValue"]["@value"]
        for e in files
    }
    items = [each for each in case.records if isinstance(each, ItemRecord)]
    assert digests == {each.sha256.upper() for each in items}
    claims = [e for e in graph if e["@type"] == "uco-core:Annotation"]
    assert len(claims) == 3
    for each in claims:
        words = " ".join(each["uco-core:statement"])
        assert "Null hypothesis" in words
        assert "It does not say" in words
    exhibits = [e for e in graph if e["@type"] == "case-investigation:ProvenanceRecord"]
    assert {e["case-investigation:exhibitNumber"] for e in exhibits} == {"report", "log"}


def test_a_copy_without_some_records_points_nowhere_else(case: Case) -> None:
    """What was taken away has no node."""
    left = [each for each in case.records if each.id not in {"report", "ana"}]
    document = case_uco_document(left)
    names = {e["@id"] for e in nodes_of(document["@graph"]) if "@id" in e and "@type" in e}
    pointed = {e["@id"] for e in nodes_of(document["@graph"]) if set(e) == {"@id"}}
    assert pointed <= names
