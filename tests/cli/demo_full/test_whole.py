"""The whole story, from two logs to a third party that believes nobody."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.demo_full.places import Places
from phalanx.console.seen.audits import read_audits, read_signers
from phalanx.console.seen.packages import read_packages
from phalanx.formats.folder import read_scan
from phalanx.govern.cases import open_cases
from phalanx.govern.ledger import open_ledger
from phalanx.store import place_of

STEPS = ("simulate", "alliance", "alone", "pool", "together", "share", "teach", "mark", "steal",
         "audit", "pack", "verify")  # fmt: skip
ACTS = {"key", "report", "disclosure", "receipt", "decision", "case", "custody", "claim",
        "approval"}  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Tell the story once."""
    out = tmp_path_factory.mktemp("whole") / "story"
    assert main(["demo", "--full", "--out", str(out)]) == ExitCode.CLEAN
    return Places(out)


def verified(package: Path, nowhere: Path) -> subprocess.CompletedProcess[bytes]:
    """Verify a package in a process that has two policies beside it, and an empty home."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    words = ["govern", "verify", package.name, "--policy", "cases.policy",
             "--ledgers", "ledger.policy"]  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "phalanx", *words],
        cwd=package.parent,
        env={**kept, "HOME": str(nowhere), "XDG_CONFIG_HOME": str(nowhere)},
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
def test_every_step_comes_out_and_leaves_what_it_made(places: Places) -> None:
    """In an order that the story keeps."""
    kept = json.loads((places.out / "story.json").read_text())
    assert kept["came_out"] is True
    assert tuple(each["name"] for each in kept["steps"]) == STEPS
    for each in kept["steps"]:
        assert all(Path(path).exists() for path in each["artefacts"]), each["name"]
    told = (places.out / "story.txt").read_text()
    assert "All of this is simulated" in told


@pytest.mark.slow
def test_the_campaign_is_found_together_and_by_nobody_alone(places: Places) -> None:
    """And what is listed later are accounts that were planted."""
    assert not any(read_scan(each.scan_early).campaigns for each in places.providers)
    (campaign,) = read_scan(places.a.scan).campaigns
    assert {each.campaign for each in campaign.facts.marks} == {"pool-demo-1-1"}
    told = (places.out / "story.txt").read_text()
    assert told.count("of these accounts are the campaign's") == 2


@pytest.mark.slow
def test_the_package_verifies_elsewhere_with_what_is_public(places: Places, tmp_path: Path) -> None:
    """In another folder, by another process; changed in any file it does not."""
    for name in ("cases.policy", "ledger.policy"):
        shutil.copyfile(places.a.folder / name, tmp_path / name)
    package = tmp_path / "package"
    shutil.copytree(places.package, package)
    assert verified(package, tmp_path).returncode == ExitCode.CLEAN
    for path in (package / "package.note", package / "leaves", *(package / "records").iterdir()):
        content = path.read_bytes()
        path.write_bytes(bytes([*content[:-2], content[-2] ^ 1, content[-1]]))
        refused = verified(package, tmp_path)
        assert refused.returncode == ExitCode.BAD_INPUT
        path.write_bytes(content)
        if path.parent.name == "records":
            break
    assert verified(package, tmp_path).returncode == ExitCode.CLEAN


@pytest.mark.slow
def test_the_console_shows_what_the_provider_holds(places: Places) -> None:
    """Audits by a known signer, a package that is believed, a case with nothing that waits."""
    house = places.a.folder
    audits, unread = read_audits(places.audits, read_signers([places.audit / "auditor.pem"]))
    assert {each.name: any(key.named for key in each.keys) for each in audits} == {
        "honest": False,
        "student": True,
    }
    assert not unread
    (package,) = read_packages(places.package.parent, house / "believed.policy")
    assert (package.problem, package.claims_that_hold) == ("", 2)
    with open_cases(place_of(str(places.cases), None), lambda: datetime.now(UTC)) as cases:
        (case,) = cases.list()
        assert (case.id, case.pending) == ("demo-1", 0)


@pytest.mark.slow
def test_the_ledger_holds_every_act(places: Places) -> None:
    """Of both providers, and is as its signed tree says."""
    ledger = open_ledger(places.a.ledger)
    assert {each.event.kind for each in ledger.events()} == ACTS
    assert ledger.check() == sum(1 for _ in ledger.events())
    others = open_ledger(places.b.ledger)
    assert others.check() >= len(("agreement", "scan", "pooled", "told", "scan", "pulled"))


@pytest.mark.slow
def test_nobody_holds_what_is_not_theirs(places: Places) -> None:
    """No key of a mark at the thief's, no identifier in clear at the operator's."""
    assert not any("wmk_" in path.read_text() for path in places.thief.glob("*.jsonl"))
    clear = b"@example.com"
    held = [path for path in places.operator.rglob("*") if path.is_file()]
    assert held
    assert not any(clear in path.read_bytes() for path in held)
