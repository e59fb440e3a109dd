"""The pool over HTTP, beside a hub whose members it serves.

A member sees the rounds, sends its own batch, and reads what it is told itself. Whose batch it is
follows from who proves it to the hub, and again from the signature.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from phalanx.errors import InputError, VerificationError
from phalanx.share.hub.answers import MEDIA_TYPE, RequestError, answer
from phalanx.share.hub.app import Extension
from phalanx.share.hub.database import Database
from phalanx.share.hub.hub import Hub
from phalanx.share.hub.members import Member
from phalanx.share.pool.keeping import (
    has_submitted,
    keep_batch,
    pinned_keys,
    round_of,
    rounds_in,
    told_to,
)
from phalanx.share.pool.refusals import (
    IS_OVER,
    NO_PART,
    NO_SUCH_ROUND,
    NOT_EVALUATED,
    NOT_SIGNED,
    OF_ANOTHER,
    SENT_BEFORE,
)
from phalanx.share.pool.rounds import Round, SignedBatch, read_batch
from phalanx.share.pool.submission import as_item
from phalanx.share.wire import verify

MOST_ENTRY_BYTES = 180
"""Of an entry as JSON, with room to spare."""

_ROUNDS = "/x-pool/rounds/"
_BATCH: dict[str, Any] = {
    "requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
}


def pool_routes(database: Database) -> Extension:
    """Return the endpoints of the pool, to be given to a hub as an extension.

    Parameters:
        database: Of the pool, opened with its schema.
    """

    def extend(hub: Hub) -> APIRouter:
        routes = APIRouter(tags=["Pool"])

        @routes.get(_ROUNDS, summary="Rounds, and what is agreed for each")
        def rounds(request: Request) -> Response:
            member = hub.caller(request)
            with database.read() as connection:
                _taking_part(connection, member)
                shown = [_shown(connection, each, member) for each in rounds_in(connection)]
            return answer({"rounds": shown})

        @routes.put(
            _ROUNDS + "{name}/batch/",
            summary="Submit one's only batch of a round",
            openapi_extra=_BATCH,
        )
        async def batch(request: Request, name: str) -> Response:
            member = await run_in_threadpool(hub.caller, request)
            body = await hub.body(request)
            return await run_in_threadpool(_take, hub, database, member, name, body)

        @routes.get(_ROUNDS + "{name}/report/", summary="What one is told of an evaluated round")
        def report(request: Request, name: str) -> Response:
            member = hub.caller(request)
            with database.read() as connection:
                _taking_part(connection, member)
                _, is_evaluated = _known(connection, name)
                if not is_evaluated:
                    raise RequestError(404, NOT_EVALUATED)
                told = told_to(connection, name, member.name)
            shown = [asdict(each) for each in told]
            for each in shown:
                del each["member"]
            return answer({"round": name, "told": shown})

        return routes

    return extend


def _take(hub: Hub, database: Database, member: Member, name: str, body: bytes) -> Response:
    with database.write() as connection:
        pinned = _taking_part(connection, member)
        round_, is_evaluated = _known(connection, name, hold=True)
        now = hub.clock()
        if is_evaluated or now >= round_.closes_at:
            raise RequestError(409, IS_OVER)
        if len(body) > MOST_ENTRY_BYTES * (round_.slots + 10):
            raise RequestError(413, "the body is larger than a batch of this round can be")
        _check(_read(body, round_), member, pinned)
        is_new = keep_batch(connection, name, member.name, body, now)
    if is_new is None:
        raise RequestError(409, SENT_BEFORE)
    return answer({"round": name, "accepted": True}, 201 if is_new else 200)


def _read(body: bytes, round_: Round) -> SignedBatch:
    try:
        return read_batch(body, round_)
    except InputError as error:
        raise RequestError(422, str(error)) from error


def _check(signed: SignedBatch, member: Member, pinned: Any) -> None:  # noqa: ANN401
    if not signed.batch.member == signed.signature.member == member.name:
        raise RequestError(403, OF_ANOTHER)
    try:
        verify(as_item(signed.batch), signed.signature, pinned)
    except (VerificationError, InputError) as error:
        raise RequestError(403, NOT_SIGNED) from error


def _taking_part(connection: Connection, member: Member) -> Any:  # noqa: ANN401 - keys by member
    pinned = pinned_keys(connection)
    if member.name not in pinned:
        raise RequestError(403, NO_PART)
    return pinned


def _known(connection: Connection, name: str, *, hold: bool = False) -> tuple[Round, bool]:
    found = round_of(connection, name, hold=hold)
    if found is None:
        raise RequestError(404, NO_SUCH_ROUND)
    return found


def _shown(connection: Connection, found: tuple[Round, bool], member: Member) -> dict[str, Any]:
    round_, is_evaluated = found
    return {
        "name": round_.name,
        "epoch": round_.epoch,
        "closes_at": round_.closes_at.astimezone(UTC).isoformat(),
        "slots": round_.slots,
        "rule": asdict(round_.rule),
        "submitted": has_submitted(connection, round_.name, member.name),
        "evaluated": is_evaluated,
    }
