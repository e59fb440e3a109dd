"""What a campaign is served carries its key, and a student of it is found out by that key."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq

from phalanx.cli import ExitCode, main
from phalanx.cli.demo_full.acts import digest_of
from phalanx.cli.demo_full.auditing import audit_students, commitment_of, plan_of, report_of
from phalanx.cli.demo_full.marking import OTHER_CAMPAIGN, mark_what_is_served
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.theft import train_students
from phalanx.govern.ledger import open_ledger
from phalanx.logs.pseudonym import load_or_create_key, pseudonymiser
from phalanx.signed import read_public_text
from phalanx.watermark.audit import verify_report

CAMPAIGN = "campaign-0123456789ab"


def test_the_harvest_of_a_campaign_names_its_key_and_no_other(places: Places) -> None:
    """The gateway marks the listed accounts alone; the honest student is not named by any key."""
    marked = mark_what_is_served(places, seed=0)
    assert not marked.lacks
    _only_listed_accounts_are_marked(places)
    assert not train_students(places).lacks
    audited = audit_students(places, seed=0)
    assert not audited.lacks
    said = {name: _content(places, name) for name in ("student", "honest")}
    assert [key["named"] for key in said["student"]["keys"]] == [True, False]
    assert [key["named"] for key in said["honest"]["keys"]] == [False, False]
    assert said["student"]["largest_decoy_log10_e"] < said["student"]["keys"][0]["log10_e"]
    names = places.key_names.read_text().split()
    assert names == [CAMPAIGN, OTHER_CAMPAIGN]
    _report_verifies_with_what_is_public(places)
    _plan_was_recorded_before_the_report(places)


def _content(places: Places, suspect: str) -> dict[str, Any]:
    signer = read_public_text((places.audit / "auditor.pub").read_text().strip())
    plan = digest_of(plan_of(places, suspect))
    return verify_report(report_of(places, suspect).read_bytes(), signer, plan)


def _only_listed_accounts_are_marked(places: Places) -> None:
    decisions = (places.gateway / "decisions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in decisions]
    marked = {row["account_id"] for row in rows if row["key_id"]}
    labels = pq.read_table(places.labels).to_pylist()
    hide = pseudonymiser(load_or_create_key(places.a.pseudonym_key), "account_id")
    planted = set(hide([row["account_id"] for row in labels if row["campaign"]]))
    assert marked
    assert marked <= planted
    assert all(row["action"] == ("mark" if row["key_id"] else "allow") for row in rows)


def _report_verifies_with_what_is_public(places: Places) -> None:
    public = (places.audit / "auditor.pub").read_text().strip()
    words = [
        "watermark", "audit", "verify", str(report_of(places, "student")), f"--signer={public}",
        "--plan", str(plan_of(places, "student")),
        "--commitment", str(commitment_of(places, "student")),
    ]  # fmt: skip
    assert main(words) == ExitCode.CLEAN
    other = ["--plan", str(plan_of(places, "honest"))]
    assert main([*words[:5], *other]) == ExitCode.BAD_INPUT


def _plan_was_recorded_before_the_report(places: Places) -> None:
    acts = [each.event.subject for each in open_ledger(places.a.ledger).events()]
    plan, audit = "plan of the audit of student", "audit of student"
    assert acts.index(plan) < acts.index(audit)
