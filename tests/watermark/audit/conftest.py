"""Small language models of real text, and marks in what they write."""

from __future__ import annotations

import pydoc_data.topics
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from phalanx.watermark.audit import Field, winners
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

VOCABULARY = 512
WIDTH = 2
ORDERS = 3
SCHEME = PhalanxGumbel(WIDTH)
Tokens = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """A language model that mixes what followed the last two tokens, the last, and any."""

    counts: tuple[dict[bytes, npt.NDArray[np.float64]], ...]
    """For each length of context, how often each token followed it."""

    @classmethod
    def trained(cls, texts: list[Tokens]) -> Counted:
        """Count texts."""
        counts: tuple[dict[bytes, npt.NDArray[np.float64]], ...] = tuple({} for _ in range(ORDERS))
        for text in texts:
            for at, token in enumerate(text):
                for length in range(min(at + 1, ORDERS)):
                    seen = counts[length].setdefault(
                        text[at - length : at].tobytes(), np.zeros(VOCABULARY)
                    )
                    seen[token] += 1
        return cls(counts)

    def after(self, context: Tokens) -> npt.NDArray[np.float64]:
        """Return the logarithms of the chances of each token after some others."""
        chance = np.full(VOCABULARY, 1.0 / VOCABULARY)
        for length in range(min(context.size + 1, ORDERS)):
            seen = self.counts[length].get(context[context.size - length :].tobytes())
            if seen is not None:
                chance = (seen + 2.0 * chance) / (seen.sum() + 2.0)
        logs: npt.NDArray[np.float64] = np.log(chance)
        return logs

    def __call__(self, tokens: Tokens) -> npt.NDArray[np.float64]:
        """Read a document, as an audit asks."""
        return np.stack(
            [self.after(tokens[max(0, at + 2 - ORDERS) : at + 1]) for at in range(tokens.size)]
        )

    def write(
        self, prompts: list[Tokens], length: int, key: bytes | None, random: np.random.Generator
    ) -> list[Tokens]:
        """Go on with prompts, marked under a key or not; a context marks once in a text."""
        texts = np.stack(prompts)
        everything = np.tile(np.arange(VOCABULARY), (len(prompts), 1))
        used: list[set[bytes]] = [set() for _ in prompts]
        for _ in range(length):
            contexts = texts[:, -WIDTH:]
            log_p = np.stack([self.after(context) for context in contexts])
            said = (log_p + random.gumbel(size=log_p.shape)).argmax(axis=1)
            if key is not None:
                stream = np.concatenate([contexts, contexts[:, :1]], axis=1).reshape(-1)
                places = np.arange(len(prompts)) * (WIDTH + 1) + WIDTH
                draws = Draws(stream, places, stream[places], WIDTH, 0)
                won = winners(Field(draws, everything, log_p), SCHEME, key)
                fresh = [
                    context.tobytes() not in seen
                    for context, seen in zip(contexts, used, strict=True)
                ]
                said = np.where(fresh, won, said)
                for context, seen in zip(contexts, used, strict=True):
                    seen.add(context.tobytes())
            texts = np.concatenate([texts, said[:, None]], axis=1)
        return list(texts)


@dataclass(frozen=True)
class House:
    """A provider: its model, the text that it learnt from, and other text of the same kind."""

    model: Counted
    text: Tokens
    other: Tokens

    @staticmethod
    def trained(texts: list[Tokens]) -> Counted:
        """Return a model of some texts."""
        return Counted.trained(texts)

    def prompts(self, count: int, random: np.random.Generator, text: Any = None) -> list[Tokens]:
        """Cut prompts of eight tokens out of a text."""
        source = self.text if text is None else text
        starts = random.integers(0, source.size - 8, count)
        return [source[start : start + 8] for start in starts]


@pytest.fixture(scope="session")
def house() -> House:
    """Return a provider whose model has learnt from half of Python's manual."""
    manual = list(pydoc_data.topics.topics.values())
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        manual,
        BpeTrainer(
            vocab_size=VOCABULARY, initial_alphabet=ByteLevel.alphabet(), show_progress=False
        ),
    )
    text = np.concatenate([np.array(tokenizer.encode(each).ids) for each in manual])
    half = text.size // 2
    return House(Counted.trained([text[:half]]), text[:half], text[half:])
