"""Rows as JSON lines: one array a row, the same from every database."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any

from sqlalchemy import Column, Float, Integer, LargeBinary, String, Table

from phalanx.errors import VerificationError

_NOT_FINITE = ("inf", "-inf", "nan")


def line_of(row: tuple[object, ...]) -> bytes:
    r"""Return a row as a line.

    Numbers that JSON lacks are an object `float`, bytes an object `base64`.

    Examples:
        >>> line_of((1, "a", None, float("-inf"), b"x"))
        b'[1,"a",null,{"float":"-inf"},{"base64":"eA=="}]\n'
    """
    said = json.dumps([_plain(each) for each in row], ensure_ascii=False, separators=(",", ":"))
    # A text of SQLite may hold what is no text: as JSON writes it, it stays what it is.
    return said.encode(errors="surrogatepass") + b"\n"


def row_of(line: bytes, table: Table, what: str) -> dict[str, object]:
    """Return the row that a line holds, by column.

    Raises:
        VerificationError: If it is none of this table.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _no_row(what) from error
    columns = list(table.columns)
    if not isinstance(said, list) or len(said) != len(columns):
        raise _no_row(what)
    return {
        column.name: _value(each, column, what) for each, column in zip(said, columns, strict=True)
    }


def _plain(value: object) -> object:
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _value(said: Any, column: Column[Any], what: str) -> object:  # noqa: ANN401 - JSON
    if said is None and column.nullable:
        return None
    if isinstance(said, dict):
        said = _unusual(said, what)
    kinds: tuple[type, ...] = ()
    if isinstance(column.type, LargeBinary):
        kinds = (bytes,)
    elif isinstance(column.type, String):
        kinds = (str,)
    elif isinstance(column.type, Integer):
        kinds = (int,)
    elif isinstance(column.type, Float):
        kinds = (float, int)
    if not isinstance(said, kinds) or isinstance(said, bool):
        raise _no_row(what)
    return said


def _unusual(said: dict[str, object], what: str) -> object:
    (name, value), *more = said.items() or [("", None)]
    if more or not isinstance(value, str):
        raise _no_row(what)
    if name == "float" and value in _NOT_FINITE:
        return float(value)
    if name == "base64":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _no_row(what) from error
    raise _no_row(what)


def _no_row(what: str) -> VerificationError:
    message = f"{what} is no row of its table"
    return VerificationError(message, next_step="Take another backup.")
