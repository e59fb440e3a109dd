"""What the commands of the pool's operator do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.errors import ConfigError
from phalanx.owned import read_or_make_secret
from phalanx.share.blinding.encoding import to_text
from phalanx.share.hub import Database, HubSettings, open_database
from phalanx.share.hub import serve as serve_hub
from phalanx.share.pool import POOL, evaluate, pool_routes
from phalanx.share.wire import check
from phalanx.store import database_of

_KEY_BYTES = 32


@contextmanager
def opened(database: str) -> Iterator[Database]:
    """Open the pool's database, which is made where there is none."""
    found = open_database(database_of(database), schema=POOL)
    try:
        yield found
    finally:
        found.close()


def served(settings: HubSettings, pool_database: str) -> Callable[[], None]:
    """Return what runs a hub with the pool beside it."""

    def run() -> None:
        with opened(pool_database) as database:
            serve_hub(
                settings,
                check=lambda raw: check(raw).fields,
                extensions=(pool_routes(database),),
            )

    return partial(run)


def utc(moment: datetime) -> datetime:
    """Return a moment that a person wrote, in UTC if no zone was named."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def parsed_circles(circles: Sequence[str]) -> dict[str, str]:
    """Read circles as people write them.

    Raises:
        ConfigError: If one is not written so, or a member is in two.

    Examples:
        >>> parsed_circles(["cloud=north,south"])
        {'north': 'cloud', 'south': 'cloud'}
    """
    found: dict[str, str] = {}
    for each in circles:
        circle, _, members = each.partition("=")
        names = [name.strip() for name in members.split(",") if name.strip()]
        if not circle or not names or any(name in found for name in names):
            message = f"{each[:70]!r}: no circle, or a member is in two"
            raise ConfigError(message, next_step="Write it as NAME=MEMBER,MEMBER.")
        found |= dict.fromkeys(names, circle)
    return found


def evaluated_text(pool_database: str, name: str) -> str:
    """Evaluate a round, and say what its operator may know."""
    with opened(pool_database) as database:
        done = evaluate(database, name, datetime.now(UTC))
    lines = [
        f"members counted    {', '.join(done.members) or 'none'}",
        f"members left out   {', '.join(done.left_out) or 'none'}",
        f"tokens             {done.tokens:,}, of them {done.common:,} of several members",
        f"tokens told        {done.told:,}",
        "evidence against a member's honesty on decoys, log10 e:",
        *(f"  {member:<16} {log10_e:.2f}" for member, log10_e in done.audits.items()),
    ]
    return "\n".join(lines) + "\n"


def signing_key_of(path: Path) -> Ed25519PrivateKey:
    """Read a member's secret key, or make one.

    Raises:
        ConfigError: If others may read the file, or it is no key.
    """
    secret = read_or_make_secret(path, "signing key", _KEY_BYTES)
    return Ed25519PrivateKey.from_private_bytes(secret)


def public_key_of(path: Path) -> str:
    """Return the public key to a member's secret one, which is made where there is none."""
    return to_text(signing_key_of(path).public_key().public_bytes_raw())
