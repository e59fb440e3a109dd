"""OSCAL as other tools read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from phalanx.govern.controls import SHIPPED, Observed, assess, read_catalogue
from phalanx.govern.controls.assessing import Answer
from phalanx.govern.controls.oscal import (
    catalogue_document,
    mapping_document,
    profile_document,
)
from phalanx.govern.controls.oscal_results import results_document
from phalanx.govern.duties import SHIPPED as DUTIES
from phalanx.govern.duties import read_duties
from phalanx.share.gate.policy import load_policy

assessment_results = pytest.importorskip("trestle.oscal.assessment_results")
catalog = pytest.importorskip("trestle.oscal.catalog")
mapping = pytest.importorskip("trestle.oscal.mapping")
profile = pytest.importorskip("trestle.oscal.profile")

CATALOGUE = read_catalogue(SHIPPED)
AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


def test_the_catalogue_is_one_to_compliance_trestle() -> None:
    """With every control, its statement and what shows it."""
    found = catalog.Model.model_validate_json(json.dumps(catalogue_document(CATALOGUE))).catalog
    ids = [control.id for group in found.groups for control in group.controls]
    assert ids == [each.id for each in CATALOGUE]
    parts = [part for group in found.groups for control in group.controls for part in control.parts]
    assert len({part.id for part in parts}) == 2 * len(ids)


@pytest.mark.parametrize("name", CATALOGUE.profiles)
def test_a_profile_is_one_to_compliance_trestle(name: str) -> None:
    """And chooses controls that the catalogue has."""
    document = json.dumps(profile_document(CATALOGUE, name))
    found = profile.Model.model_validate_json(document).profile
    chosen = found.imports[0].include_controls[0].with_ids
    assert set(chosen) == {each.id for each in CATALOGUE.of_profile(name)}


def test_mappings_are_a_collection_to_compliance_trestle() -> None:
    """Each from a control of ours to an id of a framework, and each id its own."""
    document = json.dumps(mapping_document(CATALOGUE))
    found = mapping.Model.model_validate_json(document).mapping_collection
    pairs = [each for one in found.mappings for each in one.maps]
    assert len(pairs) == sum(len(ids) for each in CATALOGUE for ids in each.maps.values())
    assert len({each.uuid for each in pairs}) == len(pairs)


@pytest.mark.parametrize("name", CATALOGUE.profiles)
@pytest.mark.parametrize("is_shown", [True, False])
def test_results_are_assessment_results_to_compliance_trestle(name: str, *, is_shown: bool) -> None:
    """Findings for what was looked at, and nothing for what was not."""
    seen = Observed(at=AT)
    answers = {}
    if is_shown:
        seen = Observed(at=AT, policy=load_policy(), duties=read_duties(DUTIES))
        answers = {"phx-det-3": Answer(is_so=True, said="Evaluation of October.", by="A. Lee")}
    done = assess(CATALOGUE, name, seen, answers)
    document = json.dumps(results_document(done))
    (result,) = assessment_results.Model.model_validate_json(document).assessment_results.results
    if not is_shown:
        assert result.findings is None
        assert result.remarks.count("phx-") == len(done.findings)
        return
    states = {each.target.target_id: each.target.status.state.value for each in result.findings}
    assert states["phx-det-3_obj"] == "satisfied"
    assert states["phx-evd-4_obj"] == "not-satisfied"
    assert ("phx-shr-1_obj" in states) == (name != "baseline")
