"""Names of files in a release: relative, plain, and the same on every machine.

A name comes from outside, and becomes a path: one that could lead anywhere else than below the
folder of the release is refused, whoever wrote it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from phalanx.errors import VerificationError
from phalanx.printable import printable

MOST_NAME_BYTES = 1024
_MOST_PART_BYTES = 255  # of what stands between two slashes, on every usual file system
_NEXT = "Ask the sender for a release whose files have plain names."


def refuse_unsafe(name: str) -> None:
    r"""Refuse a name that is not that of a file below a folder.

    Parameters:
        name: Parts joined by slashes, such as `tokenizer/vocab.json`.

    Raises:
        VerificationError: If it is absolute, leads upwards, has a part that is empty or a dot, a
            backslash or a character that is not printed, or is too long.

    Examples:
        >>> refuse_unsafe("a/model.safetensors")
        >>> refuse_unsafe("../.ssh/authorized_keys")
        Traceback (most recent call last):
        phalanx.errors.VerificationError: '../.ssh/authorized_keys' is no name of a file ...
    """
    parts = name.split("/")
    try:
        lengths = [len(part.encode()) for part in parts]
    except UnicodeEncodeError as error:
        raise _unsafe(name) from error
    is_safe = (
        sum(lengths) + len(parts) - 1 <= MOST_NAME_BYTES
        and max(lengths) <= _MOST_PART_BYTES
        and not {"", ".", ".."} & set(parts)
        and "\\" not in name
        and name == printable(name)
    )
    if not is_safe:
        raise _unsafe(name)


def refuse_clashing(names: Iterable[str]) -> None:
    """Refuse names of which two could not stand beside each other.

    Parameters:
        names: Of the files of one release.

    Raises:
        VerificationError: If one is unsafe, stands twice, or is a folder of another; also where
            that is so only on machines that tell no case, or not how accents are written.

    Examples:
        >>> refuse_clashing(["a", "b/c"])
        >>> refuse_clashing(["a", "a/b"])
        Traceback (most recent call last):
        phalanx.errors.VerificationError: 'a' is both a file and a folder ...
    """
    seen: dict[str, str] = {}
    for name in names:
        refuse_unsafe(name)
        other = seen.setdefault(_as_one(name), "")
        if other:
            how = "" if name == other else f", as {other!r} on another machine"
            message = f"{name!r} stands twice in one release{how}"
            raise VerificationError(message, next_step=_NEXT)
        seen[_as_one(name)] = name
    for name in seen:
        for above in _above(name):
            if above in seen:
                message = f"{seen[above]!r} is both a file and a folder of one release"
                raise VerificationError(message, next_step=_NEXT)


def path_below(folder: Path, name: str) -> Path:
    """Return where a file stands in a folder.

    Raises:
        VerificationError: If the name is unsafe.
    """
    refuse_unsafe(name)
    return folder.joinpath(*name.split("/"))


def by_parts(name: str) -> tuple[str, ...]:
    """Return the key that orders names as the Model Signing format does: part by part.

    Examples:
        >>> sorted(["a-b/c", "a/c"], key=by_parts)
        ['a/c', 'a-b/c']
    """
    return tuple(name.split("/"))


def _as_one(name: str) -> str:
    """Return what is the same for names that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _above(name: str) -> Iterable[str]:
    parts = name.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _unsafe(name: str) -> VerificationError:
    message = f"{printable(name)[:120]!r} is no name of a file below a folder"
    return VerificationError(message, next_step=_NEXT)
