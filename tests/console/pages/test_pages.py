"""Pages and their twins: what they show of scans, sharing, cases and the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.console.conftest import NOW, House, csrf_in
from tests.console.furnished import Furnished, furnish
from tests.formats.conftest import HOSTILE

from phalanx.console.access import ACCESS, API
from phalanx.console.people.roles import Role
from phalanx.detect.result import ScanResult
from phalanx.formats.folder import write_scan
from phalanx.govern.ledger import open_ledger, parse_proved_event
from phalanx.transparency.policy import parse_policy

Make = Callable[..., House]
CAMPAIGN = "campaign-7f3a19c2"


@pytest.fixture
def furnished(tmp_path: Path) -> Furnished:
    """Return a house that has something of everything."""
    return furnish(tmp_path / "house", NOW)


@pytest.fixture
def whole(house_with: Make, furnished: Furnished) -> House:
    """Return a console that shows all of it."""
    places = {
        "alliance": furnished.alliance,
        "ledger": furnished.ledger,
        "cases": furnished.cases,
        "incidents": furnished.incidents,
    }
    return house_with(places=places)


def test_every_page_has_a_twin_that_says_the_same(whole: House) -> None:
    """Whatever a page of a list shows stands under `/api/v1` as JSON."""
    client = whole.signed_in(Role.COUNSEL)
    for route, roles in ACCESS.items():
        method, _, path = route.partition(" ")
        if method != "GET" or path.startswith(API) or "{" in path or Role.COUNSEL not in roles:
            continue
        page, twin = client.get(path), client.get(f"{API}{path}")
        assert (page.status_code, twin.status_code) == (200, 200), path
        assert page.headers["content-type"].startswith("text/html"), path
        assert json.loads(twin.text) is not None, path
    described = client.get(f"{API}/openapi.json").json()["paths"]
    assert f"{API}/campaigns/{{scan}}/{{group}}" in described


def test_every_page_is_built_for_readers_of_screens(whole: House) -> None:
    """One h1, one main, a language, a title, labels for fields, headers for tables."""
    client = whole.signed_in(Role.COUNSEL)
    paths = [
        "/", "/campaigns", f"/campaigns/march/{CAMPAIGN}", "/findings", "/accounts", "/me",
        "/sharing/inbox", "/sharing/outbox", "/sharing/disclosures", "/sharing/disclosures/1",
        "/sharing/audit", "/marks", "/releases", "/cases", "/cases/north-2026", "/duties",
        "/controls", "/ledger", "/ledger/0", "/sign-in", "/nothing",
    ]  # fmt: skip
    for path in paths:
        page = client.get(path).text
        assert page.count("<h1") == 1, path
        assert page.count('<main id="main"') == 1, path
        assert '<html lang="en">' in page, path
        assert re.search(r"<title>[^<]+</title>", page), path
        assert 'class="skip" href="#main"' in page, path
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
        fields = re.findall(r"<(?:input|select|textarea)\b([^>]*)>", page)
        for each in fields:
            if 'type="hidden"' in each or 'aria-hidden="true"' in each:
                continue
            named = re.search(r'\bid="([^"]+)"', each)
            assert named, (path, each)
            assert named[1] in labelled, (path, each)
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path
        for table in re.findall(r"(?s)<table.*?</table>", page):
            assert "<th scope=" in table or 'scope="col"' in table, (path, table[:200])
        for image in re.findall(r"<img\b[^>]*>", page):
            assert " alt=" in image, (path, image)


def test_a_campaign_is_shown_as_the_report_shows_it(house: House, result: ScanResult) -> None:
    """The sentence, each line of evidence, each step; and the record in its twin."""
    client = house.signed_in(Role.ANALYST)
    page = client.get(f"/campaigns/march/{CAMPAIGN}").text
    campaign = result.campaigns[0]
    for line in campaign.judgement.evidence:
        assert line.name in page
    for action in campaign.actions:
        assert action.reason in page
    for member in campaign.facts.members:
        assert member.account_id in page
    twin = client.get(f"{API}/campaigns/march/{CAMPAIGN}").json()
    assert (twin["kind"], twin["number"]) == ("campaign", 1)
    assert twin["group"]["judgement"]["log10_e"] == campaign.judgement.log10_e
    assert len(twin["group"]["facts"]["members"]) == 48


def test_groups_of_all_lists_have_a_page(house: House, result: ScanResult) -> None:
    """Also those that were not judged, with the reason."""
    client = house.signed_in(Role.AUDITOR)
    found = {
        "undeclared pool": result.undeclared_pools[0].group_id,
        "authorised group": result.authorised[0].group_id,
        "suspicious party": result.suspicious_parties[0].party_id,
        "not judged": result.not_judged[0].group_id,
    }
    listed = client.get("/findings").text
    for kind, name in found.items():
        answer = client.get(f"/campaigns/march/{name}")
        assert answer.status_code == 200
        assert kind in answer.text.casefold()
        assert name in listed
    assert result.not_judged[0].reason in client.get(f"/campaigns/march/{found['not judged']}").text
    assert client.get("/campaigns/march/none").status_code == 404
    assert client.get(f"/campaigns/april/{CAMPAIGN}").status_code == 404


def test_the_whole_graph_has_every_account_and_every_link(house: House, result: ScanResult) -> None:
    """Each in the unit square; drawing it twice gives the same picture."""
    client = house.signed_in(Role.ANALYST)
    graph = client.get(f"{API}/campaigns/march/{CAMPAIGN}/graph").json()
    members = [each.account_id for each in result.campaigns[0].facts.members]
    assert graph["accounts"] == members
    assert len(graph["one"]) == len(graph["two"]) == len(graph["colour"]) == graph["links_in_group"]
    assert all(0 <= each <= 1 for each in (*graph["x"], *graph["y"]))
    again = client.get(f"{API}/campaigns/march/{CAMPAIGN}/graph").json()
    assert graph == again


def test_a_search_finds_groups_and_accounts_by_their_beginning(house: House) -> None:
    """For those who may see accounts; to others it says nothing."""
    client = house.signed_in(Role.ANALYST)
    found = client.get(f"{API}/search", params={"q": "campaign-7"}).json()["found"]
    assert [(each["kind"], each["name"]) for each in found] == [("campaign", CAMPAIGN)]
    assert client.get(f"{API}/search", params={"q": "c2"}).json()["found"][0]["scan"] == "march"
    accounts = client.get(f"{API}/search", params={"q": "acc_"}).json()
    assert accounts["is_cut"]
    assert all(each["kind"] == "account" for each in accounts["found"])
    other = house.signed_in(Role.RELEASE_MANAGER)
    assert other.get(f"{API}/search", params={"q": "campaign-7"}).json()["found"] == []


def test_what_a_log_says_is_text_on_a_page(
    house_with: Make, hostile_result: ScanResult, tmp_path: Path
) -> None:
    """Whatever stands in a prompt, a name or a file, no element comes of it."""
    write_scan(hostile_result, tmp_path / "hostile")
    house = house_with(places={"scans": (tmp_path / "hostile",)})
    client = house.signed_in(Role.ANALYST)
    name = hostile_result.campaigns[0].campaign_id
    pages = [client.get(path).text for path in ("/", "/campaigns", "/findings")]
    pages.append(client.get(f"/campaigns/hostile/{name}").text)
    pages.append(client.get("/search", params={"q": HOSTILE}).text)
    for page in pages:
        assert "<script>" not in page
        assert "<img src=x" not in page
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert "&lt;script&gt;" in pages[3]


def test_a_scan_that_is_written_again_is_shown_anew(
    house_with: Make, result: ScanResult, tmp_path: Path
) -> None:
    """And one that is damaged is a page that says so, and no error."""
    folder = tmp_path / "daily"
    write_scan(replace(result, campaigns=result.campaigns[:1]), folder)
    house = house_with(places={"scans": (folder,)})
    client = house.signed_in(Role.ANALYST)
    assert len(client.get(f"{API}/campaigns").json()["campaigns"]) == 1
    write_scan(result, folder)
    assert len(client.get(f"{API}/campaigns").json()["campaigns"]) == 3
    (folder / "campaigns.json").write_text("{")
    page = client.get("/campaigns")
    assert page.status_code == 200
    assert "cannot be read" in page.text


def test_two_people_let_a_disclosure_leave(whole: House) -> None:
    """An analyst and counsel, neither of them who submitted it; each act is in both records."""
    analyst, counsel = whole.signed_in(Role.ANALYST), whole.signed_in(Role.COUNSEL)
    listed = analyst.get(f"{API}/sharing/disclosures").json()["requests"]
    assert [(each["number"], each["state"]) for each in listed] == [(1, "pending")]
    page = analyst.get("/sharing/disclosures/1").text
    assert "A11" in page
    assert "Approve as analyst" in page
    token = {"csrf": csrf_in(page)}
    path = "/sharing/disclosures/1/approve"
    assert analyst.post(path, data=token).status_code == 303
    again = analyst.post(path, data=token)
    assert again.status_code == 409
    assert "You may not approve" in analyst.get("/sharing/disclosures/1").text
    answer = counsel.post(
        f"{API}{path}", headers={"X-CSRF-Token": csrf_in(counsel.get("/me").text)}
    )
    assert answer.json() == {"number": 1, "state": "approved", "missing": []}
    audit = counsel.get(f"{API}/sharing/audit").json()["entries"]
    assert [(e["kind"], e["actor"]) for e in audit[:2]] == [
        ("approved", "person counsel"), ("approved", "person analyst"),
    ]  # fmt: skip
    events = counsel.get(f"{API}/ledger").json()["events"]
    approvals = [each for each in events if each["subject"] == "disclosure 1"]
    assert [each["actor"] for each in approvals] == ["counsel", "analyst"]
    assert approvals[0]["facts"]["state"] == "approved"


def test_one_voice_keeps_a_disclosure_in_the_house(whole: House) -> None:
    """And an auditor sees it, and has none."""
    counsel, auditor = whole.signed_in(Role.COUNSEL), whole.signed_in(Role.AUDITOR)
    token = {"csrf": csrf_in(counsel.get("/me").text)}
    assert "Approve as" not in auditor.get("/sharing/disclosures/1").text
    assert counsel.post("/sharing/disclosures/1/reject", data=token).status_code == 303
    assert "rejected" in auditor.get("/sharing/disclosures/1").text
    assert counsel.post("/sharing/disclosures/9/reject", data=token).status_code == 409


def test_a_second_person_agrees_to_a_claim(whole: House) -> None:
    """Counsel may, the analyst who put it forward may not, and it is judged among all claims."""
    analyst, counsel = whole.signed_in(Role.ANALYST), whole.signed_in(Role.COUNSEL)
    whole.clock.pass_by(minutes=1)
    assert "claim one-operator" in counsel.get("/").text
    mine = {"csrf": csrf_in(analyst.get("/me").text)}
    assert analyst.post("/cases/north-2026/requests/5/approve", data=mine).status_code == 409
    page = counsel.get("/cases/north-2026").text
    assert '<button class="strong-button">Agree</button>' in page
    token = {"csrf": csrf_in(page)}
    path = "/cases/north-2026/requests/5"
    assert counsel.post(f"{path}/reject", data=token).status_code == 409
    assert counsel.post(f"{path}/approve", data=token).status_code == 303
    twin = counsel.get(f"{API}/cases/north-2026").json()
    assert twin["requests"]["5"]["state"] == "approved"
    assert "holds" in counsel.get("/cases/north-2026").text


def test_an_event_of_the_ledger_verifies_without_the_console(
    whole: House, furnished: Furnished
) -> None:
    """What is downloaded is what `phalanx govern verify` takes."""
    client = whole.signed_in(Role.AUDITOR)
    size = client.get(f"{API}/ledger").json()["size"]
    answer = client.get(f"{API}/ledger/{size - 1}/proof")
    assert 'filename="event-' in answer.headers["content-disposition"]
    proved = parse_proved_event(answer.content, "event")
    key = open_ledger(furnished.ledger).key.as_text()
    policy = parse_policy(f"log {key}\nquorum none\n".encode(), "policy")
    assert proved.verify(policy, "event").size == size
    assert (proved.event.kind, proved.event.actor) == ("session", "auditor")
    assert client.get(f"/ledger/{size}").status_code == 404


def test_controls_and_clocks_are_those_of_now(whole: House) -> None:
    """What nobody looked at is counted as neither; an undecided clock shows its time."""
    client = whole.signed_in(Role.ADMINISTRATOR)
    found = client.get(f"{API}/controls").json()
    counts = [found[each] for each in ("satisfied", "not_satisfied", "not_assessed")]
    assert sum(counts) == len(found["findings"])
    assert all(counts)
    frontier = client.get(f"{API}/controls", params={"profile": "frontier"}).json()
    assert len(frontier["findings"]) > len(found["findings"])
    rest = {each["id"]: each["not_seen"] for each in frontier["findings"] if each["not_seen"]}
    assert set(rest) == {"phx-shr-3"}
    page = client.get("/controls?profile=frontier").text
    assert page.count("satisfied as far as seen") == frontier["partly_seen"] == 1
    assert f"Not looked at: {rest['phx-shr-3']}." in page
    assert client.get("/controls?profile=none").status_code == 404
    clocks = client.get(f"{API}/duties").json()["clocks"]
    whole.clock.pass_by(minutes=20)
    later = client.get(f"{API}/duties").json()["clocks"]
    first = next(each for each in clocks if each["remaining"] is not None)
    same = next(each for each in later if each["duty"] == first["duty"])
    assert first["due_at"] == same["due_at"]
    assert first["remaining"] != same["remaining"]


def test_what_was_not_named_is_a_page_that_says_how(house: House) -> None:
    """No section is an error because nobody configured it."""
    client = house.signed_in(Role.COUNSEL)
    for path, option in (
        ("/sharing/inbox", "--alliance"),
        ("/marks", "--audits"),
        ("/releases", "--releases"),
        ("/cases", "--cases"),
        ("/duties", "--incidents"),
        ("/ledger", "--ledger"),
    ):
        assert option in client.get(path).text, path
