"""The plane of evidence: every group by what speaks against each of the two nulls."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from phalanx.detect.result import ScanResult
from phalanx.model import Judgement

MAX_POINTS = 400
"""Groups drawn; campaigns come first, and the report says how many are missing."""

LISTS = {
    "campaign": "#cf3f54",
    "suspicious party": "#8457cf",
    "undeclared pool": "#a5740d",
    "authorised": "#22876b",
    "not judged": "#71819a",
}
"""Lists of a scan and their colours."""

_SHAPES = dict(zip(LISTS, ("circle", "triangle-up", "square", "diamond", "cross"), strict=True))
_FARTHEST = 1e6
_MOST_LABELS = 40

Point = dict[str, str | float]


def plane_points(result: ScanResult) -> list[Point]:
    """Return a point for each group that a scan speaks about, campaigns first.

    Parameters:
        result: What the scan found.
    """
    return list(_points(result))[:MAX_POINTS]


def groups_in_plane(result: ScanResult) -> int:
    """Count the groups that the plane would show if there were room."""
    return sum(1 for _ in _points(result))


def _points(result: ScanResult) -> Iterator[Point]:
    for place, campaign in enumerate(result.campaigns, start=1):
        label = f"C{place}" if place <= _MOST_LABELS else ""
        point = _judged("campaign", campaign.campaign_id, campaign.judgement)
        yield point | {"label": label, "level": campaign.judgement.threshold_log10_e}
    for party in result.suspicious_parties:
        yield _judged("suspicious party", party.party_id, party.judgement)
    for pool in result.undeclared_pools:
        yield _judged("undeclared pool", pool.group_id, pool.judgement)
    for group in result.authorised:
        yield _judged("authorised", group.group_id, group.judgement)
    for left in result.not_judged:
        yield _point("not judged", left.group_id, left.log10_e_apart, left.log10_e_honest)


def _judged(kind: str, name: str, judgement: Judgement) -> Point:
    return _point(kind, name, judgement.log10_e_apart, judgement.log10_e_honest)


def _point(kind: str, name: str, apart: float, honest: float) -> Point:
    return {
        "list": kind,
        "name": name,
        "label": "",
        "apart": max(-_FARTHEST, min(_FARTHEST, apart)),
        "honest": max(-_FARTHEST, min(_FARTHEST, honest)),
    }


def plane(points: list[Point]) -> alt.LayerChart:
    """Draw the plane over the data `points`, with a tail from each campaign to its level.

    Parameters:
        points: What will be drawn, to know which lists need a colour.
    """
    present = [name for name in LISTS if any(point["list"] == name for point in points)]
    scale = alt.Scale(type="symlog", constant=4, nice=True, zero=True)
    base = alt.Chart(alt.NamedData("points")).encode(
        x=alt.X("apart:Q", scale=scale, title="e-value against “operated apart”", axis=_powers()),
        y=alt.Y("honest:Q", scale=scale, title="e-value against “used honestly”", axis=_powers()),
    )
    # Two columns fit a telephone, and a label at the upper edge needs room below the legend.
    legend = alt.Legend(columns=2, offset=18)
    dots = base.mark_point(size=90, filled=True, opacity=0.85).encode(
        color=alt.Color(
            "list:N",
            scale=alt.Scale(domain=present, range=[LISTS[name] for name in present]),
            legend=legend,
        ),
        shape=alt.Shape(
            "list:N",
            scale=alt.Scale(domain=present, range=[_SHAPES[name] for name in present]),
            legend=legend,
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
    tails = (
        base.transform_filter("isValid(datum.level)")
        .mark_rule(strokeDash=[4, 3])
        .encode(y2="level:Q")
    )
    return alt.LayerChart(layer=[tails, dots, labels], height=300)


def _powers() -> alt.Axis:
    return alt.Axis(
        tickCount=6,
        grid=True,
        labelExpr="'10^' + datum.label",
        labelOverlap="greedy",
        labelSeparation=8,
    )
