"""Small files that a scan is given beside the logs: trusted, parties, grants, prices."""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from phalanx.errors import ConfigError, InputError
from phalanx.model import Grant

if TYPE_CHECKING:
    from phalanx.detect.alliance.mark_file import SharedMarks
    from phalanx.detect.onnx_embedder import OnnxEmbedder
    from phalanx.sketches.prompts import CorpusSketch

_MOST_BYTES = 1 << 28
"""Of a file: lists of some millions of accounts have less."""


def read_names(path: Path) -> frozenset[str]:
    """Read accounts or organisations, one a line; empty lines and `#` lines are skipped.

    Raises:
        InputError: If the file cannot be read or names nobody.
    """
    lines = (line.strip() for line in _text(path).splitlines())
    names = frozenset(line for line in lines if line and not line.startswith("#"))
    if not names:
        message = f"{path}: names no account or organisation"
        raise InputError(message, next_step="Write one a line, or leave the option out.")
    return names


def read_sketches(paths: Iterable[Path]) -> tuple[CorpusSketch, ...]:
    """Read sketches of known sets.

    Raises:
        InputError: If one cannot be used.
    """
    from phalanx.sketches.prompts.corpus_file import read_sketch

    return tuple(read_sketch(path) for path in paths)


def read_alliance(path: Path) -> SharedMarks:
    """Read the marks of campaigns that other providers shared.

    Raises:
        InputError: If the file cannot be used.
    """
    from phalanx.detect.alliance.mark_file import read_marks

    return read_marks(path)


def read_embedder(folder: Path) -> OnnxEmbedder:
    """Open a model that tells what prompts mean.

    Raises:
        InputError: If it cannot be used.
        MissingExtraError: If the extra `semantic` is not installed.
    """
    from phalanx.detect.onnx_embedder import open_embedder

    return open_embedder(folder)


def read_parties(path: Path) -> dict[str, str]:
    """Read a CSV of `account_id,party` with that header line.

    Raises:
        InputError: If the header or a row is not as expected.
    """
    rows = _csv_rows(path)
    expected = ["account_id", "party"]
    header = next(rows, [])
    if header != expected:
        message = f"{path}, row 1: expected the header account_id,party, not {','.join(header)!r}"
        raise InputError(message, next_step="Add the header line.")
    parties: dict[str, str] = {}
    for number, cells in enumerate(rows, start=2):
        if not any(cells):
            continue
        if len(cells) != len(expected) or not all(cells):
            message = f"{path}, row {number}: expected account_id,party, not {','.join(cells)!r}"
            raise InputError(message, next_step="Mend or remove the row.")
        account, party = cells
        if parties.setdefault(account, party) != party:
            message = f"{path}, row {number}: {account} already belongs to another party"
            raise InputError(message, next_step="Keep one line for each account.")
    return parties


def read_grants(path: Path) -> tuple[Grant, ...]:
    """Read grants from JSON (a list) or TOML (tables `[[grants]]`).

    Raises:
        InputError: If the file is neither, or a grant lacks a field, a known purpose or a
            time zone.
    """
    from pydantic import TypeAdapter, ValidationError

    rows = _grant_rows(path)
    if not isinstance(rows, list):
        message = f"{path}: expected a list of grants"
        raise InputError(message, next_step="Write [{...}] in JSON, or [[grants]] in TOML.")
    _forbid_unknown_fields(path, rows)
    try:
        grants = TypeAdapter(tuple[Grant, ...]).validate_python(rows)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{path}, grant {where}: {first['msg']}"
        raise InputError(
            message, next_step="`docs/how-to/grants-and-trust.md` has an example."
        ) from error
    for grant in grants:
        if grant.valid_from.tzinfo is None or grant.valid_until.tzinfo is None:
            message = f"{path}, grant {grant.grant_id}: valid_from and valid_until need a time zone"
            raise InputError(message, next_step="Write 2026-01-01T00:00:00Z.")
        if grant.valid_until <= grant.valid_from:
            message = f"{path}, grant {grant.grant_id}: valid_until is not after valid_from"
            raise InputError(message, next_step="Correct the two times.")
        if not grant.accounts and not grant.organisations:
            message = f"{path}, grant {grant.grant_id}: covers no account and no organisation"
            raise InputError(message, next_step="Name whom it covers.")
    return grants


