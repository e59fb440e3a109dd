"""The page about one account as HTML: it prints on two sheets, runs and fetches nothing."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from phalanx.detect.appeals import Appeal
from phalanx.detect.thresholds import CONFIDENT
from phalanx.formats import appeal_outcomes, appeal_view, appeal_wording, pages


def render(appeal: Appeal) -> str:
    """Write the page.

    Parameters:
        appeal: What it says.
    """
    template = _environment().get_template("appeal.html.j2")
    return template.render(shown(appeal), policy=pages.policy()).rstrip("\n") + "\n"


def shown(appeal: Appeal) -> dict[str, object]:
    """Return what the templates of the page show, by the names that they use."""
    cases, idle = appeal_view.case_rows(appeal)
    return {
        "appeal": appeal,
        "seen": appeal.seen,
        "placing": appeal.placing,
        "habits": appeal_view.habit_rows(appeal),
        "values": appeal_view.value_rows(appeal),
        "cases": cases,
        "idle": idle,
        "clearings": tuple(appeal_wording.clearings(appeal)),
        "confident": CONFIDENT,
        "say": appeal_wording,
        "outcomes": appeal_outcomes,
    }


@cache
def _environment() -> Environment:
    environment = pages.environment()
    environment.globals["appeal_style"] = pages.trusted(pages.source("appeal.css"))
    return environment
