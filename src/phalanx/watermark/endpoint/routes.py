"""The pages of the endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from phalanx.serving.answers import Failure
from phalanx.serving.loopback import is_loopback
from phalanx.watermark.endpoint.answering import Answering
from phalanx.watermark.endpoint.gauges import Gauges
from phalanx.watermark.endpoint.limits import Limits
from phalanx.watermark.endpoint.memory import Memory
from phalanx.watermark.endpoint.messages import MOST_TOKENS, Answered, Question

_ERRORS: dict[int | str, dict[str, object]] = {
    status: {"model": Failure} for status in (400, 408, 413, 422, 429, 503)
}

Tokenise = Callable[[str], Sequence[int]]
"""Text -> token numbers, without tokens that only frame it, as `Tokenizer.numbers_of`."""

pages = APIRouter()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running endpoint is made of; `app.state.parts`."""

    answering: Answering
    memory: Memory
    limits: Limits
    gauges: Gauges
    log: structlog.stdlib.BoundLogger
    tokenise: Tokenise | None
    open_metrics: bool
    behind_proxy: bool


def parts_of(request: Request) -> Parts:
    """Return the parts of the endpoint that a request reached."""
    parts: Parts = request.app.state.parts
    return parts


def _client(request: Request) -> str:
    return request.client.host if request.client else "unknown"


# Plain functions: FastAPI runs them in threads.


@pages.post("/v1/check", responses=_ERRORS)
def check(
    question: Question,
    request: Request,
    response: Response,
    parts: Annotated[Parts, Depends(parts_of)],
) -> Answered:
    """Say whether a text is marked, is not seen to be, or is too short to tell."""
    started = time.perf_counter()
    parts.limits.charge(_client(request), time.monotonic())
    tokens = question.tokens
    if tokens is None:
        if parts.tokenise is None:
            raise HTTPException(400, "this endpoint takes tokens only")
        tokens = list(parts.tokenise(question.text or ""))
        if len(tokens) > MOST_TOKENS:
            # Whoever asks would take an answer about the beginning for one about all of it.
            raise HTTPException(400, f"the text has more than {MOST_TOKENS:,} tokens")
    answer = parts.answering.answer(tokens)
    seconds = time.perf_counter() - started
    parts.gauges.answered(answer, seconds)
    parts.log.info("answered", as_text=question.text is not None, seconds=round(seconds, 4))
    response.headers["Cache-Control"] = "no-store"
    return Answered(answer=answer)


@pages.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process runs."""
    return {"status": "ok"}


@pages.get("/readyz")
def readyz() -> dict[str, str]:
    """Say whether questions are answered: keys and tables were opened before the first page."""
    return {"status": "ready"}


@pages.get("/metrics", responses={404: {"model": Failure}})
def metrics(request: Request, parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """Return counts for Prometheus; to this machine alone, unless told otherwise."""
    is_local = not parts.behind_proxy and is_loopback(_client(request))
    if not (parts.open_metrics or is_local):
        raise HTTPException(404)
    return parts.gauges.page(parts.memory.filled())
