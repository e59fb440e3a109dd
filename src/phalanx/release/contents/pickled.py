"""Telling a pickle by what it is: loading one runs whatever program its author put in."""

from __future__ import annotations

import pickletools
import re
import warnings

LOOKED_AT_BYTES = 64 << 10
"""From the beginning of a file: a pickle names what it calls before it calls it."""

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
_BINARY = re.compile(rb"\x80[\x02-\x05]")
# Operations that import, or call what was imported.
_CALLS = frozenset({"GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"})
_IMPORTED = re.compile(r"[A-Za-z_][\w.]* [A-Za-z_][\w.]*")


def pickle_in(beginning: bytes) -> str:
    r"""Return what makes a file a pickle, in words, or nothing.

    Parameters:
        beginning: At least the first `LOOKED_AT_BYTES` of the file, or all of it.

    Examples:
        >>> pickle_in(b"\x80\x04N."), pickle_in(b"cos\nsystem\n(S'ls'\ntR.")
        ('a pickle', 'a pickle in letters')
        >>> pickle_in(b"a line of text\n"), pickle_in(b'{"a": 1}')
        ('', '')
    """
    if beginning.startswith(_ARCHIVES):
        return "a zip archive, as torch.save writes it"
    if _BINARY.match(beginning):
        return "a pickle"
    return "a pickle in letters" if _calls_something(beginning[:LOOKED_AT_BYTES]) else ""


def _calls_something(beginning: bytes) -> bool:
    """Tell whether these bytes read as operations of a pickle that imports something.

    Protocols 0 and 1 look like text. Bytes that are none soon hold what is no operation, or end
    without having imported anything under a name that Python could know.
    """
    imports = False
    try:
        with warnings.catch_warnings():
            # A string in letters may hold what is no escape: Python warns of that.
            warnings.simplefilter("ignore", DeprecationWarning)
            for operation, argument, _ in pickletools.genops(beginning):
                if operation.name in _CALLS:
                    imports |= operation.name not in {"GLOBAL", "INST"} or bool(
                        _IMPORTED.fullmatch(str(argument))
                    )
    except (ValueError, UnicodeDecodeError, IndexError, OverflowError):
        # Cut off where we stopped to look: what was read until then decides.
        return imports and len(beginning) == LOOKED_AT_BYTES
    return imports
