"""A model in a folder that reads texts token by token, or two that share a vocabulary."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from phalanx.authorship.features.readings import Reading, reading_of
from phalanx.causal_model import model_digest, open_causal_model, open_tokenizer
from phalanx.errors import InputError


@runtime_checkable
class Reader(Protocol):
    """Whoever can say how likely each token of a text is, and how likely others would be.

    An endpoint that gives the log-probability of the tokens alone is none: curvature and ratio
    need whole distributions.
    """

    @property
    def name(self) -> str:
        """What a report calls it."""
        ...

    @property
    def digest(self) -> str:
        """Tells it from any other model, whatever both are called."""
        ...

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Return what is made of each text.

        Raises:
            PhalanxError: If the model cannot be read.
        """
        ...


class FolderReader:
    """Causal language models on disk.

    Only safetensors are read, and no code that a folder holds is run.

    Parameters:
        scoring: Folder with `config.json`, `tokenizer.json` and weights.
        sampling: Another whose tokenizer is the same, byte for byte; the first if left out.

    Raises:
        MissingExtraError: If the extra `torch` is not installed.
        InputError: If a folder holds no such model, or the tokenizers differ.
    """

    def __init__(self, scoring: Path, sampling: Path | None = None) -> None:
        """Load the models."""
        self._scoring = open_causal_model(scoring)
        self._tokenizer = open_tokenizer(scoring)
        self._sampling = self._scoring
        self._folders = [scoring]
        if sampling is not None:
            self._sampling = open_causal_model(sampling)
            open_tokenizer(sampling)
            files = [(each / "tokenizer.json").read_bytes() for each in (scoring, sampling)]
            if files[0] != files[1]:
                message = f"{scoring} and {sampling} cut texts into different tokens"
                raise InputError(message, next_step="Name two models of one family.")
            self._folders.append(sampling)

    @property
    def name(self) -> str:
        """Names of the folders."""
        return " beside ".join(each.name for each in self._folders)

    @property
    def digest(self) -> str:
        """SHA-256 over the files of all folders that are read, in hexadecimal."""
        digests = [model_digest(each) for each in self._folders]
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Read each text; of texts that are too long, as much as both models take."""
        import torch  # noqa: PLC0415 - an extra, which is there by now

        models = (self._scoring, self._sampling)
        bounds = [int(getattr(each.config, "max_position_embeddings", 0)) for each in models]
        most = min((each for each in bounds if each), default=None)
        found = []
        with torch.no_grad():
            for text in texts:
                tokens = self._tokenizer.encode(text)[:most]
                if len(tokens) < 2:
                    found.append(Reading(*[np.zeros(0)] * 4))
                    continue
                asked = torch.tensor([tokens])
                scoring: Any = self._scoring(asked).logits[0, :-1].float().numpy()
                sampling: Any = scoring
                if self._sampling is not self._scoring:
                    sampling = self._sampling(asked).logits[0, :-1].float().numpy()
                found.append(reading_of(scoring, sampling, np.array(tokens[1:])))
        return found
