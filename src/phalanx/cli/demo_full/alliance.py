"""The alliance: an operator with a hub, a pool and a key server, and two members who agree."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from phalanx.cli.demo_full.acts import begin_acts, record
from phalanx.cli.demo_full.chapter import Chapter, write_lines
from phalanx.cli.demo_full.children import serving
from phalanx.cli.demo_full.places import Places, Provider
from phalanx.cli.share_hub_work import enter_member, existing_hub, make_collection
from phalanx.cli.share_keys_work import enter_member as enter_asker
from phalanx.cli.share_keys_work import rotated
from phalanx.cli.share_pool_work import entered
from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.keyring import Terms
from phalanx.share.exchange.house import public_key_of
from phalanx.share.hub import Rights, Root, set_rights
from phalanx.sketches.templates.keys import add_group_key

_ROOT = Root("alliance", "The alliance")
_COLLECTION = "campaigns"
_LIMITS = Limits(100_000, 100_000, 10_000)
_TERMS = Terms(timedelta(days=30), timedelta(days=7), timedelta(days=7))


@dataclass(frozen=True, slots=True)
class Alliance:
    """How a running alliance is reached."""

    hub: str
    """Address."""

    keys: str
    """Address of the key server."""

    epoch: int
    """Of its key."""

    commitment: str
    """Of that epoch, as the members compared it."""


@contextmanager
def running(places: Places) -> Iterator[Alliance]:
    """Make an alliance and run its servers while something is done with them.

    Parameters:
        places: Where everything stands.
    """
    epoch, commitment = _enter(places)
    folder = places.operator
    hub = ["share", "pool", "serve", "--database", "hub.db", "--key", "hub.key"]
    keys = ["share", "keys", "serve", "--database", "keys.db", "--keys", "keys"]
    with ExitStack() as stack:
        alliance = Alliance(
            hub=stack.enter_context(serving(hub, folder, folder / "hub.log")),
            keys=stack.enter_context(serving(keys, folder, folder / "keys.log")),
            epoch=epoch,
            commitment=commitment,
        )
        for provider in places.providers:
            _settle(provider, alliance)
        yield alliance


def join_alliance(places: Places, alliance: Alliance) -> Chapter:
    """Tell what was set up, and begin the ledgers of both members.

    Parameters:
        places: Where everything stands.
        alliance: That runs.
    """
    for provider in places.providers:
        begin_acts(provider)
        record(
            provider, "key", "administrator", "the agreement of the alliance",
            provider.folder / "agreement.toml", epoch=alliance.epoch,
        )  # fmt: skip
    return Chapter(
        title="A hub with its pool, and a key server: two members join",
        lines=(
            f"hub and pool {alliance.hub}, key server {alliance.keys}, on this machine alone",
            f"both pin epoch {alliance.epoch} of the key server, and know each other's keys",
        ),
        artefacts=(places.a.alliance, places.a.folder / "agreement.toml", places.operator),
        commands=(
            "phalanx share hub add-collection|add-member|set-rights",
            "phalanx share keys rotate|add-member",
            "phalanx share pool add-member|serve",
        ),
    )


def _enter(places: Places) -> tuple[int, str]:
    """Make databases and keys; return the epoch of the key server, and its commitment."""
    folder = places.operator
    hub, keys, pool = (str(folder / name) for name in ("hub.db", "keys.db", "pool.db"))
    make_collection(hub, _ROOT, _COLLECTION, "Campaigns", None)
    made, _ = rotated(folder / "keys", _TERMS, None)
    assert made is not None  # noqa: S101 - the folder is new
    group_keys = places.a.folder / "group.keys"
    add_group_key(group_keys, datetime.now(UTC).date(), secrets.token_bytes)
    (places.b.folder / group_keys.name).touch(mode=0o600)
    (places.b.folder / group_keys.name).write_bytes(group_keys.read_bytes())
    for provider in places.providers:
        enter_member(hub, provider.name, provider.folder / "hub-api.key")
        rights = Rights(can_read=True, can_write=True, can_delete=True)
        with existing_hub(hub) as found, found.write() as connection:
            set_rights(connection, provider.name, _ROOT.name, _COLLECTION, rights)
        enter_asker(keys, provider.name, _LIMITS, provider.folder / "keys-api.key")
        entered(pool, provider.name, public_key_of(provider.folder / "pool.key"))
    agreement = _agreement(places)
    for provider in places.providers:
        write_lines(provider.folder / "agreement.toml", agreement)
    return made.epoch, made.commitment


def _agreement(places: Places) -> str:
    members = "".join(
        f'[[member]]\npseudonym = "{each.pseudonym}"\njurisdictions = ["{each.jurisdiction}"]\n'
        f'keys = ["{public_key_of(each.folder / "signing.key")}"]\nfrom = 2026-01-01\n'
        for each in places.providers
    )
    approvers = "".join(
        f'[[approver]]\nperson = "{person}"\nrole = "{role}"\n'
        for person, role in (("ada", "analyst"), ("bo", "counsel"))
    )
    return f'schema = "phalanx.agreement/1"\nversion = "2026.1"\n{members}{approvers}'


def _settle(provider: Provider, alliance: Alliance) -> None:
    write_lines(
        provider.alliance,
        f"""schema = "phalanx.alliance/1"
member = "{provider.pseudonym}"
agreement = "agreement.toml"
bases = ["us-rule-of-reason", "eu-gdpr-6-1-f"]
signing_key = "signing.key"
group_keys = "group.keys"

[hub]
url = "{alliance.hub}/{_ROOT.name}/collections/{_COLLECTION}/"
api_key = "hub-api.key"

[key_server]
url = "{alliance.keys}"
api_key = "keys-api.key"
epochs = ["{alliance.commitment}"]
""",
    )
