"""What an analyst, counsel and an auditor do in a day, in a real browser, with the keyboard."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.console.browser import PROGRAM, Browser, browsing, served
from tests.console.conftest import CHEAP, PASSWORD
from tests.console.furnished import furnish

from phalanx.console.app import create_app
from phalanx.console.people.roles import Role
from phalanx.console.settings import ConsoleSettings, Places
from phalanx.store import database_of

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed")

LOOKS = tuple(itertools.product((1280, 420), (False, True)))
"""Widths and themes."""

CONTRAST = """
(() => {
  const lit = (channel) => channel <= 0.03928
    ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  const numbers = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) =>
    0.2126 * lit(r / 255) + 0.7152 * lit(g / 255) + 0.0722 * lit(b / 255);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const found = numbers(getComputedStyle(each).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("svg, script, .unseen, [hidden], dialog:not([open])")) continue;
    if (!element.checkVisibility() || element.disabled) continue;
    const style = getComputedStyle(element);
    const [one, two] = [light(numbers(style.color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight, 10) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${text.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""
"""WCAG 2.2, success criterion 1.4.3: texts whose contrast with what is behind them is too low."""


@dataclass
class Place:
    """A console that is served, and a browser."""

    url: str
    browser: Browser
    folder: Path

    def sign_in(self, role: Role) -> None:
        """Sign in by the form."""
        self.browser.go(f"{self.url}/sign-in")
        self.browser.write("#name", role.value)
        self.browser.write("#password", PASSWORD)
        self.browser.press("Enter")
        self.browser.wait_for(
            "document.querySelector('.side') && document.readyState === 'complete'"
        )

    def look_well(self, name: str) -> None:
        """Take pictures at two widths in both themes; nothing runs over, every text can be read."""
        page = self.browser.look("location.href")
        for width, dark in LOOKS:
            self.browser.dress(width=width, dark=dark)
            self.browser.go(page)
            over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert self.browser.look(over) <= 0, (name, width)
            assert self.browser.look(CONTRAST) == [], (name, width, dark)
            theme = "dark" if dark else "light"
            self.browser.picture(self.folder / f"{name}-{width}-{theme}.png")
        self.browser.dress(width=1280, dark=False)
        self.browser.go(page)


@pytest.fixture(scope="module")
def place(
    made_database: Path, scan_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Return a console with something of everything, and a browser."""
    folder = tmp_path_factory.mktemp("journey")
    found = furnish(folder / "house", datetime.now(UTC))
    database = folder / "console.db"
    database.write_bytes(made_database.read_bytes())
    database.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = ConsoleSettings(database=database_of(str(database)), port=port)
    places = Places(
        scans=(scan_folder,), alliance=found.alliance, ledger=found.ledger, cases=found.cases,
        incidents=found.incidents,
    )  # fmt: skip
    app = create_app(replace(settings, places=places), passwords=CHEAP)
    with ExitStack() as stack:
        stack.callback(app.state.close)
        url = stack.enter_context(served(app, port))
        browser = stack.enter_context(browsing(folder))
        browser.dress(width=1280, dark=False)
        yield Place(url, browser, folder)


def test_an_analyst_reads_a_campaign_and_puts_it_forward(place: Place) -> None:
    """From the overview to the whole graph by the keyboard alone, then approves a disclosure."""
    browser = place.browser
    place.sign_in(Role.ANALYST)
    place.look_well("overview")
    browser.press("?")
    browser.wait_for("document.getElementById('help').open")
    browser.press("Escape")
    browser.wait_for("!document.getElementById('help').open")
    browser.press("g")
    browser.press("c")
    browser.loaded(f"{place.url}/campaigns")
    browser.press("j")
    assert browser.look("document.activeElement.textContent") == "C1"
    browser.press("j")
    browser.press("k")
    browser.press("Enter")
    browser.loaded(f"{place.url}/campaigns/march/campaign-7f3a19c2")
    assert browser.look("document.querySelectorAll('.graph circle').length") > 20
    place.look_well("campaign")
    browser.click("[data-draw]")
    browser.wait_for("document.querySelector('[data-drawn]')")
    painted = """
      (() => { const c = document.querySelector('canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const seen = new Set(); for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 16 | d[i+1] << 8 | d[i+2]);
        return seen.size; })()
    """  # noqa: E501 - a script
    assert browser.look(painted) > 20
    browser.picture(place.folder / "graph.png")
    browser.press("/")
    assert browser.look("document.activeElement.id") == "find"
    browser.call("Input.insertText", text="campaign-c0")
    browser.press("Enter")
    browser.loaded(f"{place.url}/search")
    assert "campaign-c05d8811" in browser.look("document.querySelector('main').innerText")
    browser.go(f"{place.url}/sharing/disclosures/1")
    place.look_well("disclosure")
    browser.click(".answers .strong-button")
    browser.wait_for("document.body.innerText.includes('it waits for counsel')")
    browser.click(".who button")
    browser.loaded(f"{place.url}/sign-in")
    assert browser.complaints == []


def test_counsel_agrees_as_the_second_person(place: Place) -> None:
    """What waits stands on the first page; a claim of a case and its budget are there to read."""
    browser = place.browser
    browser.go(f"{place.url}/sign-in")
    place.look_well("sign-in")
    place.sign_in(Role.COUNSEL)
    assert "waits for you" in browser.look("document.querySelector('.tasks').innerText")
    browser.press("j")
    browser.press("Enter")
    browser.wait_for("location.pathname !== '/' && document.readyState === 'complete'")
    browser.go(f"{place.url}/cases/north-2026")
    place.look_well("case")
    browser.click(".request .strong-button")
    browser.wait_for("document.querySelector('#claims + .scroll .state')")
    assert browser.look("document.querySelector('#claims + .scroll .state').innerText") == "holds"
    place.look_well("case-agreed")
    browser.go(f"{place.url}/duties")
    place.look_well("duties")
    printed = browser.call("Page.printToPDF", printBackground=False)["data"]
    assert len(printed) > 10_000
    assert browser.complaints == []


def test_an_auditor_follows_an_act_to_its_proof(place: Place) -> None:
    """Sees controls, the log and the ledger, and has no button that changes anything."""
    browser = place.browser
    place.sign_in(Role.AUDITOR)
    for key, name in (("n", "controls"), ("t", "sharing/audit"), ("p", "people"), ("l", "ledger")):
        browser.press("g")
        browser.press(key)
        browser.loaded(f"{place.url}/{name}")
        place.look_well(name.replace("/", "-"))
        buttons = "[...document.querySelectorAll('main form[method=post] button')].length"
        assert browser.look(buttons) == 0, name
    browser.press("j")
    browser.press("Enter")
    browser.wait_for("location.pathname.startsWith('/ledger/')")
    browser.wait_for("document.querySelector('.record')")
    assert '"proof"' in browser.look("document.querySelector('.record').innerText")
    assert browser.complaints == []


def test_the_watch_would_notice(place: Place) -> None:
    """A script that is slipped in is refused and told: the silence above means something."""
    browser = place.browser
    browser.go(f"{place.url}/sign-in")
    browser.look("""
      (() => { const s = document.createElement('script');
        s.textContent = 'document.documentElement.dataset.broken = 1';
        document.body.append(s); })()
    """)
    assert browser.look("document.documentElement.dataset.broken") is None
    assert any("Content Security Policy" in each for each in browser.complaints)
    # The journeys share this browser, and may come after.
    browser.complaints.clear()
