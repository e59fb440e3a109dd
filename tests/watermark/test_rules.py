"""Findings of marks carry identifiers that are explained, each by the same five headings."""

from __future__ import annotations

import ast
from pathlib import Path

import phalanx.watermark
from phalanx.watermark.rules import mark_rules

SOURCES = sorted(Path(phalanx.watermark.__file__).parent.rglob("*.py"))


def test_findings_take_their_rules_from_one_place() -> None:
    """No identifier is written anywhere else, and each class of a rule is used."""
    written, named = set(), set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and str(node.value).startswith("PHX-W"):
                written.add(path.name)
            if isinstance(node, ast.ImportFrom) and node.module == "phalanx.watermark.rules":
                named |= {each.name for each in node.names}
    assert written == {"rules.py"}
    assert len(named) == len(mark_rules())


def test_every_rule_says_when_it_is_wrong() -> None:
    """What it shows, what it does not, what evades it, who looks like it, how often it erred."""
    for rule in mark_rules():
        for heading in (
            "Null hypothesis", "Sees", "Does not say", "Evaded by", "Honest look-alikes",
            "Measured error",
        ):  # fmt: skip
            assert f"\n{heading}: " in rule.documentation, (rule.rule_id, heading)
        assert rule.look_alikes
        assert (rule.family, rule.columns) == ("watermark", ())
