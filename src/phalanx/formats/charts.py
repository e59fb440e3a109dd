"""The charts of the report in Altair's grammar, as Vega-Lite with its data inside.

Colours of text, axes and grid come from the style sheet of the report, so that one chart
serves light, dark and paper.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import altair as alt
import vl_convert

from phalanx.detect.result import ScanResult
from phalanx.formats.evidence_plane import plane, plane_points

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

MAX_ROWS = 40
"""Campaigns in the timeline; the rest is named in words beside it."""

STATIC_WIDTH = 720
CAMPAIGN_COLOUR = "#cf3f54"
_REST_COLOUR = "#8fa0b5"
_EVENT_COLOUR = "#3a78cf"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def charts_of(result: ScanResult) -> dict[str, Spec]:
    """Return the charts that this result has data for, by name.

    Parameters:
        result: What the scan found.
    """
    days = _days(result)
    charts: dict[str, Spec] = {}
    if result.daily.num_rows:
        charts["traffic"] = _finished(_traffic(days), {"traffic": _traffic_rows(result)})
    if result.campaigns:
        names = [f"C{place + 1}" for place in range(len(result.campaigns[:MAX_ROWS]))]
        charts["timeline"] = _finished(_timeline(days, names), _timeline_rows(result, names))
    if points := plane_points(result):
        charts["plane"] = _finished(plane(points), {"points": points})
    return charts


def static_svg(spec: Spec) -> str:
    """Draw a chart once and for all, for readers without JavaScript.

    Parameters:
        spec: A chart of `charts_of`.
    """
    fixed = {**spec, "width": STATIC_WIDTH}
    return str(vl_convert.vegalite_to_svg(fixed))


@cache
def javascript_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that defines `vegaEmbed`.

    Building it takes more than a second, so it is kept for the life of the process.
    """
    script = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    # The text of a script element ends at the first of these, wherever it stands.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _finished(chart: alt.LayerChart | alt.Chart, data: dict[str, Rows]) -> Spec:
    # A test validates every chart against the grammar, so that a report need not wait for it.
    spec: Spec = (
        chart.properties(width="container", background="transparent")
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11, titleFontSize=11, titleFontWeight="normal", domain=False,
            tickSize=4, labelPadding=4,
        )
        .configure_legend(
            orient="top", title=None, labelFontSize=11, symbolStrokeWidth=1.5, offset=4,
            columns=3,
        )
        .to_dict(validate=False)
    )  # fmt: skip
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["datasets"] = data
    return spec


def _days(result: ScanResult) -> list[str]:
    """Return every day from the first to the last that any chart shows."""
    seen = {day for day in result.daily.column("day").to_pylist() if day is not None}
    for campaign in result.campaigns:
        seen.update(campaign.facts.daily_exchanges)
        seen.add(campaign.judgement.formed_at.date())
    if not seen:
        return []
    first = min(seen)
    return [
        (first + timedelta(days=index)).isoformat() for index in range((max(seen) - first).days + 1)
    ]


def _day_axis(days: list[str]) -> alt.X:
    return alt.X(
        "day:O",
        title=None,
        scale=alt.Scale(domain=days),
        axis=alt.Axis(
            # In UTC on both sides, so that no reader sees a day that is not the log's.
            labelExpr="utcFormat(toDate(datum.value), '%-d %b')",
            labelOverlap="greedy",
            labelAngle=0,
            labelSeparation=6,
        ),
    )


def _traffic_rows(result: ScanResult) -> Rows:
    rows = []
    for day in result.daily.to_pylist():
        taken = day["campaign_exchanges"] or 0
        for part, exchanges in (("campaigns", taken), ("all others", day["exchanges"] - taken)):
            rows.append({"day": day["day"].isoformat(), "part": part, "exchanges": exchanges})
    return rows


def _traffic(days: list[str]) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(alt.NamedData("traffic"), height=110)
        .mark_bar(width={"band": 0.76})
        .encode(
            x=_day_axis(days),
            y=alt.Y(
                "exchanges:Q", title="exchanges a day", axis=alt.Axis(tickCount=3, format="~s")
            ),
            color=alt.Color(
                "part:N",
                scale=alt.Scale(
                    domain=["campaigns", "all others"], range=[CAMPAIGN_COLOUR, _REST_COLOUR]
                ),
            ),
            order=alt.Order("part:N", sort="descending"),
            tooltip=[
                alt.Tooltip("day:O"),
                alt.Tooltip("part:N"),
                alt.Tooltip("exchanges:Q", format=","),
            ],
        )
    )
    return chart


def _timeline_rows(result: ScanResult, names: list[str]) -> dict[str, Rows]:
    rows: dict[str, Rows] = {"activity": [], "formed": [], "found": []}
    for name, campaign in zip(names, result.campaigns, strict=False):
        rows["activity"] += [
            {"campaign": name, "day": day.isoformat(), "exchanges": number}
            for day, number in campaign.facts.daily_exchanges.items()
            if number
        ]
        events = {"formed": campaign.judgement.formed_at, "found": campaign.judgement.discovered_at}
        for event, moment in events.items():
            if moment is not None:
                rows[event].append({"campaign": name, "day": moment.date().isoformat()})
    return rows


def _timeline(days: list[str], names: list[str]) -> alt.LayerChart:
    y = alt.Y("campaign:N", sort=names, title=None, axis=alt.Axis(grid=True, ticks=False))
    tooltip = [alt.Tooltip("campaign:N"), alt.Tooltip("day:O")]
    bubbles = (
        alt.Chart(alt.NamedData("activity"))
        .mark_circle(color=CAMPAIGN_COLOUR, opacity=0.55)
        .encode(
            x=_day_axis(days),
            y=y,
            size=alt.Size("exchanges:Q", legend=None, scale=alt.Scale(zero=True, range=[0, 420])),
            tooltip=[*tooltip, alt.Tooltip("exchanges:Q", format=",")],
        )
    )
    formed = (
        alt.Chart(alt.NamedData("formed"))
        .mark_tick(color=_EVENT_COLOUR, orient="vertical", thickness=2.5, height=18)
        .encode(x=_day_axis(days), y=y, tooltip=tooltip)
    )
    found = (
        alt.Chart(alt.NamedData("found"))
        .mark_point(
            shape="diamond", filled=True, fill=_EVENT_COLOUR, stroke="white", strokeWidth=1,
            size=110, opacity=1,
        )
        .encode(x=_day_axis(days), y=y, tooltip=tooltip)
    )  # fmt: skip
    return alt.LayerChart(layer=[bubbles, formed, found], height=26 * len(names) + 10)
