"""`phalanx share`: what may leave, who let it, what counsel is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.share.gate.audit import AuditLog
from phalanx.share.gate.tables import GateDatabase
from phalanx.share.wire import (
    Authorship,
    Handling,
    SharedCampaign,
    campaign,
    document,
    joined,
    member_id,
)

AGREEMENT = """
schema = "phalanx.agreement/1"
version = "2026.1"
[[member]]
pseudonym = "member-amber-falcon"
names = ["Northwind Labs"]
jurisdictions = ["us"]
from = 2026-01-01
[[member]]
pseudonym = "member-quiet-river"
jurisdictions = ["eu"]
from = 2026-01-01
[[approver]]
person = "ada"
role = "analyst"
[[approver]]
person = "bo"
role = "counsel"
"""
BASES = ("--basis", "us-rule-of-reason", "--basis", "eu-gdpr-6-1-f")
NOW = datetime.now(UTC)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a member, with its agreement."""
    (tmp_path / "agreement.toml").write_text(AGREEMENT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bundle_of(path: Path, *descriptions: str) -> Path:
    """Write a bundle of campaigns that differ in what is said of them."""
    by = Authorship(
        member=member_id("member-amber-falcon"),
        created=NOW - timedelta(days=1),
        modified=NOW - timedelta(hours=1),
        handling=Handling(tlp="amber", pap="amber", legal_basis="us-rule-of-reason"),
        confidence=80,
    )
    shared = [
        SharedCampaign(
            key=str(place),
            name=f"campaign-{'abcdef'[place] * 12}",
            first_seen=NOW - timedelta(days=9),
            last_seen=NOW - timedelta(days=2),
            description=description,
        )
        for place, description in enumerate(descriptions)
    ]
    raws = [document(campaign(each, by)).raw for each in shared]
    path.write_bytes(joined("bundle--1", raws))
    return path


def check(bundle: Path, *more: str) -> int:
    """Ask the gate."""
    named = ("--agreement", "agreement.toml", "--member", "member-amber-falcon", *BASES)
    return main(["share", "check", str(bundle), *named, *more])


def test_what_may_leave_is_written_and_the_rest_is_explained(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A campaign leaves in its batch; one with a price is refused, by a rule with its source."""
    bundle = bundle_of(house / "b.json", "", "They were billed USD 4 a million tokens.")
    assert check(bundle) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "delay     campaign--" in said
    assert "refuse    campaign--" in said
    assert "A1 " in said
    assert "2 objects: delay 1, refuse 1" in said
    assert check(bundle, "--output", "out.json") == ExitCode.FINDINGS
    left = json.loads((house / "out.json").read_text())["objects"]
    assert [each["name"] for each in left] == ["campaign-aaaaaaaaaaaa"]
    assert check(bundle_of(house / "c.json", "")) == ExitCode.CLEAN


def test_an_exception_goes_through_an_analyst_and_is_on_record(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Held, put before the approvers, shown, approved by somebody else, free, and in the log."""
    bundle = bundle_of(house / "b.json", "Zebras graze.")
    assert check(bundle, "--submit", "eve") == ExitCode.FINDINGS
    assert "request 1" in capsys.readouterr().out
    named = ("--agreement", "agreement.toml")
    assert main(["share", "show", "1", *named]) == ExitCode.CLEAN
    assert "Zebras graze." in capsys.readouterr().out
    wrong = ("--person", "bo", "--role", "analyst", *named)
    assert main(["share", "approve", "1", *wrong]) == ExitCode.BAD_INPUT
    assert main(["share", "approve", "7", "--person", "ada", "--role", "analyst", *named]) == 2
    assert main(["share", "approve", "1", "--person", "ada", "--role", "analyst", *named]) == 0
    capsys.readouterr()
    assert main(["share", "requests", *named]) == ExitCode.CLEAN
    assert "approved" in capsys.readouterr().out
    assert check(bundle, "--gate", "gate.db") == ExitCode.CLEAN
    capsys.readouterr()
    assert main(["share", "audit", "-f", "jsonl"]) == ExitCode.CLEAN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["submitted", "approved"]
    last = str(lines[-1]["entry_hash"])
    assert main(["share", "audit", "--last-hash", last]) == ExitCode.CLEAN
    assert main(["share", "audit", "--last-hash", "0" * 64]) == ExitCode.BAD_INPUT


def test_decisions_and_requests_are_told_to_programs(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed for people, as JSON: each object with its rules, each request with roles."""
    bundle = bundle_of(house / "b.json", "", "Zebras graze.")
    words = ("-f", "json", "--submit", "eve", "--output", "out.json")
    assert check(bundle, *words) == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert said["schema"] == "phalanx.share.decisions/1"
    assert (said["objects"], said["by_action"]) == (2, {"delay": 1, "hold": 1})
    held = said["judged"][1]
    assert (held["action"], held["request"]) == ("hold", 1)
    assert "A15" in {each["rule"] for each in held["rules"]}
    (left,) = json.loads((house / "out.json").read_text())["objects"]
    assert left["id"] == said["judged"][0]["id"]
    requests = ["share", "requests", "--agreement", "agreement.toml", "-f", "json"]
    assert main(requests) == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "phalanx.share.requests/1"
    (request,) = told["requests"]
    assert (request["number"], request["state"], request["id"]) == (1, "pending", held["id"])
    assert request["missing"] == request["roles"] == ["analyst"]
    answer = ("--person", "ada", "--role", "analyst", "--agreement", "agreement.toml")
    assert main(["share", "approve", "1", *answer]) == ExitCode.CLEAN
    capsys.readouterr()
    assert main([*requests, "--state", "approved", "-o", "r.json"]) == ExitCode.CLEAN
    assert capsys.readouterr().out == ""
    (request,) = json.loads((house / "r.json").read_text())["requests"]
    assert request["missing"] == []
    assert [(each["person"], each["role"]) for each in request["approvals"]] == [("ada", "analyst")]


def test_one_voice_rejects(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was rejected stays."""
    bundle = bundle_of(house / "b.json", "Zebras graze.")
    check(bundle, "--submit", "eve")
    answer = ("--person", "ada", "--role", "analyst", "--agreement", "agreement.toml")
    assert main(["share", "reject", "1", *answer]) == ExitCode.CLEAN
    assert check(bundle, "--gate", "gate.db") == ExitCode.FINDINGS
    assert "hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b'{"objects": [7]}', b'{"objects": {}}', b"\xff", b"{}",
        b'{"type": "campaign", "name": "our prices"}', b'{"type": "bundle", "Objects": [{}]}',
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_refused(
    house: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, a message and what to do."""
    (house / "b.json").write_bytes(content)
    assert check(house / "b.json") == ExitCode.BAD_INPUT
    assert "Next:" in capsys.readouterr().err


def test_a_group_that_nobody_agreed_on_is_refused(house: Path) -> None:
    """Recipients are all members or a group of the agreement."""
    assert check(bundle_of(house / "b.json", ""), "--to", "friends") == ExitCode.BAD_INPUT


def test_a_wrong_name_makes_no_gate(house: Path) -> None:
    """Neither asking for what left, nor for what waits, nor relying on approvals begins one."""
    agreed = ("--agreement", "agreement.toml")
    answer = ("--person", "ada", "--role", "analyst", *agreed)
    bundle = bundle_of(house / "b.json", "")
    assert main(["share", "audit"]) == ExitCode.BAD_INPUT
    assert main(["share", "requests", *agreed]) == ExitCode.BAD_INPUT
    assert main(["share", "show", "1", *agreed]) == ExitCode.BAD_INPUT
    assert main(["share", "approve", "1", *answer]) == ExitCode.BAD_INPUT
    assert check(bundle, "--gate", "gate.db") == ExitCode.BAD_INPUT
    assert not (house / "gate.db").exists()


def test_a_log_that_was_emptied_is_not_taken_for_one_of_nothing(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that there is no gate, and not that nothing left."""
    (house / "gate.db").touch(0o600)
    assert main(["share", "audit"]) == ExitCode.BAD_INPUT
    assert "there is no gate" in capsys.readouterr().err
    assert (house / "gate.db").stat().st_size == 0


def test_decisions_in_the_log_are_counted_by_quarter(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty log has no quarter."""
    assert AuditLog(GateDatabase(house / "gate.db")).verify() == 0
    assert main(["share", "audit", "-f", "quarters"]) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out) == {}
