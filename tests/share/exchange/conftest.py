"""An alliance: a hub and a key server as processes, and two members with a folder each."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx2
import pytest

from phalanx.owned import read_secret_text
from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.keyring import add_epoch
from phalanx.share.blinding.members import add_member as add_asker
from phalanx.share.blinding.tables import open_tables
from phalanx.share.client import Collection, connected
from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.found import FoundCampaign, SeenPlace, SeenTemplate
from phalanx.share.exchange.house import House, open_house, public_key
from phalanx.share.exchange.leaving import Departure, depart
from phalanx.share.exchange.publishing import join, prepared
from phalanx.share.exchange.pulling import PulledIn, pull_in
from phalanx.share.exchange.sending import Sent, send
from phalanx.share.exchange.settings import MemberSettings, load_settings
from phalanx.share.exchange.tokens import blinded, epoch_for_sharing, pinned_epochs
from phalanx.share.hub import (
    Collection as MadeCollection,
)
from phalanx.share.hub import (
    Rights,
    Root,
    add_collection,
    add_key,
    add_member,
    add_root,
    open_database,
    set_rights,
)
from phalanx.share.wire import (
    AccountFingerprint,
    Address,
    Domain,
    Object,
    PromptTemplateSketch,
)
from phalanx.store import Place, place_of

NAMES = {"a": "member-amber-falcon", "b": "member-quiet-river", "c": "member-grey-heron"}
SLOT = timedelta(hours=6)
_numbers = count()


@dataclass
class Servers:
    """A hub and a key server, with what their operator knows."""

    folder: Path
    hub_url: str
    keys_url: str
    commitment: str
    database: Place
    api_keys: dict[str, str]
    asker_keys: dict[str, str]

    def collection(self) -> str:
        """Make a collection that all members may use, and return its URL."""
        number = next(_numbers)
        identifier = f"{number:08x}-1111-4111-8111-111111111111"
        opened = open_database(self.database)
        with opened.write() as connection:
            made = MadeCollection(0, "alliance", identifier, f"Collection {number}")
            add_collection(connection, made)
            rights = Rights(can_read=True, can_write=True, can_delete=True)
            for name in NAMES:
                set_rights(connection, name, "alliance", identifier, rights)
        opened.close()
        return f"{self.hub_url}/alliance/collections/{identifier}/"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _serve(folder: Path, *words: str) -> tuple[subprocess.Popen[bytes], str]:
    port = _free_port()
    command = [sys.executable, "-m", "phalanx", "share", *words, "--port", str(port)]
    with (folder / f"{words[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log, stdout=log)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx2.get(f"{url}/healthz").status_code == 200:
                return process, url
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError((folder / f"{words[0]}.log").read_text())


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return a hub and a key server that run as processes."""
    folder = tmp_path_factory.mktemp("operator")
    database, now = place_of(str(folder / "alliance.hub")), datetime.now(UTC)
    opened = open_database(database)
    with opened.write() as connection:
        add_root(connection, Root("alliance", "The alliance"))
        for name in NAMES:
            add_member(connection, name, now)
        api_keys = {name: add_key(connection, name, secrets.token_bytes, now) for name in NAMES}
    opened.close()
    begins = now - timedelta(days=1)
    epoch = add_epoch(folder / "keys", begins, timedelta(days=30), timedelta(days=7))
    engine = open_tables(place_of(str(folder / "keys.db")))
    askers = {n: add_asker(engine, n, Limits(), secrets.token_bytes, now) for n in NAMES}
    engine.dispose()
    with ExitStack() as stack:
        urls = []
        for words in (("hub", "serve", "--requests-per-second", "100000"), ("keys", "serve")):
            process, url = _serve(folder, *words)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            urls.append(url)
        hub_url, keys_url = urls
        yield Servers(folder, hub_url, keys_url, epoch.commitment, database, api_keys, askers)


@dataclass
class TurnedKeyServer:
    """A key server whose first epoch is over, but still answered, and whose second is in use."""

    url: str
    commitments: tuple[str, str]
    api_key: str


@pytest.fixture
def turned(tmp_path: Path) -> Iterator[TurnedKeyServer]:
    """Return a key server after a change of its epoch."""
    folder, now = tmp_path / "turned", datetime.now(UTC)
    folder.mkdir()
    day, week = timedelta(days=1), timedelta(days=7)
    first = add_epoch(folder / "keys", now - 3 * day, 2 * day, week)
    second = add_epoch(folder / "keys", first.valid_until, 30 * day, week)
    engine = open_tables(place_of(str(folder / "keys.db")))
    api_key = add_asker(engine, "all", Limits(), secrets.token_bytes, now)
    engine.dispose()
    process, url = _serve(folder, "keys", "serve")
    try:
        yield TurnedKeyServer(url, (first.commitment, second.commitment), api_key)
    finally:
        process.terminate()
        process.wait()


