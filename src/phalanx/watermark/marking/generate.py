"""The mark in transformers: `model.generate(logits_processor=[MarkProcessor(key)])`.

transformers divides by the temperature and cuts to the likeliest tokens after this processor,
when the token is already chosen. So temperature, `top_k` and `top_p` are given to the
processor; what `generate` is told of them has no effect. Its other rules (penalties, shortest
lengths, forbidden words) come before, and hold.

Beam search compares texts that a key has chosen, and is not for marking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phalanx.watermark.marking.sampler import MarkSampler

if TYPE_CHECKING:
    import torch


class MarkProcessor(MarkSampler):
    """A processor of logits that leaves one token: the one that the key chose.

    Parameters are those of `MarkSampler`. Several answers to one prompt in one batch differ,
    because only the first of equal contexts is marked.
    """

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return 0 for the chosen token of each text, minus infinity for all others.

        Parameters:
            input_ids: Shape (texts, tokens so far).
            scores: Logits, shape (texts, vocabulary).

        Raises:
            ValueError: If no token of a text can be chosen.
        """
        logits = scores.detach().float().cpu().numpy()
        tokens = self.sample(logits, list(input_ids.cpu().numpy())).tokens
        chosen = input_ids.new_tensor(tokens)[:, None]
        return scores.new_full(scores.shape, -np.inf).scatter_(1, chosen, 0.0)
