"""The key server as it is run: processes, signals, sockets."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from phalanx.cli import ExitCode
from phalanx.errors import ConfigError
from phalanx.share.blinding.allowances import Allowances, Limits
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.group import random_element
from phalanx.share.blinding.keyring import add_epoch, destroy_past_keys
from phalanx.share.blinding.members import add_member
from phalanx.share.blinding.server import serve
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables
from phalanx.store import place_of

ELEMENT = to_text(random_element(lambda size: bytes([7]) * size))
DAY = timedelta(days=1)


@dataclass
class Running:
    """A process of the key server."""

    process: Any
    address: str
    log: Path

    def ask(self, api_key: str, elements: int = 1) -> int:
        """Ask once, and return the status; 0 if there was no answer."""
        try:
            answer = httpx2.post(
                f"{self.address}/v1/evaluate",
                json={"epoch": 1, "elements": [ELEMENT] * elements},
                headers={"Authorization": f"Bearer {api_key}"},
                timeout=30,
            )
        except httpx2.TransportError:
            return 0
        return answer.status_code


@dataclass
class Office:
    """A folder with keys and counts, and the processes that serve it."""

    folder: Path
    epoch: EpochKey
    allowances: Allowances
    start: Callable[..., Running]

    def member(self, name: str, limits: Limits | None = None) -> str:
        """Enter a member, and return its API key."""
        engine = open_tables(place_of(str(self.folder / "keys.db")))
        source = random_bytes(name)
        return add_member(engine, name, limits or Limits(), source, datetime.now(UTC))


def random_bytes(name: str) -> Callable[[int], bytes]:
    """Return bytes that differ between names."""
    return lambda size: (name.encode() * size)[:size]


@pytest.fixture
def office(tmp_path: Path, nursery: Any) -> Iterator[Office]:
    """Return an office with an epoch that began yesterday."""
    begins = datetime.now(UTC) - DAY
    epoch = add_epoch(tmp_path / "keys", begins, 30 * DAY, 7 * DAY)
    counts = Allowances(open_tables(place_of(str(tmp_path / "keys.db"))))
    with ExitStack() as stack:

        def start(*words: str) -> Running:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            log = tmp_path / f"{port}.log"
            process = nursery.born(
                "share", "keys", "serve", "--keys", str(tmp_path / "keys"),
                "--database", str(tmp_path / "keys.db"), "--port", str(port),
                "--body-seconds", "0.5", *words, said=log,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.send_signal, signal.SIGKILL)
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.01)
            return Running(process, f"http{'s' * bool(words)}://127.0.0.1:{port}", log)

        yield Office(tmp_path, epoch, counts, start)


def test_a_member_gets_tokens_and_the_log_says_only_how_many(office: Office) -> None:
    """Two processes with one folder give the same; each ends when it is told to."""
    api_key = office.member("north")
    tokens = set()
    for running in (office.start(), office.start()):
        with httpx2.Client(base_url=running.address) as http:
            server = KeyServer(http, api_key)
            epoch = server.epoch(office.epoch.commitment)
            (token,) = BlindingClient(server, epoch).tokens("email", ["ada@example.com"])
        tokens.add(token)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait() == ExitCode.CLEAN
        said = running.log.read_text()
        for secret in (api_key, api_key.split(".")[2], "ada", token):
            assert secret not in said
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert [(each["event"], each["elements"]) for each in lines] == [("evaluated", 64)]
    assert len(tokens) == 1


def test_processes_share_the_limits_of_a_member(office: Office) -> None:
    """Many requests at once through two of them: exactly what is allowed is granted."""
    limits = Limits(elements_per_day=100, burst_elements=100, elements_per_second=1e-6)
    api_key = office.member("north", limits)
    running = [office.start(), office.start()]
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(running[i % 2].ask, api_key, 5) for i in range(40)]
        statuses = [each.result() for each in asked]
    assert sorted(set(statuses)) == [200, 429]
    assert statuses.count(200) == 20
    today = office.allowances.usage("north", datetime.now(UTC))
    assert (today.elements, today.requests) == (100, 20)


def test_a_process_that_is_killed_forgets_no_count(office: Office) -> None:
    """What was answered was counted before."""
    api_key = office.member("north")
    running = office.start()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(running.ask, api_key, 200) for _ in range(60)]
        while not any(each.done() for each in asked):
            time.sleep(0.01)
        running.process.send_signal(signal.SIGKILL)
        answered = [each.result() for each in asked].count(200)
    assert 0 < answered < 60
    counted = office.allowances.usage("north", datetime.now(UTC)).requests
    assert answered <= counted <= answered + 4
    assert office.start().ask(api_key) == 200
    assert office.allowances.usage("north", datetime.now(UTC)).requests == counted + 1


def test_keys_change_under_a_running_server(office: Office) -> None:
    """A new epoch is listed at once; a destroyed key answers nobody."""
    api_key = office.member("north")
    running = office.start()
    assert running.ask(api_key) == 200
    add_epoch(office.folder / "keys", office.epoch.valid_until, 30 * DAY, 7 * DAY)
    listed = httpx2.get(f"{running.address}/v1/epochs").json()
    assert [each["epoch"] for each in listed["epochs"]] == [1, 2]
    assert destroy_past_keys(office.folder / "keys", office.epoch.evaluates_until) == (1,)
    assert running.ask(api_key) == 403
    assert httpx2.get(f"{running.address}/readyz").status_code == 503


def test_only_this_machine_reaches_it(office: Office) -> None:
    """It listens on one loopback address, until told otherwise."""
    running = office.start()
    port = int(running.address.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port))


def test_a_body_that_does_not_arrive_is_not_waited_for(office: Office) -> None:
    """Whoever sends it piece by piece is cut off."""
    running = office.start()
    with socket.create_connection(("127.0.0.1", int(running.address.rpartition(":")[2]))) as slow:
        slow.sendall(b"POST /v1/evaluate HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_it_speaks_tls(office: Office) -> None:
    """With a certificate, and in clear to nobody then."""
    paths = (office.folder / "server.pem", office.folder / "server.key")
    _write_certificate(*paths)
    certificate, key = map(str, paths)
    running = office.start("--certificate", certificate, "--certificate-key", key)
    trust = ssl.create_default_context(cafile=paths[0])
    address = running.address.replace("127.0.0.1", "localhost")
    assert httpx2.get(f"{address}/readyz", verify=trust).json() == {"status": "ready"}
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{address.replace('https', 'http')}/readyz")
    missing = KeyServerSettings(
        office.folder / "keys", place_of(str(office.folder / "keys.db")), certificate=Path("none")
    )
    with pytest.raises(ConfigError, match="no such file"):
        serve(missing)


def _write_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
