"""A broker on the command line: a release is taken over, and a machine gets its key."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.cli import ExitCode, main

POLICY = """
issuer = "https://attester.example"
audience = "https://broker.lab.example"
algorithms = ["EdDSA"]
most_releases = 1
not_after = 2990-01-01T00:00:00Z

[claims]
dbgstat = ["disabled"]
"submods.gpu.secboot" = [true]
"""
ATTESTER = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
BOTH = "--issuer lab.json --recipient partner.json"
OPEN = ["sealed", "--issuer", "lab.json", "--keys", "partner.keys", "--receipt", "receipt.json"]
OPEN += ["--without-roots"]


def release(*words: str) -> int:
    """Do what one of them does."""
    return main(["release", *words])


@pytest.fixture
def sealed(parties: Callable[..., None]) -> str:
    """Return the folder of a release whose key a broker has taken over."""
    parties("broker", demands=("attestation",))
    Path("policy.toml").write_text(POLICY)
    public = jwt.algorithms.OKPAlgorithm.to_jwk(ATTESTER.public_key(), as_dict=True)
    Path("attester.json").write_text(json.dumps({"keys": [{**public, "kid": "k1"}]}))
    steps = [
        "grant request.json --recipient partner.json --terms terms.toml --keys lab.keys -o i.json",
        "accept i.json --request request.json --issuer lab.json --keys partner.keys -o grant.json",
        "seal model grant.json --recipient partner.json --keys lab.keys --out sealed --broker b",
        "log init broker.log --origin lab.example/broker",
        f"broker add sealed {BOTH} --policy policy.toml --attester attester.json",
    ]
    for each in steps:
        words = each.split()
        if words[0] == "seal":
            words[-1] = "broker.json"
        assert release(*words) == ExitCode.CLEAN
    return "sealed"


@pytest.fixture
def url(sealed: str) -> Iterator[str]:
    """Return where the broker listens."""
    assert sealed
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "phalanx", "release", "broker", "serve", "--port", str(port)]
    command += ["--without-roots"]
    with subprocess.Popen(command) as process:
        for _ in range(300):
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                    break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def _token(nonce: str, **claims: object) -> None:
    now = int(time.time())
    said = {
        "iss": "https://attester.example", "aud": "https://broker.lab.example", "iat": now,
        "exp": now + 60, "eat_nonce": nonce, "dbgstat": "disabled",
        "submods": {"gpu": {"secboot": True}}, **claims,
    }  # fmt: skip
    Path("token.jwt").write_text(jwt.encode(said, ATTESTER, "EdDSA", headers={"kid": "k1"}))


def test_a_machine_gets_the_key_once(
    url: str, sealed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a token for its challenge it opens the release; the next machine finds it used."""
    capsys.readouterr()
    for number, expected in ((1, ExitCode.CLEAN), (2, ExitCode.BAD_INPUT)):
        session = ["--session", f"session{number}"]
        assert release("broker", "challenge", sealed, "--url", url, *session) == ExitCode.CLEAN
        _token(capsys.readouterr().out.strip())
        out = ["--out", f"opened{number}", "--token", "token.jwt"]
        assert release("open", *OPEN, *out, *session) == expected
        said = capsys.readouterr()
        assert ("handed out the key" in said.out) == (number == 1)
    assert "as often as the policy allows" in said.err
    assert Path("opened1/config.json").read_text() == "{}"
    assert release("log", "check", "broker.log") == ExitCode.CLEAN
    assert "2 entries" in capsys.readouterr().out
    assert release("broker", "decisions") == ExitCode.CLEAN
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_machine_that_may_be_debugged(
    url: str, sealed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A claim that the policy does not allow is named, and nothing is opened."""
    capsys.readouterr()
    session = ["--session", "session"]
    assert release("broker", "challenge", sealed, "--url", url, *session) == ExitCode.CLEAN
    _token(capsys.readouterr().out.strip(), dbgstat="enabled")
    words = ["--out", "opened", "--token", "token.jwt", *session]
    assert release("open", *OPEN, *words) == ExitCode.BAD_INPUT
    assert "the claim dbgstat is not as the policy asks for" in capsys.readouterr().err
    assert not Path("opened").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("broker serve --without-roots --host 0.0.0.0", ExitCode.BAD_INPUT),
        ("broker serve --without-roots --certificate nowhere", ExitCode.BAD_INPUT),
        ("broker serve", ExitCode.BAD_INPUT),
        ("broker serve --without-roots --trust nowhere", ExitCode.BAD_INPUT),
        ("broker challenge sealed --url http://lab.example --session s", ExitCode.BAD_INPUT),
        ("broker challenge sealed --url http://127.0.0.1:1 --session s", ExitCode.SERVICE_FAILED),
        (f"broker add sealed {BOTH} --policy lab.json --attester lab.json", ExitCode.BAD_INPUT),
        (" ".join(["open", *OPEN, "--out opened"]), ExitCode.BAD_INPUT),
        (" ".join(["open", *OPEN, "--out opened --token policy.toml"]), ExitCode.BAD_INPUT),
        (" ".join(["open", *OPEN, "--out opened --token policy.toml --session lab.keys"]),
         ExitCode.BAD_INPUT),
    ],
)  # fmt: skip
def test_what_cannot_be_done(
    words: str, code: int, sealed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake ends in words and a next step."""
    assert sealed
    assert release(*words.split()) == code
    assert "Next: " in capsys.readouterr().err
