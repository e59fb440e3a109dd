"""An OpenID provider: real HTTP, real signatures, and lies where a test wants them."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm


@dataclass
class Issuer:
    """A provider with one user, who always agrees."""

    url: str = ""
    now: float = 0.0
    claims: dict[str, object] = field(default_factory=dict)
    """That take the place of what an honest token says."""

    header: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: generate_private_key(SECP256R1()))
    signer: Any = None
    """Key that signs in place of the one that is published."""

    answers: dict[str, object] = field(default_factory=dict)
    """Path -> what is answered there in place of the truth."""

    def agree(self, url: str) -> str:
        """Let the user agree, and return where the browser is sent back to."""
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        said = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{asked['redirect_uri']}?{urlencode(said)}"

    def redeem(self, form: dict[str, str]) -> dict[str, object] | None:
        """Hand out the token of a code, to whoever began with its verifier, once."""
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        same = (challenge, form["client_id"], form["redirect_uri"], form.get("client_secret"))
        if same != (asked["code_challenge"], "console", asked["redirect_uri"], "hush"):
            return None
        claims = {
            "iss": self.url, "aud": "console", "sub": "42", "iat": self.now,
            "exp": self.now + 300, "nonce": asked["nonce"], "email": "Counsel@lab.example",
            "email_verified": True,
        }  # fmt: skip
        told = {name: value for name, value in (claims | self.claims).items() if value is not None}
        header = {"kid": "k1"} | self.header
        token = jwt.encode(told, self.signer or self.key, "ES256", headers=header)
        return {"id_token": token, "access_token": "x", "token_type": "Bearer"}

    def published(self, path: str) -> object:
        """Return what stands at a path."""
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorise",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        if path == "/keys":
            key = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
            return {"keys": [key | {"kid": "k1", "alg": "ES256", "use": "sig"}]}
        return None


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run a provider on this machine."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(issuer.published(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: value[0] for name, value in parse_qs(body).items()}
            self._answer(issuer.answers.get("/token") or issuer.redeem(form))

        def _answer(self, said: object) -> None:
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(200 if said is not None else 400)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