def read_prices(path: Path) -> dict[str, tuple[float, float]]:
    """Read a price list from TOML or JSON: model or glob -> [input, output] USD per million.

    Raises:
        InputError: If the file is neither.
        ConfigError: If a price is not two non-negative numbers.
    """
    text = _text(path)
    table = _json(path, text) if path.suffix == ".json" else _toml(path, text)
    if isinstance(table, Mapping) and isinstance(table.get("prices"), Mapping):
        table = table["prices"]
    return check_prices(table, str(path))


def check_prices(table: object, source: str) -> dict[str, tuple[float, float]]:
    """Check a price list and complete it with the fallback `*`.

    Raises:
        ConfigError: If a price is not two non-negative numbers.

    Examples:
        >>> check_prices({"small-*": [0.1, 0.4], "*": [3, 15]}, "phalanx.toml")
        {'small-*': (0.1, 0.4), '*': (3.0, 15.0)}
    """
    if not isinstance(table, Mapping):
        message = f"{source}: a price list is a table of model = [input, output]"
        raise ConfigError(message, next_step='Write "*" = [3.0, 15.0].')
    prices: dict[str, tuple[float, float]] = {}
    for model, price in table.items():
        match price:
            case [sent, received] if _is_price(sent) and _is_price(received):
                prices[str(model)] = (float(sent), float(received))
            case _:
                message = f"{source}: price of {model!r} is {price!r}, expected [input, output]"
                raise ConfigError(message, next_step="Give USD per million tokens, twice.")
    if "*" not in prices:
        message = f"{source}: the price list has no fallback"
        raise ConfigError(message, next_step='Add "*" = [input, output] for all other models.')
    return prices


def parse_columns(pairs: Iterable[str]) -> dict[str, str]:
    """Parse `column=field` pairs of `--map`; the reader checks the columns.

    Parameters:
        pairs: For example `account_id=user.id`.

    Raises:
        ConfigError: If a pair has no `=`, or a column comes twice.

    Examples:
        >>> parse_columns(["account_id=user.id", "prompt=body.text"])
        {'account_id': 'user.id', 'prompt': 'body.text'}
    """
    columns: dict[str, str] = {}
    for pair in pairs:
        column, equals, source = (part.strip() for part in pair.partition("="))
        if not (column and equals and source):
            message = f"--map {pair!r}: expected column=field"
            raise ConfigError(message, next_step="Write --map account_id=user.id.")
        if column in columns:
            message = f"--map {pair!r}: {column!r} is mapped twice"
            raise ConfigError(message, next_step="Keep one of the two.")
        columns[column] = source
    return columns


def _csv_rows(path: Path) -> Iterator[list[str]]:
    try:
        for row in csv.reader(io.StringIO(_text(path), newline="")):
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        message = f"{path}: not CSV: {error}"
        raise InputError(message, next_step="Mend the file.") from error


def _is_price(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


def _grant_rows(path: Path) -> object:
    text = _text(path)
    if path.suffix == ".toml":
        return _toml(path, text).get("grants", [])
    return _json(path, text)


def _forbid_unknown_fields(path: Path, rows: object) -> None:
    """A misspelt `organisations` would silently cover nobody."""
    known = {field.name for field in fields(Grant)}
    for row in rows if isinstance(rows, list) else ():
        unknown = set(row) - known if isinstance(row, dict) else set()
        if unknown:
            message = f"{path}: a grant has the unknown field {min(unknown)!r}"
            raise InputError(message, next_step=f"Known are: {', '.join(sorted(known))}.")


def _json(path: Path, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{path}: not JSON: {error}"
        raise InputError(message, next_step="Mend the file, or name it .toml.") from error


def _toml(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = f"{path}: not TOML: {error}"
        raise InputError(message, next_step="Mend the file, or name it .json.") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            message = f"{path}: more than {_MOST_BYTES:,} bytes"
            raise InputError(message, next_step="Check the path: it names accounts or grants.")
        # Spreadsheets put a byte order mark before what they write.
        return raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        message = f"{path}: {reason}"
        raise InputError(message, next_step="Check the path and the file.") from error
