"""Answers as TAXII wants them, errors among them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"

_UNREADABLE = "While processing supplied content, an error occurred"
# The words of the reference server, which clients and its tests look for.
_PROCESSING = {400: "ProcessingError", 422: "ProcessingError"}


class RequestError(Exception):
    """A request that is answered with an error.

    Parameters:
        status: Of HTTP.
        said: What is wrong, without what was sent.
        headers: More of them.
    """

    def __init__(self, status: int, said: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what is answered."""
        super().__init__(said)
        self.status = status
        self.headers = dict(headers or {})


def answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer whose body is written from what JSON can hold."""
    return answer_bytes(msgspec.json.encode(content), status, headers)


def answer_bytes(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer whose body is written already."""
    # Set here, because Starlette would write another media type in its own way.
    return Response(body, status, {"Content-Type": MEDIA_TYPE, **(headers or {})})


def failure(status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as TAXII wants it.

    Examples:
        >>> failure(404, "no such collection").body
        b'{"title":"Not Found","description":"no such collection","http_status":"404"}'
    """
    title = _PROCESSING.get(status, HTTPStatus(status).phrase)
    described = f"{_UNREADABLE}: {said}" if status == HTTPStatus.UNPROCESSABLE_ENTITY else said
    body = {"title": title, "description": described, "http_status": str(status)}
    return answer(body, status, headers)


def page_bytes(name: str, items: bytes, next_token: str | None) -> bytes:
    """Return a page whose items are written already.

    Parameters:
        name: Of the list.
        items: With commas between them; empty if there are none.
        next_token: With which the next page is asked for, if one follows.

    Examples:
        >>> page_bytes("objects", b'{"id":"x"}', "abc")
        b'{"more":true,"next":"abc","objects":[{"id":"x"}]}'
        >>> page_bytes("objects", b"", None)
        b'{}'
    """
    if not items:
        return b"{}"
    follows = b"false" if next_token is None else b'true,"next":"' + next_token.encode() + b'"'
    return b'{"more":' + follows + b',"' + name.encode() + b'":[' + items + b"]}"


def is_acceptable(accept: str | None) -> bool:
    """Tell whether a client takes TAXII 2.1.

    Parameters:
        accept: Header of that name.

    Examples:
        >>> is_acceptable("application/taxii+json;version=2.1"), is_acceptable("*/*")
        (True, True)
        >>> is_acceptable("application/taxii+json; version=2.0"), is_acceptable("text/html")
        (False, False)
    """
    if not accept:
        return True
    return any(_takes(each) for each in accept.split(","))


def is_taxii(content_type: str | None) -> bool:
    """Tell whether a body is said to be TAXII 2.1.

    Examples:
        >>> is_taxii("application/taxii+json"), is_taxii("application/json"), is_taxii(None)
        (True, False, False)
    """
    media, parameters = _parts(content_type or "")
    return media == "application/taxii+json" and parameters.get("version", "2.1") == "2.1"


def _takes(media_range: str) -> bool:
    media, parameters = _parts(media_range)
    if not parameters.get("q", "1").strip("0."):
        return False
    return media in {"*/*", "application/*"} or (
        media == "application/taxii+json" and parameters.get("version", "2.1") == "2.1"
    )


def _parts(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = (part.strip() for part in text.lower().split(";"))
    pairs = (part.partition("=") for part in rest)
    return media, {name.strip(): value.strip().strip('"') for name, _, value in pairs}
