"""Sign-in with an identity provider, which is real, and lies where a test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from httpx2 import Response
from jwt.algorithms import ECAlgorithm
from starlette.testclient import TestClient
from tests.console.conftest import NOW, PASSWORD, House, sign_in
from tests.console.people.provider import Issuer, issuing

from phalanx.console.people.elsewhere import ProviderSettings
from phalanx.console.people.roles import Role
from phalanx.errors import ConfigError

Make = Callable[..., House]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Return a provider."""
    with issuing() as issuer:
        issuer.now = NOW.timestamp()
        yield issuer


@pytest.fixture
def house_of_issuer(house_with: Make, issuer: Issuer, tmp_path: Path) -> House:
    """Return a console whose people sign in there."""
    secret = tmp_path / "client.secret"
    secret.write_text("hush")
    secret.chmod(0o600)
    told = ProviderSettings(issuer=issuer.url, client_id="console", client_secret=secret)
    house = house_with(provider=told)
    house.user("counsel@lab.example", Role.COUNSEL)
    return house


def _back(client: TestClient, issuer: Issuer, came_for: str = "/cases") -> Response:
    begun = client.get(f"/sign-in/elsewhere?came_for={came_for}")
    assert begun.status_code == 303, begun.text
    return client.get(issuer.agree(begun.headers["location"]))


def test_who_the_provider_vouches_for_is_signed_in(house_of_issuer: House, issuer: Issuer) -> None:
    """Under the role that was entered here, at the page that was asked for."""
    client = house_of_issuer.browser()
    assert "Sign in with your organisation" in client.get("/sign-in").text
    answer = _back(client, issuer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    assert client.get("/api/v1/me").json()["user"]["name"] == "counsel@lab.example"
    assert client.get("/api/v1/me").json()["user"]["role"] == "counsel"


def test_who_was_not_entered_here_does_not_get_in(house_of_issuer: House, issuer: Issuer) -> None:
    """The provider knows many people; who may work here is said here."""
    issuer.claims = {"email": "stranger@lab.example"}
    client = house_of_issuer.browser()
    answer = _back(client, issuer)
    assert answer.status_code == 409
    assert "nobody of that name may work here" in answer.text
    assert client.get("/me").status_code == 303


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": None}, "has not verified"),
        ({"email": None}, "has no email"),
        ({"email": "not a name"}, "no name of a user"),
        ({"iss": "https://evil.example"}, "does not verify"),
        ({"aud": "another"}, "does not verify"),
        ({"aud": ["console", "another"]}, "for others too"),
        ({"azp": "another"}, "for others too"),
        ({"nonce": "of-another-sign-in"}, "another sign-in"),
        ({"exp": NOW.timestamp() - 61}, "not of now"),
        ({"iat": NOW.timestamp() + 61}, "not of now"),
        ({"exp": None}, "does not verify"),
        ({"exp": "soon"}, "does not verify"),
    ],
)
def test_a_token_that_says_something_else_is_refused(
    house_of_issuer: House, issuer: Issuer, claims: dict[str, object], reason: str
) -> None:
    """Each claim that OpenID Connect asks to be checked is."""
    issuer.claims = claims
    client = house_of_issuer.browser()
    answer = _back(client, issuer)
    assert answer.status_code == 409
    assert reason in answer.text
    assert client.get("/me").status_code == 303


def test_a_token_that_somebody_else_signed_is_refused(
    house_of_issuer: House, issuer: Issuer
) -> None:
    """Whether under the published name of a key or another."""
    issuer.signer = generate_private_key(SECP256R1())
    assert "does not verify" in _back(house_of_issuer.browser(), issuer).text
    issuer.header = {"kid": "k2"}
    assert "does not publish" in _back(house_of_issuer.browser(), issuer).text


def test_a_sign_in_counts_in_the_browser_that_began_it_and_once(
    house_of_issuer: House, issuer: Issuer
) -> None:
    """Nobody is made to follow the link of another, and no link works twice."""
    client, victim = house_of_issuer.browser(), house_of_issuer.browser()
    link = issuer.agree(client.get("/sign-in/elsewhere").headers["location"])
    answer = victim.get(link)
    assert answer.status_code == 409
    assert "not begun in this browser" in answer.text
    kept = client.cookies["__Host-phalanx-errand"]
    assert client.get(link).status_code == 303
    again = house_of_issuer.browser()
    again.cookies["__Host-phalanx-errand"] = kept
    assert "used before" in again.get(link).text


