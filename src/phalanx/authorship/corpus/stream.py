"""Documents of a folder one after the other, in a fixed order and in bounded memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from phalanx.authorship.documents import Document, Reject, language_of
from phalanx.authorship.documents.languages import CODE
from phalanx.errors import InputError, reason_of

MOST_BYTES = 1 << 20
"""Of one document; a longer one is rejected, not read."""

_LINES = (".jsonl", ".ndjson")
_PROSE = frozenset({"", ".md", ".rst", ".tex", ".txt"})
_TEXT_FIELDS = ("text", "response", "output", "completion", "content", "code")
"""Fields of a line of JSON that may hold what a model wrote; the first that is there is read."""

Given = Document | Reject


def documents_below(folder: Path) -> Iterator[Given]:
    """Yield the documents of a training set: files, and lines of JSON lines.

    A line has its text in `text`, `response`, `output`, `completion`, `content` or `code`; or it
    has `messages`, of which what the assistant said is read.

    Parameters:
        folder: Read with all below it, in order of names. Links are not followed.

    Yields:
        Documents, and what could not be used.

    Raises:
        InputError: If the folder cannot be read.
    """

    def failed(error: OSError) -> None:
        message = f"{error.filename}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path and its permissions.") from error

    if not folder.is_dir():
        message = f"{folder}: no folder"
        raise InputError(message, next_step="Name a folder with --corpus.")
    for above, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(above, name)
            suffix = path.suffix.lower()
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            where = str(path.relative_to(folder))
            try:
                if suffix in _LINES:
                    yield from _of_lines(path, where)
                elif suffix in _PROSE or suffix in CODE:
                    with path.open("rb") as file:
                        yield document_of(where, file.read(MOST_BYTES + 1), suffix)
            except OSError as error:
                yield Reject(where=where, reason=reason_of(error))


def document_of(where: str, content: bytes, suffix: str) -> Given:
    """Return one document, or why it is none.

    Parameters:
        where: What it is called.
        content: Up to one byte more than may be.
        suffix: Of its file, which says whether it is code.
    """
    if len(content) > MOST_BYTES:
        return Reject(where=where, reason=f"has more than {MOST_BYTES:,} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Reject(where=where, reason="is no UTF-8 text")
    return _document(where, text, CODE.get(suffix.lower()))


def _document(where: str, text: str, language: str | None) -> Given:
    if not text.strip() or "\0" in text:
        return Reject(where=where, reason="is empty or no text")
    return Document(
        document_id=where,
        kind="code" if language else "text",
        content=text,
        language=language or language_of(text),
        group=where,
        source=where,
    )


def _of_lines(path: Path, where: str) -> Iterator[Given]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MOST_BYTES + 1):
            number += 1
            at = f"{where}:{number}"
            whole = len(line) <= MOST_BYTES
            while not whole and line and not line.endswith(b"\n"):
                line = file.readline(MOST_BYTES + 1)
            if not whole:
                yield Reject(where=at, reason=f"has more than {MOST_BYTES:,} bytes")
            elif line.strip():
                yield _of_line(at, line)


def _of_line(at: str, line: bytes) -> Given:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return Reject(where=at, reason="is no JSON")
    if not isinstance(said, dict):
        return Reject(where=at, reason="is no object")
    if isinstance(said.get("messages"), list):
        text = "\n".join(
            each["content"]
            for each in said["messages"]
            if isinstance(each, dict)
            and each.get("role") == "assistant"
            and isinstance(each.get("content"), str)
        )
        return _document(at, text, None)
    for field in _TEXT_FIELDS:
        if isinstance(said.get(field), str):
            language = said.get("language") if field == "code" else None
            return _document(at, said[field], language if isinstance(language, str) else None)
    return Reject(where=at, reason=f"has none of {', '.join(_TEXT_FIELDS)}")
