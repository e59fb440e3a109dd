"""Errors over HTTP: TAXII's error object, and never what was sent."""

from __future__ import annotations

from http import HTTPStatus

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict


class Failure(BaseModel):
    """An error, in the form of TAXII's error object."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    description: str
    http_status: str


def failure(status: int, description: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error.

    Parameters:
        status: Of HTTP.
        description: What was wrong, without any value of the request.
        headers: That go with it.

    Examples:
        >>> failure(404, "there is no such page").body.decode()
        '{"title":"Not Found","description":"there is no such page","http_status":"404"}'
    """
    said = Failure(
        title=HTTPStatus(status).phrase, description=description, http_status=str(status)
    )
    return JSONResponse(said.model_dump(), status, headers)
