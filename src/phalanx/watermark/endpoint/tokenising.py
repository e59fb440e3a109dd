"""Texts as token numbers, by the tokenizer of the model that may have written them.

A text may have come from other tokens than those that a tokenizer makes of it: then fewer of them
count, and the mark is seen less well. It is never seen where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from phalanx.errors import ConfigError, MissingExtraError

Tokenise = Callable[[str], Sequence[int]]
"""Text -> token numbers, without tokens that only frame it."""


def tokenizer_of(path: Path) -> Tokenise:
    """Read a `tokenizer.json`.

    Parameters:
        path: Of the file.

    Raises:
        MissingExtraError: If `tokenizers` is not installed.
        ConfigError: If the file is no tokenizer.
    """
    if find_spec("tokenizers") is None:
        message = "a text needs `tokenizers`, which is not installed"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[semantic]'")
    from tokenizers import Tokenizer  # noqa: PLC0415 - of an extra

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing narrower
        message = f"{path}: not a tokenizer.json"
        raise ConfigError(message, next_step="Name that of the model.") from error

    def tokenise(text: str) -> Sequence[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    return tokenise
