"""Each look-up: satisfied, not satisfied, and not to be told."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from phalanx.errors import InputError
from phalanx.govern.controls import SHIPPED, Observed, Outcome, assess, read_catalogue
from phalanx.govern.controls.assessing import Answer, Finding
from phalanx.govern.controls.oscal_results import results_document
from phalanx.govern.controls.reveals import FILE, read_reveals
from phalanx.govern.controls.seen import MarkAudit, MarkAudits, Reveal, Reveals, SealedCopy
from phalanx.govern.ledger import Ledger, begin_ledger
from phalanx.model.event import Event
from phalanx.prevent.policy.document import PolicyDocument
from phalanx.prevent.policy.loading import parse_policy
from phalanx.share.gate.audit import Entry, Kind
from phalanx.store import ScanRow

CATALOGUE = read_catalogue(SHIPPED)
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
YES, NO, NONE = Outcome.SATISFIED, Outcome.NOT_SATISFIED, Outcome.NOT_ASSESSED
ANSWER = Answer(is_so=True, said="Procedure 7.", by="A. Lee")


def found(control: str, answer: Answer | None = None, **seen: Any) -> Finding:
    """Return what is found of a control where this is seen."""
    answers = {} if answer is None else {control: answer}
    done = assess(CATALOGUE, "frontier", Observed(at=NOW, **seen), answers)
    return next(each for each in done.findings if each.control.id == control)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger with one reveal of scan `march`, of 3 pseudonyms asked and 2 resolved."""
    made = begin_ledger(tmp_path / "ledger", "lab.example/ledger", 1)
    facts = {"asked": 3, "resolved": 2}
    event = Event(kind="reveal", at=NOW, actor="ana", subject="scan march", facts=facts)
    made.record([event], os.urandom, 1)
    return made


def noted(*counts: tuple[int, int]) -> Reveals:
    """Return reveals of scan `march`."""
    lines = tuple(Reveal(at=NOW, by="ana", asked=a, resolved=r) for a, r in counts)
    return Reveals(subject="scan march", noted=lines)


@pytest.mark.parametrize(
    ("reveals", "outcome"),
    [
        (noted((3, 2)), YES),
        (noted((3, 2), (3, 2)), NO),
        (noted((3, 3)), NO),
        (noted(), NO),
        (replace(noted((3, 2)), subject="scan april"), NO),
        (replace(noted(), subject="scan april"), NONE),
        (None, NONE),
    ],
)
def test_each_reveal_is_held_against_the_ledger(
    ledger: Ledger, reveals: Reveals | None, outcome: Outcome
) -> None:
    """One event stands for one line, and a line that was taken away is told as well."""
    assert found("phx-det-5", ledger=ledger, reveals=reveals).outcome is outcome
    assert found("phx-det-5", reveals=reveals).outcome is NONE


def test_reveals_are_read_as_they_were_noted(tmp_path: Path) -> None:
    """No file is no reveal; a line that is none stops everything."""
    assert read_reveals(tmp_path).noted == ()
    line = '{"at": "2026-11-27T09:00:00+00:00", "by": "ana", "asked": 3, "resolved": 2}\n'
    (tmp_path / FILE).write_text(line)
    assert read_reveals(tmp_path).noted == noted((3, 2)).noted
    for bad in ("{}", "\x00", line.replace("3", "-3"), line.replace("+00:00", "")):
        (tmp_path / FILE).write_text(line + bad)
        with pytest.raises(InputError, match="line 2 is no reveal"):
            read_reveals(tmp_path)


def row(number: int, days_ago: float) -> ScanRow:
    """Return a scan of a store."""
    at = NOW - timedelta(days=days_ago)
    return ScanRow(
        number=number, started_at=at, first_exchange=at, last_exchange=at, kept_until=at,
        exchanges=1, exchanges_in_all=1, rejected=0, skipped=0, waiting=0, phalanx_version="1",
        key_id="", parameters="{}", manifest_sha256="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        (None, NONE),
        ((), NO),
        ((row(1, 1),), NO),
        ((row(1, 9), row(2, 1)), YES),
        ((row(1, 9), row(2, 8)), NO),
        ((row(1, 9), row(2, -1)), NO),
    ],
)
def test_evidence_is_carried_where_scans_went_on(
    rows: tuple[ScanRow, ...] | None, outcome: Outcome
) -> None:
    """One scan carries nothing yet, an old one no longer, one of tomorrow is none."""
    assert found("phx-det-6", store=rows).outcome is outcome


