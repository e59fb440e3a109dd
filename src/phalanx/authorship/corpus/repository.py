"""Documents of a git repository: its files as they are now, or what each commit added.

The repository may be hostile. Only git's plumbing is called, by lists of arguments: no hook,
filter, pager, external diff or network helper of the repository's configuration is run, and
everything that is read has a bound.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from phalanx.authorship.corpus.stream import MOST_BYTES, Given, document_of
from phalanx.authorship.documents import Document, Reject
from phalanx.authorship.documents.languages import CODE
from phalanx.errors import InputError, ServiceError, reason_of

MOST_FILES = 1_000_000
"""Of a repository, or of all commits of one."""

MOST_COMMIT_BYTES = 64 << 20
"""Of the diff of one commit; what comes after is passed over."""

_PROSE = frozenset({".md", ".rst", ".tex", ".txt"})
_QUIET = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "core.quotePath=false", "-c", "core.attributesFile=/dev/null", "-c", "gc.auto=0",
)  # fmt: skip
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_NEXT = "Name the folder of a git repository with at least one commit."


def is_repository(folder: Path) -> bool:
    """Tell whether a folder is a git repository, bare or not."""
    return (folder / ".git").exists() or (
        (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    )


def files_of(folder: Path) -> Iterator[Given]:
    """Yield the files of the last commit that hold prose or code, in order of names.

    Raises:
        InputError: If git does not take it for a repository with a commit.
        ServiceError: If git is not installed.
    """
    listed = ("ls-tree", "-r", "-l", "-z", "--full-tree", "HEAD")
    with _git(folder, listed) as names, _git(folder, ("cat-file", "--batch"), ask=True) as blobs:
        assert names.stdout is not None  # noqa: S101 - it was asked for
        for number, entry in enumerate(_parts(names.stdout)):
            if number == MOST_FILES:
                yield Reject(where=str(folder), reason=f"has more than {MOST_FILES:,} files")
                return
            about, _, raw = entry.partition(b"\t")
            path = raw.decode(errors="replace")
            suffix = PurePosixPath(path).suffix.lower()
            fields = about.split()
            if len(fields) != 4 or fields[1] != b"blob" or fields[0] == b"120000":
                continue
            if suffix not in CODE and suffix not in _PROSE:
                continue
            if int(fields[3]) > MOST_BYTES:
                yield Reject(where=path, reason=f"has more than {MOST_BYTES:,} bytes")
                continue
            yield document_of(path, _blob(blobs, fields[2]), suffix)


def commits_of(folder: Path) -> Iterator[Given]:
    """Yield what each commit added to each file of prose or code, the oldest commit first.

    Merges add nothing of their own. The group of a document is its commit.

    Raises:
        InputError: If git does not take it for a repository with a commit.
        ServiceError: If git is not installed.
    """
    listed = ("rev-list", "--no-merges", "--topo-order", "--reverse", "HEAD")
    with _git(folder, listed) as commits:
        assert commits.stdout is not None  # noqa: S101 - it was asked for
        given = 0
        for line in commits.stdout:
            commit = line.decode("ascii", "replace").strip()
            for document in _added(folder, commit):
                given += 1
                if given > MOST_FILES:
                    yield Reject(where=str(folder), reason=f"has more than {MOST_FILES:,} changes")
                    return
                yield document


def _added(folder: Path, commit: str) -> Iterator[Given]:
    """Yield the lines that a commit added, file by file."""
    diff = (
        "diff-tree", "-p", "-r", "--root", "--no-commit-id", "--no-ext-diff", "--no-textconv",
        "--no-renames", "--no-color", "-U0", "--diff-filter=AM", commit,
    )  # fmt: skip
    with _git(folder, diff) as changes:
        assert changes.stdout is not None  # noqa: S101 - it was asked for
        path, lines, heading, read = "", bytearray(), True, 0
        while line := changes.stdout.readline(MOST_BYTES):
            read += len(line)
            if read > MOST_COMMIT_BYTES:
                yield Reject(where=commit, reason=f"changes more than {MOST_COMMIT_BYTES:,} bytes")
                break
            if line.startswith(b"diff --git "):
                yield from _whole(commit, path, lines)
                path, lines, heading = "", bytearray(), True
            elif heading and line.startswith((b"+++ b/", b'+++ "b/')):
                path = _name(line[4:])
            elif line.startswith(b"@@ "):
                heading = False
            elif not heading and line.startswith(b"+") and len(lines) <= MOST_BYTES:
                lines += line[1:]
        yield from _whole(commit, path, lines)


def _name(written: bytes) -> str:
    """Return the path that a heading of a diff names, in quotes or not."""
    name = written.rstrip(b"\n").rstrip(b"\t")
    if name.startswith(b'"'):
        name = _ESCAPED.sub(_unescaped, name[1:-1])
    return name.removeprefix(b"b/").decode(errors="replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    said = match[1]
    return bytes([int(said, 8) & 0xFF]) if said.isdigit() else said


def _whole(commit: str, path: str, lines: bytearray) -> Iterator[Given]:
    suffix = PurePosixPath(path).suffix.lower()
    if lines and (suffix in CODE or suffix in _PROSE):
        found = document_of(f"{commit[:12]}:{path}", bytes(lines), suffix)
        yield replace(found, group=commit) if isinstance(found, Document) else found


def _blob(blobs: subprocess.Popen[bytes], name: bytes) -> bytes:
    """Read one object from a process that hands them out."""
    assert blobs.stdin is not None  # noqa: S101 - it was asked for
    assert blobs.stdout is not None  # noqa: S101 - as above
    blobs.stdin.write(name + b"\n")
    blobs.stdin.flush()
    about = blobs.stdout.readline(1 << 10).split()
    if len(about) != 3 or not about[2].isdigit() or int(about[2]) > MOST_BYTES:
        message = "git handed out another object than it listed"
        raise InputError(message, next_step="Run `git fsck` on the repository.")
    content = blobs.stdout.read(int(about[2]) + 1)
    return content[:-1]


def _parts(source: IO[bytes]) -> Iterator[bytes]:
    """Yield what ends with a zero byte; names longer than 64 KiB end the list."""
    left = b""
    while piece := source.read(1 << 16):
        *whole, left = (left + piece).split(b"\0")
        yield from whole
        if len(left) > 1 << 16:
            return


@contextmanager
def _git(
    folder: Path, arguments: tuple[str, ...], *, ask: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run git, and end it; its failure is told unless it was stopped half way."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CEILING_DIRECTORIES": str(folder.absolute().parent),
    }
    command = ["git", "-C", str(folder.absolute()), "--no-pager", *_QUIET, *arguments]
    # What git complains of goes to a file: a pipe that nobody reads would stop it.
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(  # noqa: S603 - a list of arguments, none the suspect's
                command,
                stdin=subprocess.PIPE if ask else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment,
            )
        except OSError as error:
            message = f"git cannot be run: {reason_of(error)}"
            raise ServiceError(message, next_step="Install git.") from error
        ended = False
        try:
            yield process
            ended = not ask
        finally:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            if process.stdin is not None:
                process.stdin.close()
            if not ended or process.stdout.read(1):
                # Nobody wants the rest.
                ended = False
                process.kill()
            process.stdout.close()
            failed = process.wait() and ended
        complaints.seek(0)
        said = complaints.read(1 << 12).decode(errors="replace").strip().partition("\n")[0]
    if failed:
        message = f"{folder}: git cannot read it: {said[:200]}"
        raise InputError(message, next_step=_NEXT)
