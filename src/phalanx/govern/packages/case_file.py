"""A case as people write it down: TOML, from which records are made.

Digests, sizes and the chain of custody are computed, not written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from phalanx.errors import InputError, reason_of
from phalanx.govern.checked_toml import not_like, read_checked
from phalanx.govern.packages.records import (
    CaseRecord,
    ClaimRecord,
    CustodyAction,
    CustodyRecord,
    EventRecord,
    Id,
    ItemRecord,
    Line,
    PersonRecord,
    Record,
    Role,
    Sensitivity,
    Text,
)

SCHEMA = "phalanx.case/1"
_WHAT = "case"
_MOST_EVENT_BYTES = 2_000_000
_Path = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
_Made = TypeVar("_Made", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """Records, and the files of items by their id."""

    records: tuple[Record, ...]
    files: dict[str, Path]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Case(_Strict):
    id: Id
    title: Line
    provider: Line
    opened_at: AwareDatetime
    summary: Text
    level: float


class _Person(_Strict):
    id: Id
    name: Line
    role: Role


class _Item(_Strict):
    id: Id
    title: Line
    file: _Path
    media_type: str
    source: Line
    collected_at: AwareDatetime
    collector: Id
    tool: Line
    sensitivity: Sensitivity


class _Custody(_Strict):
    item: Id
    action: CustodyAction
    by: Id
    at: AwareDatetime


class _Event(_Strict):
    id: Id
    file: _Path


class _File(_Strict):
    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    case: _Case
    person: tuple[_Person, ...] = Field(min_length=1)
    item: tuple[_Item, ...] = ()
    custody: tuple[_Custody, ...] = ()
    claim: tuple[dict[str, Any], ...] = ()
    event: tuple[_Event, ...] = ()


def read_case(path: Path, random: Callable[[int], bytes] = secrets.token_bytes) -> WrittenCase:
    """Read a case, and make its records.

    Parameters:
        path: TOML of the schema `phalanx.case/1`; files in it are named from its folder on.
        random: Gives so many random bytes, for salts of the records of custody.

    Raises:
        InputError: If it, or a file that it names, cannot be read or is not as it should be.
    """
    said, _ = read_checked(path, _File, _WHAT)
    files = {each.id: path.parent / each.file for each in said.item}
    records: list[Record] = [
        _made(CaseRecord, said.case.model_dump() | {"claims": len(said.claim)}, path),
        *(_made(PersonRecord, each.model_dump(), path) for each in said.person),
        *(_made(ItemRecord, _measured(each, files[each.id]), path) for each in said.item),
        *_chained(said.custody, path, random),
        *(_made(ClaimRecord, each, path) for each in said.claim),
        *(
            _made(EventRecord, {"id": e.id, "proved": _text(path.parent / e.file)}, path)
            for e in said.event
        ),
    ]
    return WrittenCase(tuple(records), files)


def _chained(
    said: tuple[_Custody, ...], path: Path, random: Callable[[int], bytes]
) -> list[CustodyRecord]:
    last: dict[str, str] = {}
    found = []
    for number, each in enumerate(said, 1):
        values = each.model_dump() | {
            "id": f"custody-{number}", "previous": last.get(each.item), "salt": random(16).hex(),
        }  # fmt: skip
        record = _made(CustodyRecord, values, path)
        last[each.item] = sha256(record.payload()).hexdigest()
        found.append(record)
    return found


def _measured(said: _Item, path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path in the case.") from error
    return said.model_dump(exclude={"file"}) | {"sha256": digest, "size_bytes": size}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_EVENT_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as an event of a ledger"
        raise InputError(message, next_step="Name what `govern ledger prove` wrote.") from error


def _made(kind: type[_Made], values: dict[str, Any], path: Path) -> _Made:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        raise not_like(path, _WHAT, f"{values.get('id')}: {where}: {first['msg']}") from error
