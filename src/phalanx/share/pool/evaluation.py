"""Evaluating a round that is closed: audit, then e-BH, then what each contributor is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from phalanx.errors import InputError
from phalanx.share.hub.database import Database, insert_rows
from phalanx.share.pool.decoys import distrusted, largest_audit_log10_e, round_log10_e
from phalanx.share.pool.keeping import (
    bodies_in,
    decoys_in,
    keep_told,
    pinned_keys,
    round_of,
)
from phalanx.share.pool.rounds import Round, read_batch
from phalanx.share.pool.tables import AUDITS, SPOKEN
from phalanx.share.pool.telling import Said, told_tokens

AUDIT_LEVEL = 0.01
"""Probability that any honest member is ever distrusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the operator of the pool learns of a round."""

    members: tuple[str, ...]
    """Who submitted and was counted."""

    left_out: tuple[str, ...]
    """Who submitted, and is distrusted since this round or an earlier one."""

    tokens: int
    """Different ones that were submitted, with filling and decoys."""

    common: int
    """Of them submitted by several members; those of several circles are counted."""

    told: int
    """Of them told to their contributors."""

    audits: Mapping[str, float]
    """Member -> log10 of the largest evidence against it after any round so far."""


def evaluate(database: Database, round_name: str, now: datetime) -> Evaluation:
    """Evaluate a round, once; what members submitted is forgotten.

    Parameters:
        database: Of the pool.
        round_name: Of a round that is over.
        now: When.

    Raises:
        InputError: If there is no such round, it is not over, or it was evaluated.
    """
    with database.write() as connection:
        round_ = _closed_round(connection, round_name, now)
        said = _said(bodies_in(connection, round_name), round_)
        decoys = decoys_in(connection)
        rounds = _audited(connection, round_name, said, decoys)
        left_out = sorted(set(distrusted(rounds, AUDIT_LEVEL)) & said.keys())
        by_token: defaultdict[str, dict[str, Said]] = defaultdict(dict)
        for member in said.keys() - left_out:
            for token, each in said[member].items():
                by_token[token][member] = each
        told = told_tokens(by_token, round_.rule, circles=round_.circles, decoys=frozenset(decoys))
        keep_told(connection, round_name, told, now)
    return Evaluation(
        members=tuple(sorted(said.keys() - left_out)),
        left_out=tuple(left_out),
        tokens=len(by_token),
        common=sum(len(members) > 1 for members in by_token.values()),
        told=len({each.token for each in told}),
        audits={member: largest_audit_log10_e(values) for member, values in sorted(rounds.items())},
    )


def _closed_round(connection: Connection, name: str, now: datetime) -> Round:
    found = round_of(connection, name, hold=True)
    if found is None:
        message = f"{name[:70]}: no such round"
        raise InputError(message, next_step="Open it first.")
    round_, is_evaluated = found
    if is_evaluated:
        message = f"{name}: was evaluated"
        raise InputError(message, next_step="Open another round.")
    if now < round_.closes_at:
        message = f"{name}: is open until {round_.closes_at.isoformat()}"
        raise InputError(message, next_step="Evaluate it then.")
    return round_


def _said(bodies: Mapping[str, bytes], round_: Round) -> dict[str, dict[str, Said]]:
    batches = {member: read_batch(body, round_).batch for member, body in bodies.items()}
    return {
        member: {entry.token: entry.said for entry in batch.entries}
        for member, batch in batches.items()
    }


def _audited(
    connection: Connection,
    round_name: str,
    said: Mapping[str, Mapping[str, Said]],
    decoys: Mapping[str, str],
) -> dict[str, list[float]]:
    """Add what members say of accounts behind decoys that are new to them; return all rounds.

    Members come in the order of their first audit, which rests on no evidence; then the others.
    """
    spoken = {(row.member, row.accounts) for row in connection.execute(select(SPOKEN))}
    for member in sorted(said):
        new = sorted(
            token
            for token in decoys.keys() & said[member].keys()
            if (member, decoys[token]) not in spoken
        )
        value = round_log10_e([said[member][token].log10_use for token in new])
        if value is not None:
            accounts = sorted({decoys[token] for token in new})
            insert_rows(
                connection, SPOKEN, [{"member": member, "accounts": each} for each in accounts]
            )
            row = {"round": round_name, "member": member, "log10_e": value}
            connection.execute(AUDITS.insert().values(row))
    rounds: dict[str, list[float]] = {}
    for found in connection.execute(select(AUDITS).order_by(AUDITS.c.number)):
        rounds.setdefault(found.member, []).append(found.log10_e)
    return rounds | {
        member: [] for member in sorted({*pinned_keys(connection), *said} - set(rounds))
    }
