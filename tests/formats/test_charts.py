"""The charts keep the grammar of Vega-Lite, whose check a report does not wait for."""

from __future__ import annotations

import altair as alt
import pytest

from phalanx.detect.result import ScanResult
from phalanx.formats.charts import charts_of, static_svg


@pytest.mark.parametrize("name", ["traffic", "timeline", "plane"])
@pytest.mark.parametrize("scan", ["result", "large_result", "hostile_result"])
def test_charts_are_valid(scan: str, name: str, request: pytest.FixtureRequest) -> None:
    """Each chart matches the schema of the grammar."""
    chart = charts_of(request.getfixturevalue(scan))[name]
    assert alt.Chart.from_dict(chart, validate=True).to_dict(validate=True)


def test_the_check_would_notice(result: ScanResult) -> None:
    """A mark that does not exist is refused by the check above."""
    chart = charts_of(result)["traffic"] | {"mark": "cloud"}
    with pytest.raises(Exception, match="'cloud'"):
        alt.Chart.from_dict(chart, validate=True).to_dict(validate=True)


def test_every_day_is_on_the_axis(result: ScanResult) -> None:
    """Both charts over time share one axis, with days without exchanges on it."""
    charts = charts_of(result)
    bars = charts["traffic"]["encoding"]["x"]["scale"]["domain"]
    assert bars == charts["timeline"]["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert len(bars) == 14


def test_bars_add_up_to_all_traffic(result: ScanResult) -> None:
    """Campaigns and all others together are the exchanges of the log."""
    rows = charts_of(result)["traffic"]["datasets"]["traffic"]
    total = sum(result.daily.column("exchanges").to_pylist())
    assert sum(row["exchanges"] for row in rows) == total


def test_the_plane_fits_a_telephone(result: ScanResult) -> None:
    """Its legend is two entries wide, and higher than the label of a point at the upper edge."""
    encoding = charts_of(result)["plane"]["layer"][1]["encoding"]
    for channel in ("color", "shape"):
        legend = encoding[channel]["legend"]
        assert legend["columns"] == 2
        assert legend["offset"] > 11 + 6


def test_nothing_to_draw_gives_no_chart(empty_result: ScanResult) -> None:
    """An empty log has no chart rather than an empty one."""
    assert charts_of(empty_result) == {}


def test_still_pictures_hold_no_markup_of_others(
    hostile_result: ScanResult, hostile_text: str
) -> None:
    """Text in a still picture is escaped by the engine that draws it."""
    for chart in charts_of(hostile_result).values():
        svg = static_svg(chart)
        assert svg.startswith("<svg")
        assert "<script" not in svg
        assert "<img" not in svg
        assert hostile_text not in svg
