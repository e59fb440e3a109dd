"""Findings of authorship carry identifiers that are explained, each by the same headings."""

from __future__ import annotations

from phalanx.authorship.rules import authorship_rules


def test_every_rule_says_when_it_is_wrong() -> None:
    """What it shows, what it does not, what evades it, who looks like it, how often it erred."""
    for rule in authorship_rules():
        for heading in (
            "Null hypothesis", "Sees", "Does not say", "Evaded by", "Honest look-alikes",
            "Measured error",
        ):  # fmt: skip
            assert f"\n{heading}: " in rule.documentation, (rule.rule_id, heading)
        assert rule.look_alikes
        assert (rule.family, rule.columns) == ("authorship", ())
        assert "written by a model" not in rule.documentation
