"""The report: one HTML file that opens offline, prints well and runs nothing it did not bring.

Everything from the log is escaped by the templates or by the JSON writer. A strict content
security policy stands behind that: scripts run only if their digest is named, nothing is
ever fetched, and expressions of the charts are interpreted instead of compiled.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from phalanx.detect.result import ScanResult
from phalanx.formats import attribution_wording, pages, report_view
from phalanx.formats.basis import bases_of, with_basis
from phalanx.formats.charts import MAX_ROWS, Spec, charts_of, javascript_bundle, static_svg
from phalanx.formats.document import public_parameters
from phalanx.formats.evidence_plane import MAX_POINTS, groups_in_plane
from phalanx.formats.marks_wording import marks_sentence, marks_summary
from phalanx.formats.reasons import became_of_the_others, by_reason
from phalanx.printable import printable, printable_json

_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
}


def render(result: ScanResult) -> str:
    """Write the report.

    Parameters:
        result: What the scan found.
    """
    charts = charts_of(result)
    scripts = (
        {"bundle": javascript_bundle(), "starter": pages.source("report.js")} if charts else {}
    )
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            run=result.run,
            population=result.population,
            parameters=public_parameters(result.run.parameters),
            totals=report_view.totals_of(result),
            overviews=report_view.overviews_of(result),
            campaigns=report_view.views_of(result),
            charts=_json_for_html(charts),
            chart_names=tuple(charts),
            reasons=by_reason(result.not_judged),
            became_of_the_others=became_of_the_others(
                result.population.groups_opened, len(result.not_judged)
            ),
            groups_in_plane=groups_in_plane(result),
            # Chart markup is drawn by our own engine, which escapes every text in it.
            static={
                name: pages.trusted(printable(static_svg(spec), keep="\n\t"))
                for name, spec in charts.items()
            },
            scripts={name: pages.trusted(source) for name, source in scripts.items()},
            policy=pages.policy(scripts.values()),
        )
        .rstrip("\n")
        + "\n"
    )


@cache
def _environment() -> Environment:
    return environment_of_groups()


def environment_of_groups(before: Sequence[Path] = ()) -> Environment:
    """Return a new environment for templates that show groups of a scan.

    Parameters:
        before: Folders of templates that are looked into first.
    """
    environment = pages.environment(before)
    environment.filters.update(
        with_basis=with_basis,
        bases=bases_of,
        by_family=attribution_wording.few_of_each_family,
        across=_across,
        down=_down,
    )
    environment.globals.update(
        attribution_wording=attribution_wording,
        marks_sentence=marks_sentence,
        marks_summary=marks_summary,
        view=report_view,
        max_rows=MAX_ROWS,
        max_points=MAX_POINTS,
    )
    return environment


def _across(x: float) -> str:
    margin = report_view.GRAPH_MARGIN
    return f"{margin + x * (report_view.GRAPH_WIDTH - 2 * margin):.1f}"


def _down(y: float) -> str:
    margin = report_view.GRAPH_MARGIN
    return f"{margin + y * (report_view.GRAPH_HEIGHT - 2 * margin):.1f}"


def _json_for_html(charts: dict[str, Spec]) -> Markup:
    text = json.dumps(charts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return pages.trusted(printable_json(text))
