"""What a campaign is served carries its key, its student is found out, and the case is packed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.demo_full.acts import digest_of
from phalanx.cli.demo_full.auditing import audit_students, commitment_of, plan_of, report_of
from phalanx.cli.demo_full.marking import OTHER_CAMPAIGN, mark_what_is_served
from phalanx.cli.demo_full.packing import pack_case
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.theft import train_students
from phalanx.formats.folder import read_scan, write_scan
from phalanx.govern.ledger import open_ledger
from phalanx.logs.pseudonym import load_or_create_key, pseudonymiser
from phalanx.model import Campaign, Harm, UndeclaredPool
from phalanx.signed import read_public_text
from phalanx.watermark.audit import verify_report

CAMPAIGN = "campaign-0123456789ab"
NO_HARM = Harm(output_tokens=0, estimated_cost_usd=0.0, share_of_known_sets={})


@pytest.fixture(scope="module")
def audited(places: Places) -> Places:
    """Return the houses after a day at the gateway, the theft and the audit."""
    assert not mark_what_is_served(places, seed=0).lacks
    assert not train_students(places).lacks
    assert not audit_students(places, seed=0).lacks
    return places


def test_the_gateway_marks_the_listed_accounts_alone(audited: Places) -> None:
    """Every answer to one of them, and no answer to anybody else."""
    decisions = (audited.gateway / "decisions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in decisions]
    marked = {row["account_id"] for row in rows if row["key_id"]}
    labels = pq.read_table(audited.labels).to_pylist()
    hide = pseudonymiser(load_or_create_key(audited.a.pseudonym_key), "account_id")
    planted = set(hide([row["account_id"] for row in labels if row["campaign"]]))
    assert marked
    assert marked <= planted
    assert all(row["action"] == ("mark" if row["key_id"] else "allow") for row in rows)
    assert all((row["account_id"] in planted) == bool(row["key_id"]) for row in rows)


def test_the_harvest_of_a_campaign_names_its_key_and_no_other(audited: Places) -> None:
    """And the honest student is named by none."""
    assert audited.key_names.read_text().split() == [CAMPAIGN, OTHER_CAMPAIGN]
    said = {name: _content(audited, name) for name in ("student", "honest")}
    assert [key["named"] for key in said["student"]["keys"]] == [True, False]
    assert [key["named"] for key in said["honest"]["keys"]] == [False, False]
    assert said["student"]["largest_decoy_log10_e"] < said["student"]["keys"][0]["log10_e"]


def test_the_report_verifies_with_what_is_public(audited: Places) -> None:
    """Under the plan that it follows, and under no other."""
    public = (audited.audit / "auditor.pub").read_text().strip()
    words = [
        "watermark", "audit", "verify", str(report_of(audited, "student")), f"--signer={public}",
    ]  # fmt: skip
    plan, other = (str(plan_of(audited, name)) for name in ("student", "honest"))
    commitment = str(commitment_of(audited, "student"))
    assert main([*words, "--plan", plan, "--commitment", commitment]) == ExitCode.CLEAN
    assert main([*words, "--plan", other]) == ExitCode.BAD_INPUT


def test_the_plan_was_recorded_before_the_report(audited: Places) -> None:
    """And so was the commitment."""
    acts = [each.event.subject for each in open_ledger(audited.a.ledger).events()]
    names = ("plan of the audit of", "commitment for the audit of", "audit of")
    places = [acts.index(f"{name} student") for name in names]
    assert places == sorted(places)


def test_two_people_agree_on_what_the_package_claims(
    audited: Places, scan_folder: Path, pool: UndeclaredPool
) -> None:
    """It is packed with every act of the ledger, and verifies with two policies."""
    judged = replace(pool.judgement, log10_e=3.0, log10_e_honest=3.0, threshold_log10_e=2.0)
    campaign = Campaign(
        campaign_id=CAMPAIGN, facts=pool.facts, judgement=judged, harm=NO_HARM, actions=()
    )
    result = replace(read_scan(scan_folder), campaigns=(campaign,))
    write_scan(result, audited.a.scan)
    chapter = pack_case(audited)
    assert not chapter.lacks
    assert any("2 claims, 2 approvals" in line for line in chapter.lines)
    words = [
        "govern", "verify", str(audited.package), "--policy", str(audited.case_policy),
        "--ledgers", str(audited.a.ledger_policy),
    ]  # fmt: skip
    assert main(words) == ExitCode.CLEAN


def _content(places: Places, suspect: str) -> dict[str, Any]:
    signer = read_public_text((places.audit / "auditor.pub").read_text().strip())
    plan = digest_of(plan_of(places, suspect))
    return verify_report(report_of(places, suspect).read_bytes(), signer, plan)
