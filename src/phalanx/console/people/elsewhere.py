"""Sign-in elsewhere: OpenID Connect, authorisation code with PKCE.

The provider says who somebody is, never what they may do here: a user has to be entered, with a
role, before anybody signs in under its name.

References:
    OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9700 (best practices of OAuth 2.0);
    RFC 8725 (best practices of JWT).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import httpx2
import jwt
from jwt.exceptions import PyJWTError
from sqlalchemy import delete

from phalanx.console.people.sessions import new_token
from phalanx.console.people.tables import ERRANDS
from phalanx.console.people.users import user_name
from phalanx.errors import ConfigError, InputError, PolicyError, ServiceError
from phalanx.owned import read_secret_text
from phalanx.serving.loopback import is_loopback
from phalanx.share.hub.database import Database

Claim = Literal["email", "preferred_username", "sub"]

ERRAND_SECONDS = 600.0
"""In which somebody has to come back from the provider."""

_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_SKEW_SECONDS = 60
_MOST_BYTES = 1 << 20
_SECONDS = 10.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """An identity provider, and how it knows the console."""

    issuer: str
    """Its address, as it stands in its tokens."""

    client_id: str
    client_secret: Path | None = field(default=None, repr=False)
    """File; null for a public client."""

    claim: Claim = "email"
    """What of its tokens is the name of a user. An e-mail address counts if it was verified."""

    def __post_init__(self) -> None:
        """Refuse a provider that is reached in clear over a network.

        Raises:
            ConfigError: If so.
        """
        url = httpx2.URL(self.issuer)
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
            message = f"{self.issuer}: an identity provider is reached by https"
            raise ConfigError(message, next_step="Name the issuer as its tokens do.")


@dataclass(frozen=True, slots=True)
class Errand:
    """A sign-in that was begun."""

    url: str
    """Where the browser goes."""

    state: str
    """That the browser keeps in a cookie until it is back."""


class Provider:
    """An identity provider.

    Parameters:
        settings: Where it is.
        back: Address of this console that the provider sends people back to.
        random: Gives random bytes.
        http: Client; tests may give one.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        back: str,
        random: Callable[[int], bytes],
        http: httpx2.Client | None = None,
    ) -> None:
        """Ask nothing of it yet: it may be away when the console starts."""
        self._settings = settings
        self._back = back
        self._random = random
        self._http = http or httpx2.Client(timeout=_SECONDS, follow_redirects=False)
        self._known: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}

    def begin(self, database: Database, came_for: str, now: float) -> Errand:
        """Send somebody to the provider.

        Parameters:
            database: Of the console; nobody waits for it while the provider is asked.
            came_for: Page of this console to show afterwards.
            now: Seconds since 1970.

        Raises:
            ServiceError: If the provider does not answer, or not as one does.
        """
        endpoint = self._metadata()["authorization_endpoint"]
        state, nonce, verifier = (new_token(self._random) for _ in range(3))
        with database.write() as connection:
            connection.execute(delete(ERRANDS).where(ERRANDS.c.began_at < now - ERRAND_SECONDS))
            connection.execute(
                ERRANDS.insert().values(
                    state_sha256=_hashed(state),
                    nonce=nonce,
                    verifier=verifier,
                    came_for=came_for,
                    began_at=now,
                )
            )
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._back,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoint else "?"
        return Errand(f"{endpoint}{joint}{urlencode(asked)}", state)

    def finish(
        self, database: Database, kept: str, said: Mapping[str, str], now: float
    ) -> tuple[str, str]:
        """Take somebody back, and return the name of the user and the page to show.

        Parameters:
            database: Of the console; the errand is over whatever comes of it.
            kept: State that the browser kept.
            said: What the provider sent along.
            now: Seconds since 1970.

        Raises:
            PolicyError: If it is not what was begun, or the provider vouches for nobody.
            ServiceError: If the provider does not answer.
        """
        state = said.get("state", "")
        if not kept or not hmac.compare_digest(kept.encode(), state.encode()):
            raise _refused(why="it was not begun in this browser")
        mine = ERRANDS.c.state_sha256 == _hashed(state)
        with database.write() as connection:
            # Whoever removes it has it: of two that come back with one state, one does.
            chosen = delete(ERRANDS).where(mine).returning(*ERRANDS.c)
            row = connection.execute(chosen).one_or_none()
        if row is None or now - row.began_at > ERRAND_SECONDS:
            raise _refused(why="it took too long, or was used before")
        if said.get("iss", self._settings.issuer) != self._settings.issuer:
            raise _refused(why="another provider answered")
        if "code" not in said:
            raise _refused(why="the provider sent no code")
        claims = self._claims(self._token(said["code"], row.verifier), now)
        if not hmac.compare_digest(str(claims.get("nonce", "")), row.nonce):
            raise _refused(why="its token belongs to another sign-in")
        return self._name(claims), row.came_for

    def _metadata(self) -> dict[str, Any]:
        if not self._known:
            where = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = self._json(self._http.build_request("GET", where))
            if found.get("issuer") != self._settings.issuer:
                raise _broken(why="says that it is another issuer")
            for name in _ENDPOINTS:
                self._refuse_clear(found.get(name))
            self._known = found
        return self._known

    def _refuse_clear(self, endpoint: object) -> None:
        """Refuse an endpoint without TLS, unless it is on this machine as the issuer is."""
        url = httpx2.URL(endpoint if isinstance(endpoint, str) else "")
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
            raise _broken(why="names an endpoint that is not reached by https")

    def _token(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._settings.client_id,
            "code_verifier": verifier,
        }
        if self._settings.client_secret is not None:
            form["client_secret"] = read_secret_text(
                self._settings.client_secret, "client secret", 1_024
            )
        request = self._http.build_request("POST", self._metadata()["token_endpoint"], data=form)
        token = self._json(request).get("id_token")
        if not isinstance(token, str):
            raise _broken(why="sent no token of identity")
        return token

    def _claims(self, token: str, now: float) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")))
            if header.get("alg") not in _ALGORITHMS or header["alg"] != key.algorithm_name:
                raise _refused(why="its token is signed by another algorithm than its key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm_name],
                audience=self._settings.client_id,
                issuer=self._settings.issuer,
                # Moments are compared with the console's own clock, below.
                options={
                    "require": ["iss", "aud", "sub", "exp", "iat"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            issued, expires = float(claims["iat"]), float(claims["exp"])
        except (PyJWTError, ValueError, TypeError) as error:
            raise _refused(why="its token does not verify") from error
        if not issued - _SKEW_SECONDS <= now < expires + _SKEW_SECONDS:
            raise _refused(why="its token is not of now")
        audience = claims["aud"]
        party = claims.get("azp", self._settings.client_id)
        if (isinstance(audience, list) and len(audience) != 1) or party != self._settings.client_id:
            raise _refused(why="its token is for others too")
        return claims

    def _key(self, name: str) -> jwt.PyJWK:
        if name not in self._keys:
            found = self._json(self._http.build_request("GET", self._metadata()["jwks_uri"]))
            try:
                keys = jwt.PyJWKSet.from_dict(found).keys
            except PyJWTError as error:
                raise _broken(why="publishes no keys") from error
            self._keys = {str(each.key_id): each for each in keys if each.public_key_use != "enc"}
        if name not in self._keys:
            raise _refused(why="its token is signed with a key that it does not publish")
        return self._keys[name]

    def _name(self, claims: Mapping[str, Any]) -> str:
        said = claims.get(self._settings.claim)
        if not isinstance(said, str):
            raise _refused(why=f"its token has no {self._settings.claim}")
        if self._settings.claim == "email" and claims.get("email_verified") is not True:
            raise _refused(why="the provider has not verified the e-mail address")
        try:
            return user_name(said)
        except InputError as error:
            raise _refused(why="the name in its token is no name of a user") from error

    def _json(self, request: httpx2.Request) -> dict[str, Any]:
        try:
            answer = self._http.send(request, stream=True)
            try:
                content = bytearray()
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > _MOST_BYTES:
                        raise _broken(why="sent more than a provider does")
            finally:
                answer.close()
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise _broken(why="cannot be reached") from error
        if answer.status_code != httpx2.codes.OK:
            raise _broken(why=f"answered {answer.status_code}")
        try:
            found = httpx2.Response(answer.status_code, content=bytes(content)).json()
        except (ValueError, RecursionError) as error:
            raise _broken(why="did not answer in JSON") from error
        if not isinstance(found, dict):
            raise _broken(why="did not answer with an object")
        return found


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _refused(*, why: str) -> PolicyError:
    return PolicyError(f"the sign-in is refused: {why}", next_step="Sign in again.")


def _broken(*, why: str) -> ServiceError:
    return ServiceError(
        f"the identity provider {why}", next_step="Sign in with a password, or try again."
    )
