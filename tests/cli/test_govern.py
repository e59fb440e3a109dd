"""The ledger and the duties on the command line."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.govern.ledger.authority import make_authority, serving

from phalanx.cli import ExitCode, main
from phalanx.govern.ledger import open_ledger
from phalanx.model.event import Event
from phalanx.transparency.note_keys import NoteSigner

INCIDENT = """
schema = "phalanx.incident/1"
discovered_at = 2026-11-25T09:30:00Z
[answers]
data-controller = true
personal-data-breach = true
risk-to-persons-unlikely = false
frontier-developer = false
[facts]
contact = "A. Lee, security@lab.example"
"""


def govern(words: str) -> int:
    """Do what a person types."""
    return main(["govern", *words.split()])


@pytest.fixture
def kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ledger of three events in `ledger`, and the policy that believes it in `policy`."""
    monkeypatch.chdir(tmp_path)
    assert govern("ledger begin ledger --origin lab.example/ledger") == ExitCode.CLEAN
    Path("policy").write_text(capsys.readouterr().out)
    at = datetime(2026, 11, 27, 9, tzinfo=UTC)
    events = [
        Event(kind="disclosure", at=at, actor="ana", subject="campaign 1", facts={"rule": "A3"}),
        Event(kind="approval", at=at, actor="counsel", subject="campaign 1"),
        Event(kind="reveal", at=at, actor="ana\x1b[2J", subject="scan 7"),
    ]
    open_ledger(Path("ledger")).record(events, os.urandom, 1_764_234_000)


@pytest.mark.usefixtures("kept")
def test_an_auditor_lists_proves_and_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    """What he is handed verifies with the policy alone."""
    assert govern("ledger list ledger") == ExitCode.CLEAN
    listed = capsys.readouterr().out
    assert len(listed.splitlines()) == 3
    assert "\x1b" not in listed
    assert govern("ledger list ledger --actor counsel -f json") == ExitCode.CLEAN
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["number"], row["kind"]) == (1, "approval")
    for number in (0, 2):
        assert govern(f"ledger prove ledger {number} -o event.json") == ExitCode.CLEAN
        assert govern("verify event.json --policy policy") == ExitCode.CLEAN
    assert "in the ledger lab.example/ledger of 3 events" in capsys.readouterr().out
    assert govern("verify ledger") == ExitCode.CLEAN
    assert "3 events are as the signed tree says" in capsys.readouterr().out


