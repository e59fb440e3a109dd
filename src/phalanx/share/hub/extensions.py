"""Endpoints that TAXII does not have: tokens, tombstones, acknowledgements, opinions.

They stand beside those of TAXII, and their names begin with `x-`, so that no later version of
TAXII can mean something else by them.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_args

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from phalanx.printable import printable
from phalanx.share.hub.answers import MEDIA_TYPE, RequestError, answer, page_bytes
from phalanx.share.hub.answers import answer_bytes as written
from phalanx.share.hub.directory import Collection
from phalanx.share.hub.filters import asked, next_page
from phalanx.share.hub.hub import Hub, deletable, readable
from phalanx.share.hub.members import Member
from phalanx.share.hub.moments import written_moment
from phalanx.share.hub.opinions import summary_of
from phalanx.share.hub.parameters import Parameters, of_tombstones
from phalanx.share.hub.reading import holds
from phalanx.share.hub.removing import (
    MOST_REASON_CHARACTERS,
    Action,
    Tombstone,
    acknowledge,
    heard_of,
    remove_object,
    tombstone_of,
    tombstones_of,
)
from phalanx.share.hub.structure import IDENTIFIER
from phalanx.share.hub.turn import Turn

_COLLECTION = "/{root}/collections/{collection}/"
_MOST_NUMBER = 2**53


class _Reasoned(msgspec.Struct, forbid_unknown_fields=True):
    reason: str | None = None


_Said = TypeVar("_Said", bound=_Reasoned)


class _Acknowledgement(_Reasoned, kw_only=True, forbid_unknown_fields=True):
    action: Action


def _content(**properties: object) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}}


_REASON = {"type": "string", "maxLength": MOST_REASON_CHARACTERS}


def token_routes(hub: Hub) -> APIRouter:
    """Return the endpoint that gives out bearer tokens."""
    routes = APIRouter(tags=["Phalanx"])

    @routes.post("/x-token/", summary="A short-lived bearer token for who asks", status_code=201)
    def token(request: Request) -> Response:
        member = hub.caller(request)
        seconds = hub.settings.token_seconds
        said = {"token": hub.identities.token_of(member, seconds), "expires_in": seconds}
        return answer(said, 201)

    return routes


def collection_routes(hub: Hub) -> APIRouter:
    """Return the endpoints of a collection that TAXII does not have."""
    routes = APIRouter(tags=["Phalanx"])

    @routes.get(_COLLECTION + "x-tombstones/", summary="What is gone, in its order")
    def tombstones(
        request: Request,
        root: str,
        collection: str,
        parameters: Annotated[Parameters, Depends(of_tombstones)],
    ) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            number = readable(connection, member, root, collection).number
            page = asked(
                parameters,
                key=hub.key,
                what=f"{number} tombstones",
                most=hub.settings.page_objects,
            )
            found, more = tombstones_of(connection, number, member.number, page)
        items = msgspec.json.encode([_shown(each) for each in found])[1:-1]
        last = (found[-1].date_added, found[-1].number) if more else None
        token = next_page(hub.key, page, last) if last else None
        return written(page_bytes("tombstones", items, token))

    @routes.get(_COLLECTION + "x-tombstones/{number}/", summary="Who has heard of a tombstone")
    def one_tombstone(request: Request, root: str, collection: str, number: str) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            found = readable(connection, member, root, collection)
            tombstone = tombstone_of(connection, found.number, member.number, _number(number))
            if tombstone is None:
                raise RequestError(404, "no such tombstone")
            shown = _shown(tombstone)
            if tombstone.member == member.number:
                heard = heard_of(connection, found.number, tombstone)
                shown["acknowledgements"] = msgspec.to_builtins(heard)
        return answer(shown)

    @routes.put(
        _COLLECTION + "x-tombstones/{number}/x-acknowledgement/",
        summary="Say what was done about a tombstone",
        openapi_extra=_content(
            action={"type": "string", "enum": list(get_args(Action))}, reason=_REASON
        ),
    )
    async def acknowledged(request: Request, root: str, collection: str, number: str) -> Response:
        member = await run_in_threadpool(hub.caller, request)
        said = _read(_Acknowledgement, await hub.body(request))
        return await run_in_threadpool(
            _acknowledge, hub, member, (root, collection, _number(number)), said
        )

    @routes.post(
        _COLLECTION + "objects/{object_id}/x-removal/",
        summary="Erase an object of one's own, and never take it again",
        openapi_extra=_content(reason=_REASON),
    )
    async def removal(request: Request, root: str, collection: str, object_id: str) -> Response:
        member = await run_in_threadpool(hub.caller, request)
        found = await run_in_threadpool(_to_delete, hub, member, root, collection)
        said = _read(_Reasoned, await hub.body(request))
        return await run_in_threadpool(_remove, hub, member, (found, object_id), said.reason)

    @routes.get(
        _COLLECTION + "objects/{object_id}/x-opinions/", summary="What members think of an object"
    )
    def opinions(request: Request, root: str, collection: str, object_id: str) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            number = readable(connection, member, root, collection).number
            is_there = IDENTIFIER.fullmatch(object_id) and holds(connection, number, object_id)
            if not is_there:
                raise RequestError(404, "no such object")
            summary = summary_of(connection, number, object_id, hub.together)
        return answer({"object_id": object_id, **msgspec.to_builtins(summary)})

    return routes


def _acknowledge(
    hub: Hub, member: Member, place: tuple[str, str, int], said: _Acknowledgement
) -> Response:
    root, collection, number = place
    with hub.database.write() as connection:
        found = readable(connection, member, root, collection)
        tombstone = tombstone_of(connection, found.number, member.number, number)
        if tombstone is None:
            raise RequestError(404, "no such tombstone")
        turn = Turn(connection, found.number, member.number, hub.now())
        # Two answers of one member at once must not both make the row.
        turn.take_moments(1)
        acknowledge(turn, number, said.action, said.reason)
        kept = tombstone_of(connection, found.number, member.number, number)
    return answer(_shown(kept or tombstone))


def _to_delete(hub: Hub, member: Member, root: str, collection: str) -> Collection:
    with hub.database.read() as connection:
        return deletable(connection, member, root, collection)


def _remove(hub: Hub, member: Member, what: tuple[Collection, str], reason: str | None) -> Response:
    collection, object_id = what
    gone: bool | None = False
    if IDENTIFIER.fullmatch(object_id):
        with hub.database.write() as connection:
            turn = Turn(connection, collection.number, member.number, hub.now())
            gone = remove_object(turn, object_id, reason)
    if gone is None:
        raise RequestError(403, "the object is another member's")
    if not gone:
        raise RequestError(404, "no such object")
    return answer({"object_id": object_id, "kind": "removed"})


def _shown(tombstone: Tombstone) -> dict[str, object]:
    said: dict[str, object] = {
        "number": tombstone.number,
        "object_id": tombstone.object_id,
        "kind": tombstone.kind,
        "date_added": written_moment(tombstone.date_added),
    }
    more = {
        "version": tombstone.version,
        "reason": tombstone.reason,
        "acknowledged": tombstone.action,
    }
    return said | {name: value for name, value in more.items() if value}


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 16
    number = int(text) if is_number else 0
    if not 0 < number < _MOST_NUMBER:
        raise RequestError(404, "no such tombstone")
    return number


def _read(kind: type[_Said], body: bytes) -> _Said:
    try:
        said = msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RequestError(422, str(error)[:200]) from error
    reason = said.reason or ""
    if len(reason) > MOST_REASON_CHARACTERS or printable(reason, keep="\n") != reason:
        message = f"a reason has at most {MOST_REASON_CHARACTERS:,} characters that can be printed"
        raise RequestError(422, message)
    return said
