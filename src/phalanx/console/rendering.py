"""Pages as HTML and their twins as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment
from pydantic import TypeAdapter

from phalanx import __version__
from phalanx.console.access import may
from phalanx.console.assets import Asset
from phalanx.console.navigation import menu_of
from phalanx.console.people.sessions import Visitor
from phalanx.formats import html, pages
from phalanx.printable import printable_json

_TEMPLATES = Path(__file__).parent / "templates"


class Renderer:
    """Renders templates.

    Parameters:
        assets: By name.
    """

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        """Read the templates."""
        self._environment = _environment(assets)

    def warm(self) -> None:
        """Compile all templates, so that no page waits for it."""
        for name in self._environment.list_templates(filter_func=lambda name: name.endswith(".j2")):
            self._environment.get_template(name)

    def page(
        self,
        template: str,
        visitor: Visitor | None,
        here: str,
        context: Mapping[str, object],
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page.

        Parameters:
            template: Its name.
            visitor: Who has signed in; null where nobody has.
            here: Path of the page.
            context: What it shows.
            status: Of HTTP.
        """
        told = {
            "visitor": visitor,
            "csrf": visitor.csrf if visitor else "",
            "menu": menu_of(visitor.user.role) if visitor else (),
            "here": here,
            **context,
        }
        text = self._environment.get_template(template).render(told)
        return HTMLResponse(text, status)


def as_json(record: object) -> Response:
    """Answer with a record as JSON; what is not finite becomes null, since JSON has no word for it.

    Examples:
        >>> as_json({"log10_e": float("inf")}).body
        b'{"log10_e":null}'
    """
    kind: Any = type(record)
    return Response(_adapter(kind).dump_json(record), media_type="application/json")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - the kind of any record
    return TypeAdapter(kind)


def _environment(assets: Mapping[str, Asset]) -> Environment:
    environment = html.environment_of_groups([_TEMPLATES])
    environment.filters.update(
        in_json=lambda value: printable_json(json.dumps(value, indent=2, ensure_ascii=False)),
        segment=lambda text: quote(str(text), safe=""),
        # Charts are drawn by our own engine, which escapes every text in them.
        drawn=pages.trusted,
    )
    environment.globals.update(asset=lambda name: assets[name].url, version=__version__, may=may)
    return environment
