"""Texts as token numbers, each with the letters that it stands for.

A text may have come from other tokens than those that a tokenizer makes of it: then fewer of them
count, and the mark is seen less well. It is never seen where there is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phalanx.errors import ConfigError, MissingExtraError, reason_of
from phalanx.watermark.texts.documents import Document

AS_GIVEN = "tokens as given"
"""Name of the reading that no tokenizer made."""

MOST_FILE_BYTES = 256 << 20
"""Of a `tokenizer.json`."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Documents cut into tokens by one tokenizer."""

    tokenizer: str
    """Its name."""

    documents: tuple[Numbers, ...]
    """Token numbers of each document."""

    prompts: tuple[Numbers, ...]
    """Token numbers of what each answers; none where it is not known."""

    offsets: tuple[Numbers, ...]
    """Shape (tokens, 2): first letter of each token, and the letter after its last, as Python
    counts them; empty where there are no letters."""


class Tokenizer:
    """A `tokenizer.json`, or what takes token numbers as they are.

    Parameters:
        name: What findings call it.
        made: Of the library `tokenizers`; null takes token numbers.
        digest: SHA-256 of its file, hexadecimal; empty where there is none.
    """

    def __init__(
        self,
        name: str,
        made: Any,  # noqa: ANN401 - of a library without types
        digest: str = "",
    ) -> None:
        """Keep it."""
        self.name = name
        self.digest = digest
        self._made = made

    def lacks(self, document: Document) -> str:
        """Return what a document lacks to be read by this one, or an empty text."""
        if self._made is None:
            if document.tokens is None:
                return "has a text and no tokens, and no tokenizer is named"
            if document.prompt is not None and document.prompt_tokens is None:
                return "has a prompt and no prompt_tokens, and no tokenizer is named"
        elif document.text is None:
            return "has tokens and no text for the tokenizer"
        return ""

    def prompt_of(self, document: Document) -> Numbers | None:
        """Return the token numbers of a document that is a prompt; null if it has none for this.

        Where a tokenizer is named it cuts the text; token numbers without one are taken as they
        are.
        """
        if self._made is None or document.text is None:
            return document.tokens
        return self._encoded(document.text)[0]

    def cut(self, documents: Sequence[Document]) -> Cut:
        """Cut documents.

        Parameters:
            documents: Each with what this one reads: a text, or token numbers.

        Raises:
            ConfigError: If the tokenizer fails on a text.
            ValueError: If one lacks it.
        """
        pieces = [self._one(document) for document in documents]
        return Cut(
            self.name,
            tuple(numbers for numbers, _, _ in pieces),
            tuple(prompt for _, prompt, _ in pieces),
            tuple(offsets for _, _, offsets in pieces),
        )

    def _one(self, document: Document) -> tuple[Numbers, Numbers, Numbers]:
        """Return numbers, numbers of the prompt, and offsets."""
        if missing := self.lacks(document):
            message = f"{document.where}: {missing}"
            raise ValueError(message)
        none = np.empty(0, np.int64)
        prompt = none if document.prompt_tokens is None else document.prompt_tokens
        if document.tokens is not None and self._made is None:
            return document.tokens, prompt, none.reshape(0, 2)
        numbers, offsets = self._encoded(document.text or "")
        if document.prompt is not None:
            prompt, _ = self._encoded(document.prompt)
        return numbers, prompt, offsets

    def numbers_of(self, text: str) -> list[int]:
        """Return the token numbers of a text, without those that only frame it.

        Raises:
            InputError: If the tokenizer fails on the text.
            ValueError: If this one takes token numbers.
        """
        if self._made is None:
            message = "no tokenizer is named, and a text is given"
            raise ValueError(message)
        numbers: list[int] = self._encoded(text)[0].tolist()
        return numbers

    def text_of(self, tokens: Numbers) -> str | None:
        """Return the letters of tokens; null where no tokenizer is named."""
        if self._made is None:
            return None
        return str(self._made.decode(tokens.tolist(), skip_special_tokens=True))

    def _encoded(self, text: str) -> tuple[Numbers, Numbers]:
        try:
            said = self._made.encode(text, add_special_tokens=False)
        # The package raises nothing narrower, and its panics are no `Exception`.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            message = f"{self.name}: cannot cut a text: {reason_of(error)}"
            raise ConfigError(message, next_step="Name the tokenizer of the model.") from error
        offsets = np.array(said.offsets, dtype=np.int64).reshape(-1, 2)
        return np.array(said.ids, dtype=np.int64), offsets


def open_tokenizer(path: Path | None) -> Tokenizer:
    """Read a `tokenizer.json`, or return what takes token numbers.

    Parameters:
        path: Of the file; null for token numbers.

    Raises:
        MissingExtraError: If `tokenizers` is not installed.
        ConfigError: If the file is no tokenizer, or one that draws lots.
    """
    if path is None:
        return Tokenizer(AS_GIVEN, None)
    if find_spec("tokenizers") is None:
        message = "a text needs `tokenizers`, which is not installed"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[semantic]'")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise ConfigError(message, next_step="Name the tokenizer.json of the model.") from error
    if len(content) > MOST_FILE_BYTES:
        message = f"{path}: has more than {MOST_FILE_BYTES:,} bytes"
        raise ConfigError(message, next_step="Name the tokenizer.json of the model.")
    return Tokenizer(str(path), _made(content, path), hashlib.sha256(content).hexdigest())


def _made(content: bytes, path: Path) -> Any:  # noqa: ANN401 - of a library without types
    from tokenizers import Tokenizer as Made  # noqa: PLC0415 - of an extra

    try:
        made = Made.from_buffer(content)
        made.no_truncation()
        made.no_padding()
    # The package raises nothing narrower, and its panics are no `Exception`.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        message = f"{path}: not a tokenizer.json"
        raise ConfigError(message, next_step="Name that of the model.") from error
    if getattr(made.model, "dropout", None):
        # Whoever may cut again until a text has the tokens that he needs fixes nothing by a digest.
        message = f"{path}: cuts the same text in another way each time (dropout)"
        raise ConfigError(message, next_step="Set `dropout` to null, as where the model is run.")
    return made
