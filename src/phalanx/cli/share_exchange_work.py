"""What the commands of the exchange stand on: the member's house, hub, key server, records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from phalanx.errors import ConfigError, PhalanxError
from phalanx.formats.notation import plural
from phalanx.owned import read_secret_text
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.client import Collection, connected, delete
from phalanx.share.client.access import origin_of
from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.house import House, open_house
from phalanx.share.exchange.leaving import Departure, depart
from phalanx.share.exchange.outbox import forget_sent
from phalanx.share.exchange.publishing import join
from phalanx.share.exchange.retracting import Retraction, retract, with_parts
from phalanx.share.exchange.sending import Sent, send
from phalanx.share.exchange.settings import load_settings
from phalanx.share.exchange.tokens import pinned_epochs

_LARGEST_KEY_BYTES = 4_096


def opened_house(config: Path) -> House:
    """Open what the settings of an alliance name, now."""
    return open_house(load_settings(config), datetime.now(UTC))


@contextmanager
def hub_of(house: House) -> Iterator[Collection]:
    """Reach the collection that the settings name."""
    hub = house.settings.hub
    with connected(hub.url, hub.access) as server:
        yield server.collection()


@contextmanager
def key_server_of(house: House) -> Iterator[tuple[KeyServer, dict[int, EpochKey]]]:
    """Reach the key server that the settings name, and its pinned epochs.

    Raises:
        ConfigError: If they name none.
    """
    access = house.settings.key_server
    if access is None:
        message = "the settings of the alliance name no key server"
        raise ConfigError(message, next_step="Add [key_server], or leave --identifiers out.")
    key = read_secret_text(access.api_key, "API key", _LARGEST_KEY_BYTES)
    origin = origin_of(access.url)
    # A key for this machine's own server goes through no proxy.
    with httpx2.Client(base_url=origin, timeout=60, trust_env=origin.scheme == "https") as http:
        server = KeyServer(http, key)
        yield server, dict(pinned_epochs(server, access.epochs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What left and what the hub said of it."""

    departure: Departure
    sent: Sent

    @property
    def from_before(self) -> int:
        """Objects that an earlier run had signed, and that had not arrived."""
        return self.sent.offered - len(self.departure.leaving) - self.departure.padding


def let_leave(house: House, made: Iterable[Prepared], submitter: str) -> Left:
    """Let objects join what waits, let leave what may, and send it.

    Parameters:
        house: The member.
        made: Objects.
        submitter: Who puts what is held before the approvers.
    """
    departure = depart(house, submitter, new=join(house, made))
    try:
        with hub_of(house) as collection:
            return Left(departure=departure, sent=send(house, collection))
    except PhalanxError as error:
        kept = len(departure.leaving)
        named = ", ".join(each.id for each in departure.leaving if each.type == "campaign")
        if kept:
            error.next_step += (
                f" Then run `phalanx share publish`, with or without the scan, which sends what "
                f"is signed and kept as it is: {plural(kept, 'object')}"
                + (f" of {named}." if named else ".")
            )
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class TookBack:
    """What a retraction came to."""

    retraction: Retraction
    sent: Sent


def take_back(house: House, named: Iterable[str]) -> TookBack:
    """Take objects back, and tell the hub."""
    done = retract(house, with_parts(house, named))
    with hub_of(house) as collection:
        sent = send(house, collection)
        for name in done.erased:
            delete(collection, name)
            with house.folder.writing() as connection:
                forget_sent(connection, name)
    return TookBack(retraction=done, sent=sent)
