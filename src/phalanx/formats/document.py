"""The content of `campaigns.json` as a type: written, published as a schema, read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from datetime import date
from typing import Literal, NoReturn

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from phalanx.detect.result import (
    GROUP_SCHEMA,
    LOOK_SCHEMA,
    SCHEMA_VERSION,
    Population,
    RunRecord,
    ScanResult,
    SignalState,
)
from phalanx.errors import InputError
from phalanx.model import (
    AuthorisedGroup,
    Campaign,
    MixedAccount,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)

SCHEMA_ID: Literal["phalanx.campaigns/2"] = "phalanx.campaigns/2"
"""What a document says it is. The number is the major version of the schema."""

_LARGEST_DOCUMENT_CHARACTERS = 1 << 30
_SECRET_ENDINGS = ("secret", "password", "credential", "_key", "_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanDocument:
    """Everything that a scan concluded, without its tables."""

    schema: Literal["phalanx.campaigns/2"]
    """Identifier of this format with its major version."""

    version: str
    """Version of the format; a field may be added within a major version."""

    days: tuple[date, ...]
    """UTC days that the log covers, in order."""

    false_discovery_rate: float
    """Rate that `campaigns` was held to by e-BH: the expected share of false ones."""

    population: Population
    """How much was read, and what the error control rests on."""

    campaigns: tuple[Campaign, ...]
    """Groups that reject both nulls, strongest first."""

    authorised: tuple[AuthorisedGroup, ...]
    """Groups that would be campaigns and are covered by grants."""

    undeclared_pools: tuple[UndeclaredPool, ...]
    """Groups that are operated together without saying so, not shown to harvest."""

    suspicious_parties: tuple[SuspiciousParty, ...]
    """Single declared parties whose use is unlike that of honest operators."""

    not_judged: tuple[NotJudged, ...]
    """Groups on which the data could not decide, with the reason."""

    signals: tuple[SignalState, ...]
    """Which signals could be computed on this log."""

    run: RunRecord
    """What is needed to repeat the scan; no secret is ever in it."""

    mixed_accounts: tuple[MixedAccount, ...] = ()
    """Accounts that many principals seem to use; no accusation. Empty for a scan that an earlier
    version wrote."""


_ADAPTER: TypeAdapter[ScanDocument] = TypeAdapter(ScanDocument)


def document_of(result: ScanResult) -> ScanDocument:
    """Return what a scan concluded, without its tables and without secrets.

    Parameters:
        result: What the scan found.
    """
    return ScanDocument(
        schema=SCHEMA_ID,
        version=SCHEMA_VERSION,
        days=tuple(_days(result.daily)),
        false_discovery_rate=result.false_discovery_rate,
        population=result.population,
        campaigns=result.campaigns,
        authorised=result.authorised,
        undeclared_pools=result.undeclared_pools,
        suspicious_parties=result.suspicious_parties,
        not_judged=result.not_judged,
        signals=result.signals,
        run=public_run(result.run),
        mixed_accounts=result.mixed_accounts,
    )


def result_of(  # noqa: PLR0913 - one for each table
    document: ScanDocument,
    *,
    accounts: pa.Table,
    links: pa.Table,
    daily: pa.Table,
    looks: pa.Table | None = None,
    groups: pa.Table | None = None,
) -> ScanResult:
    """Join a document with its tables again.

    Parameters:
        document: What the scan concluded.
        accounts: One row per account.
        links: One row per link.
        daily: One row per day.
        looks: One row per look at a group; null where an earlier version kept none.
        groups: One row per group that was tested; null where an earlier version kept none.
    """
    return ScanResult(
        campaigns=document.campaigns,
        authorised=document.authorised,
        undeclared_pools=document.undeclared_pools,
        suspicious_parties=document.suspicious_parties,
        not_judged=document.not_judged,
        false_discovery_rate=document.false_discovery_rate,
        population=document.population,
        signals=document.signals,
        run=document.run,
        accounts=accounts,
        links=links,
        daily=daily,
        mixed_accounts=document.mixed_accounts,
        looks=LOOK_SCHEMA.empty_table() if looks is None else looks,
        groups=GROUP_SCHEMA.empty_table() if groups is None else groups,
    )


def load(text: str) -> ScanDocument:
    """Read a document that `phalanx scan` wrote; fields that are not known are passed over.

    Parameters:
        text: Content of `campaigns.json`, at most 2^30 characters.

    Raises:
        InputError: If it is no such document, or of a later major version.
    """
    if len(text) > _LARGEST_DOCUMENT_CHARACTERS:
        _refuse(f"the document has {len(text):,} characters, more than 2^30")
    try:
        value = json.loads(text, parse_float=_finite_float, parse_constant=_finite_float)
    except (ValueError, RecursionError) as error:
        _refuse(f"the document is not JSON: {error}")
    if not isinstance(value, dict) or value.get("schema") != SCHEMA_ID:
        found = value.get("schema") if isinstance(value, dict) else type(value).__name__
        _refuse(f"the document says it is {found!r}, not {SCHEMA_ID!r}")
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        _refuse(f"the document does not match {SCHEMA_ID}: {place}: {first['msg']}")


def public_run(run: RunRecord) -> RunRecord:
    """Return the record of a run without secrets among its parameters."""
    return replace(run, parameters=public_parameters(run.parameters))


def public_parameters(parameters: Mapping[str, object]) -> dict[str, object]:
    """Leave out what must never be written (keys, passwords, bytes), and order sets.

    Parameters:
        parameters: Parameters of the run, as recorded.

    Examples:
        >>> public_parameters({"seed": 0, "pseudonym_key": "k", "trusted": {"b", "a"}})
        {'seed': 0, 'trusted': ['a', 'b']}
    """
    return {
        name: _public(value)
        for name, value in parameters.items()
        if not isinstance(value, bytes | bytearray | memoryview)
        and not name.lower().endswith(_SECRET_ENDINGS)
    }


def _public(value: object) -> object:
    if isinstance(value, Mapping):
        return public_parameters(value)
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [_public(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return public_parameters(asdict(value))
    return value


def _days(daily: pa.Table) -> list[date]:
    return sorted(day for day in daily.column("day").to_pylist() if day is not None)


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = f"{text} is no finite number"
        raise ValueError(message)
    return number


def _refuse(reason: str) -> NoReturn:
    raise InputError(
        reason, next_step="Pass the campaigns.json of a scan that this version wrote, or rescan."
    )
