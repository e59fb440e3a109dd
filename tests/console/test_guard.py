"""The guard and the shield: foreign forms, foreign names, tokens, headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.console.conftest import ADDRESS, NOW, House, csrf_in

from phalanx.console.people.programs import add_token
from phalanx.console.people.roles import Role
from phalanx.console.people.tables import SCHEMA
from phalanx.console.settings import ConsoleSettings
from phalanx.console.shield import POLICY
from phalanx.errors import ConfigError
from phalanx.share.hub.database import open_database
from phalanx.store import database_of


def test_a_form_without_its_token_is_refused(house: House) -> None:
    """Another site can send a form, and cannot know what it has to carry."""
    client = house.signed_in(Role.ANALYST)
    assert client.post("/me/sessions/end").status_code == 403
    assert client.post("/me/sessions/end", data={"csrf": "0" * 64}).status_code == 403
    assert client.get("/me").status_code == 200


def test_a_form_of_another_session_is_refused(house: House) -> None:
    """What one session's forms carry is worth nothing in another."""
    other = csrf_in(house.signed_in(Role.AUDITOR).get("/me").text)
    assert house.signed_in(Role.ANALYST).post("/sign-out", data={"csrf": other}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
def test_a_form_from_another_site_is_refused_even_with_the_token(
    house: House, headers: dict[str, str]
) -> None:
    """Where the browser says that another site sent it, it is not taken."""
    client = house.signed_in(Role.ANALYST)
    token = csrf_in(client.get("/me").text)
    answer = client.post("/me/sessions/end", data={"csrf": token}, headers=headers)
    assert answer.status_code == 403
    assert client.get("/me").status_code == 200


def test_sign_in_takes_only_forms_of_this_browser(house: House) -> None:
    """Nobody is signed in under an attacker's name by a form on another site."""
    token = csrf_in(house.browser().get("/sign-in").text)
    said = {"csrf": token, "name": "analyst", "password": "x"}
    assert house.browser().post("/sign-in", data=said).status_code == 403


def test_another_name_of_the_server_is_refused(house: House) -> None:
    """A page that makes its own name point to this machine reads nothing (DNS rebinding)."""
    answer = house.browser().get("/healthz", headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_every_answer_carries_the_policy_and_stays_in_no_cache(house: House) -> None:
    """Pages, twins, errors and redirects alike; assets alone are kept by browsers."""
    client = house.signed_in(Role.COUNSEL)
    for path in ("/", "/api/v1/campaigns", "/nothing", "/sign-in", "/campaigns/march/none"):
        answer = client.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
    page = client.get("/").text
    asset = client.get(page.split('rel="stylesheet" href="')[1].split('"')[0])
    assert asset.status_code == 200
    assert "immutable" in asset.headers["cache-control"]
    assert "unsafe" not in POLICY


def test_pages_hold_nothing_inline(house: House) -> None:
    """No script, style or handler stands in a page: the policy would refuse it anyway."""
    client = house.signed_in(Role.COUNSEL)
    for path in ("/", "/campaigns", "/campaigns/march/campaign-7f3a19c2", "/findings", "/people"):
        page = client.get(path).text
        assert "<style" not in page, path
        assert " style=" not in page, path
        assert "<script>" not in page, path
        assert " onclick" not in page, path
        assert not re.search(r'(?:src|href|action)="(?!/|#)', page), path


def test_a_token_reads_and_does_nothing(house: House) -> None:
    """A program sees what its user sees, by the API or a page, and changes nothing."""
    database = open_database(house.settings.database, schema=SCHEMA)
    with database.write() as connection:
        token = add_token(connection, "counsel", NOW, 24, lambda size: bytes(range(size)))
    database.close()
    client = house.browser()
    bearer = {"Authorization": f"Bearer {token}"}
    found = client.get("/api/v1/campaigns", headers=bearer)
    assert found.status_code == 200
    assert [each["number"] for each in found.json()["campaigns"]] == [1, 2, 3]
    assert client.get("/api/v1/people", headers=bearer).status_code == 403
    refused = client.post("/sign-out", headers=bearer)
    assert refused.status_code == 403
    assert "reads, and does nothing else" in refused.text
    house.clock.pass_by(hours=25)
    assert client.get("/api/v1/campaigns", headers=bearer).status_code == 401


@pytest.mark.parametrize("said", ["Bearer", "Bearer phxc_none", "Basic YTpi", "Bearer  "])
def test_what_is_no_token_is_none(house: House, said: str) -> None:
    """A wrong header is nobody, also beside a good cookie."""
    client = house.signed_in(Role.COUNSEL)
    assert client.get("/api/v1/me", headers={"Authorization": said}).status_code == 401


def test_a_form_has_to_be_one(house: House) -> None:
    """Files, JSON and endless fields are not taken for forms."""
    client = house.signed_in(Role.ANALYST)
    token = csrf_in(client.get("/me").text)
    head = {"X-CSRF-Token": token}
    assert client.post("/sign-out", json={"a": 1}, headers=head).status_code == 415
    assert client.post("/sign-out", content=b"x" * 70_000, headers=head).status_code == 413
    many = {f"f{number}": "x" for number in range(40)}
    assert client.post("/sign-out", data=many, headers=head).status_code == 400
    assert client.get("/me").status_code == 200


def test_passwords_do_not_cross_a_network_in_clear(tmp_path: Path) -> None:
    """Beyond this machine, TLS or a proxy that speaks it is asked for."""
    place = database_of(str(tmp_path / "console.db"))
    with pytest.raises(ConfigError, match="in clear"):
        ConsoleSettings(database=place, host="0.0.0.0")  # noqa: S104 - it is refused
    settings = ConsoleSettings(database=place)
    assert settings.address == "http://127.0.0.1:8480"
    assert "localhost:8480" in settings.hosts
    with pytest.raises(ConfigError, match="no address"):
        ConsoleSettings(database=place, url=f"{ADDRESS}/path")
