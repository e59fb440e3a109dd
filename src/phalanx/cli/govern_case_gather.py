"""Files that become evidence: what they hold is told from them where they say it."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

import rfc8785

from phalanx import __version__
from phalanx.cli.govern_case_options import CaseOptions, ItemOptions
from phalanx.cli.govern_case_work import cases_of, login
from phalanx.errors import InputError, reason_of
from phalanx.formats.folder import read_scan
from phalanx.govern.cases import Found, ItemKind
from phalanx.govern.packages.records import Sensitivity

_MOST_LOOKED_AT_BYTES = 64 * 1024 * 1024
_KINDS = (
    ("phalanx.campaigns/", "campaign"),
    ("phalanx.watermark-audit", "watermark-audit"),
    ("phalanx.provenance/", "provenance-verdict"),
    ("phalanx.watermark-trace/", "trace"),
    ("phalanx.provenance-trace/", "trace"),
)
"""How the schema or the format that a file names begins -> what it holds."""


def gathered(
    name: str,
    item: str,
    path: Path,
    campaign: str | None,
    said: ItemOptions,
    *,
    options: CaseOptions,
) -> str:
    """Take a file, or what a scan says of a campaign, as evidence.

    Raises:
        InputError: If it cannot be read, or something said of it is not as it should be.
        PolicyError: If who is signed in may not.
    """
    with tempfile.TemporaryDirectory(prefix="phalanx-") as folder:
        file, source = path, str(path)
        if campaign is not None:
            file = Path(folder) / f"{item}.json"
            source = _write_campaign(path, campaign, file)
        found = _found(item, file, source, campaign, said)
        with cases_of(options) as cases:
            case = cases.gather(name, login(), found)
    record = case.items[item].record
    return f"{name}: act {case.entries}, {item} is {found.of} of {record.size_bytes:,} bytes"


def _found(item: str, file: Path, source: str, campaign: str | None, said: ItemOptions) -> Found:
    of = said.of or ("campaign" if campaign is not None else _kind_of(file))
    if of not in get_args(ItemKind):
        message = f"no item holds {of[:80]!r}"
        raise InputError(message, next_step=f"Name one of {', '.join(get_args(ItemKind))}.")
    if said.sensitivity not in get_args(Sensitivity):
        message = f"{said.sensitivity[:80]!r} is no sensitivity"
        raise InputError(message, next_step=f"Name one of {', '.join(get_args(Sensitivity))}.")
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Found(
        id=item,
        title=said.title or (f"Campaign {campaign}" if campaign is not None else file.name),
        file=file,
        of=cast("ItemKind", of),
        media_type=said.media_type or guessed,
        source=said.source or source,
        tool=said.tool or f"phalanx {__version__}",
        sensitivity=cast("Sensitivity", said.sensitivity),
        collected_at=_moment(said.collected_at),
    )


def _write_campaign(folder: Path, campaign: str, file: Path) -> str:
    """Write what a scan says of one group, and return from where that is."""
    read_scan(folder)  # refuses what is no scan, or of a later version
    path = folder / "campaigns.json"
    content = path.read_bytes()
    scan: dict[str, Any] = json.loads(content)
    for kind in ("campaigns", "authorised", "undeclared_pools", "suspicious_parties", "not_judged"):
        for each in scan[kind]:
            if campaign in {each.get("campaign_id"), each.get("group_id")}:
                digest = hashlib.sha256(content).hexdigest()
                kept = {
                    "schema": "phalanx.campaigns/2",
                    "version": scan["version"],
                    "scan_sha256": digest,
                    "false_discovery_rate": scan["false_discovery_rate"],
                    "population": scan["population"],
                    "run": scan["run"],
                    "days": scan["days"],
                    kind: [each],
                }
                file.write_bytes(rfc8785.dumps(kept) + b"\n")
                return f"{path}, SHA-256 {digest}"
    message = f"{folder}: the scan lists no group {campaign[:80]!r}"
    raise InputError(message, next_step="`phalanx campaigns show` lists what it found.")


def _kind_of(file: Path) -> str:
    """Return what a file says that it holds; `file` where it does not say so."""
    try:
        if not file.is_file() or file.stat().st_size > _MOST_LOOKED_AT_BYTES:
            return "file"
        said = json.loads(file.read_bytes())
    except OSError as error:
        message = f"{file}: cannot be gathered: {reason_of(error)}"
        raise InputError(message, next_step="Check the path.") from error
    except (ValueError, RecursionError):
        return "file"
    if not isinstance(said, dict):
        return "file"
    if said.get("type") in {"bundle", "sighting"}:
        return "sighting"
    schema = said.get("schema") or said.get("format") or ""
    return next((of for start, of in _KINDS if str(schema).startswith(start)), "file")


def _moment(said: str | None) -> datetime:
    if said is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        message = f"{said[:80]!r} is no moment"
        raise InputError(message, next_step="Write it like 2026-11-25T10:00:00Z.") from error
    if moment.tzinfo is None:
        message = f"{said[:80]!r} has no time zone"
        raise InputError(message, next_step="Write it like 2026-11-25T10:00:00Z.")
    return moment
