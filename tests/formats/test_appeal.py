"""The page about one account: its words on file, safe to open, short enough to print."""

from __future__ import annotations

import html
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from phalanx.detect import appeal
from phalanx.detect.appeals import Appeal
from phalanx.detect.appeals.docket import combine_rules
from phalanx.detect.habits import HABITS
from phalanx.detect.result import LOOK_SCHEMA, ScanResult
from phalanx.evidence import weighted_looks
from phalanx.formats import appeal_html, appeal_json, appeal_text
from phalanx.formats.appeal_wording import HEADLINES
from phalanx.model import Judgement

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
RULES = tuple(f"PHX-D00{number}" for number in range(1, 9))
SAID = (
    {"PHX-D007": 21.4, "PHX-D005": 12.0, "PHX-D002": 5.5, "PHX-D003": -0.3, "PHX-D008": 7.2},
    {"PHX-D001": 30.1, "PHX-D006": 11.0, "PHX-D004": 2.0, "PHX-D007": 14.0, "PHX-D008": 3.1},
)
"""What links said of the campaign, as formed by content and by identity."""

GRAPHIC = ("campaign", "undeclared_pool", "suspicious_party", "not_judged", "none", "authorised")


def _looks(result: ScanResult) -> pa.Table:
    rows = []
    for track in range(result.population.groups_opened):
        of_rules = SAID[track] if track < len(SAID) else {"PHX-D002": 0.2, "PHX-D007": -0.1}
        for end in result.population.step_ends[20:23]:
            apart = combine_rules(list(of_rules.items()), 12)
            rows.append(
                {
                    "track": track, "route": "identity" if track == 1 else "content",
                    "formed_at": result.population.step_ends[18], "opening_parties": 12,
                    "looked_at": end, "parties": 12, "log10_e_apart": apart,
                    "log10_e_honest": 6.5 if apart > 2 else None,
                    "log10_e_of_rules": list(of_rules.items()),
                }
            )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=LOOK_SCHEMA)


def _row(
    account: str, party: str, draw: random.Random, group: str | None, steps: int
) -> dict[str, object]:
    counts = [draw.randint(0, 3) for _ in range(steps)]
    in_group = group is not None
    return {
        "account_id": account, "party_id": party, "organisation": None,
        "first_seen": None, "last_seen": None, "exchanges": sum(counts),
        "input_tokens": 300 * sum(counts), "output_tokens": 900 * sum(counts),
        "step_exchanges": counts, "group_id": group,
        "confidence": 0.98 if in_group else None, "role": "harvester" if in_group else None,
        "habits": {name: round(draw.random(), 3) for name in HABITS},
        "is_reference": not in_group,
        "parties_sharing": {rule: draw.randint(1, 12) for rule in RULES} | {"PHX-D004": None},
        "members_sharing": dict.fromkeys(RULES, 3 if in_group else None),
        "membership_log_odds": {
            "prior": -4.2, "content": 3.9, "PHX-D002": 2.0, "PHX-D005": 3.0, "PHX-D003": -0.1,
            "PHX-D007": 1.6,
        } if in_group else dict.fromkeys(
            ("prior", "content", "PHX-D002", "PHX-D005", "PHX-D003", "PHX-D007")
        ),
        "log10_e_apart_with": 9.1 if in_group else None,
        "log10_e_apart_without": 8.7 if in_group else None,
        "tracks": [0, 1] if in_group else [], "grant_ids": [],
    }  # fmt: skip


@pytest.fixture(scope="session")
def appealed(result: ScanResult) -> ScanResult:
    """Return the example scan with all that a page needs, its last campaign judged on `SAID`."""
    draw, steps = random.Random(11), len(result.population.step_ends)
    looks = _looks(result)
    apart = weighted_looks([combine_rules(list(SAID[0].items()), 12)] * 3)
    honest = weighted_looks([6.5] * 3)
    groups = [
        *(group.facts for group in result.campaigns),
        *(group.facts for group in result.authorised),
        *(group.facts for group in result.undeclared_pools),
    ]

    def judged(judgement: Judgement) -> Judgement:
        return replace(
            judgement, track=0, log10_e_apart=apart, log10_e_honest=honest,
            log10_e=min(apart, honest), log10_e_one_operator=1.3,
        )  # fmt: skip

    rows = [
        _row(member.account_id, member.party_id, draw, "group", steps)
        | {"first_seen": member.first_seen, "last_seen": member.last_seen}
        for group in groups
        for member in group.members
    ]
    moment = result.population.first_exchange
    others = [
        *(
            member.account_id
            for party in result.suspicious_parties
            for member in party.facts.members
        ),
        *(name for group in result.not_judged for name in group.accounts),
        *(f"acc_{draw.getrandbits(64):016x}" for _ in range(40)),
    ]
    rows += [
        _row(name, name, draw, None, steps) | {"first_seen": moment, "last_seen": moment}
        for name in others
    ]
    return replace(
        result,
        campaigns=tuple(replace(x, judgement=judged(x.judgement)) for x in result.campaigns),
        authorised=tuple(replace(x, judgement=judged(x.judgement)) for x in result.authorised),
        undeclared_pools=tuple(
            replace(x, judgement=judged(x.judgement)) for x in result.undeclared_pools
        ),
        accounts=pa.Table.from_pylist(rows),
        looks=looks,
    )


