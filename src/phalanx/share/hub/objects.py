"""The endpoints of TAXII 2.1 that read, add and delete objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from phalanx.errors import InputError
from phalanx.share.hub.answers import (
    MEDIA_TYPE,
    RequestError,
    answer_bytes,
    failure,
    page_bytes,
)
from phalanx.share.hub.directory import Collection
from phalanx.share.hub.filters import Asked, asked, narrowed, next_page
from phalanx.share.hub.hub import Hub, deletable, readable, writable
from phalanx.share.hub.members import Member
from phalanx.share.hub.moments import written_moment
from phalanx.share.hub.parameters import (
    Parameters,
    of_deletion,
    of_list,
    of_object,
    of_versions,
)
from phalanx.share.hub.posted import read_envelope
from phalanx.share.hub.reading import MOST_PAGE_BYTES, Entry, Page, bodies_of, holds, page_of
from phalanx.share.hub.removing import delete_versions
from phalanx.share.hub.statuses import new_status
from phalanx.share.hub.structure import IDENTIFIER
from phalanx.share.hub.turn import Turn
from phalanx.share.hub.writing import add_objects

_COLLECTION = "/{root}/collections/{collection}/"


def object_routes(hub: Hub) -> APIRouter:
    """Return the endpoints that read, add and delete objects."""
    routes = APIRouter(tags=["TAXII 2.1"])

    @routes.get(_COLLECTION + "objects/", summary="Objects")
    def objects(
        request: Request,
        root: str,
        collection: str,
        parameters: Annotated[Parameters, Depends(of_list)],
    ) -> Response:
        return _bodies(_Reading(hub, request, root, collection, parameters))

    @routes.get(_COLLECTION + "manifest/", summary="Manifest of objects")
    def manifest(
        request: Request,
        root: str,
        collection: str,
        parameters: Annotated[Parameters, Depends(of_list)],
    ) -> Response:
        return _names(_Reading(hub, request, root, collection, parameters), "objects", _record)

    @routes.get(_COLLECTION + "objects/{object_id}/", summary="Versions of an object")
    def one_object(
        request: Request,
        root: str,
        collection: str,
        object_id: str,
        parameters: Annotated[Parameters, Depends(of_object)],
    ) -> Response:
        return _bodies(_Reading(hub, request, root, collection, parameters, object_id))

    @routes.get(_COLLECTION + "objects/{object_id}/versions/", summary="Names of versions")
    def versions(
        request: Request,
        root: str,
        collection: str,
        object_id: str,
        parameters: Annotated[Parameters, Depends(of_versions)],
    ) -> Response:
        every = {**parameters, "match[version]": "all"}
        reading = _Reading(hub, request, root, collection, every, object_id)
        return _names(reading, "versions", lambda entry: entry.shown_version)

    @routes.post(
        _COLLECTION + "objects/",
        summary="Add objects",
        status_code=202,
        openapi_extra={"requestBody": _ENVELOPE},
    )
    async def add(request: Request, root: str, collection: str) -> Response:
        member = await run_in_threadpool(hub.caller, request)
        found = await run_in_threadpool(_to_write, hub, member, root, collection)
        body = await hub.body(request)
        return await run_in_threadpool(_add, hub, member, found, body)

    @routes.delete(_COLLECTION + "objects/{object_id}/", summary="Delete versions of an object")
    def delete(
        request: Request,
        root: str,
        collection: str,
        object_id: str,
        parameters: Annotated[Parameters, Depends(of_deletion)],
    ) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            found = deletable(connection, member, root, collection)
        page = asked(parameters, key=hub.key, what="", most=1)
        gone: int | None = 0
        if IDENTIFIER.fullmatch(object_id):
            with hub.database.write() as connection:
                turn = Turn(connection, found.number, member.number, hub.now())
                gone = delete_versions(turn, object_id, page.filters)
        if gone is None:
            raise RequestError(403, "the object is another member's")
        if not gone:
            raise RequestError(404, "no such object, or no such version of it")
        return answer_bytes(b"")

    return routes


_ENVELOPE: dict[str, Any] = {
    "required": True,
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["objects"],
                "properties": {"objects": {"type": "array", "items": {"type": "object"}}},
            }
        }
    },
}


class _Reading:
    """A request for a page, understood and allowed."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a path
        self,
        hub: Hub,
        request: Request,
        root: str,
        collection: str,
        parameters: Parameters,
        object_id: str | None = None,
    ) -> None:
        self.hub = hub
        self.object_id = object_id
        member = hub.caller(request)
        with hub.database.read() as connection:
            self.collection = readable(connection, member, root, collection).number
        endpoint = request.scope["route"].path.removeprefix(_COLLECTION)
        self.page = asked(
            parameters,
            key=hub.key,
            what=f"{self.collection} {endpoint} {object_id or ''}",
            most=hub.settings.page_objects,
        )

    def chosen(self) -> Asked:
        """Return the page, with the identifier of the path among its filters.

        Raises:
            RequestError: If that is none.
        """
        if self.object_id is None:
            return self.page
        if not IDENTIFIER.fullmatch(self.object_id):
            raise RequestError(404, "no such object")
        return narrowed(self.page, self.object_id)

    def next_token(self, page: Page) -> str | None:
        """Return how the next page is asked for, if there is one."""
        return next_page(self.hub.key, self.page, page.entries[-1].place) if page.more else None


