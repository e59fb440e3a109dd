"""A campaign of a scan becomes evidence of a case, and its impact is estimated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.formats.folder import read_scan, write_scan
from phalanx.model import Campaign, Harm, UndeclaredPool

PRICES = """
schema = "phalanx.price-list/1"
dated = 2026-11-01
source = "price page"
currency = "USD"
[[price]]
model = "*"
input = 3.0
output = 15.0
"""


@pytest.fixture
def scan(
    scan_folder: Path, pool: UndeclaredPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A scan that lists the campaign `north`, in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "ana")
    campaign = Campaign(
        campaign_id="north", facts=pool.facts, judgement=pool.judgement, actions=(),
        harm=Harm(output_tokens=4_000, estimated_cost_usd=0.0, share_of_known_sets={}),
    )  # fmt: skip
    write_scan(replace(read_scan(scan_folder), campaigns=(campaign,)), Path("scan"))
    return Path("scan")


def test_a_campaign_is_gathered_as_the_scan_has_it(
    scan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the digest of the scan, and no other campaign or account."""
    words = ("--title", "T", "--provider", "Lab", "--summary", "S", "--person", "ana")
    opened = ["govern", "case", "open", "case-7", *words, "--person-name", "Ana", "--role"]
    assert main([*opened, "analyst"]) == ExitCode.CLEAN
    add = ["govern", "case", "add", "case-7", "campaign", str(scan), "--campaign"]
    assert main([*add, "north"]) == ExitCode.CLEAN
    assert "campaign is campaign of" in capsys.readouterr().err
    assert main(["govern", "case", "show", "case-7", "-f", "json"]) == ExitCode.CLEAN
    (item,) = json.loads(capsys.readouterr().out)["items"]
    digest = hashlib.sha256((scan / "campaigns.json").read_bytes()).hexdigest()
    assert digest in item["source"]
    kept = json.loads(Path("cases.db.parts", item["sha256"]).read_bytes())
    assert kept["scan_sha256"] == digest
    assert [each["campaign_id"] for each in kept["campaigns"]] == ["north"]
    assert main([*add, "south"]) == ExitCode.BAD_INPUT
    assert "lists no group 'south'" in capsys.readouterr().err


def test_the_impact_of_a_campaign_is_estimated(
    scan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a table and as JSON; money at a dated list, or named as not known."""
    words = ["govern", "impact", str(scan), "--campaign", "north"]
    assert main(words) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert "What it would have cost: no price list was named." in out
    assert "Tokens that it received" in out
    Path("prices.toml").write_text(PRICES)
    assert main([*words, "--prices", "prices.toml", "-f", "json"]) == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    figures = {each["id"]: each for each in said["figures"]}
    assert figures["output-tokens"]["point"] == 4_000
    for each in figures.values():
        assert each["low"] <= each["point"] <= each["high"]
    assert said["unknown"]
    assert main(["govern", "impact", str(scan), "--campaign", "south"]) == ExitCode.BAD_INPUT
    assert main([*words, "--confidence", "2"]) == ExitCode.BAD_INPUT