def entry(kind: str, actor: str = "person dee", **facts: Any) -> Entry:
    """Return an entry of the log of a gate."""
    return Entry(
        number=1, at=NOW, kind=cast("Kind", kind), actor=actor, facts=facts, previous="",
        entry_hash="",
    )  # fmt: skip


ASKED = entry("submitted", request=1, roles=["analyst", "counsel"])
ADA = entry("approved", "person ada", request=1, role="analyst")
BO = entry("approved", "person bo", request=1, role="counsel")


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        (None, NONE),
        ((), NONE),
        ((ASKED, ADA), NONE),
        ((ASKED, ADA, BO), YES),
        ((ADA, BO), NO),
        ((ASKED, ADA, replace(BO, actor="person dee")), NO),
        ((entry("submitted", request=1, roles=["analyst"]), ADA), NO),
        ((ASKED, ADA, entry("rejected", "person bo", request=1, role="counsel"), BO), NONE),
    ],
)
def test_two_people_release_and_none_who_asked(
    entries: tuple[Entry, ...] | None, outcome: Outcome
) -> None:
    """Also where a rule asks for one role only."""
    assert found("phx-shr-2", disclosures=entries).outcome is outcome


BASIS = {"id": "b", "from": "2026-01-01", "until": None, "source": "s"}
LEFT = {
    "action": "blind", "policy": "1", "before": "a", "after": "b", "recipients": ["north"],
    "legal_bases": [BASIS],
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, YES),
        ({"action": "hold"}, NONE),
        ({"legal_bases": []}, NO),
        ({"legal_bases": [{"id": "b", "known": False}]}, NO),
        ({"legal_bases": [BASIS | {"until": "2026-11-26"}]}, NO),
        ({"legal_bases": [BASIS | {"until": "2026-11-27"}]}, YES),
        ({"legal_bases": [BASIS | {"from": "2026-11-28"}]}, NO),
        ({"recipients": []}, NO),
        ({"after": None}, NO),
    ],
)
def test_what_left_has_a_basis_that_held(facts: dict[str, Any], outcome: Outcome) -> None:
    """On the day on which it left, with all that the control asks for."""
    entries = [entry("decided", **(LEFT | facts))]
    assert found("phx-shr-3", disclosures=entries).outcome is outcome
    assert found("phx-shr-3").outcome is NONE


def gateway(stage: str, rule: str) -> PolicyDocument:
    """Return a policy of the gateway with one rule."""
    text = (
        f'schema = "phalanx.gateway-policy/1"\nname = "p"\nstage = "{stage}"\n'
        f'on_failure = "open"\nappeals = "https://lab.example"\n[[rules]]\nname = "r"\n{rule}'
    )
    return parse_policy(text.encode(), "policy").document


MARKS = 'reason = "PHX-G001"\naction = "mark"\nkey = "campaign"\nwhen.campaign_member = '
BLOCKS = 'reason = "PHX-G001"\naction = "verify"\nwhen.campaign_member = true\n'


@pytest.mark.parametrize(
    ("stage", "rule", "outcome"),
    [
        ("enforce", MARKS + "true", YES),
        ("shadow", MARKS + "true", NO),
        ("enforce", MARKS + "true\nwhen.logprobs = true", NO),
        ("enforce", MARKS + "false", NO),
        ("enforce", BLOCKS, NO),
    ],
)
def test_a_mark_counts_where_it_reaches_all_members(
    stage: str, rule: str, outcome: Outcome
) -> None:
    """A rule in shadow, or of some of them, is not enough."""
    assert found("phx-mrk-1", gateway_policy=gateway(stage, rule)).outcome is outcome
    assert found("phx-mrk-1").outcome is NONE


@pytest.mark.parametrize(
    ("stage", "test", "outcome"),
    [
        ("enforce", "{ at_least = 5 }", YES),
        ("shadow", "{ at_least = 5 }", NO),
        ("enforce", "{ at_most = 5 }", NO),
        ("enforce", "", NO),
    ],
)
def test_a_limit_counts_where_value_is_above_it(stage: str, test: str, outcome: Outcome) -> None:
    """One that is for whoever took little limits nothing."""
    rule = BLOCKS + (f"when.value_per_day = {test}" if test else "")
    assert found("phx-inl-3", gateway_policy=gateway(stage, rule)).outcome is outcome
    assert found("phx-inl-3").outcome is NONE