def _bodies(reading: _Reading) -> Response:
    chosen = reading.chosen()
    with reading.hub.database.read() as connection:
        page = page_of(connection, reading.collection, chosen, most_bytes=MOST_PAGE_BYTES)
        bodies = bodies_of(connection, reading.collection, chosen, page)
        if not page.entries and reading.object_id is not None:
            _refuse_unknown(holds(connection, reading.collection, reading.object_id))
    reading.hub.gauges.counted("served", len(bodies))
    body = page_bytes("objects", ",".join(bodies).encode(), reading.next_token(page))
    return answer_bytes(body, headers=_dates(page))


def _names(reading: _Reading, name: str, shown: Callable[[Entry], object]) -> Response:
    chosen = reading.chosen()
    with reading.hub.database.read() as connection:
        page = page_of(connection, reading.collection, chosen)
        if not page.entries and reading.object_id is not None:
            _refuse_unknown(holds(connection, reading.collection, reading.object_id))
    items = msgspec.json.encode([shown(entry) for entry in page.entries])[1:-1]
    return answer_bytes(page_bytes(name, items, reading.next_token(page)), headers=_dates(page))


def _refuse_unknown(is_known: bool) -> None:  # noqa: FBT001 - what was found out
    if not is_known:
        raise RequestError(404, "no such object")


def _record(entry: Entry) -> dict[str, object]:
    said: dict[str, object] = {
        "id": entry.object_id,
        "date_added": written_moment(entry.date_added),
        "version": entry.shown_version,
        "media_type": f"application/stix+json;version={entry.spec_version}",
    }
    # So that a receiver of manifests only learns of it without fetching the object.
    return said | {"x_phalanx_revoked": True} if entry.is_revoked else said


def _dates(page: Page) -> dict[str, str]:
    if not page.entries:
        return {}
    first, last = page.entries[0].date_added, page.entries[-1].date_added
    return {
        "X-TAXII-Date-Added-First": written_moment(first),
        "X-TAXII-Date-Added-Last": written_moment(last),
    }


def _to_write(hub: Hub, member: Member, root: str, collection: str) -> Collection:
    with hub.database.read() as connection:
        return writable(connection, member, root, collection)


def _add(hub: Hub, member: Member, found: Collection, body: bytes) -> Response:
    try:
        sent = read_envelope(body, hub.check)
    except InputError as error:
        return failure(422, str(error))
    with hub.database.write() as connection:
        turn = Turn(connection, found.number, member.number, hub.now())
        outcomes = add_objects(turn, sent)
        status = new_status(turn, found.root, outcomes, keep_days=hub.settings.status_days)
    # From here on it is kept, whatever happens to this process.
    stored = sum(outcome.is_stored for outcome in outcomes)
    hub.gauges.counted("stored", stored)
    hub.gauges.counted("refused", len(outcomes) - stored)
    return answer_bytes(status, 202)
