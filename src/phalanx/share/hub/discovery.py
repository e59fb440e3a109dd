"""The endpoints of TAXII 2.1 that say what is here: the hub, its API roots and collections."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from phalanx.share.hub.answers import MEDIA_TYPE, STIX, RequestError, answer, answer_bytes
from phalanx.share.hub.directory import Collection, Root, collections_of, hub_of, roots_of
from phalanx.share.hub.hub import Hub, known_collection, seen_root
from phalanx.share.hub.statuses import status_of


def discovery_routes(hub: Hub) -> APIRouter:
    """Return the endpoints that are of no API root and of no collection."""
    routes = APIRouter(tags=["TAXII 2.1"])

    @routes.get("/taxii2/", summary="Server discovery")
    @routes.get("/taxii/", include_in_schema=False)
    def discovery(request: Request) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            about, roots = hub_of(connection), roots_of(connection, member.number)
        urls = [_url_of(root) for root in roots]
        default = about.default_url or (urls[0] if urls else None)
        return answer(
            _without_nulls(
                title=about.title,
                description=about.description,
                contact=about.contact,
                default=default if default in urls else None,
                api_roots=urls or None,
            )
        )

    @routes.get("/{root}/", summary="API root information")
    def api_root(request: Request, root: str) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            found = seen_root(connection, member, root)
        return answer(
            _without_nulls(
                title=found.title,
                description=found.description,
                versions=[MEDIA_TYPE],
                max_content_length=hub.settings.largest_body_bytes,
            )
        )

    @routes.get("/{root}/status/{status}/", summary="Status of a request to add objects")
    def status(request: Request, root: str, status: str) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            seen_root(connection, member, root)
            body = status_of(connection, root, member.number, status)
        if body is None:
            raise RequestError(404, "no such status")
        return answer_bytes(body)

    @routes.get("/{root}/collections/", summary="Collections")
    def collections(request: Request, root: str) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            seen_root(connection, member, root)
            found = [_shown(each) for each in collections_of(connection, member.number, root)]
        return answer({"collections": found} if found else {})

    @routes.get("/{root}/collections/{collection}/", summary="Collection")
    def one_collection(request: Request, root: str, collection: str) -> Response:
        member = hub.caller(request)
        with hub.database.read() as connection:
            return answer(_shown(known_collection(connection, member, root, collection)))

    return routes


def _url_of(root: Root) -> str:
    return root.url or f"/{root.name}/"


def _shown(collection: Collection) -> dict[str, object]:
    return _without_nulls(
        id=collection.collection_id,
        title=collection.title,
        description=collection.description,
        alias=collection.alias,
        can_read=collection.rights.can_read,
        can_write=collection.rights.can_write,
        media_types=[STIX],
    )


def _without_nulls(**said: object) -> dict[str, object]:
    return {name: value for name, value in said.items() if value is not None}
