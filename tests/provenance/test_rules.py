"""Every finding has a rule, and every rule says when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from phalanx import provenance
from phalanx.cli import ExitCode, main
from phalanx.provenance.rules import provenance_rules
from phalanx.provenance.tests.findings import TESTS

RULES = {rule.rule_id: rule for rule in provenance_rules()}
SOURCES = sorted(Path(provenance.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_says_what_it_sees_and_when_it_is_wrong(rule_id: str) -> None:
    """Null hypothesis first; what evades it, and which honest models look like it."""
    said = RULES[rule_id].documentation
    needed = (
        "Null hypothesis: ",
        "Sees: ",
        "Does not say: ",
        "Evaded by: ",
        "Honest look-alikes: ",
    )
    assert [each for each in needed if f"\n{each}" not in said] == []
    assert RULES[rule_id].family == "provenance"
    assert RULES[rule_id].look_alikes


def test_every_identifier_in_the_code_has_a_rule() -> None:
    """And no rule is left that nothing uses."""
    used = {
        found
        for path in SOURCES
        if path.name != "rules.py"
        for found in re.findall(r"PHX-P[0-9]{3}", path.read_text("utf-8"))
    }
    assert used == {*RULES}


def test_tests_of_weights_are_called_as_their_rules() -> None:
    """A report and `explain` use one name."""
    assert {each.rule_id: each.name for each in TESTS.values()} == {
        rule_id: RULES[rule_id].name for rule_id in TESTS
    }


@pytest.mark.parametrize("rule_id", RULES)
def test_explain_knows_it(rule_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As it knows signals and marks."""
    assert main(["explain", rule_id]) == ExitCode.CLEAN
    assert capsys.readouterr().out.startswith(f"{rule_id} {RULES[rule_id].name} (provenance)")