def copy(problem: str = "", *, is_unknown: bool = False, is_marked: bool = True) -> SealedCopy:
    """Return a copy."""
    return SealedCopy(
        name="north", problem=problem, is_unknown=is_unknown, is_marked=is_marked, delete_by=None
    )


@pytest.mark.parametrize(
    ("copies", "verified", "marked"),
    [
        (None, NONE, NONE),
        ([], NONE, NONE),
        ([copy()], YES, YES),
        ([copy(), copy(is_marked=False)], YES, NO),
        ([copy(), copy("no identity", is_unknown=True)], NONE, YES),
        ([copy("no identity", is_unknown=True), copy("broken")], NO, YES),
    ],
)
def test_copies_are_verified_and_marked(
    copies: list[SealedCopy] | None, verified: Outcome, marked: Outcome
) -> None:
    """What nobody could verify is not said to fail."""
    assert found("phx-rel-1", releases=copies).outcome is verified
    assert found("phx-rel-2", releases=copies).outcome is verified
    assert found("phx-rel-3", releases=copies).outcome is marked


REPORT = MarkAudit(name="north", plan_digest="ab" * 32, signed_by="auditor")


@pytest.mark.parametrize(
    ("audits", "outcome"),
    [
        (None, NONE),
        (MarkAudits(reports=(), unread=()), NONE),
        (MarkAudits(reports=(REPORT,), unread=()), YES),
        (MarkAudits(reports=(replace(REPORT, signed_by=""),), unread=()), NONE),
        (MarkAudits(reports=(REPORT,), unread=("south.json",)), NO),
    ],
)
def test_audits_follow_from_signed_plans(audits: MarkAudits | None, outcome: Outcome) -> None:
    """One that does not follow from its plan is told by name."""
    said = found("phx-mrk-4", audits=audits)
    assert said.outcome is outcome
    assert ("south.json" in said.said) == (outcome is NO)


def test_a_part_that_was_seen_and_an_answer_have_both_to_be_so() -> None:
    """Whoever answers for the rest does not stand in for what was seen."""
    whole = found("phx-rel-3", releases=[copy()])
    assert (whole.outcome, whole.by, whole.not_seen) == (YES, None, whole.control.rest)
    both = found("phx-rel-3", ANSWER, releases=[copy()])
    assert (both.outcome, both.by, both.not_seen) == (YES, "A. Lee", None)
    assert both.said.endswith("For the rest: Procedure 7.")
    said_no = found("phx-rel-3", replace(ANSWER, is_so=False), releases=[copy()])
    assert said_no.outcome is NO
    seen_no = found("phx-rel-3", ANSWER, releases=[copy(is_marked=False)])
    assert (seen_no.outcome, seen_no.by) == (NO, None)


def test_oscal_names_what_was_not_looked_at() -> None:
    """The state has a reason that is no pass, and trestle takes it."""
    trestle = pytest.importorskip("trestle.oscal.assessment_results")
    seen = Observed(at=NOW, releases=[copy()])
    answers = {"phx-rel-1": ANSWER, "phx-mrk-4": ANSWER}
    document = results_document(assess(CATALOGUE, "frontier", seen, answers))
    trestle.Model.model_validate_json(json.dumps(document))
    (result,) = document["assessment-results"]["results"]
    states = {e["target"]["target-id"]: e["target"]["status"] for e in result["findings"]}
    assert states["phx-rel-3_obj"]["reason"] == "other"
    assert "Not looked at: whether the mark is in the weights" in states["phx-rel-3_obj"]["remarks"]
    assert states["phx-rel-1_obj"] == {"state": "satisfied"}
    methods = {e["title"]: e["methods"] for e in result["observations"]}
    titles = {each.id: each.title for each in CATALOGUE}
    assert methods[titles["phx-rel-3"]] == ["TEST"]
    assert methods[titles["phx-rel-1"]] == ["TEST", "INTERVIEW"]
    assert methods[titles["phx-mrk-4"]] == ["INTERVIEW"]
