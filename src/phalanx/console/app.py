"""The console as an application: pages, their twins, acts, behind one guard."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from phalanx import __version__
from phalanx.console.access import ACCESS, API
from phalanx.console.admitting import Admitting
from phalanx.console.answers import Answers
from phalanx.console.assets import read_assets
from phalanx.console.cookies import cookies_of
from phalanx.console.deciding import Deciding
from phalanx.console.desk import Desk, asked_of
from phalanx.console.guard import Guard
from phalanx.console.pages import (
    accounts,
    campaigns,
    cases,
    findings,
    governance,
    marks,
    overview,
    people,
    releases,
    sharing,
)
from phalanx.console.pages.page import Page
from phalanx.console.people.acts import Acts
from phalanx.console.people.elsewhere import Provider
from phalanx.console.people.passwords import Passwords
from phalanx.console.people.tables import SCHEMA
from phalanx.console.rendering import Renderer, as_json
from phalanx.console.seen.scans import Scans
from phalanx.console.settings import ConsoleSettings
from phalanx.console.shield import Shield
from phalanx.console.signing import Signing
from phalanx.serving.bodies import BoundedBodies
from phalanx.share.hub.database import open_database

_FOREVER = "public, max-age=31536000, immutable"

PAGES: tuple[Page, ...] = (
    *overview.PAGES,
    *campaigns.PAGES,
    *findings.PAGES,
    *accounts.PAGES,
    *sharing.PAGES,
    *marks.PAGES,
    *releases.PAGES,
    *cases.PAGES,
    *governance.PAGES,
    *people.PAGES,
)


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: ConsoleSettings,
    *,
    clock: Callable[[], datetime] = _now,
    random: Callable[[int], bytes] = secrets.token_bytes,
    passwords: Passwords | None = None,
) -> FastAPI:
    """Return the application.

    Parameters:
        settings: Of the console.
        clock: Says what time it is.
        random: Gives random bytes; nobody may predict them.
        passwords: How they are hashed; tests take cheap ones.

    Raises:
        PhalanxError: If the database, the ledger or a setting cannot be used.
    """
    address = settings.address
    if settings.breached is not None:
        settings.breached.refuse_other()
    desk = Desk(
        settings=settings,
        database=open_database(settings.database, schema=SCHEMA),
        clock=clock,
        random=random,
        passwords=passwords or Passwords(),
        breached=settings.breached,
        provider=Provider(settings.provider, f"{address}/sign-in/back", random)
        if settings.provider
        else None,
        acts=Acts(settings.places.ledger, random),
        scans=Scans(settings.places.scans),
        cookies=cookies_of(settings),
    )
    app = _application(desk)
    app.state.warm_more = partial(campaigns.warm, desk.scans)
    app.state.close = desk.database.close
    refuse_unlisted(app)
    return app


def refuse_unlisted(app: FastAPI) -> None:
    """Refuse an application that the table of access does not fit.

    Raises:
        ValueError: If a route has no line, or a line no route.
    """
    routes = {
        f"{method} {route.path}"
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    if odd := sorted(routes ^ ACCESS.keys()):
        message = f"routes and the table of access differ: {', '.join(odd)}"
        raise ValueError(message)


def _application(desk: Desk) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.database.close()

    assets = read_assets()
    renderer = Renderer(assets)
    app = FastAPI(
        title="Phalanx console",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(Guard(desk))],
        lifespan=lifespan,
    )
    app.state.warm = partial(_warm, desk, renderer)
    for page in PAGES:
        _add(app, page, desk, renderer)
    Signing(desk, renderer).join(app)
    Admitting(desk).join(app)
    Deciding(desk).join(app)

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in assets:
            raise HTTPException(404, "there is no such file")
        found = assets[name]
        return Response(
            found.content, media_type=found.media_type, headers={"Cache-Control": _FOREVER}
        )

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        return JSONResponse({"status": "up"})

    @app.get(f"{API}/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        return JSONResponse(app.openapi())

    @app.get(f"{API}/campaigns/{{scan}}/{{group}}/graph", summary="All accounts of a group, placed")
    def graph(request: Request) -> Response:
        return as_json(campaigns.graph_of(asked_of(desk, request)))

    @app.get(f"{API}/ledger/{{number}}/proof", summary="An event of the ledger, as it verifies")
    def proof(request: Request) -> Response:
        text = governance.proof_of(asked_of(desk, request))
        name = f"event-{request.path_params['number']}.json"
        told = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type="application/json", headers=told)

    Answers(renderer).answer(app)
    bounds = desk.settings
    app.add_middleware(
        BoundedBodies, largest_bytes=bounds.largest_body_bytes, seconds=bounds.body_seconds
    )
    app.add_middleware(Shield, hosts=bounds.hosts, is_secure=bounds.is_secure)
    return app


def _warm(desk: Desk, renderer: Renderer) -> None:
    """Read all scans, draw their charts, and compile all templates."""
    desk.scans.warm()
    renderer.warm()


def _add(app: FastAPI, page: Page, desk: Desk, renderer: Renderer) -> None:
    """Add a page and its twin."""

    def as_html(request: Request) -> Response:
        shown = page.view(asked_of(desk, request))
        context = {"it": shown.data, **shown.more}
        return renderer.page(page.template, request.state.visitor, request.url.path, context)

    def as_twin(request: Request) -> Response:
        return as_json(page.view(asked_of(desk, request)).data)

    name = page.path.strip("/").replace("/", "_") or "overview"
    app.add_api_route(page.path, as_html, include_in_schema=False, name=name)
    app.add_api_route(f"{API}{page.path}", as_twin, summary=page.summary, name=f"api_{name}")
