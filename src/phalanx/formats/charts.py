"""The charts of the report in Altair's grammar, as Vega-Lite with its data inside.

Colours of text, axes and grid come from the style sheet of the report, so that one chart
serves light, dark and paper.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any, Literal

import altair as alt
import vl_convert

from phalanx.detect.result import ScanResult

Spec = dict[str, Any]

MAX_ROWS = 40
"""Campaigns in the timeline; the rest is named in words beside it."""

STATIC_WIDTH = 720
LISTS = {
    "campaign": "#cf3f54",
    "suspicious party": "#8457cf",
    "undeclared pool": "#a5740d",
    "authorised": "#22876b",
    "not judged": "#71819a",
}
"""Lists of a scan and their colours in the plane of evidence."""

_SHAPES = ["circle", "triangle-up", "square", "diamond", "cross"]
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def charts_of(result: ScanResult) -> dict[str, Spec]:
    """Return the charts that this result has data for, by name.

    Parameters:
        result: What the scan found.
    """
    charts: dict[str, alt.LayerChart | alt.Chart] = {}
    if result.daily.num_rows:
        charts["traffic"] = _traffic(result)
    if result.campaigns:
        charts["timeline"] = _timeline(result)
    if plane := _plane_points(result):
        charts["plane"] = _plane(plane, result)
    return {name: _finished(chart) for name, chart in charts.items()}


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


def _finished(chart: alt.LayerChart | alt.Chart) -> Spec:
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
        .to_dict()
    )  # fmt: skip
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def _days(result: ScanResult) -> list[str]:
    """Return every day from the first to the last that any chart shows."""
    seen = {day for day in result.daily.column("day").to_pylist() if day is not None}
    for campaign in result.campaigns:
        seen.update(campaign.facts.daily_exchanges)
        seen.add(campaign.judgement.formed_on)
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


def _traffic(result: ScanResult) -> alt.Chart:
    values = []
    for row in result.daily.to_pylist():
        taken = row["campaign_exchanges"] or 0
        for part, exchanges in (("campaigns", taken), ("all others", row["exchanges"] - taken)):
            values.append({"day": row["day"].isoformat(), "part": part, "exchanges": exchanges})
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values), height=110)
        .mark_bar(width={"band": 0.76})
        .encode(
            x=_day_axis(_days(result)),
            y=alt.Y(
                "exchanges:Q", title="exchanges a day", axis=alt.Axis(tickCount=3, format="~s")
            ),
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=["campaigns", "all others"], range=["#cf3f54", "#8fa0b5"]),
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


def _timeline(result: ScanResult) -> alt.LayerChart:
    shown = result.campaigns[:MAX_ROWS]
    names = [f"C{place}" for place in range(1, len(shown) + 1)]
    activity, events = [], []
    for name, campaign in zip(names, shown, strict=True):
        activity += [
            {"campaign": name, "day": day.isoformat(), "exchanges": number}
            for day, number in campaign.facts.daily_exchanges.items()
            if number
        ]
        judgement = campaign.judgement
        events.append({"campaign": name, "day": judgement.formed_on.isoformat(), "event": "formed"})
        if judgement.discovered_on:
            events.append(
                {"campaign": name, "day": judgement.discovered_on.isoformat(), "event": "found"}
            )
    days = _days(result)
    y = alt.Y("campaign:N", sort=names, title=None, axis=alt.Axis(grid=True, ticks=False))
    tooltip = [
        alt.Tooltip("campaign:N"),
        alt.Tooltip("day:O"),
    ]
    bubbles = (
        alt.Chart(alt.InlineData(values=activity))
        .mark_circle(color="#cf3f54", opacity=0.55)
        .encode(
            x=_day_axis(days),
            y=y,
            size=alt.Size("exchanges:Q", legend=None, scale=alt.Scale(zero=True, range=[0, 420])),
            tooltip=[*tooltip, alt.Tooltip("exchanges:Q", format=",")],
        )
    )
    formed = (
        alt.Chart(alt.InlineData(values=[row for row in events if row["event"] == "formed"]))
        .mark_tick(color="#3a78cf", orient="vertical", thickness=2.5, height=18)
        .encode(x=_day_axis(days), y=y, tooltip=[*tooltip, alt.Tooltip("event:N")])
    )
    found = (
        alt.Chart(alt.InlineData(values=[row for row in events if row["event"] == "found"]))
        .mark_point(
            shape="diamond", filled=True, fill="#3a78cf", stroke="white", strokeWidth=1,
            size=110, opacity=1,
        )
        .encode(x=_day_axis(days), y=y, tooltip=[*tooltip, alt.Tooltip("event:N")])
    )  # fmt: skip
    return _layered(26 * len(shown) + 10, bubbles, formed, found)


def _layered(height: int, *layers: alt.Chart) -> alt.LayerChart:
    return alt.LayerChart(layer=list(layers), height=height)


def _plane_points(result: ScanResult) -> list[dict[str, object]]:
    points: list[dict[str, object]] = []

    def add(kind: str, name: str, label: str, apart: float, honest: float) -> None:
        points.append(
            {"list": kind, "name": name, "label": label, "apart": apart, "honest": honest}
        )

    for place, campaign in enumerate(result.campaigns, start=1):
        judgement = campaign.judgement
        add(
            "campaign", campaign.campaign_id, f"C{place}",
            judgement.log10_e_apart, judgement.log10_e_honest,
        )  # fmt: skip
    for party in result.suspicious_parties:
        judgement = party.judgement
        add(
            "suspicious party", party.party_id, "",
            judgement.log10_e_apart, judgement.log10_e_honest,
        )  # fmt: skip
    rest: tuple[tuple[Literal["undeclared pool", "authorised"], Any], ...] = (
        ("undeclared pool", result.undeclared_pools),
        ("authorised", result.authorised),
    )
    for kind, groups in rest:
        for group in groups:
            judgement = group.judgement
            add(kind, group.group_id, "", judgement.log10_e_apart, judgement.log10_e_honest)
    for left in result.not_judged:
        add("not judged", left.group_id, "", left.log10_e_apart, left.log10_e_honest)
    return points


def _power_axis() -> alt.Axis:
    return alt.Axis(
        tickCount=6,
        grid=True,
        labelExpr="'10^' + datum.label",
        labelOverlap="greedy",
        labelSeparation=8,
    )


def _plane(points: list[dict[str, object]], result: ScanResult) -> alt.LayerChart:
    present = [name for name in LISTS if any(point["list"] == name for point in points)]
    scale = alt.Scale(type="symlog", constant=4, nice=True, zero=True)
    base = alt.Chart(alt.InlineData(values=points)).encode(
        x=alt.X(
            "apart:Q",
            scale=scale,
            title="e-value against “operated apart”",
            axis=_power_axis(),
        ),
        y=alt.Y(
            "honest:Q",
            scale=scale,
            title="e-value against “used honestly”",
            axis=_power_axis(),
        ),
    )
    dots = base.mark_point(size=90, filled=True, opacity=0.85).encode(
        color=alt.Color(
            "list:N",
            scale=alt.Scale(domain=present, range=[LISTS[name] for name in present]),
        ),
        shape=alt.Shape(
            "list:N",
            scale=alt.Scale(
                domain=present,
                range=[
                    shape for name, shape in zip(LISTS, _SHAPES, strict=True) if name in present
                ],
            ),
        ),
        tooltip=[
            alt.Tooltip("name:N"),
            alt.Tooltip("list:N"),
            alt.Tooltip("apart:Q", format=".1f", title="apart, 10^"),
            alt.Tooltip("honest:Q", format=".1f", title="honest, 10^"),
        ],
    )
    labels = base.mark_text(align="left", dx=8, dy=-6, fontSize=11, fontWeight="bold").encode(
        text="label:N"
    )
    layers: list[alt.Chart] = [dots, labels]
    if result.campaigns:
        level = max(campaign.judgement.threshold_log10_e for campaign in result.campaigns)
        line = alt.Chart(alt.InlineData(values=[{"level": level}])).mark_rule(
            strokeDash=[4, 3], strokeWidth=1
        )
        layers = [line.encode(x="level:Q"), line.encode(y="level:Q"), *layers]
    return _layered(300, *layers)