@pytest.mark.usefixtures("kept")
def test_a_ledger_that_was_written_anew_is_not_believed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It holds by its own key, and that is said; the policy of others knows the first one."""
    assert govern("verify ledger --policy policy") == ExitCode.CLEAN
    assert "3 events are as the signed tree says, as lab.example/ledger" in capsys.readouterr().out
    shutil.rmtree("ledger")
    assert govern("ledger begin ledger --origin lab.example/ledger") == ExitCode.CLEAN
    capsys.readouterr()
    assert govern("verify ledger") == ExitCode.CLEAN
    assert "by its own key alone" in capsys.readouterr().out
    assert govern("verify ledger --policy policy") == ExitCode.BAD_INPUT
    assert "is not signed by a log of the policy" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_an_auditor_needs_no_key_of_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    """A copy of events and log is enough; whose it is says the policy, witnesses included."""
    Path("ledger/ledger.key").unlink()
    Path("ledger/origin").unlink()
    assert govern("verify ledger") == ExitCode.BAD_INPUT
    assert govern("verify ledger --policy policy") == ExitCode.CLEAN
    capsys.readouterr()
    witness = NoteSigner(name="w.example", key=Ed25519PrivateKey.generate(), is_witness=True)
    line = f"witness w {witness.public.as_text()}\nquorum w\n"
    Path("strict").write_text(Path("policy").read_text().replace("quorum none\n", line))
    assert govern("verify ledger --policy strict") == ExitCode.BAD_INPUT
    assert "was seen by 0 witnesses" in capsys.readouterr().err
    (bundle,) = (path for path in Path("ledger/events").rglob("*") if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"counsel", b"visitor"))
    assert govern("verify ledger --policy policy") == ExitCode.BAD_INPUT
    assert "event 1 of the ledger is not the one that was logged" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_what_was_changed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In the file that was handed out, and in the ledger itself."""
    assert govern("ledger prove ledger 0 -o event.json") == ExitCode.CLEAN
    text = Path("event.json").read_text()
    Path("event.json").write_text(text.replace('"A3"', '"A4"'))
    assert govern("verify event.json --policy policy") == ExitCode.BAD_INPUT
    assert "is not in the log" in capsys.readouterr().err
    (bundle,) = (path for path in Path("ledger/events").rglob("*") if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"counsel", b"visitor"))
    assert govern("verify ledger") == ExitCode.BAD_INPUT
    assert "event 1 of the ledger is not the one that was logged" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_an_authority_stamps_the_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And its stamps are verified with its certificate."""
    Path("roots.pem").write_bytes(make_authority(tmp_path / "authority"))
    with serving(tmp_path / "authority") as url:
        assert govern(f"ledger stamp ledger --url {url} --roots roots.pem") == ExitCode.CLEAN
    assert "3 events, stamped at" in capsys.readouterr().err
    assert govern("verify ledger --stamp-roots roots.pem") == ExitCode.CLEAN
    assert "3 events were there at" in capsys.readouterr().out


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("ledger begin ledger --origin lab.example/ledger", "there is a ledger already"),
        ("ledger list nowhere", "cannot be read"),
        ("ledger list ledger --kind gossip", "no events of the kind"),
        ("ledger list ledger --first 3 --last 1", "numbered from 0 on"),
        ("ledger prove ledger 3", "none of number 3"),
        ("ledger prove ledger -1", "none of number -1"),
        ("verify policy", "whose ledger it may be was not said"),
        ("verify policy --policy policy", "no valid JSON"),
        ("ledger stamp ledger --url ftp://x --roots policy", "holds no certificate"),
        ("duties policy", "no incident"),
        ("duties --duties policy", "no file of duties"),
    ],
)
def test_bad_input_is_told_in_a_line(
    words: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do next."""
    assert govern(words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert why in said
    assert "Next: " in said


def test_clocks_run_for_an_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is due stands first, and a draft is filled as far as the case goes."""
    monkeypatch.chdir(tmp_path)
    Path("incident.toml").write_text(INCIDENT)
    assert govern("duties incident.toml") == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert out.startswith("DUE: Breach of personal data (eu-gdpr-breach)")
    assert "too late" in out or "left" in out
    assert govern("duties incident.toml -f json") == ExitCode.CLEAN
    clocks = json.loads(capsys.readouterr().out)["clocks"]
    assert clocks[0]["due_at"] == "2026-11-28T09:30:00+00:00"
    assert govern("report incident.toml eu-gdpr-breach") == ExitCode.CLEAN
    captured = capsys.readouterr()
    assert "> A. Lee, security@lab.example" in captured.out
    assert "3 items are left to be written" in captured.err
    assert govern("report incident.toml ca-sb53-incident") == ExitCode.BAD_INPUT
    assert "does not bind this provider" in capsys.readouterr().err


def test_duties_are_listed_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """And whether counsel has compared them."""
    assert govern("duties") == ExitCode.CLEAN
    assert "Art. 33; written 2026-11-27; compare it with its source" in capsys.readouterr().out
    assert govern("duties -f json") == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert said["duties"][0]["id"] == "ca-sb53-incident"
    assert said["duties"][0]["checked"] is None


@pytest.mark.usefixtures("kept")
def test_a_provider_is_held_against_controls(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not so is a finding; what nobody looked at is told as that."""
    Path("answers.toml").write_text(
        'schema = "phalanx.control-answers/1"\n'
        '[answers.phx-apl-1]\nis_so = true\nsaid = "Procedure 7."\nby = "counsel"\n'
    )
    words = "assess --ledger ledger --answers answers.toml"
    assert govern(words) == ExitCode.FINDINGS
    out = capsys.readouterr().out
    assert "SATISFIED      PHX-EVD-1  What was done is in a ledger that can only grow" in out
    assert "Procedure 7. (counsel says so)" in out
    assert "2 satisfied, 1 not satisfied, 12 not assessed" in out
    assert govern(f"{words} -f json") == ExitCode.FINDINGS
    rows = {each["id"]: each for each in json.loads(capsys.readouterr().out)["controls"]}
    assert rows["phx-evd-4"]["outcome"] == "not-satisfied"
    assert govern(f"{words} -f oscal") == ExitCode.FINDINGS
    assert "assessment-results" in json.loads(capsys.readouterr().out)
    assert govern("assess --profile best") == ExitCode.BAD_INPUT


@pytest.mark.usefixtures("kept")
def test_what_was_seen_in_part_names_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """And what is named and is not there is told before anything is assessed."""
    Path("policy.toml").write_text(
        'schema = "phalanx.gateway-policy/1"\nname = "p"\nstage = "enforce"\n'
        'on_failure = "open"\nappeals = "https://lab.example"\n[[rules]]\nname = "r"\n'
        'reason = "PHX-G001"\naction = "mark"\nkey = "campaign"\nwhen.campaign_member = true\n'
    )
    Path("nothing").mkdir()
    words = "assess --profile frontier --gateway-policy policy.toml --releases nothing"
    words += " --audits nothing"
    assert govern(words) == ExitCode.FINDINGS
    out = capsys.readouterr().out
    assert "As far as was seen. Not looked at: whether the gateway that runs" in out
    assert out.rstrip().endswith("; 1 of the satisfied as far as was seen")
    assert govern(f"{words} -f json") == ExitCode.FINDINGS
    rows = {each["id"]: each for each in json.loads(capsys.readouterr().out)["controls"]}
    assert rows["phx-mrk-1"]["not_seen"]
    assert rows["phx-rel-1"]["said"] == "Nothing was released."
    for option in ("--store", "--gate", "--releases", "--gateway-policy", "--audit-signer"):
        rest = "--audits nothing" if option == "--audit-signer" else ""
        status = govern(f"assess {option} missing {rest}".strip())
        assert status == ExitCode.BAD_INPUT, option
        assert not Path("missing").exists()


def test_controls_are_listed_and_written_as_oscal(capsys: pytest.CaptureFixture[str]) -> None:
    """Whole, or as far as a profile asks."""
    assert govern("controls --profile baseline") == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert out.count("(looked up)") == 5
    assert out.count("(looked up in part)") == 1
    assert "PHX-REL-1" not in out
    for name, key in (("oscal", "catalog"), ("oscal-mapping", "mapping-collection")):
        assert govern(f"controls -f {name}") == ExitCode.CLEAN
        assert key in json.loads(capsys.readouterr().out)
    assert govern("controls -f oscal-profile --profile alliance") == ExitCode.CLEAN
    assert "profile" in json.loads(capsys.readouterr().out)
    assert govern("controls -f oscal-profile") == ExitCode.BAD_INPUT
    assert govern("controls --profile best") == ExitCode.BAD_INPUT


def test_a_certificate_is_drafted_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the digests that other tools give."""
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_text("abc")
    assert govern("certificate a.json") == ExitCode.CLEAN
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert f"| a.json | 3 | `{digest}` |" in capsys.readouterr().out
    assert govern("certificate b.json") == ExitCode.BAD_INPUT


CASE = """
schema = "phalanx.case/1"
[case]
id = "case-7"
title = "Lab against Example"
provider = "Lab"
opened_at = 2026-11-25T09:30:00Z
summary = "Outputs were harvested."
level = 0.01
[[person]]
id = "ana"
name = "Ana"
role = "analyst"
[[item]]
id = "report"
title = "Report of the audit"
file = "report.json"
media_type = "application/json"
source = "own audit"
collected_at = 2026-11-25T10:00:00Z
collector = "ana"
tool = "phalanx 0.1.0"
sensitivity = "confidential"
[[custody]]
item = "report"
action = "collected"
by = "ana"
at = 2026-11-25T10:00:00Z
[[custody]]
item = "report"
action = "sealed"
by = "ana"
at = 2026-11-25T10:05:00Z
[[claim]]
id = "trained"
statement = "The suspect was trained on what we served."
null_hypothesis = "It never saw it."
method = "radioactivity/4"
log10_p = -12.0
sample_size = 100
reference_size = 1000
assumptions = ["Keys are secret."]
limits = "It does not say who trained it."
items = ["report"]
[[event]]
id = "event-1"
file = "event.json"
"""


@pytest.mark.usefixtures("kept")
def test_packages_and_copies_of_them_are_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """In a ledger that verifies afterwards, before they are there."""
    Path("report.json").write_text("{}")
    Path("case.toml").write_text(CASE)
    assert govern("ledger prove ledger 0 -o event.json") == ExitCode.CLEAN
    before = open_ledger(Path("ledger")).check()
    capsys.readouterr()
    words = "package case.toml --key cases.key --name lab.example/cases --out package"
    assert govern(f"{words} --ledger ledger") == ExitCode.CLEAN
    Path("cases.policy").write_text(capsys.readouterr().out)
    believed = "--policy cases.policy --ledgers policy --ledger ledger"
    assert govern(f"redact package --out copy --file report {believed}") == ExitCode.CLEAN
    ledger = open_ledger(Path("ledger"))
    assert ledger.check() == before + 2
    packed, redacted = (each.event for each in ledger.events(before))
    assert (packed.kind, packed.subject, packed.facts["act"]) == ("report", "case case-7", "packed")
    # The report for people shows what is taken away, and goes with it.
    assert (redacted.kind, redacted.facts["files-missing"]) == ("disclosure", 2)


@pytest.mark.usefixtures("kept")
def test_a_case_is_packed_redacted_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """By counsel, for the other side, with a key and nothing else."""
    Path("report.json").write_text("{}")
    Path("case.toml").write_text(CASE)
    assert govern("ledger prove ledger 0 -o event.json") == ExitCode.CLEAN
    capsys.readouterr()
    words = "package case.toml --key cases.key --name lab.example/cases --out package"
    assert govern(words) == ExitCode.CLEAN
    Path("cases.policy").write_text(capsys.readouterr().out)
    believed = "--policy cases.policy --ledgers policy"
    assert govern("verify package") == ExitCode.BAD_INPUT
    assert "whose packages are believed was not said" in capsys.readouterr().err
    assert govern(f"verify package {believed}") == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert "package: as lab.example/cases signed it" in out
    assert "1 people, 1 items, 2 records of custody, 1 events of a ledger, 1 claims" in out
    assert "trained holds at the level 0.01 of the case: p = 10^-12.0 among 1 claims" in out
    assert govern(f"redact package --out copy --file report {believed}") == ExitCode.CLEAN
    assert "without the files of: report" in capsys.readouterr().out
    assert govern(words) == ExitCode.BAD_INPUT
    assert "package: is there already" in capsys.readouterr().err
    Path("package/records/00003.json").write_text("{}")
    assert govern(f"verify package {believed}") == ExitCode.BAD_INPUT
    assert "00003.json" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("level = 0.01", "level = 1.5", "case-7: level"),
        ("log10_p = -12.0", "log10_p = 2.0", "trained: log10_p"),
        ('items = ["report"]', 'items = ["reports"]', "rests on reports, which is no item"),
        ('file = "report.json"', 'file = "none.json"', "none.json: cannot be read"),
        ("at = 2026-11-25T10:05:00Z", "at = 2026-11-25T09:05:00Z", "is earlier than custody-1"),
        ('role = "analyst"', 'role = "king"', "role"),
    ],
)
def test_a_case_that_does_not_agree_is_not_packed(
    old: str, new: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no folder is left of it."""
    Path("report.json").write_text("{}")
    Path("event.json").write_text("{}")
    assert old in CASE
    Path("case.toml").write_text(CASE.replace(old, new))
    words = "package case.toml --key cases.key --name lab.example/cases --out package"
    assert govern(words) == ExitCode.BAD_INPUT
    assert why in capsys.readouterr().err
    assert not Path("package").exists()
