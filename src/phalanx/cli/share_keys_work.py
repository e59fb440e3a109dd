"""What the commands of the key server do."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from phalanx.cli.databases import made_before
from phalanx.cli.rendering import hand_out, refuse_known
from phalanx.printable import printable, printable_json
from phalanx.share.blinding import members
from phalanx.share.blinding.allowances import Allowances, Limits, Usage
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.keyring import (
    Terms,
    add_epoch_in_time,
    destroy_past_keys,
    read_keyring,
)
from phalanx.share.blinding.tables import open_tables
from phalanx.store import database_of


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member, and what it asked on a day."""

    name: str
    is_revoked: bool
    limits: Limits
    usage: Usage


@dataclass(frozen=True, slots=True)
class EpochView:
    """An epoch, as members compare it."""

    epoch: int
    commitment: str
    valid_from: str
    valid_until: str
    evaluates_until: str
    is_destroyed: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """A key server as its operator sees it."""

    epochs: tuple[EpochView, ...]
    day: str
    members: tuple[MemberView, ...]


def now() -> datetime:
    """Return the moment of a command."""
    return datetime.now(UTC)


def existing_tables(database: str) -> Engine:
    """Open the database of a key server that was made before.

    Raises:
        InputError: If there is none: a wrong name must not make another one.
    """
    return open_tables(made_before(database, "key server", "Name its database with --database."))


def rotated(
    folder: Path, terms: Terms, begins: datetime | None
) -> tuple[EpochKey | None, tuple[int, ...]]:
    """Make the key of the next epoch when it is time, and destroy those that are over.

    Returns:
        The epoch that was made, and the numbers of those whose keys were destroyed.

    Raises:
        InputError: If the list of epochs cannot be read.
        ConfigError: If the folder cannot be written.
    """
    made = add_epoch_in_time(folder, now(), terms, begins and _in_utc(begins))
    return made, destroy_past_keys(folder, now())


def enter_member(database: str, name: str, limits: Limits, output: Path | None) -> None:
    """Enter a member, and hand out its key.

    Raises:
        InputError: If the name cannot be, or the key cannot be written.
    """
    refuse_known(output)
    engine = open_tables(database_of(database))
    members.add_member(engine, name, limits, secrets.token_bytes, now(), _handing_out(output))


def replace_key(database: str, name: str, output: Path | None) -> None:
    """Hand out another key of a member.

    Raises:
        InputError: If there is no such member, or the key cannot be written.
    """
    refuse_known(output)
    engine = existing_tables(database)
    members.replace_key(engine, name, secrets.token_bytes, _handing_out(output))


def overview(folder: Path, database: str, day: datetime | None) -> Overview:
    """Return what an operator sees.

    Raises:
        InputError: If there are no keys, or no database.
        ConfigError: If others may read a key.
        VerificationError: If list and keys contradict each other.
    """
    engine, on = existing_tables(database), _in_utc(day) if day else now()
    counts, keyring = Allowances(engine), read_keyring(folder)
    return Overview(
        epochs=tuple(
            EpochView(
                each.epoch,
                each.commitment,
                each.valid_from.isoformat(),
                each.valid_until.isoformat(),
                each.evaluates_until.isoformat(),
                each.epoch not in keyring.pairs,
            )
            for each in keyring.epochs
        ),
        day=on.date().isoformat(),
        members=tuple(
            MemberView(each.member, each.is_revoked, each.limits, counts.usage(each.member, on))
            for each in members.members_in(engine)
        ),
    )


def overview_text(seen: Overview) -> str:
    """Return it for reading."""
    lines = [
        f"epoch {each.epoch}  {each.commitment}  {each.valid_from[:16]} to {each.valid_until[:16]}"
        + (", destroyed" if each.is_destroyed else "")
        for each in seen.epochs
    ]
    lines += ["", f"on {seen.day}"]
    lines += [
        f"  {each.name}{' (revoked)' if each.is_revoked else ''}  {each.usage.elements:,} of "
        f"{each.limits.elements_per_day:,} identifiers in {each.usage.requests:,} requests"
        for each in seen.members
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


def overview_json(seen: Overview) -> str:
    """Return it for programs."""
    return printable_json(json.dumps(asdict(seen), indent=2, ensure_ascii=False)) + "\n"


def _handing_out(output: Path | None) -> Callable[[str], None]:
    return lambda key: hand_out(key, output)


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
