"""A language model in a folder, run here by transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from phalanx.causal_model import open_causal_model
from phalanx.errors import InputError

if TYPE_CHECKING:
    from phalanx.watermark.marking.generate import MarkProcessor

Numbers = npt.NDArray[np.int64]

ADVICE = "Name the tokenizer of this model, and ask for shorter answers or cut what is read."
"""Where a model cannot read a text."""


class LocalModel:
    """A causal language model.

    Parameters:
        name: What messages call it.
        made: Of transformers.
    """

    def __init__(self, name: str, made: Any) -> None:  # noqa: ANN401 - of a library without types
        """Keep it."""
        self.name = name
        self._made = made
        self.vocabulary = int(made.config.vocab_size)
        self.longest = int(getattr(made.config, "max_position_embeddings", 0) or 1 << 30)

    def __call__(self, tokens: Numbers) -> npt.NDArray[np.float32]:
        """Return natural logarithms of what follows each token, shape (length, vocabulary).

        In single precision, as models say it: a long document of a large vocabulary fills memory.

        Raises:
            InputError: If the document is longer than the model reads, or has other tokens; or what
                the model says is no number.
        """
        import torch  # noqa: PLC0415 - of an extra

        self._check(tokens)
        with torch.no_grad():
            logits = self._made(torch.tensor(tokens)[None]).logits[0].float()
            logs: npt.NDArray[np.float32] = torch.log_softmax(logits, dim=-1).numpy()
        if np.isnan(logs).any():
            message = f"{self.name} says what is no number: its weights are broken, or overflow"
            raise InputError(message, next_step="Save it in single precision, from sound weights.")
        return logs

    def lacks(self, tokens: Numbers, most_tokens: int = 0) -> str:
        """Return why the model cannot read a text, or an empty text.

        Parameters:
            tokens: Of the text.
            most_tokens: That it is to go on with.
        """
        length = tokens.size + most_tokens
        if length > self.longest:
            return f"{self.name} reads {self.longest:,} tokens, not {length:,}"
        if tokens.size and int(tokens.max()) >= self.vocabulary:
            return f"{self.name} has tokens below {self.vocabulary:,}, not {int(tokens.max()):,}"
        return ""

    def answer(self, prompt: Numbers, processor: MarkProcessor, most_tokens: int) -> Numbers:
        """Go on with a prompt, each token chosen by a processor.

        Parameters:
            prompt: At least one token.
            processor: That chooses.
            most_tokens: Of the answer, which ends sooner where the model ends it.

        Raises:
            InputError: If prompt and answer are longer than the model reads, or there is no prompt.
        """
        import torch  # noqa: PLC0415 - of an extra

        self._check(prompt, most_tokens)
        if not prompt.size:
            message = "a prompt has no token"
            raise InputError(message, next_step="Begin it with the model's first token.")
        words = torch.tensor(prompt)[None]
        with torch.no_grad():
            said = self._made.generate(
                words,
                attention_mask=torch.ones_like(words),
                max_new_tokens=most_tokens,
                do_sample=False,
                num_beams=1,
                logits_processor=[processor],
            )
        answer: Numbers = said[0, prompt.size :].numpy()
        return answer

    def _check(self, tokens: Numbers, most_tokens: int = 0) -> None:
        if reason := self.lacks(tokens, most_tokens):
            raise InputError(reason, next_step=ADVICE)


def open_local_model(folder: Path) -> LocalModel:
    """Open a model that lies in a folder; nothing is fetched.

    Parameters:
        folder: With `config.json` and weights as safetensors.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        InputError: If there is no model that can be opened.
    """
    return LocalModel(str(folder), open_causal_model(folder))
