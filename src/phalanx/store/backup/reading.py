"""The rows of a table in one order on every database, page after page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, collate, literal, select, tuple_

from phalanx.store.backup.values import line_of

PAGE_ROWS = 5_000


def lines_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """Yield the rows of a table as lines, in the order of its key.

    Texts are in the order of their bytes, whatever the database is set to.

    Parameters:
        connection: That sees one moment throughout.
        table: With a primary key, or a small one without.
    """
    columns = list(table.columns)
    key = list(table.primary_key) or columns
    order = [_ordered(each, connection) for each in key]
    places = [columns.index(each) for each in key]
    last: tuple[object, ...] | None = None
    while True:
        chosen = select(*columns).order_by(*order).limit(PAGE_ROWS)
        if not table.primary_key:
            chosen = chosen.limit(None)
        elif last is not None:
            bound = (literal(value, each.type) for value, each in zip(last, key, strict=True))
            chosen = chosen.where(tuple_(*order) > tuple_(*bound))
        rows = connection.execute(chosen).all()
        yield from (line_of(tuple(row)) for row in rows)
        if len(rows) < PAGE_ROWS or not table.primary_key:
            return
        last = tuple(rows[-1][place] for place in places)


def digest_of(connection: Connection, table: Table) -> tuple[int, int, str]:
    """Return how many rows a table has, how many bytes their lines, and their digest."""
    digest, rows, size = hashlib.sha256(), 0, 0
    for line in lines_of(connection, table):
        digest.update(line)
        rows += 1
        size += len(line)
    return rows, size, digest.hexdigest()


def _ordered(column: Any, connection: Connection) -> ColumnElement[Any]:  # noqa: ANN401 - of any type
    if connection.dialect.name == "postgresql" and isinstance(column.type, String):
        return collate(column, "C")
    return column  # type: ignore[no-any-return]
