"""Find the files that the user means: paths, globs and folders."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.logs.content import LogFile, require_regular_file
from phalanx.logs.decompress import DecompressionError
from phalanx.logs.quality import Quality
from phalanx.logs.reader import LogReader, reader_for, readers


@dataclass(frozen=True, slots=True)
class Source:
    """A file and the reader that will read it."""

    file: LogFile
    reader: LogReader


def find_sources(paths: Sequence[object], *, mapped: bool, quality: Quality) -> list[Source]:
    """Find the files behind paths, and a reader for each.

    Parameters:
        paths: Files, globs, and folders, which are searched to any depth.
        mapped: Whether the user maps columns, so that any table in a folder may be a log.
        quality: Takes notes on files that are passed over.

    Raises:
        InputError: If a named file cannot be read or is no log, or nothing is found.
    """
    sources: list[Source] = []
    known: set[Path] = set()
    for path in _require_paths(paths):
        before = len(sources)
        for candidate, named in _candidates(path, quality):
            real = Path(os.path.realpath(candidate))  # unlike resolve, bears with loops
            if real in known:
                quality.note("file named twice, read once")
                continue
            source = _source(candidate, quality, certainty=0.0 if named or mapped else 0.2)
            if source is not None:
                known.add(real)
                sources.append(source)
        if len(sources) == before and _is_folder(Path(path)):
            formats = ", ".join(reader.name for reader in readers())
            message = f"{path}: no logs in this folder"
            raise InputError(message, next_step=f"Name a folder with logs ({formats}).")
    if not sources:
        message = "no log files were given" if not paths else "every file given is empty"
        raise InputError(message, next_step="Name at least one file with exchanges.")
    return sources


def _candidates(path: str | os.PathLike[str], quality: Quality) -> Iterator[tuple[Path, bool]]:
    """Yield files and whether the user named each."""
    text = os.fspath(path)
    plain = Path(text)
    if _is_folder(plain):
        yield from ((found, False) for found in _inside(plain, quality))
        return
    if not plain.exists() and not plain.is_symlink() and glob.has_magic(text):
        matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - takes absolute globs
        if not matches:
            _require_readable(_folder_of_pattern(plain))
            message = f"{text}: no file matches"
            raise InputError(message, next_step="Check the pattern.")
        for match in matches:
            if _is_folder(Path(match)):
                yield from ((found, False) for found in _inside(Path(match), quality))
            else:
                yield Path(match), True
        return
    yield plain, True


def _inside(folder: Path, quality: Quality) -> Iterator[Path]:
    """Yield the files in a folder in a fixed order; hidden and marker files are no logs.

    A folder inside that may not be read is a warning; the outermost one is an error.
    """
    _require_readable(folder)

    def pass_over(error: OSError) -> None:
        quality.warn(f"{error.filename}: {error.strerror}, folder passed over")

    for parent, folders, names in os.walk(folder, onerror=pass_over):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        try:
            files = [name for name in names if (Path(parent) / name).is_file()]
        except PermissionError as error:
            # The names may be read, and nothing behind them.
            error.filename = parent
            pass_over(error)
            continue
        for name in sorted(files):
            if not name.startswith((".", "_")):
                yield Path(parent) / name


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise _unreadable(path, error) from error


def _folder_of_pattern(pattern: Path) -> Path:
    """Return the last folder before the first part of a path that is a pattern."""
    folder = Path()
    for part in pattern.parts:
        if glob.has_magic(part):
            break
        folder /= part
    return folder


def _require_readable(folder: Path) -> None:
    """Refuse a folder that exists and whose content cannot be listed."""
    try:
        if folder.is_dir():
            with os.scandir(folder):
                pass
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(path: Path, error: OSError) -> InputError:
    message = f"{path}: cannot be read: {error.strerror}"
    return InputError(message, next_step="Check its permissions, and those of its folders.")


def _source(path: Path, quality: Quality, *, certainty: float) -> Source | None:
    """Choose the reader of a file; null for one that is empty or, in a folder, no log."""
    require_regular_file(path)
    file = LogFile(path)
    try:
        head = file.head()
    except (DecompressionError, OSError) as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Copy the file again, or leave it out.") from error
    if not head.strip(b" \t\r\n\0"):
        quality.note("empty file, passed over")
        return None
    reader = reader_for(head, certainty)
    if reader is None and certainty == 0.0:
        formats = ", ".join(reader.name for reader in readers())
        message = f"{path}: not a log in any known format ({formats})"
        raise InputError(message, next_step="Name a log; the native table is the simplest form.")
    if reader is None:
        quality.note("file in a folder that is no log, passed over")
        return None
    return Source(file, reader)


def _require_paths(paths: Sequence[object]) -> list[str | os.PathLike[str]]:
    good = [path for path in paths if isinstance(path, str | os.PathLike)]
    if len(good) < len(paths):
        message = "a list of logs may hold paths only"
        raise InputError(message, next_step="Join tables into one before passing it.")
    return good
