"""Parameters of requests, as they stand in a URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query

Parameters = Mapping[str, str | None]

_Ids = Annotated[str | None, Query(alias="match[id]", description="Identifiers, with commas.")]
_Types = Annotated[str | None, Query(alias="match[type]", description="Types, with commas.")]
_Versions = Annotated[
    str | None,
    Query(alias="match[version]", description="first, last, all, or timestamps, with commas."),
]
_Specs = Annotated[
    str | None, Query(alias="match[spec_version]", description="Versions of STIX, with commas.")
]
_After = Annotated[str | None, Query(description="Only what was added after this timestamp.")]
_Limit = Annotated[str | None, Query(description="Most items on the page.")]
_Next = Annotated[str | None, Query(description="From the page before.")]


# Asynchronous, so that no thread is taken for them.
async def of_list(  # noqa: PLR0913, PLR0917 - all that TAXII has
    ids: _Ids = None,
    types: _Types = None,
    versions: _Versions = None,
    specs: _Specs = None,
    added_after: _After = None,
    limit: _Limit = None,
    next: _Next = None,  # noqa: A002 - its name in TAXII
) -> Parameters:
    """Return the parameters of a list of objects."""
    matched = {"match[id]": ids, "match[type]": types}
    return matched | dict(await of_object(versions, specs, added_after, limit, next))


async def of_object(
    versions: _Versions = None,
    specs: _Specs = None,
    added_after: _After = None,
    limit: _Limit = None,
    next: _Next = None,  # noqa: A002 - as above
) -> Parameters:
    """Return the parameters of a list of the versions of one object."""
    return {"match[version]": versions} | dict(await of_versions(specs, added_after, limit, next))


async def of_versions(
    specs: _Specs = None,
    added_after: _After = None,
    limit: _Limit = None,
    next: _Next = None,  # noqa: A002 - as above
) -> Parameters:
    """Return the parameters of a list of names of versions."""
    page = {"added_after": added_after, "limit": limit, "next": next}
    return {"match[spec_version]": specs, **page}


async def of_deletion(versions: _Versions = None, specs: _Specs = None) -> Parameters:
    """Return the parameters of a deletion."""
    return {"match[version]": versions, "match[spec_version]": specs}


async def of_tombstones(
    ids: _Ids = None,
    added_after: _After = None,
    limit: _Limit = None,
    next: _Next = None,  # noqa: A002 - as above
) -> Parameters:
    """Return the parameters of a list of tombstones."""
    return {"match[id]": ids, "added_after": added_after, "limit": limit, "next": next}
