"""What the commands of the pool's operator do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.cli.databases import made_before
from phalanx.cli.serving import Serving
from phalanx.errors import ConfigError, InputError
from phalanx.owned import read_secret
from phalanx.printable import printable
from phalanx.share.exchange.house import KEY_BYTES, KEY_NAME
from phalanx.share.hub import Database, HubSettings, open_database
from phalanx.share.hub import serve as serve_hub
from phalanx.share.pool import POOL, add_member_key, evaluate, pool_routes
from phalanx.share.pool.keeping import pinned_keys, rounds_in
from phalanx.share.wire import check
from phalanx.store import database_of


@contextmanager
def opened(database: str) -> Iterator[Database]:
    """Open the pool's database, which is made where there is none."""
    found = open_database(database_of(database), schema=POOL)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def existing_pool(database: str) -> Iterator[Database]:
    """Open the database of a pool that was made before.

    Raises:
        InputError: If there is none: a wrong name must not make another pool.
    """
    made_before(database, "pool", "Name its database with --pool, or add a member first.")
    with opened(database) as found:
        yield found


def served(settings: HubSettings, pool_database: str) -> Serving:
    """Return what runs a hub with the pool beside it."""

    def run(*, tell: Callable[[], None]) -> None:
        with opened(pool_database) as database:
            serve_hub(
                settings,
                check=lambda raw: check(raw).fields,
                extensions=(pool_routes(database),),
                tell=tell,
            )

    return run


def utc(moment: datetime) -> datetime:
    """Return a moment that a person wrote, in UTC if no zone was named."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def refuse_past(moment: datetime) -> None:
    """Say that a round would be over before it began.

    Raises:
        InputError: If it would.
    """
    if moment <= datetime.now(UTC):
        message = f"--closes {moment.isoformat()}: is over"
        raise InputError(message, next_step="Name a moment to come, in UTC.")


def entered(pool_database: str, member: str, public_key: str) -> str:
    """Enter a key of a member; return what became of it.

    Raises:
        InputError: If it is no public key, or another member's.
    """
    with opened(pool_database) as database, database.write() as connection:
        before = len(pinned_keys(connection).get(member, {}))
        add_member_key(connection, member, public_key)
        number = len(pinned_keys(connection)[member])
    if not before:
        return "takes part"
    return f"{'one more key' if number > before else 'has this key already'}, {number} now"


def overview_text(pool_database: str, now: datetime) -> str:
    """Return members with their number of keys, and rounds, for reading."""
    with existing_pool(pool_database) as database, database.read() as connection:
        members = pinned_keys(connection)
        rounds = rounds_in(connection)
    lines = ["members" if members else "no members"]
    lines += [f"  {name}  {_keys(len(keys))}" for name, keys in sorted(members.items())]
    lines += ["rounds" if rounds else "no rounds"]
    for each, is_evaluated in rounds:
        state = "evaluated" if is_evaluated else "over" if each.closes_at <= now else "open"
        closes = "closes" if each.closes_at > now else "closed"
        lines.append(f"  {each.name}  {state}, {closes} {each.closes_at.isoformat()}")
    return "".join(f"{printable(line)}\n" for line in lines)


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
    with existing_pool(pool_database) as database:
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
    """Read a member's secret key; one that is made now would be known to nobody.

    Raises:
        ConfigError: If there is none, others may read the file, or it is no key.
    """
    if not path.exists():
        message = f"{path}: there is no signing key"
        next_step = "Make one with `phalanx share pool key`, and give its operator what it prints."
        raise ConfigError(message, next_step=next_step)
    return Ed25519PrivateKey.from_private_bytes(read_secret(path, KEY_NAME, KEY_BYTES))


def _keys(number: int) -> str:
    return "1 key" if number == 1 else f"{number} keys"
