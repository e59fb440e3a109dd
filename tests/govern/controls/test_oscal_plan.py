"""A plan of action: what fails, who mends it and by when, as other tools read it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from phalanx.errors import InputError
from phalanx.govern.controls import SHIPPED, Observed, Outcome, assess, read_catalogue
from phalanx.govern.controls.assessing import Answer, Assessment
from phalanx.govern.controls.oscal_plan import OPEN, plan_document
from phalanx.govern.controls.plan import Planned, read_plan

poam = pytest.importorskip("trestle.oscal.poam")

CATALOGUE = read_catalogue(SHIPPED)
ANSWERS = {
    name: Answer(is_so=is_so, said="As written.", by="counsel")
    for name, is_so in (("phx-apl-1", False), ("phx-apl-2", False), ("phx-gov-1", True))
    if name in {each.id for each in CATALOGUE}
}
PLAN = {"phx-apl-1": Planned(owner="A. Lee", due=date(2027, 1, 31), action="Write the procedure.")}


def assessed(answers: dict[str, Answer]) -> Assessment:
    """Return an assessment that rests on answers alone."""
    return assess(CATALOGUE, "frontier", Observed(at=datetime(2026, 11, 27, tzinfo=UTC)), answers)


def test_a_plan_is_one_to_compliance_trestle() -> None:
    """Each item with its finding, its risk and, where somebody was named, a milestone."""
    found = assessed(ANSWERS)
    failed = [e.control.id for e in found.findings if e.outcome is Outcome.NOT_SATISFIED]
    document = json.dumps(plan_document(found, PLAN, "lab.example"))
    read = poam.Model.model_validate_json(document).plan_of_action_and_milestones
    assert len(read.poam_items) == len(failed) == 2
    assert read.system_id.id == "lab.example"
    first, second = read.risks
    (response,) = first.remediations
    (task,) = response.tasks
    assert task.timing.on_date.date.date() == date(2027, 1, 31)
    assert task.responsible_roles[0].party_uuids == [read.metadata.parties[0].uuid]
    assert read.metadata.parties[0].name == "A. Lee"
    assert second.remediations is None
    assert read.poam_items[1].remarks == OPEN
    for item, risk, finding in zip(read.poam_items, read.risks, read.findings, strict=True):
        assert item.related_risks[0].risk_uuid == risk.uuid
        assert item.related_findings[0].finding_uuid == finding.uuid


def test_what_nobody_looked_at_is_in_no_plan() -> None:
    """It is not known to fail."""
    with pytest.raises(InputError, match="no control of the profile frontier is known to fail"):
        plan_document(assessed({}), {}, "lab.example")


def test_a_plan_for_what_does_not_fail_is_refused() -> None:
    """Somebody misspelled a control, or it was mended."""
    plan = {"phx-apl-9": PLAN["phx-apl-1"]}
    with pytest.raises(InputError, match="'phx-apl-9', which is not known to fail"):
        plan_document(assessed(ANSWERS), plan, "lab.example")


def test_a_plan_is_read_from_toml(tmp_path: Path) -> None:
    """With owner, day and what is done, all three."""
    path = tmp_path / "plan.toml"
    text = (
        'schema = "phalanx.control-plan/1"\n[plan.phx-apl-1]\nowner = "A. Lee"\n'
        'due = 2027-01-31\naction = "Write the procedure."\n'
    )
    path.write_text(text)
    assert read_plan(path) == PLAN
    path.write_text(text.replace('owner = "A. Lee"\n', ""))
    with pytest.raises(InputError, match="no plan for controls"):
        read_plan(path)
