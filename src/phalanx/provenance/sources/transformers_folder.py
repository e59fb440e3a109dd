"""A model in a folder, as Hugging Face's library keeps them; read by torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.causal_model import open_causal_model, open_tokenizer


class TransformersFolder:
    """A causal language model on disk.

    Only safetensors are read, and no code that the folder holds is run.

    Parameters:
        folder: With `config.json`, `tokenizer.json` and weights.

    Raises:
        MissingExtraError: If the extra `torch` is not installed.
        InputError: If the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        """Load the model."""
        self._folder = folder
        self._model = open_causal_model(folder)
        import torch  # noqa: PLC0415 - an extra, which is there by now

        self._torch = torch
        self._tokenizer = open_tokenizer(folder)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self._folder.name

    def log_probabilities(self, texts: Sequence[str]) -> list[npt.NDArray[np.float64]]:
        """Read each text; of texts that are too long, as much as the model takes."""
        most = int(getattr(self._model.config, "max_position_embeddings", 0)) or None
        result = []
        with self._torch.no_grad():
            for text in texts:
                tokens = self._torch.tensor([self._tokenizer.encode(text)[:most]])
                if tokens.shape[1] < 2:
                    result.append(np.empty(0))
                    continue
                said = self._model(tokens).logits[0, :-1].double().log_softmax(-1)
                chosen = said.gather(1, tokens[0, 1:, None])[:, 0]
                result.append(np.asarray(chosen.numpy(), dtype=np.float64))
        return result

    def answers(self, questions: Sequence[str], tokens: int) -> list[str | None]:
        """Answer each question greedily; a question without tokens gets none."""
        result: list[str | None] = []
        with self._torch.no_grad():
            for question in questions:
                asked = self._torch.tensor([self._tokenizer.encode(question)])
                if not asked.numel():
                    result.append(None)
                    continue
                said = self._model.generate(
                    asked,
                    attention_mask=self._torch.ones_like(asked),
                    do_sample=False,
                    max_new_tokens=tokens,
                    pad_token_id=0,
                )
                result.append(self._tokenizer.decode(said[0, asked.shape[1] :]))
        return result
