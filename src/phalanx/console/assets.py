"""Styles and scripts: our own files, named by their digest so that browsers keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from phalanx.formats import pages

_FOLDER = Path(__file__).parent / "assets"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    content: bytes
    media_type: str
    url: str


def read_assets() -> Mapping[str, Asset]:
    """Return all assets by name; styles of the report are among them."""
    files = {each.name: each.read_bytes() for each in sorted(_FOLDER.iterdir()) if each.is_file()}
    files |= {name: pages.source(name).encode() for name in ("report.css", "appeal.css")}
    return MappingProxyType({name: _asset(name, content) for name, content in files.items()})


def _asset(name: str, content: bytes) -> Asset:
    version = hashlib.sha256(content).hexdigest()[:16]
    kind = _TYPES[Path(name).suffix]
    return Asset(content, f"{kind}; charset=utf-8", f"/assets/{name}?v={version}")
