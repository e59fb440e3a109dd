"""The page that answers an appeal, over a scan that was really made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.console.conftest import NOW, House

from phalanx.cli import main
from phalanx.console.access import API
from phalanx.console.people.roles import Role
from phalanx.detect.appeals import appeal
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.formats.appeal_html import render
from phalanx.formats.folder import read_scan
from phalanx.formats.groups import group_id, groups_of
from phalanx.store import database_of, open_store, place_of


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a scan of a small log."""
    folder = tmp_path_factory.mktemp("scanned")
    plan = CampaignPlan(name="north", accounts=40, attack_class="reasoning")
    simulate(
        SimulationConfig(benign_accounts=200, days=6, campaigns=(plan,), evasion="E0", seed=1)
    ).write(folder)
    words = ["scan", str(folder / "exchanges.parquet"), "--out", str(folder / "scan")]
    words += ["--store", str(folder / "days.store")]
    main([*words, "--key", str(folder / "pseudonym.key"), "-q"])
    return folder / "scan"


def test_an_account_is_shown_as_its_appeal_page_says_it(
    house_with: Callable[..., House], scanned: Path
) -> None:
    """The same sections as `phalanx appeal -f html`, and the same record in its twin."""
    house = house_with(places={"scans": (scanned,)})
    client = house.signed_in(Role.COUNSEL)
    account = pq.read_table(scanned / "accounts.parquet")["account_id"][0].as_py()
    page = client.get(f"/accounts/scan/{account}").text
    alone = render(appeal(read_scan(scanned), account))
    main_part = alone.split("<main>\n")[1].split("</main>")[0]
    assert main_part.strip() in page
    assert page.count("<h1") == 1
    twin = client.get(f"{API}/accounts/scan/{account}").json()
    assert (twin["account_id"], twin["schema"]) == (account, "phalanx.appeal/1")
    found = client.get(f"{API}/accounts", params={"q": account[:12]}).json()["found"]
    assert account in [each["name"] for each in found]


def test_what_the_store_remembers_is_listed(
    house_with: Callable[..., House], scanned: Path
) -> None:
    """Since which scan a group is known, while another scan may hold the store."""
    store = database_of(str(scanned.parent / "days.store"))
    house = house_with(places={"scans": (scanned,), "store": store})
    client = house.signed_in(Role.ANALYST)
    remembered = client.get(f"{API}/campaigns").json()["remembered"]
    listed = {group_id(each) for each in groups_of(read_scan(scanned))}
    assert remembered
    assert {each["campaign_id"] for each in remembered} <= listed
    assert {(each["first_scan"], each["last_scan"]) for each in remembered} == {(1, 1)}
    with open_store(place_of(store.name), NOW):
        page = client.get("/campaigns").text
    assert remembered[0]["campaign_id"] in page


def test_an_account_that_no_scan_saw_has_no_page(
    house_with: Callable[..., House], scanned: Path
) -> None:
    """Whatever is asked for, with signs that paths are made of too."""
    client = house_with(places={"scans": (scanned,)}).signed_in(Role.ANALYST)
    for name in ("nobody", "..%2F..%2Fetc%2Fpasswd", "%00", "a%2Fb", "%F0%9F%98%80"):
        assert client.get(f"/accounts/scan/{name}").status_code == 404, name
