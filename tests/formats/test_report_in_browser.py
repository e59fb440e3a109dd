"""The report in a real browser: charts are drawn, nothing complains, nothing is fetched."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from phalanx.detect.result import ScanResult
from phalanx.formats.html import render

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for path in map(shutil.which, BROWSERS) if path), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=5000",
    "--enable-logging=stderr",
    "--net-log-capture-mode=IncludeSensitive",
    # No name resolves, so neither the page nor the browser itself reaches anything.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
OWN_SERVICES = re.compile(r"https?://([a-z0-9.-]+\.)?(google|googleapis|gstatic)\.com/")
"""What the browser asks for on its own account, whatever page it shows."""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")


@dataclass(frozen=True)
class Visit:
    """What a browser made of a page."""

    document: str
    console: list[str]
    requests: list[str]


def visit(page: str, folder: Path) -> Visit:
    """Open a page from a file and return its document, console and requests."""
    path, log = folder / "page.html", folder / "net.json"
    path.write_text(page, encoding="utf-8")
    ran = subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}",
         "--dump-dom", path.as_uri()],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    urls = re.findall(r'"url":"(https?://[^"]*)"', log.read_text(encoding="utf-8"))
    return Visit(
        document=ran.stdout.decode(),
        console=re.findall(r"CONSOLE[^\]]*\] (.*)", ran.stderr.decode(errors="replace")),
        requests=sorted({url for url in urls if not OWN_SERVICES.match(url)}),
    )


def test_three_campaigns_print_on_twelve_pages(result: ScanResult, tmp_path: Path) -> None:
    """A report of three campaigns with full lists of accounts stays a document that one reads."""
    campaigns = []
    for campaign in result.campaigns:
        members = campaign.facts.members + tuple(
            replace(member, account_id=f"acct_{place:032x}")
            for place, member in enumerate(campaign.facts.members * 4)
        )
        campaigns.append(replace(campaign, facts=replace(campaign.facts, members=members)))
    left = tuple(
        replace(result.not_judged[0], group_id=f"group-{place:05d}") for place in range(174)
    )
    page, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    long = replace(result, campaigns=tuple(campaigns), not_judged=left)
    page.write_text(render(long), encoding="utf-8")
    subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer",
         f"--print-to-pdf={printed}", page.as_uri()],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert 6 <= len(re.findall(rb"/Type /Page\b", printed.read_bytes())) <= 12


@pytest.mark.parametrize("name", ["result", "hostile_result", "empty_result"])
def test_report_opens_offline(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Every chart is drawn, the console stays silent, and nothing is asked of the network."""
    result: ScanResult = request.getfixturevalue(name)
    seen = visit(render(result), tmp_path)
    charts = 0 if name == "empty_result" else 3
    drawn = re.findall(
        r'(?s)<div data-chart="\w+"[^>]*data-drawn="yes"[^>]*>.*?<svg', seen.document
    )
    assert len(drawn) == charts
    assert ('data-charts-drawn="3"' in seen.document) == bool(charts)
    assert seen.console == []
    assert seen.requests == []


def test_hostile_text_runs_nothing(hostile_result: ScanResult, tmp_path: Path) -> None:
    """No script of a sender of logs has run, and no element of theirs exists."""
    seen = visit(render(hostile_result), tmp_path)
    head = seen.document[: seen.document.index("<head>")]
    assert "data-broken" not in head
    assert "<img" not in re.sub(r"(?s)<script>.*?</script>", "", seen.document)


def test_the_watch_would_notice(tmp_path: Path) -> None:
    """A page that fetches and fails is noticed: the silence above means something."""
    page = "<html><img src='http://fetched.invalid/x.png'><script>undefinedName()</script></html>"
    seen = visit(page, tmp_path)
    assert any("undefinedName" in line for line in seen.console)
    assert seen.requests == ["http://fetched.invalid/x.png"]


def test_policy_stops_an_injected_script(result: ScanResult, tmp_path: Path) -> None:
    """Should escaping ever fail, the policy refuses what was slipped in."""
    slipped = (
        "<script>document.documentElement.dataset.broken=1</script><img src=http://a.invalid/>"
    )
    seen = visit(render(result).replace("<main>", f"<main>{slipped}"), tmp_path)
    assert "data-broken" not in seen.document[: seen.document.index("<head>")]
    assert len([line for line in seen.console if "Content Security Policy" in line]) == 2
    assert seen.requests == []
    assert json.loads((tmp_path / "net.json").read_text())["constants"]
