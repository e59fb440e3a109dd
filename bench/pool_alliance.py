"""An alliance in one process: key server, hub and pool as they are served, and their members."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.types import ASGIApp

from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.keyring import add_epoch
from phalanx.share.blinding.members import add_member as add_asker
from phalanx.share.blinding.server import create_app as create_key_server
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables
from phalanx.share.hub import HubSettings, add_key, add_member, create_app, open_database
from phalanx.share.pool import (
    POOL,
    Evaluation,
    Finding,
    Round,
    Rule,
    add_decoys,
    add_member_key,
    add_round,
    entries_of,
    evaluate,
    pool_routes,
    signed_batch,
)
from phalanx.store import database_of
from split_logs import Mark

_TAXII = "application/taxii+json;version=2.1"
_START = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Clock:
    """Time as the benchmark has it."""

    moment: datetime = _START

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


class Alliance:
    """All servers, and what members do with them.

    Parameters:
        folder: Where databases and keys are kept.
        members: Names.
    """

    def __init__(self, folder: Path, members: Sequence[str]) -> None:
        """Start the servers, and enter the members."""
        self.clock, self._stack = Clock(), ExitStack()
        self.epoch = add_epoch(folder / "keys", _START, timedelta(days=90), timedelta(days=7))
        settings = KeyServerSettings(folder / "keys", database_of(str(folder / "keys.db")))
        tables = open_tables(settings.database)
        limits = Limits(10**9, 10**9, 10**6)
        asker = add_asker(tables, "all", limits, secrets.token_bytes, _START)
        keys = self._entered(create_key_server(settings, now=self.clock))
        self._blinding = BlindingClient(KeyServer(keys, asker), self.epoch)
        self.pool = open_database(database_of(str(folder / "pool.db")), schema=POOL)
        hub_place = database_of(str(folder / "hub.db"))
        hub = open_database(hub_place)
        self._api_keys, self._signing = {}, {}
        with hub.write() as in_hub, self.pool.write() as in_pool:
            for name in members:
                add_member(in_hub, name, _START)
                self._api_keys[name] = add_key(in_hub, name, secrets.token_bytes, _START)
                key = self._signing[name] = Ed25519PrivateKey.generate()
                add_member_key(in_pool, name, to_text(key.public_key().public_bytes_raw()))
        hub.close()
        app = create_app(
            HubSettings(hub_place, folder / "hub.key"),
            extensions=(pool_routes(self.pool),),
            now=self.clock,
        )
        self._http = self._entered(app)

    def tokens(self, marks: Iterable[Mark]) -> dict[Mark, str]:
        """Have marks blinded by the key server."""
        tokens: dict[Mark, str] = {}
        for kind in ("email", "payment"):
            chosen = sorted({mark for mark in marks if mark[0] == kind})
            found = self._blinding.tokens(kind, [value for _, value in chosen])
            tokens.update(zip(chosen, found, strict=True))
        return tokens

    def hold_round(
        self, name: str, rule: Rule, slots: int, said: Mapping[str, Mapping[str, Finding]]
    ) -> tuple[Evaluation, dict[str, list[str]]]:
        """Open a round, submit, evaluate, and let members read what they are told.

        Parameters:
            name: Of the round.
            rule: That decides.
            slots: Entries of each batch.
            said: Member -> token -> finding.

        Returns:
            What the operator learns, and the tokens that each member is told.
        """
        closes_at = self.clock.moment + timedelta(days=7)
        round_ = Round(
            name=name, epoch=self.epoch.epoch, closes_at=closes_at, slots=slots, rule=rule
        )
        with self.pool.write() as connection:
            add_round(connection, round_)
        path = f"/x-pool/rounds/{name}/"
        for member, findings in said.items():
            key = self._signing[member]
            body = signed_batch(
                entries_of(findings, round_), round_, member, key, self.clock.moment
            )
            answer = self._ask(member, "PUT", path + "batch/", body)
            if answer.status_code != 201:
                raise RuntimeError(answer.text)
        self.clock.moment = closes_at
        evaluation = evaluate(self.pool, name, closes_at)
        reports = {
            member: self._ask(member, "GET", path + "report/").json()["told"] for member in said
        }
        return evaluation, {
            member: [each["token"] for each in told] for member, told in reports.items()
        }

    def add_decoys(self, tokens: Iterable[str]) -> None:
        """Let the auditors enter decoys."""
        with self.pool.write() as connection:
            for token in tokens:
                add_decoys(connection, [token], token)

    def close(self) -> None:
        """Stop the servers."""
        self._stack.close()
        self.pool.close()

    def _entered(self, app: ASGIApp) -> TestClient:
        return self._stack.enter_context(TestClient(app, base_url="http://127.0.0.1"))

    def _ask(self, member: str, method: str, path: str, content: bytes | None = None) -> Response:
        headers = {
            "Authorization": f"Bearer {self._api_keys[member]}",
            "Accept": _TAXII,
            "Content-Type": _TAXII,
        }
        return self._http.request(method, path, headers=headers, content=content)
