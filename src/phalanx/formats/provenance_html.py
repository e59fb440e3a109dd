"""A verdict about a model as one HTML page that opens offline, runs nothing and fetches nothing."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from phalanx.formats import pages, provenance_wording
from phalanx.formats.layer_picture import picture_of
from phalanx.provenance.verdict import NOT_SAID, Record


def render(record: Record) -> str:
    """Write the page.

    Parameters:
        record: What it states.
    """
    return (
        _environment()
        .get_template("provenance.html.j2")
        .render(record=record, picture=picture_of(record), policy=pages.policy())
        .rstrip("\n")
        + "\n"
    )


@cache
def _environment() -> Environment:
    environment = pages.environment()
    environment.filters.update(p_power=provenance_wording.p_power)
    environment.globals.update(
        say=provenance_wording,
        not_said=NOT_SAID,
        provenance_style=pages.trusted(pages.source("provenance.css")),
    )
    return environment