def test_a_sign_in_that_failed_is_over(house_of_issuer: House, issuer: Issuer) -> None:
    """Nobody tries one code after another under one state."""
    client = house_of_issuer.browser()
    link = issuer.agree(client.get("/sign-in/elsewhere").headers["location"])
    wrong = link.replace("code=", "code=another-")
    assert "answered 400" in client.get(wrong).text
    assert "used before" in client.get(link).text


def test_nobody_waits_for_a_slow_provider(
    house_of_issuer: House, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is asked for its keys, others sign in with a password."""
    codes = []

    def meanwhile(path: str) -> object:
        if path == "/keys":
            codes.append(sign_in(house_of_issuer.browser(), "analyst", PASSWORD).status_code)
        return published(issuer, path)

    published = Issuer.published
    monkeypatch.setattr(issuer, "published", meanwhile)
    assert _back(house_of_issuer.browser(), issuer).status_code == 303
    assert codes == [303]


def test_a_token_that_nobody_signed_is_refused(house_of_issuer: House, issuer: Issuer) -> None:
    """Nor does it say itself how it is to be verified."""
    none = {"id_token": jwt.encode({"sub": "42"}, "", "none", headers={"kid": "k1"})}
    shared = {"id_token": jwt.encode({"sub": "42"}, "x" * 32, "HS256", headers={"kid": "k1"})}
    for told in (none, shared):
        issuer.answers["/token"] = told
        assert "another algorithm" in _back(house_of_issuer.browser(), issuer).text


def test_a_new_key_of_the_provider_is_looked_up(house_of_issuer: House, issuer: Issuer) -> None:
    """It changes keys when it likes, and the console goes on."""
    assert _back(house_of_issuer.browser(), issuer).status_code == 303
    issuer.key = generate_private_key(SECP256R1())
    said = ECAlgorithm.to_jwk(issuer.key.public_key(), as_dict=True)
    issuer.answers["/keys"] = {"keys": [said | {"kid": "k2", "alg": "ES256", "use": "sig"}]}
    issuer.header = {"kid": "k2"}
    assert _back(house_of_issuer.browser(), issuer).status_code == 303


def test_a_sign_in_that_takes_too_long_is_over(house_of_issuer: House, issuer: Issuer) -> None:
    """Ten minutes are enough."""
    client = house_of_issuer.browser()
    link = issuer.agree(client.get("/sign-in/elsewhere").headers["location"])
    house_of_issuer.clock.pass_by(minutes=11)
    assert "took too long" in client.get(link).text


@pytest.mark.parametrize(
    ("path", "said", "reason"),
    [
        ("/.well-known/openid-configuration", {"issuer": "https://evil.example"}, "another issuer"),
        ("/.well-known/openid-configuration", b"<html>", "JSON"),
        ("/.well-known/openid-configuration", [], "object"),
        ("/.well-known/openid-configuration", b"[" * 2_000_000, "more than"),
    ],
)
def test_a_provider_that_does_not_answer_as_one_is_told(
    house_of_issuer: House, issuer: Issuer, path: str, said: object, reason: str
) -> None:
    """And the form for passwords stays."""
    issuer.answers[path] = said
    client = house_of_issuer.browser()
    answer = client.get("/sign-in/elsewhere")
    assert answer.status_code == 503
    assert reason in answer.text
    assert client.get("/sign-in").status_code == 200


def test_the_provider_is_sent_what_it_needs_and_no_more(
    house_of_issuer: House, issuer: Issuer
) -> None:
    """A challenge for the code, and this console's own address to come back to."""
    url = house_of_issuer.browser().get("/sign-in/elsewhere").headers["location"]
    assert url.startswith(f"{issuer.url}/authorise?")
    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == ["https://console.test/sign-in/back"]
    assert asked["scope"] == ["openid email profile"]
    assert len(asked["code_challenge"][0]) == 43


def test_a_provider_over_a_network_speaks_tls() -> None:
    """Else whoever listens would sign in as anybody."""
    with pytest.raises(ConfigError, match="reached by https"):
        ProviderSettings(issuer="http://login.lab.example", client_id="console")


def test_without_a_provider_nobody_is_sent_anywhere(house: House) -> None:
    """The two addresses say that there is none."""
    assert house.browser().get("/sign-in/elsewhere").status_code == 404
    assert house.browser().get("/sign-in/back?state=x").status_code == 404