@pytest.fixture(scope="session")
def pages(appealed: ScanResult) -> dict[str, Appeal]:
    """Return a page for each list."""
    names = appealed.accounts["account_id"].to_pylist()
    accounts = {
        "campaign": appealed.campaigns[2].facts.members[0].account_id,
        "authorised": appealed.authorised[0].facts.members[0].account_id,
        "undeclared_pool": appealed.undeclared_pools[0].facts.members[0].account_id,
        "suspicious_party": appealed.suspicious_parties[0].facts.members[0].account_id,
        "not_judged": appealed.not_judged[0].accounts[0],
        "none": names[-1],
    }
    return {name: appeal(appealed, account) for name, account in accounts.items()}


def _words(document: str) -> str:
    """Return what a reader sees."""
    without = re.sub(r"(?s)<(style|title)\b.*?</\1>", "", document)
    lines = re.sub(r"<[^>]+>", " ", without).splitlines()
    seen = html.unescape("\n".join(line.strip() for line in lines if line.strip()))
    return re.sub(r"[ \t]+", " ", seen) + "\n"


def test_golden_page(pages: dict[str, Appeal], check_golden: Callable[[str, str], None]) -> None:
    """The words of the page of a campaign's account are those on file."""
    check_golden("appeal.txt", _words(appeal_html.render(pages["campaign"])))


def test_golden_table(pages: dict[str, Appeal], check_golden: Callable[[str, str], None]) -> None:
    """So is the form for terminals."""
    check_golden("appeal_table.txt", appeal_text.render(pages["campaign"]))


def test_golden_document(
    pages: dict[str, Appeal], check_golden: Callable[[str, str], None]
) -> None:
    """So is the form for programs."""
    check_golden("appeal.json", appeal_json.render(pages["campaign"]))


@pytest.mark.parametrize("name", GRAPHIC)
def test_every_list_has_a_page(pages: dict[str, Appeal], name: str) -> None:
    """Each page says on which list the account stands, in every form."""
    page = pages[name]
    assert page.placing.list_name == name
    for render in (appeal_html.render, appeal_text.render):
        assert HEADLINES[page.placing.list_name] in render(page)
    assert json.loads(appeal_json.render(page))["placing"]["list_name"] == name


@pytest.mark.parametrize("name", GRAPHIC)
def test_only_what_may_be_contested_can_be_cleared(pages: dict[str, Appeal], name: str) -> None:
    """A page says what would clear an account where there is something to clear."""
    shown = appeal_html.render(pages[name])
    assert ("What would clear it" in shown) == (
        name in {"campaign", "undeclared_pool", "suspicious_party"}
    )
    assert ("If something did not count" in shown) == (
        name in {"campaign", "undeclared_pool", "authorised"}
    )


def test_says_what_it_cannot_say(pages: dict[str, Appeal]) -> None:
    """The page calls itself a recomputation, and names what is not evaluable."""
    for render in (appeal_html.render, appeal_text.render):
        words = " ".join(_words(render(pages["campaign"])).split())
        assert "recomputation of the evidence that the scan recorded" in words
        assert "Not evaluable from the record:" in words
        assert "rate of the list, not a probability about this account" in words


def test_runs_and_fetches_nothing(pages: dict[str, Appeal]) -> None:
    """The page has no script, and its policy allows none."""
    shown = appeal_html.render(pages["campaign"])
    assert "<script" not in shown
    assert "script-src 'none'" in html.unescape(shown)
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", shown)


HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e{{7*7}}"


def test_hostile_text_is_only_shown(pages: dict[str, Appeal]) -> None:
    """Names and texts from a log are escaped everywhere, and steer no terminal."""
    page = pages["campaign"]
    lines = tuple(replace(line, observation=HOSTILE) for line in page.evidence)
    hostile = replace(
        page,
        account_id=HOSTILE,
        evidence=lines,
        grant_ids=(HOSTILE,),
        placing=replace(page.placing, group_id=HOSTILE),
    )
    shown = appeal_html.render(hostile)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<script" not in hostile._repr_html_()
    for text in (shown, appeal_text.render(hostile), appeal_json.render(hostile)):
        assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")
@pytest.mark.parametrize("name", GRAPHIC)
def test_prints_on_two_sheets(pages: dict[str, Appeal], name: str, tmp_path: Path) -> None:
    """No page is longer than two sheets of A4."""
    page, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(appeal_html.render(pages[name]), encoding="utf-8")
    subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
         f"--print-to-pdf={printed}", page.as_uri()],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert 1 <= len(re.findall(rb"/Type /Page\b", printed.read_bytes())) <= 2
