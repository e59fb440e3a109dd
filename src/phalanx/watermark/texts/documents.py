"""Documents in files: a text each, or one on each line of JSON.

A line of JSON is an object with `text` or `tokens`, or both, and may have `id`, and `prompt` or
`prompt_tokens`, of which nothing counts. A line that cannot be used is left out and told with its
number; a file that cannot be read at all is refused. What is read is bounded, whatever a file is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError, reason_of

MOST_BYTES = 4 << 30
"""Of all that is read."""

MOST_LINE_BYTES = 16 << 20
"""Of one line of JSON; one text in a file of its own may have as much."""

MOST_DOCUMENTS = 10_000_000
MOST_TOKEN = (1 << 32) - 1
"""Largest token number that a scheme takes."""

LOWEST_LOG_P = -1e4
MOST_ID = 200
STDIN = Path("-")
_LINES = (".jsonl", ".ndjson")
_ADVICE = 'Write one object a line: {"id": "a", "text": "..."} or {"id": "a", "tokens": [5, 6]}.'

Tokens = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A document as it was handed in."""

    where: str
    """Its file, with the number of its line where there are several."""

    document_id: str
    """What its line calls it; where it stands, if that says nothing."""

    text: str | None = None
    """Its text, if it was handed in as letters."""

    tokens: Tokens | None = None
    """Its token numbers, if they were."""

    prompt: str | None = None
    """What it answers, if known: nothing of it counts."""

    prompt_tokens: Tokens | None = None
    """The same as token numbers."""

    log_p: npt.NDArray[np.float64] | None = None
    """Natural logarithm of what some model gives each of the tokens, if it was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """What could not be used."""

    where: str
    """File and number of the line."""

    reason: str
    """Why, without anything of what stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was handed in."""

    documents: tuple[Document, ...]
    rejects: tuple[Reject, ...]


class _UnusableError(Exception):
    """A line cannot be used, for a reason that is told."""


class _Room:
    """How much may still be read."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = self.left = most_bytes

    def take(self, size_bytes: int) -> None:
        self.left -= size_bytes
        if self.left < 0:
            message = f"there are more than {self.most_bytes:,} bytes to read"
            raise InputError(message, next_step="Ask about less at once.")


def read_documents(
    paths: Sequence[Path], stdin: BinaryIO, *, as_lines: bool = False, most_bytes: int = MOST_BYTES
) -> Given:
    """Read documents.

    Parameters:
        paths: Files, `-` for standard input. Those that end in `.jsonl` or `.ndjson` have a
            document on each line; any other is one text.
        stdin: Standard input.
        as_lines: Read every file as lines of JSON, whatever its name ends in.
        most_bytes: Of all files together.

    Returns:
        The documents in their order, and what could not be used.

    Raises:
        InputError: If a file cannot be read, is no text or too large, or nothing is left.
    """
    documents: list[Document] = []
    rejects: list[Reject] = []
    room = _Room(most_bytes)
    for path in paths:
        for found in _found(path, stdin, room, as_lines=as_lines):
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                documents.append(found)
        if len(documents) + len(rejects) > MOST_DOCUMENTS:
            message = f"{path}: more than {MOST_DOCUMENTS:,} documents"
            raise InputError(message, next_step="Ask about fewer at once.")
    if not documents:
        first = f": {rejects[0].where}: {rejects[0].reason}" if rejects else ""
        message = f"no document can be used{first}"
        raise InputError(message, next_step=_ADVICE)
    return Given(documents=tuple(documents), rejects=tuple(rejects))


def _found(
    path: Path, stdin: BinaryIO, room: _Room, *, as_lines: bool
) -> Iterator[Document | Reject]:
    """Go through a file, which is closed in the end; standard input is not ours to close."""
    read = _lines if as_lines or path.suffix in _LINES else _text
    try:
        if path == STDIN:
            yield from read(stdin, path, room)
            return
        with path.open("rb") as file:
            yield from read(file, path, room)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path and its permissions.") from error


