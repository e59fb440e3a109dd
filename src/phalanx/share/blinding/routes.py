"""The pages of the key server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine, select
from starlette.exceptions import HTTPException

from phalanx.errors import ServiceError
from phalanx.serving.answers import Failure
from phalanx.share.blinding.allowances import Allowances
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.gauges import Gauges
from phalanx.share.blinding.group import ELEMENT_BYTES, RandomBytes, random_scalar
from phalanx.share.blinding.held_keys import HeldKeys
from phalanx.share.blinding.members import Member, member_of
from phalanx.share.blinding.messages import (
    EpochsResponse,
    EvaluationRequest,
    EvaluationResponse,
    published,
)
from phalanx.share.blinding.tables import SCHEMA, while_serving
from phalanx.share.blinding.voprf import blind_evaluate
from phalanx.store.place import DatabasePlace

_ERRORS: dict[int | str, dict[str, object]] = {
    status: {"model": Failure} for status in (400, 401, 403, 408, 413, 422, 429, 503)
}
_bearer = HTTPBearer(auto_error=False, description="API key of a member.")
pages = APIRouter()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running key server is made of; `app.state.parts`."""

    database: DatabasePlace
    engine: Engine
    keys: HeldKeys
    allowances: Allowances
    gauges: Gauges
    log: structlog.stdlib.BoundLogger
    now: Callable[[], datetime]
    random: RandomBytes


def parts_of(request: Request) -> Parts:
    """Return the parts of the server that a request reached."""
    parts: Parts = request.app.state.parts
    return parts


def authenticated(
    parts: Annotated[Parts, Depends(parts_of)],
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Member:
    """Return who proves itself with an API key.

    Raises:
        HTTPException: If nobody does; it does not say what was wrong.
    """
    with while_serving(parts.database):
        member = member_of(parts.engine, sent.credentials) if sent else None
    if member is None:
        raise HTTPException(401, "an API key of a member is needed", {"WWW-Authenticate": "Bearer"})
    return member


# Plain functions: FastAPI runs them in threads, and libsodium lets other threads run.


@pages.post("/v1/evaluate", responses=_ERRORS)
def evaluate(
    asked: EvaluationRequest,
    member: Annotated[Member, Depends(authenticated)],
    parts: Annotated[Parts, Depends(parts_of)],
) -> EvaluationResponse:
    """Multiply blinded elements by the key of an epoch, and prove it."""
    started = time.perf_counter()
    moment = parts.now()
    pair = parts.keys.keyring().pair(asked.epoch, moment)
    elements = [from_text(each, ELEMENT_BYTES) for each in asked.elements]
    with while_serving(parts.database):
        parts.allowances.charge(member.member, len(elements), member.limits, moment)
    answers, proof = blind_evaluate(pair, elements, random_scalar(parts.random))
    seconds = time.perf_counter() - started
    parts.gauges.evaluated(len(elements), seconds)
    parts.log.info(
        "evaluated",
        member=member.member,
        epoch=asked.epoch,
        elements=len(elements),
        seconds=round(seconds, 4),
    )
    return EvaluationResponse(
        epoch=asked.epoch,
        elements=[to_text(each) for each in answers],
        proof=to_text(bytes(proof)),
    )


@pages.get("/v1/epochs", responses={503: {"model": Failure}})
def epochs(parts: Annotated[Parts, Depends(parts_of)]) -> EpochsResponse:
    """List all epochs with their public keys and commitments."""
    keyring = parts.keys.keyring()
    current = keyring.current(parts.now())
    return EpochsResponse(
        current=current.epoch if current else None,
        epochs=[published(each) for each in keyring.epochs],
    )


@pages.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process runs."""
    return {"status": "ok"}


@pages.get("/readyz", responses={503: {"model": Failure}})
def readyz(parts: Annotated[Parts, Depends(parts_of)]) -> dict[str, str]:
    """Say whether members are answered: there is a current key, and the counts are there."""
    with while_serving(parts.database), parts.engine.connect() as connection:
        connection.execute(select(SCHEMA.c.version))
    if parts.keys.keyring().current(parts.now()) is None:
        message = "no epoch is in use"
        raise ServiceError(message, next_step="Make the next epoch.")
    return {"status": "ready"}


@pages.get("/metrics")
def metrics(parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """Return counts of the server as a whole, for Prometheus; none of a single member."""
    return parts.gauges.page()