@dataclass
class Alliance:
    """Members of an alliance over one collection, and a clock."""

    servers: Servers
    folder: Path
    url: str
    settings: dict[str, MemberSettings]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def house(self, name: str, **changes: object) -> House:
        """Return a member at the moment of the clock."""
        settings = replace(self.settings[name], **changes)  # type: ignore[arg-type] # of a test
        return open_house(settings, self.now)

    def collection(self, name: str) -> _Reached:
        """Reach the collection as a member."""
        return _Reached(self.settings[name])

    def publish(self, name: str, *found: FoundCampaign, submitter: str = "") -> Published:
        """Publish campaigns as a member, at the moment of the clock."""
        house = self.house(name)
        every = [each for campaign in found for each in campaign.identifiers]
        made = prepared(house, found, self.tokens(name, every))
        return self.send(name, made, submitter)

    def send(self, name: str, made: tuple[Prepared, ...], submitter: str = "") -> Published:
        """Send objects as a member."""
        house = self.house(name)
        departure = depart(house, submitter, new=join(house, made))
        with self.collection(name) as collection:
            return Published(departure, send(house, collection))

    def pull(self, name: str) -> PulledIn:
        """Pull as a member."""
        with self.collection(name) as collection:
            return pull_in(self.house(name), collection)

    def tokens(
        self, name: str, carried: list[tuple[str, str]]
    ) -> dict[tuple[str, str], AccountFingerprint]:
        """Blind identifiers as a member."""
        with httpx2.Client(base_url=self.servers.keys_url, timeout=60) as http:
            server = KeyServer(http, self.servers.asker_keys[name])
            epochs = pinned_epochs(server, [self.servers.commitment])
            return blinded(server, epoch_for_sharing(epochs, self.now), carried)


@dataclass
class Published:
    """What a publication came to."""

    departure: Departure
    sent: Sent


class _Reached:
    def __init__(self, settings: MemberSettings) -> None:
        self._settings, self._stack = settings, ExitStack()

    def __enter__(self) -> Collection:
        hub = self._settings.hub
        return self._stack.enter_context(connected(hub.url, hub.access)).collection()

    def __exit__(self, *_: object) -> None:
        self._stack.close()


@pytest.fixture
def alliance(servers: Servers, tmp_path: Path) -> Alliance:
    """Return three members over a new collection, none of which sent anything yet."""
    url = servers.collection()
    settings, entries = {}, []
    for name, pseudonym in NAMES.items():
        folder = tmp_path / name
        folder.mkdir()
        for file, secret in (
            ("hub.key", servers.api_keys[name]),
            ("keys.key", servers.asker_keys[name]),
        ):
            (folder / file).write_text(secret)
            (folder / file).chmod(0o600)
        (folder / "alliance.toml").write_text(
            f"""
            schema = "phalanx.alliance/1"
            member = "{pseudonym}"
            agreement = "../agreement.toml"
            bases = ["us-rule-of-reason", "eu-gdpr-6-1-f"]
            signing_key = "signing.key"
            [hub]
            url = "{url}"
            api_key = "hub.key"
            [key_server]
            url = "{servers.keys_url}"
            api_key = "keys.key"
            epochs = ["{servers.commitment}"]
            """
        )
        settings[name] = load_settings(folder / "alliance.toml")
        assert read_secret_text(folder / "hub.key", "API key", 100) == servers.api_keys[name]
        entries.append(
            f'[[member]]\npseudonym = "{pseudonym}"\njurisdictions = ["us", "eu"]\n'
            f'keys = ["{public_key(settings[name])}"]\nfrom = 2026-01-01\n'
        )
    (tmp_path / "agreement.toml").write_text(
        'schema = "phalanx.agreement/1"\nversion = "1"\n' + "".join(entries) + "[[approver]]\n"
        'person = "ada"\nrole = "analyst"\n[[approver]]\nperson = "bo"\nrole = "counsel"\n'
    )
    return Alliance(servers, tmp_path, url, settings)


@pytest.fixture
def found() -> Callable[..., FoundCampaign]:
    """Return a maker of campaigns as a member found them."""

    def make(number: int = 0, **changes: object) -> FoundCampaign:
        now = datetime.now(UTC)
        last = now - timedelta(days=1)
        sketch = PromptTemplateSketch(
            canonicaliser="phalanx/1", epoch=3, minhash=secrets.token_hex(128), minhash_bits=8,
            simhash=secrets.token_hex(8), shingle_size=3, length_bucket=6, capability="reasoning",
        )  # fmt: skip
        made = FoundCampaign(
            campaign_id=f"campaign-{number:012x}",
            first_seen=now - timedelta(days=7),
            last_seen=last,
            exchanges=4_321,
            log10_e=6.5,
            false_discovery_rate=0.01,
            confidence=95,
            identifiers=(("payment", f"card-{number}"), ("email", f"op{number}@mail.example")),
            templates=(SeenTemplate(sketch=sketch, accounts=40),),
            places=tuple(
                SeenPlace(part=part, accounts=9, first_seen=now - timedelta(days=3), last_seen=last)
                for part in (
                    Address(value="198.51.100.7"),
                    Address(value="203.0.113.0/24"),
                    Domain(value=f"mail{number}.example"),
                )
            ),
        )
        return replace(made, **changes)  # type: ignore[arg-type] # of a test

    return make


def sent_objects(published: Published) -> list[Object]:
    """Return what left, without padding."""
    return [each.fields for each in published.departure.leaving]
