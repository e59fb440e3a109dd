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
    cases, idle = appeal_view.case_rows(appeal)
    return (
        _environment()
        .get_template("appeal.html.j2")
        .render(
            appeal=appeal,
            seen=appeal.seen,
            placing=appeal.placing,
            habits=appeal_view.habit_rows(appeal),
            values=appeal_view.value_rows(appeal),
            cases=cases,
            idle=idle,
            clearings=tuple(appeal_wording.clearings(appeal)),
            confident=CONFIDENT,
            policy=pages.policy(),
        )
        .rstrip("\n")
        + "\n"
    )


@cache
def _environment() -> Environment:
    environment = pages.environment()
    environment.globals.update(
        say=appeal_wording,
        outcomes=appeal_outcomes,
        appeal_style=pages.trusted(pages.source("appeal.css")),
    )
    return environment
