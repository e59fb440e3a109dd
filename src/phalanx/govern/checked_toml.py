"""TOML files that people write, read whole and checked against a model before any of it is used."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from phalanx.errors import InputError, reason_of
from phalanx.printable import printable

MOST_BYTES = 2_000_000
_Model = TypeVar("_Model", bound=BaseModel)


def read_checked(path: Path, model: type[_Model], what: str) -> tuple[_Model, str]:
    """Read a file, and return what it says with its SHA-256 in hexadecimal.

    Parameters:
        path: Of the file.
        model: What it has to be like.
        what: What messages call it, such as "file of duties".

    Raises:
        InputError: If it cannot be read, is no TOML, or is not like the model.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path.") from error
    if len(content) > MOST_BYTES:
        raise not_like(path, what, f"has more than {MOST_BYTES:,} bytes")
    try:
        found = model.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        raise not_like(path, what, f"{where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise not_like(path, what, f"is no TOML: {str(error)[:200]}") from error
    return found, hashlib.sha256(content).hexdigest()


def not_like(path: Path, what: str, why: str) -> InputError:
    """Return what is said of a file that is not what it should be."""
    message = f"{path}: no {what}: {printable(why)}"
    return InputError(message, next_step="Mend the entry; `phalanx govern` has a page on the form.")