def _text(file: BinaryIO, path: Path, room: _Room) -> Iterator[Document]:
    """Read one text."""
    content = file.read(min(MOST_LINE_BYTES, room.left) + 1)
    room.take(len(content))
    problem = ""
    if len(content) > MOST_LINE_BYTES:
        problem = f"has more than {MOST_LINE_BYTES:,} bytes"
    elif b"\0" in content:
        problem = "holds bytes that are zero, and is no text"
    text = content.decode(errors="replace")
    if not problem and "\ufffd" in text and text.encode() != content:
        problem = "is no UTF-8 text"
    if not problem and not text.strip():
        problem = "is empty"
    if problem:
        message = f"{path}: {problem}"
        raise InputError(message, next_step="Pass texts in UTF-8, or lines of JSON as .jsonl.")
    yield Document(where=str(path), document_id=str(path), text=text)


def _lines(file: BinaryIO, path: Path, room: _Room) -> Iterator[Document | Reject]:
    """Read a document from each line."""
    number = 0
    while line := file.readline(MOST_LINE_BYTES + 1):
        number += 1
        room.take(len(line))
        where = f"{path}:{number}"
        if len(line) > MOST_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MOST_LINE_BYTES)
                room.take(len(line))
            yield Reject(where=where, reason=f"has more than {MOST_LINE_BYTES:,} bytes")
        elif line.strip():
            yield parse_line(line, where)
        if number > MOST_DOCUMENTS:
            return


def parse_line(line: bytes, where: str) -> Document | Reject:
    """Understand one line of JSON.

    Parameters:
        line: As it stands in the file, at most `MOST_LINE_BYTES`.
        where: Its file and number.

    Examples:
        >>> parse_line(b'{"id": "a", "tokens": [5, 6]}', "f:1").tokens
        array([5, 6])
        >>> parse_line(b'{"tokens": [-1]}', "f:2").reason
        'tokens is no list of whole numbers from 0 to 4,294,967,295'
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return Reject(where=where, reason="is no JSON")
    if not isinstance(said, dict):
        return Reject(where=where, reason="is no object")
    try:
        text, prompt = (_letters(said, name) for name in ("text", "prompt"))
        tokens, prompt_tokens = (_numbers(said, name) for name in ("tokens", "prompt_tokens"))
        named, log_p = _name(said, where), _logarithms(said)
    except _UnusableError as error:
        return Reject(where=where, reason=str(error))
    if text is None and tokens is None:
        return Reject(where=where, reason="has neither text nor tokens")
    return Document(
        where=where, document_id=named, text=text, tokens=tokens, prompt=prompt,
        prompt_tokens=prompt_tokens, log_p=log_p,
    )  # fmt: skip


def _name(said: dict[str, Any], where: str) -> str:
    named = said.get("id", where)
    if isinstance(named, int) and not isinstance(named, bool):
        named = f"{named:d}" if abs(named) < 1 << 64 else ""
    if not isinstance(named, str) or not 0 < len(named) <= MOST_ID:
        message = f"id is no text of 1 to {MOST_ID} characters"
        raise _UnusableError(message)
    return named


def _letters(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        message = f"{name} is no text"
        raise _UnusableError(message)
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        message = f"{name} holds half of a character"
        raise _UnusableError(message)
    return value


def _numbers(said: dict[str, Any], name: str) -> Tokens | None:
    value = said.get(name)
    if value is None:
        return None
    # A boolean is a whole number to Python, and none here.
    if not (
        isinstance(value, list)
        and all(type(token) is int and 0 <= token <= MOST_TOKEN for token in value)
    ):
        message = f"{name} is no list of whole numbers from 0 to {MOST_TOKEN:,}"
        raise _UnusableError(message)
    return np.array(value, dtype=np.int64)


def _logarithms(said: dict[str, Any]) -> npt.NDArray[np.float64] | None:
    value = said.get("log_p")
    if value is None:
        return None
    tokens = said.get("tokens")
    if not (
        isinstance(value, list)
        and isinstance(tokens, list)
        and len(value) == len(tokens)
        and all(type(each) in {int, float} and LOWEST_LOG_P <= each <= 0.0 for each in value)
    ):
        message = (
            f"log_p is no list of numbers from {LOWEST_LOG_P:g} to 0, one for each of the tokens"
        )
        raise _UnusableError(message)
    return np.array(value, dtype=np.float64)
