"""What a plan says is asked or read, as tokens."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.audit import Plan
from phalanx.watermark.texts import Document, Tokenizer, open_tokenizer, read_documents

Numbers = npt.NDArray[np.int64]

MOST_PROMPTS_BYTES = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prompts:
    """The prompts of a plan, or its documents, in its order; no two are the same."""

    documents: tuple[Document, ...]
    tokens: tuple[Numbers, ...]
    """As the plan's tokenizer cuts each, or as its token numbers say."""

    tokenizer: Tokenizer
    places: dict[str | bytes, int]
    """Where each stands, by its text and by its tokens."""

    def place_of(self, text: str | None, tokens: Numbers | None) -> int | None:
        """Return where a text or its tokens stand; null if neither does."""
        found = [] if text is None else [self.places.get(text)]
        if tokens is not None:
            found.append(self.places.get(tokens.tobytes()))
        return min((at for at in found if at is not None), default=None)


def read_prompts(path: Path, tokenizer: Path | None) -> Prompts:
    """Read a file of prompts, or of documents.

    Parameters:
        path: Lines of JSON with `text` or `tokens`.
        tokenizer: `tokenizer.json`; null where all have tokens.

    Raises:
        InputError: If a line cannot be used, or says the same as one before.
        PhalanxError: If the tokenizer cannot be opened.
    """
    opened = open_tokenizer(tokenizer)
    found = read_documents([path], io.BytesIO(), as_lines=True)
    if found.rejects:
        first = found.rejects[0]
        message = f"{first.where}: {first.reason}"
        raise InputError(message, next_step="Plan with prompts that can all be read.")
    cut: list[Numbers] = []
    places: dict[str | bytes, int] = {}
    for at, document in enumerate(found.documents):
        tokens = opened.prompt_of(document)
        if tokens is None:
            message = f"{document.where}: is a text, and no tokenizer cuts it"
            raise InputError(message, next_step="Name the tokenizer.json with --tokenizer.")
        names: list[str | bytes] = [tokens.tobytes()]
        if document.text is not None:
            names.append(document.text)
        for name in names:
            if name in places:
                before = found.documents[places[name]].where
                message = f"{document.where}: says the same as {before}"
                raise InputError(
                    message, next_step="Ask each prompt once: --answers-each asks again."
                )
        places |= dict.fromkeys(names, at)
        cut.append(tokens)
    return Prompts(documents=found.documents, tokens=tuple(cut), tokenizer=opened, places=places)


def planned_prompts(plan: Plan, path: Path, tokenizer: Path | None) -> Prompts:
    """Read the prompts of a plan, whose digest was looked at, with its tokenizer.

    Raises:
        VerificationError: If tokenizer or number of prompts are not those of the plan.
        InputError: If the file cannot be used.
        PhalanxError: If the tokenizer cannot be opened.
    """
    if plan.tokenizer_digest and tokenizer is None:
        message = "the plan fixes the tokenizer that cuts texts, which is not named"
        raise VerificationError(message, next_step="Name its tokenizer.json with --tokenizer.")
    found = read_prompts(path, tokenizer)
    if found.tokenizer.digest != plan.tokenizer_digest:
        message = f"{tokenizer}: not the tokenizer of the plan"
        if not plan.tokenizer_digest:
            message = f"{tokenizer}: the plan takes token numbers, and names no tokenizer"
        raise VerificationError(message, next_step="Name the tokenizer that was planned with.")
    if len(found.documents) != plan.prompts:
        message = f"{path}: {len(found.documents):,} prompts, where the plan has {plan.prompts:,}"
        raise VerificationError(message, next_step="Name the file that was planned with.")
    return found
