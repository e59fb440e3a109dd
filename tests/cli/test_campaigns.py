"""`phalanx campaigns` and `phalanx explain`: reading what was found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from phalanx.authorship.rules import authorship_rules
from phalanx.cli import ExitCode, main
from phalanx.cli.group_view import describe, find_groups
from phalanx.detect.rules import all_rules
from phalanx.formats import html
from phalanx.formats.folder import read_scan
from phalanx.formats.groups import group_id
from phalanx.model import Action, Campaign, Harm, UndeclaredPool
from phalanx.prevent.rules import gateway_rules
from phalanx.provenance.rules import provenance_rules
from phalanx.rules import Rule
from phalanx.watermark.rules import mark_rules


def test_overview_is_what_the_scan_printed(
    scan_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A saved scan renders again, in any format."""
    assert main(["campaigns", str(scan_folder), "-f", "json"]) == ExitCode.CLEAN
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((scan_folder / "campaigns.json").read_text())


def test_every_group_can_be_shown(folder_with_pool: Path) -> None:
    """Each group of each list has a text that names it and says how sure the scan is."""
    result = read_scan(folder_with_pool)
    groups = find_groups(result, "")
    assert groups
    for group in groups:
        text = describe(result, group)
        assert group_id(group) in text
        assert "e-value" in text


def test_campaign_shows_harm_and_steps(scan_folder: Path, pool: UndeclaredPool) -> None:
    """A campaign's text ends with what it took and what may be done, mildest first."""
    result = read_scan(scan_folder)
    campaign = Campaign(
        campaign_id="campaign-1",
        facts=pool.facts,
        judgement=pool.judgement,
        harm=Harm(output_tokens=10, estimated_cost_usd=1.0, share_of_known_sets={"Alpaca": 0.5}),
        actions=(Action(kind="observe", accounts=3, reason="costs honest members nothing"),),
    )
    text = describe(result, campaign)
    assert "USD 1.00" in text
    assert "Alpaca: as many exchanges as 50 % of its examples" in text
    assert text.rstrip().endswith("observe (3 accounts): costs honest members nothing")


def test_shown_group_says_all_that_its_evidence_rests_on(
    scan_folder: Path, pool: UndeclaredPool
) -> None:
    """Every assumption, every p-value and what was served before the discovery are in the text."""
    result = read_scan(scan_folder)
    judgement = replace(
        pool.judgement, discovered_at=pool.judgement.formed_at, served_before_discovery=1
    )
    found = UndeclaredPool(group_id="pool-1", facts=pool.facts, judgement=judgement)
    text = " ".join(describe(result, found).split())
    for line in judgement.evidence:
        assert all(assumption in text for assumption in line.assumptions)
    assert "to the power √(2/n)" in text
    assert "p-value" in text
    assert "after 1 exchange (" in text
    assert " 0 parties" not in text


def test_a_part_of_a_group_says_so(scan_folder: Path, pool: UndeclaredPool) -> None:
    """The evidence of a group that was split is not the part's own."""
    said = "Evidence of a group of 1,200 parties that it was split from, or that was joined to it."
    result = read_scan(scan_folder)
    part = replace(pool, judgement=replace(pool.judgement, evidence_of_parties=1_200))
    assert said in describe(result, part)
    assert said not in describe(result, pool)
    assert said in html.render(replace(result, undeclared_pools=(part,)))


def test_show_by_the_name_in_the_report(scan_folder: Path, pool: UndeclaredPool) -> None:
    """`C1` is the first campaign; a number that no campaign has is no name."""
    campaign = Campaign(
        campaign_id="campaign-5eed", facts=pool.facts, judgement=pool.judgement,
        harm=Harm(output_tokens=0, estimated_cost_usd=0.0, share_of_known_sets={}), actions=(),
    )  # fmt: skip
    result = replace(read_scan(scan_folder), campaigns=(campaign,))
    assert find_groups(result, "C1") == [campaign]
    assert not find_groups(result, "C2")


def test_show_by_beginning(folder_with_pool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning of an identifier is enough when it is the only one that begins so."""
    assert main(["campaigns", "show", "pool-5", str(folder_with_pool)]) == ExitCode.CLEAN
    assert "pool-5eed" in capsys.readouterr().out


def test_show_as_json(scan_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-f json` gives the group as it stands in `campaigns.json`."""
    group = find_groups(read_scan(scan_folder), "")[0]
    main(["campaigns", "show", group_id(group), str(scan_folder), "-f", "json"])
    assert json.loads(capsys.readouterr().out) in [
        record
        for records in json.loads((scan_folder / "campaigns.json").read_text()).values()
        if isinstance(records, list)
        for record in records
    ]


def test_group_that_does_not_exist(scan_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown identifier is told, with the command that lists all."""
    assert main(["campaigns", "show", "nobody", str(scan_folder)]) == ExitCode.BAD_INPUT
    assert "phalanx campaigns" in capsys.readouterr().err


def test_beginning_of_several_groups(
    folder_with_pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A beginning that fits several groups is told with their number."""
    assert len(find_groups(read_scan(folder_with_pool), "")) > 1
    assert main(["campaigns", "show", "", str(folder_with_pool)]) == ExitCode.BAD_INPUT
    assert "Write more" in capsys.readouterr().err


def test_folder_that_is_no_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a scan is told."""
    assert main(["campaigns", str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "campaigns.json" in capsys.readouterr().err


def test_text_from_the_log_cannot_steer_the_terminal(
    scan_folder: Path, pool: UndeclaredPool
) -> None:
    """Control characters in what a log says are replaced."""
    result = read_scan(scan_folder)
    facts = replace(pool.facts, templates=("\x1b]0;owned\x07", "a\rb\u202e"))
    hostile = UndeclaredPool(group_id="pool-1", facts=facts, judgement=pool.judgement)
    shown = describe(result, hostile)
    assert "owned" in shown
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(shown)


def _every_rule() -> tuple[Rule, ...]:
    return (
        *all_rules(), *mark_rules(), *provenance_rules(), *authorship_rules(), *gateway_rules(),
    )  # fmt: skip


def test_explain_lists_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """`phalanx explain --list` has one line for each rule."""
    assert main(["explain", "--list"]) == ExitCode.CLEAN
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.rule_id for rule in _every_rule()]


def test_explain_one_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """A rule is found by its id in any case, or by its name, and its documentation is shown."""
    for rule in (all_rules()[0], mark_rules()[0]):
        for wanted in (rule.rule_id.lower(), rule.name):
            assert main(["explain", wanted]) == ExitCode.CLEAN
            shown = capsys.readouterr().out
            assert rule.documentation.splitlines()[0] in shown


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """`-f json` gives every rule with all fields."""
    assert main(["explain", "-f", "json"]) == ExitCode.CLEAN
    rules = json.loads(capsys.readouterr().out)
    assert {rule["rule_id"] for rule in rules} == {rule.rule_id for rule in _every_rule()}
    assert all(rule["documentation"] for rule in rules)


def test_explain_unknown_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown rule is told, with the command that lists all."""
    assert main(["explain", "PHX-D999"]) == ExitCode.BAD_INPUT
    assert "--list" in capsys.readouterr().err
