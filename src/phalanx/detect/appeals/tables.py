"""Rows of a scan's tables as records, checked: a folder may come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import (
    AfterValidator,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    ValidationError,
)

from phalanx.detect.route import Route
from phalanx.errors import InputError
from phalanx.evidence import LOOKS

_ACCOUNTS, _LOOKED = "accounts.parquet", "looks.parquet"
_STALE = "Scan the log again with this version; the files do not hold what the page needs."

Logarithm = Annotated[FiniteFloat, Field(ge=-1e9, le=1e9)]
"""Beyond this no scan has a number, and sums would overflow."""

Share = Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow:
    """A mark of a campaign that another provider shared, on an account."""

    campaign: str
    kind: str
    matches: PositiveInt
    first_seen: datetime | None
    last_seen: datetime | None
    accounts_of_log: PositiveInt


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMarks:
    """What marks said of a group when it was opened."""

    campaign: str
    log_ratio_apart: Logarithm
    log_ratio_honest: Logarithm
    held_share: Share
    read_from: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One row of `accounts.parquet`; `account_details` says what its columns mean."""

    account_id: str
    party_id: str
    first_seen: datetime
    last_seen: datetime
    exchanges: NonNegativeInt
    input_tokens: NonNegativeInt
    output_tokens: NonNegativeInt
    step_exchanges: tuple[NonNegativeInt, ...]
    group_id: str | None
    confidence: Share | None
    role: str | None
    habits: Mapping[str, Share]
    parties_sharing: Mapping[str, PositiveInt | None]
    members_sharing: Mapping[str, PositiveInt | None]
    membership_log_odds: Mapping[str, Logarithm | None]
    log10_e_apart_with: Logarithm | None
    log10_e_apart_without: Logarithm | None
    tracks: tuple[int, ...]
    grant_ids: tuple[str, ...]
    marks: tuple[MarkRow, ...] = ()


def _in_order(pairs: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One row of `looks.parquet`."""

    track: int
    route: Route
    opening_parties: PositiveInt
    parties: PositiveInt
    log10_e_apart: Logarithm | None
    log10_e_honest: Logarithm | None
    log10_e_of_rules: Annotated[
        list[tuple[str, Logarithm]] | tuple[tuple[str, Logarithm], ...],
        AfterValidator(_in_order),
    ]
    marks: GroupMarks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceTable:
    """Habits and shared values of all parties, one row per party."""

    names: npt.NDArray[np.object_]
    accounts: npt.NDArray[np.int64]
    exchanges: npt.NDArray[np.float64]
    is_reference: npt.NDArray[np.bool_]
    habits: npt.NDArray[np.float64]
    """Shape (parties, habits), in the order of the account's row."""

    showing: Mapping[str, int]
    """Rule -> parties that show any value."""


_ACCOUNT: TypeAdapter[AccountRow] = TypeAdapter(AccountRow)
_LOOKS: TypeAdapter[tuple[LookRow, ...]] = TypeAdapter(tuple[LookRow, ...])


def account_row(accounts: pa.Table, account_id: str) -> AccountRow | None:
    """Find an account.

    Parameters:
        accounts: Table of a scan.
        account_id: As it stands in the scan.

    Returns:
        Its row, or null where it has none.

    Raises:
        InputError: If the table is not what this version writes.
    """
    columns = _columns(AccountRow, accounts)
    _require(accounts, _ACCOUNTS, columns)
    try:
        found = accounts.select(columns).filter(pc.equal(accounts["account_id"], account_id))
    except pa.ArrowException as error:
        message = f"{_ACCOUNTS}: account_id is no text: {error}"
        raise InputError(message, next_step=_STALE) from error
    if not found.num_rows:
        return None
    try:
        return _ACCOUNT.validate_python(found.slice(0, 1).to_pylist()[0])
    except ValidationError as error:
        raise _refusal(_ACCOUNTS, error) from error


def look_rows(looks: pa.Table) -> tuple[LookRow, ...]:
    """Return every look of a scan.

    Parameters:
        looks: Table of a scan.

    Raises:
        InputError: If the table is not what this version writes.
    """
    columns = _columns(LookRow, looks)
    _require(looks, _LOOKED, columns)
    try:
        rows = _LOOKS.validate_python(looks.select(columns).to_pylist())
    except ValidationError as error:
        raise _refusal(_LOOKED, error) from error
    counts = np.unique([row.track for row in rows], return_counts=True)[1]
    if counts.max(initial=0) > len(LOOKS):
        message = f"{_LOOKED}: a group was looked at {counts.max()} times, more than planned"
        raise InputError(message, next_step=_STALE)
    return rows


def reference_table(accounts: pa.Table, row: AccountRow) -> ReferenceTable:
    """Return what the parties of the log did, to compare an account with.

    Parameters:
        accounts: Table of a scan that holds the row.
        row: An account of it.

    Raises:
        InputError: If the table is not what this version writes.
    """
    _require(accounts, _ACCOUNTS, ["is_reference"])
    try:
        party = accounts["party_id"].combine_chunks().dictionary_encode()
        code = party.indices.to_numpy(zero_copy_only=False)
        _, first = np.unique(code, return_index=True)
        one_each = accounts.take(pa.array(first))
        habits = [_numbers(pc.struct_field(one_each["habits"], name)) for name in row.habits]
        showing = {
            rule: len(one_each) - pc.struct_field(one_each["parties_sharing"], rule).null_count
            for rule in row.parties_sharing
        }
        return ReferenceTable(
            names=np.array(party.dictionary.to_pylist(), dtype=np.object_),
            accounts=np.bincount(code),
            exchanges=np.bincount(code, _numbers(accounts["exchanges"])).astype(np.float64),
            is_reference=_numbers(one_each["is_reference"].cast(pa.int8())) > 0,
            habits=np.array(habits).reshape(len(row.habits), len(one_each)).T,
            showing=showing,
        )
    except (pa.ArrowException, ValueError, TypeError) as error:
        message = f"{_ACCOUNTS}: not a table of this version: {error}"
        raise InputError(message, next_step=_STALE) from error


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return a column as floats; what is missing is 0."""
    filled = pc.fill_null(column.cast(pa.float64()), 0.0)
    return np.asarray(np.nan_to_num(filled.to_numpy()), dtype=np.float64)


def _columns(row: type[AccountRow | LookRow], table: pa.Table) -> list[str]:
    """Return the columns of a row; marks only where a table has them: earlier versions had none."""
    names = row.__dataclass_fields__
    return [name for name in names if name != "marks" or name in table.column_names]


def _require(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    absent = [column for column in columns if table.column_names.count(column) != 1]
    if absent:
        message = f"{name}: has no single column {absent[0]}; an earlier version wrote it"
        raise InputError(message, next_step=_STALE)


def _refusal(name: str, error: ValidationError) -> InputError:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return InputError(f"{name}: {place}: {first['msg']}", next_step=_STALE)
