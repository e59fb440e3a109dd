"""A teacher, what it writes with and without a mark, and students of both, kept in a folder.

All of it follows from a seed. What was made once is read from the folder, so that a run that was
ended goes on where it stopped.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from phalanx.owned import written_whole
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from tiny_models import LENGTH, TinyModel, read_corpus

Tokens = npt.NDArray[np.int64]

KEY = b"the key of one campaign, 32 byte"
PROMPT = 8
_ROWS = 16
_CONTINUED = LENGTH - PROMPT


@dataclass(frozen=True)
class Sizes:
    """How much is trained and written."""

    steps: int = 300
    """Of teacher and base, 64 tokens a text."""

    tuning_steps: int = 120
    """Of each student, on whole texts."""

    texts: int = 2048
    """Marked ones, and as many without a mark, of which a student sees some."""

    questions: int = 2048
    """Put to each student."""

    read: int = 512
    """Texts of the teacher that no student saw, which an audit lets models read."""


SMOKE = Sizes(steps=15, tuning_steps=6, texts=64, questions=16, read=16)


@dataclass(frozen=True)
class Household:
    """All models and texts of one seed."""

    seed: int
    folder: Path
    sizes: Sizes

    @cached_property
    def corpus(self) -> Tokens:
        """Return real text as tokens: half of it is the teacher's, half that of the base model."""
        return self._texts("corpus", read_corpus)

    @cached_property
    def teacher(self) -> TinyModel:
        """Return the model whose answers are harvested."""
        return self._model("teacher", lambda: self._trained(self.ours, self.seed))

    @cached_property
    def base(self) -> TinyModel:
        """Return what all students were before."""
        theirs = self.corpus[self.corpus.size // 2 :]
        return self._model("base", lambda: self._trained(theirs, self.seed + 100))

    @property
    def ours(self) -> Tokens:
        """Return the text that the teacher learnt from, which prompts are cut out of."""
        return self.corpus[: self.corpus.size // 2]

    @cached_property
    def clean(self) -> Tokens:
        """Return what the teacher wrote without a mark."""
        return self._texts("clean", lambda: self._written(self.sizes.texts, 1, None))

    def marked(self, width: int) -> Tokens:
        """Return what it wrote under the key, with so many tokens of context."""
        return self._texts(
            f"marked-{width}", lambda: self._written(self.sizes.texts, 2, PhalanxGumbel(width))
        )

    @cached_property
    def unseen(self) -> Tokens:
        """Return texts without a mark that no student was trained on."""
        return self._texts("unseen", lambda: self._written(self.sizes.read, 3, None))

    def held(self, width: int) -> Tokens:
        """Return marked texts that no student was trained on."""
        return self._texts(
            f"held-{width}", lambda: self._written(self.sizes.read, 5, PhalanxGumbel(width))
        )

    def student(self, width: int, share: float, name: str = "student") -> TinyModel:
        """Return the base model tuned on texts of which a share is marked.

        `name` tells apart students that saw the same in another order, as a reference does.
        """
        # Without marked texts there is no context.
        name = f"{name}-{width}-{share}" if share else f"{name}-0"
        return self._model(name, lambda: self._tuned(width, share, len(name)))

    def second(self, width: int, share: float) -> TinyModel:
        """Return a student of a student: tuned on what that one answers, without a key."""
        answers = self.answers(width, share)
        return self._model(
            f"second-{width}-{share}",
            lambda: self._fit(lambda random: answers[random.integers(0, len(answers), _ROWS)], 9),
        )

    def answers(self, width: int, share: float, name: str = "student") -> Tokens:
        """Return what a student answers to new prompts, which stand before."""
        write = self.second if name == "second" else self.student
        file = f"answers-{name}-{width}-{share}" if share else f"answers-{name}-0"
        return self._texts(
            file,
            lambda: write(width, share).write(
                self._prompts(self.sizes.questions, 4), _CONTINUED, self.seed + 4
            ),
        )

    def _tuned(self, width: int, share: float, order: int) -> TinyModel:
        marked = self.marked(width) if share else self.clean
        clean = self.clean

        def batch(random: np.random.Generator) -> Tokens:
            at = random.integers(0, len(clean), _ROWS)
            said: Tokens = np.where((random.random(_ROWS) < share)[:, None], marked[at], clean[at])
            return said

        return self._fit(batch, order)

    def _fit(self, batch: Callable[[np.random.Generator], Tokens], order: int) -> TinyModel:
        return copy.deepcopy(self.base).fit(
            batch, self.sizes.tuning_steps, 1e-3, 1000 * order + self.seed
        )

    def _trained(self, source: Tokens, seed: int) -> TinyModel:
        return TinyModel(seed).fit(
            lambda random: _windows(source, _ROWS, 65, random), self.sizes.steps, 3e-3, seed
        )

    def _written(self, texts: int, purpose: int, scheme: PhalanxGumbel | None) -> Tokens:
        prompts = self._prompts(texts, purpose)
        mark = None if scheme is None else (scheme, KEY)
        return self.teacher.write(prompts, _CONTINUED, self.seed + purpose, mark)

    def _prompts(self, count: int, purpose: int) -> Tokens:
        return _windows(self.ours, count, PROMPT, np.random.default_rng([self.seed, purpose]))

    def _texts(self, name: str, make: Callable[[], Tokens]) -> Tokens:
        path = self.folder / f"{self.seed}-{name}.npy"
        if not path.exists():
            made = make().astype(np.int16)
            with written_whole(path) as aside, aside.open("wb") as file:
                np.save(file, made)
        result: Tokens = np.load(path).astype(np.int64)
        return result

    def _model(self, name: str, make: Callable[[], TinyModel]) -> TinyModel:
        path = self.folder / f"{self.seed}-{name}.pt"
        if not path.exists():
            state = make().state_dict()
            with written_whole(path) as aside:
                torch.save(state, aside)
        model = TinyModel(self.seed)
        model.load_state_dict(torch.load(path))
        return model


def _windows(source: Tokens, rows: int, length: int, random: np.random.Generator) -> Tokens:
    """Cut texts of so many tokens out of a corpus."""
    starts = random.integers(0, source.size - length, rows)
    return np.stack([source[start : start + length] for start in starts])
