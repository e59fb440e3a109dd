"""The model that the first provider serves: small, and taught by its own texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.cli.demo_full.chapter import Chapter, write_json
from phalanx.cli.demo_full.language import Reader, Tokens, Trigrams, learnt
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.words import Vocabulary, vocabulary_of
from phalanx.watermark.marking.sampler import MarkSampler

WORDS = 1_000
"""Of the vocabulary, at most."""

CONTEXT_WIDTH = 2
"""Tokens that a marked choice depends on: as many as the model looks back."""

PROMPT_TOKENS, ANSWER_TOKENS = 8, 72
_TEXTS = 3_000
_FEWEST_CHARACTERS = 200
_AT_ONCE = 64


def teach(places: Places) -> Chapter:
    """Let a model learn from answers of the first provider's log, and keep it.

    Parameters:
        places: With the logs.
    """
    texts = answers_in(places.a.early)
    words = vocabulary_of(texts, WORDS)
    teacher = learnt(words.all_tokens(texts), len(words.words))
    write_json(places.words, list(words.words))
    teacher.save(places.teacher)
    return Chapter(
        title="The model that provider-a serves learns from its texts",
        lines=(
            (
                f"trigrams over {len(words.words):,} words, {teacher.tokens_learnt:,} tokens "
                "learnt: a real language model, and a very small one"
            ),
        ),
        artefacts=(places.teacher, places.words),
    )


def answers_in(log: Path) -> list[str]:
    """Return answers of a log that are long enough to learn from, the first of them."""
    said = pq.read_table(log, columns=["response"])["response"]
    long = said.filter(pc.greater_equal(pc.utf8_length(said), _FEWEST_CHARACTERS))
    found: list[str] = long.slice(0, _TEXTS).to_pylist()
    return found


class Served:
    """A model in use, which answers prompts with a mark or without one.

    Parameters:
        model: What it learnt.
        words: Its vocabulary.
        random: Of choices without a mark.
    """

    def __init__(self, model: Trigrams, words: Vocabulary, random: np.random.Generator) -> None:
        """Keep the parts."""
        self._reader, self._words, self._random = Reader(model), words, random

    def answer(self, prompts: Sequence[str], key: bytes | None) -> list[Tokens]:
        """Answer prompts, and return the tokens of each answer.

        Parameters:
            prompts: Of people, of which the last words are read.
            key: Whose mark answers carry; null for none.
        """
        asked = [self._asked(each) for each in prompts]
        answers: list[Tokens] = []
        for start in range(0, len(asked), _AT_ONCE):
            answers += self._continued(np.stack(asked[start : start + _AT_ONCE]), key)
        return answers

    def _asked(self, prompt: str) -> Tokens:
        tokens = self._words.tokens(prompt[-1_000:])[-PROMPT_TOKENS:]
        return np.pad(tokens, (PROMPT_TOKENS - tokens.size, 0))

    def _continued(self, asked: Tokens, key: bytes | None) -> list[Tokens]:
        rows = np.pad(asked, ((0, 0), (0, ANSWER_TOKENS)))
        sampler = None
        if key is not None:
            sampler = MarkSampler(key, context_width=CONTEXT_WIDTH, random=self._random.bytes)
        for at in range(PROMPT_TOKENS, rows.shape[1]):
            chances = self._reader.chances(rows[:, at - 2 : at])
            # What stands for all other words is nothing to say.
            chances[:, 0] = 0.0
            with np.errstate(divide="ignore"):
                logits = np.log(chances).astype(np.float32)
            if sampler is None:
                noise = self._random.gumbel(size=logits.shape)
                rows[:, at] = (logits + noise).argmax(axis=1)
            else:
                rows[:, at] = sampler.sample(logits, [row[:at] for row in rows]).tokens
        return list(rows[:, PROMPT_TOKENS:])
