"""Documents in files: one in each, one on each line of JSON, or all files below a folder.

A line of JSON is an object with `text` or `code`, and may have `id`, `language` and `group`: what
stands in one group, such as the answers to one task, is never parted when a detector is fitted.
What cannot be used is left out and told; a path that cannot be read at all is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from phalanx.authorship.documents.languages import CODE, language_of
from phalanx.errors import InputError, reason_of

MOST_BYTES = 4 << 30
"""Of all that is read."""

MOST_LINE_BYTES = 16 << 20
"""Of one line of JSON, or of a file with one document."""

MOST_NAME = 200
STDIN = Path("-")
_LINES = (".jsonl", ".ndjson")
_PROSE = frozenset({"", ".md", ".rst", ".tex", ".txt"})
_ADVICE = 'Pass texts, folders, or lines of JSON such as {"id": "a", "text": "..."} as .jsonl.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as it was handed in."""

    document_id: str
    """What its line calls it; where it stands, if that says nothing."""

    kind: str
    """`text` or `code`."""

    content: str
    language: str
    """`en` or `other` for prose, the name of the programming language for code."""

    group: str
    """Of documents that belong together; its own id if nothing is said."""

    source: str
    """File or folder that was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """What could not be used."""

    where: str
    """File, and number of the line."""

    reason: str
    """Why, without anything of what stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was handed in."""

    documents: tuple[Document, ...]
    rejects: tuple[Reject, ...]


class _UnusableError(Exception):
    """A document cannot be used, for a reason that is told."""


def read_documents(
    paths: Sequence[Path], stdin: BinaryIO, *, most_bytes: int = MOST_BYTES
) -> Given:
    """Read documents.

    Parameters:
        paths: Files, folders, `-` for standard input. Names that end in `.jsonl` or `.ndjson` have
            a document on each line. Below a folder, files whose suffix says neither prose nor code
            are passed over; links are not followed.
        stdin: Standard input, which is one text.
        most_bytes: Of all that is read.

    Raises:
        InputError: If a path cannot be read, there is too much, or nothing is left.
    """
    documents: list[Document] = []
    rejects: list[Reject] = []
    left = most_bytes
    for path in paths:
        for file in _files(path):
            for where, content in _pieces(file, stdin):
                left -= len(content)
                if left < 0:
                    message = f"{path}: there are more than {most_bytes:,} bytes to read"
                    raise InputError(message, next_step="Ask about less at once.")
                try:
                    documents.append(_understood(where, content, file, str(path)))
                except _UnusableError as error:
                    rejects.append(Reject(where=where, reason=str(error)))
    if not documents:
        first = f": {rejects[0].where}: {rejects[0].reason}" if rejects else ""
        message = f"no document can be used{first}"
        raise InputError(message, next_step=_ADVICE)
    return Given(documents=tuple(documents), rejects=tuple(rejects))


def _files(path: Path) -> Iterator[Path]:
    """Yield a file, or those below a folder that hold prose, code or lines, in order of names."""
    if path == STDIN or not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            suffix = file.suffix.lower()
            read = suffix in _PROSE or suffix in CODE or suffix in _LINES
            if read and not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file


def _pieces(path: Path, stdin: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a file, none longer than one byte more than may be."""
    try:
        if path == STDIN:
            yield str(path), stdin.read(MOST_LINE_BYTES + 1)
            return
        with path.open("rb") as file:
            if path.suffix.lower() not in _LINES:
                yield str(path), file.read(MOST_LINE_BYTES + 1)
                return
            number = 0
            while line := file.readline(MOST_LINE_BYTES + 1):
                number += 1
                if line.strip():
                    yield f"{path}:{number}", line
                while len(line) > MOST_LINE_BYTES and not line.endswith(b"\n"):
                    line = file.readline(MOST_LINE_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path and its permissions.") from error


def _understood(where: str, content: bytes, file: Path, source: str) -> Document:
    if len(content) > MOST_LINE_BYTES:
        message = f"has more than {MOST_LINE_BYTES:,} bytes"
        raise _UnusableError(message)
    if file.suffix.lower() in _LINES:
        return _of_line(where, content, source)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = "is no UTF-8 text"
        raise _UnusableError(message) from error
    language = CODE.get(file.suffix.lower())
    _refuse_empty(text)
    return Document(
        document_id=where,
        kind="code" if language else "text",
        content=text,
        language=language or language_of(text),
        group=where,
        source=source,
    )


def _of_line(where: str, line: bytes, source: str) -> Document:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        message = "is no JSON"
        raise _UnusableError(message) from error
    if not isinstance(said, dict):
        message = "is no object"
        raise _UnusableError(message)
    kinds = [kind for kind in ("text", "code") if kind in said]
    if len(kinds) != 1:
        message = "has neither text nor code" if not kinds else "has both text and code"
        raise _UnusableError(message)
    named = _name(said, "id") or where
    language = _name(said, "language")
    if kinds[0] == "code" and language is None:
        message = "is code and names no language"
        raise _UnusableError(message)
    content = said[kinds[0]]
    if not isinstance(content, str):
        message = f"{kinds[0]} is no text"
        raise _UnusableError(message)
    _refuse_empty(content)
    return Document(
        document_id=named,
        kind=kinds[0],
        content=content,
        language=(language or language_of(content)).lower(),
        group=_name(said, "group") or named,
        source=source,
    )


def _name(said: dict[str, Any], key: str) -> str | None:
    value = said.get(key)
    if value is None:
        return None
    if type(value) is int and abs(value) < 1 << 64:
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MOST_NAME:
        message = f"{key} is no text of 1 to {MOST_NAME} characters"
        raise _UnusableError(message)
    return value


def _refuse_empty(content: str) -> None:
    if not content.strip():
        message = "is empty"
        raise _UnusableError(message)
    if "\0" in content:
        message = "holds characters that are zero, and is no text"
        raise _UnusableError(message)
