"""What the pool keeps: rounds, members' keys, batches until they are evaluated, decoys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, select

from phalanx.errors import InputError
from phalanx.share.blinding.encoding import from_text
from phalanx.share.blinding.identifiers import TOKEN_BYTES
from phalanx.share.hub.database import insert_rows
from phalanx.share.pool.rounds import Round
from phalanx.share.pool.tables import BATCHES, DECOYS, KEYS, ROUNDS, TOLD
from phalanx.share.pool.telling import Rule, Told
from phalanx.share.wire import key_id_of

LONGEST_ACCOUNTS = 64
"""Characters of the name of accounts behind decoys."""

_KEY_BYTES = 32
_Row = Row[*tuple[Any, ...]]


def add_round(connection: Connection, round_: Round) -> None:
    """Open a round.

    Raises:
        InputError: If there is one of that name, or a circle names somebody who is no member.
    """
    if round_of(connection, round_.name) is not None:
        message = f"{round_.name}: there is such a round"
        raise InputError(message, next_step="Choose another name.")
    strangers = set(round_.circles) - set(pinned_keys(connection))
    if strangers:
        message = f"{min(strangers)[:70]}: is in a circle, and no member of the pool"
        raise InputError(message, next_step="Enter the key of every member first.")
    row = {
        "name": round_.name,
        "epoch": round_.epoch,
        "closes_at": round_.closes_at.astimezone(UTC).isoformat(),
        "slots": round_.slots,
        "rule": msgspec.json.encode(asdict(round_.rule)).decode(),
        "circles": msgspec.json.encode(dict(round_.circles)).decode(),
    }
    connection.execute(ROUNDS.insert().values(row))


def rounds_in(connection: Connection) -> list[tuple[Round, bool]]:
    """Return all rounds, and whether each was evaluated, latest first."""
    rows = connection.execute(select(ROUNDS).order_by(ROUNDS.c.closes_at.desc(), ROUNDS.c.name))
    return [(_round(row), row.evaluated_at is not None) for row in rows]


def round_of(connection: Connection, name: str, *, hold: bool = False) -> tuple[Round, bool] | None:
    """Return a round, and whether it was evaluated.

    Parameters:
        connection: Of a reader, or a writer.
        name: Of the round.
        hold: Whether nobody else may change the round until the transaction ends.
    """
    found = select(ROUNDS).where(ROUNDS.c.name == name)
    row = connection.execute(found.with_for_update() if hold else found).one_or_none()
    return (_round(row), row.evaluated_at is not None) if row else None


def add_member_key(connection: Connection, member: str, public_key: str) -> None:
    """Let a member of the hub take part, and sign with one more key.

    Parameters:
        connection: Of a writer.
        member: Name under which the hub knows it.
        public_key: Ed25519, 32 bytes as base64url.

    Raises:
        InputError: If that is no public key, or another member's.
    """
    key = Ed25519PublicKey.from_public_bytes(from_text(public_key, _KEY_BYTES))
    row = {"member": member, "key_id": key_id_of(key)}
    holders = set(
        connection.execute(select(KEYS.c.member).where(KEYS.c.key_id == row["key_id"])).scalars()
    )
    if holders - {member}:
        message = f"{min(holders - {member})}: has this key already"
        raise InputError(message, next_step="Enter the key of the member itself.")
    if not holders:
        connection.execute(KEYS.insert().values(row | {"public_key": public_key}))


def remove_member(connection: Connection, member: str) -> None:
    """Take no more submissions of a member.

    Raises:
        InputError: If it takes no part.
    """
    if not connection.execute(KEYS.delete().where(KEYS.c.member == member)).rowcount:
        message = f"{member[:70]}: takes no part in the pool"
        raise InputError(message, next_step="Name one that does.")


def pinned_keys(connection: Connection) -> dict[str, dict[str, Ed25519PublicKey]]:
    """Return the keys of each member by key id."""
    pinned: dict[str, dict[str, Ed25519PublicKey]] = {}
    for row in connection.execute(select(KEYS)):
        key = Ed25519PublicKey.from_public_bytes(from_text(row.public_key, _KEY_BYTES))
        pinned.setdefault(row.member, {})[row.key_id] = key
    return pinned


def keep_batch(
    connection: Connection, round_name: str, member: str, body: bytes, now: datetime
) -> bool | None:
    """Keep a member's batch of a round.

    Parameters:
        connection: Of a writer that holds the round.
        round_name: Of the round.
        member: Whose it is.
        body: As it was sent.
        now: When.

    Returns:
        Whether it was kept now; null where the member has sent another one before.
    """
    digest = hashlib.sha256(body).hexdigest()
    mine = (BATCHES.c.round == round_name, BATCHES.c.member == member)
    there = connection.execute(select(BATCHES.c.digest).where(*mine)).scalar()
    if there is not None:
        return False if there == digest else None
    row = {"round": round_name, "member": member, "digest": digest, "body": body.decode()}
    connection.execute(BATCHES.insert().values(row | {"received_at": now.isoformat()}))
    return True


def bodies_in(connection: Connection, round_name: str) -> dict[str, bytes]:
    """Return the batches of a round that was not evaluated, by member."""
    of_round = select(BATCHES.c.member, BATCHES.c.body).where(BATCHES.c.round == round_name)
    rows = connection.execute(of_round.order_by(BATCHES.c.member))
    return {row.member: row.body.encode() for row in rows if row.body is not None}


def has_submitted(connection: Connection, round_name: str, member: str) -> bool:
    """Tell whether a member has sent its batch of a round."""
    mine = (BATCHES.c.round == round_name, BATCHES.c.member == member)
    return connection.execute(select(BATCHES.c.digest).where(*mine)).scalar() is not None


def keep_told(connection: Connection, round_name: str, told: Iterable[Told], now: datetime) -> None:
    """Keep what contributors are told, and forget what they had submitted."""
    rows = [
        {
            "round": round_name,
            "member": each.member,
            "token": each.token,
            "without_you": int(each.without_you),
            "without_any_one": int(each.without_any_one),
            "under_any_dependence": int(each.under_any_dependence),
        }
        for each in told
    ]
    insert_rows(connection, TOLD, rows)
    connection.execute(BATCHES.update().where(BATCHES.c.round == round_name).values(body=None))
    mine = ROUNDS.update().where(ROUNDS.c.name == round_name)
    connection.execute(mine.values(evaluated_at=now.isoformat()))


def told_to(connection: Connection, round_name: str, member: str) -> list[Told]:
    """Return what a member is told of a round, by token."""
    mine = (TOLD.c.round == round_name, TOLD.c.member == member)
    rows = connection.execute(select(TOLD).where(*mine).order_by(TOLD.c.token))
    return [
        Told(
            token=row.token,
            member=row.member,
            without_you=bool(row.without_you),
            without_any_one=bool(row.without_any_one),
            under_any_dependence=bool(row.under_any_dependence),
        )
        for row in rows
    ]


def add_decoys(connection: Connection, tokens: Iterable[str], accounts: str) -> int:
    """Enter tokens behind which there is nothing; return how many are new.

    Parameters:
        connection: Of a writer.
        tokens: Of identifiers of these accounts, in any epoch.
        accounts: Name of the accounts behind them, the same in every epoch. What a member says
            of them is counted in one round only.

    Raises:
        InputError: If one is no token, was entered for other accounts, or the name cannot be.
    """
    if not 1 <= len(accounts) <= LONGEST_ACCOUNTS:
        message = f"accounts are named by 1 to {LONGEST_ACCOUNTS} characters, not {len(accounts)}"
        raise InputError(message, next_step="Name them shortly, such as northwind-3.")
    given = set(tokens)
    for token in given:
        from_text(token, TOKEN_BYTES)
    known = decoys_in(connection)
    if any(known.get(token, accounts) != accounts for token in given):
        message = "a decoy was entered for other accounts"
        raise InputError(message, next_step="Enter each for the accounts that it is of.")
    new = sorted(given - known.keys())
    insert_rows(connection, DECOYS, [{"token": token, "accounts": accounts} for token in new])
    return len(new)


def decoys_in(connection: Connection) -> dict[str, str]:
    """Return all decoys, and the name of the accounts behind each."""
    return {row.token: row.accounts for row in connection.execute(select(DECOYS))}


def _round(row: _Row) -> Round:
    return Round(
        name=row.name,
        epoch=row.epoch,
        closes_at=datetime.fromisoformat(row.closes_at),
        slots=row.slots,
        rule=msgspec.json.decode(row.rule, type=Rule),
        circles=msgspec.json.decode(row.circles, type=dict[str, str]),
    )
