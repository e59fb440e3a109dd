"""Logs that are no files of this machine: tables of a lake, folders in an object store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from phalanx.errors import InputError

Format = Literal["parquet", "iceberg", "delta"]

_TABLES: Mapping[str, Format] = {"iceberg": "iceberg", "delta": "delta"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """Something that a cluster reads by itself."""

    format: Format
    location: str
    """Name of the table (Iceberg), path or URL (the others)."""

    spelling: str
    """As the user gave it."""


def remote_source(text: object) -> RemoteSource | None:
    """Read a source as a user spells it; null for what stands in this machine's files.

    Parameters:
        text: `iceberg:CATALOG.DATABASE.TABLE`, `delta:PATH`, a URL of Parquet files, or
            anything else.

    Raises:
        InputError: If nothing follows the prefix.

    Examples:
        >>> remote_source("s3a://logs/2026/").format, remote_source("delta:/lake/log").location
        ('parquet', '/lake/log')
        >>> remote_source("march.parquet") is None
        True
    """
    if not isinstance(text, str):
        return None
    prefix, colon, location = text.partition(":")
    known = _TABLES.get(prefix) if colon else None
    if known is None:
        return RemoteSource("parquet", text, text) if _SCHEME.match(text) else None
    if not location:
        message = f"{text}: names no table"
        raise InputError(message, next_step="Write iceberg:CATALOG.DB.TABLE or delta:PATH.")
    return RemoteSource(known, location, text)
