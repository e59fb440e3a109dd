"""Models of the zoo: Llama-shaped, small enough for one core, kept in folders as Hugging Face's.

Corpora are what Python and scipy ship: their sources and manuals (PSF and BSD licences).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn.utils import parametrize
from transformers import LlamaConfig, LlamaForCausalLM

from tiny_models import VOCABULARY, Batch, Tokens, encode, fit, python_texts, train_tokenizer

Arrays = dict[str, npt.NDArray[np.float32]]

PIECE = 64
"""Tokens of a text that a model is trained on."""

ROWS = 16
"""Texts in a step of training."""

_TRAINED_ON = 12_800
_HELD = 1_280
_RANK = 4
_ADAPTED = ("q_proj", "v_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Made:
    """A model as it is kept: what it is, and its weights."""

    config: dict[str, Any]
    """Content of `config.json`."""

    arrays: Arrays
    """Weights by name."""


@dataclass(frozen=True)
class Corpus:
    """One body of text under one tokenizer."""

    tokenizer: Tokenizer
    """Byte-level, trained on the body or on another."""

    pieces: Tokens
    """Shape (pieces, PIECE + 1): texts to train on."""

    held: Tokens
    """The same, of texts that nothing is trained on."""

    def epoch(self, seed: int) -> Tokens:
        """Return the numbers of all pieces in the order in which a seed sees them."""
        return np.random.default_rng(seed).permutation(len(self.pieces))

    def in_order(self, order: Tokens) -> Batch:
        """Return batches that go through the pieces in an order, from the start if it ends."""
        at = 0

        def batch(_: np.random.Generator) -> Tokens:
            nonlocal at
            chosen = order[np.arange(at, at + ROWS) % order.size]
            at += ROWS
            return self.pieces[chosen]

        return batch


class Corpora:
    """What models are trained on.

    Parameters:
        part: One of so many texts is taken.
    """

    def __init__(self, part: int = 1) -> None:
        """Read nothing yet."""
        self._part = part

    @cached_property
    def own(self) -> Corpus:
        """Python's sources and manual."""
        texts = python_texts()[:: self._part]
        return _cut(train_tokenizer(texts), texts)

    @cached_property
    def other(self) -> Corpus:
        """Sources of scipy, under the tokenizer of our own texts."""
        return _cut(self.own.tokenizer, _scipy_texts()[:: self._part])

    @cached_property
    def foreign(self) -> Corpus:
        """Sources of scipy, under a larger tokenizer of their own."""
        texts = _scipy_texts()[:: self._part]
        return _cut(train_tokenizer(texts, VOCABULARY + 128), texts)


def _scipy_texts() -> list[str]:
    folder = Path(scipy.__file__).parent
    paths = [path for path in sorted(folder.rglob("*.py")) if "tests" not in path.parts]
    return [path.read_text("utf-8", "ignore") for path in paths]


def _cut(tokenizer: Tokenizer, texts: list[str]) -> Corpus:
    stream = encode(tokenizer, texts)
    pieces = stream[: stream.size // (PIECE + 1) * (PIECE + 1)].reshape(-1, PIECE + 1)
    random = np.random.default_rng(0)
    pieces = pieces[random.permutation(len(pieces))]
    return Corpus(tokenizer, pieces[_HELD : _HELD + _TRAINED_ON], pieces[:_HELD])


def draw_model(seed: int, **changes: int) -> LlamaForCausalLM:
    """Return a model with random weights."""
    torch.manual_seed(seed)
    shape = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
    }
    return LlamaForCausalLM(LlamaConfig(**{**shape, **changes}, tie_word_embeddings=False))


def train(model: LlamaForCausalLM, batch: Batch, steps: int, rate: float, seed: int) -> None:
    """Train a model in place."""
    fit(model, lambda tokens: model(tokens).logits, batch, steps, rate, seed)


def train_adapter(model: LlamaForCausalLM, batch: Batch, steps: int, rate: float) -> None:
    """Train a low-rank adapter (LoRA) of a model, and merge it."""
    for each in model.parameters():
        each.requires_grad_(requires_grad=False)
    adapted = [
        module for name, module in model.named_modules() if name.rsplit(".", 1)[-1] in _ADAPTED
    ]
    for module in adapted:
        parametrize.register_parametrization(module, "weight", _LowRank(*module.weight.shape))
    train(model, batch, steps, rate, 0)
    for module in adapted:
        parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)


class _LowRank(nn.Module):
    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.left = nn.Parameter(torch.zeros(rows, _RANK))
        self.right = nn.Parameter(torch.randn(_RANK, columns) / columns**0.5)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + self.left @ self.right


@torch.no_grad()
def write(model: LlamaForCausalLM, prompts: Tokens, length: int, seed: int) -> Tokens:
    """Go on with prompts at temperature 1, 256 at a time."""
    torch.manual_seed(seed)
    parts = [
        model.generate(
            torch.from_numpy(prompts[at : at + 256]),
            attention_mask=torch.ones(prompts[at : at + 256].shape, dtype=torch.int64),
            do_sample=True,
            top_k=0,
            max_new_tokens=length,
            eos_token_id=None,
            pad_token_id=0,
        ).numpy()
        for at in range(0, len(prompts), 256)
    ]
    return np.concatenate(parts)


@torch.no_grad()
def loss_of(model: nn.Module, pieces: Tokens) -> float:
    """Return the mean loss of a model on texts, in nats a token."""
    model.eval()
    total = 0.0
    for at in range(0, len(pieces), 128):
        rows = torch.from_numpy(pieces[at : at + 128])
        said = model(rows[:, :-1]).logits
        total += float(
            nn.functional.cross_entropy(said.flatten(0, 1), rows[:, 1:].flatten(), reduction="sum")
        )
    return float(total / (len(pieces) * (pieces.shape[1] - 1)))


def taken(model: LlamaForCausalLM) -> Made:
    """Return a model's configuration and weights."""
    config = model.config.to_dict()
    config["architectures"] = ["LlamaForCausalLM"]
    arrays = {
        name: np.array(each.detach().numpy(), dtype=np.float32)
        for name, each in model.state_dict().items()
    }
    return Made(config, arrays)


def opened(made: Made) -> LlamaForCausalLM:
    """Return a Llama-shaped model to run or train."""
    model = LlamaForCausalLM(LlamaConfig(**made.config))
    model.load_state_dict(
        {name: torch.from_numpy(each.copy()) for name, each in made.arrays.items()}
    )
    return model


def keep(made: Made, tokenizer: Tokenizer, notes: Mapping[str, object], folder: Path) -> None:
    """Write a model's folder beside its place, then move it there."""
    aside = folder.with_name(folder.name + ".aside")
    aside.mkdir(parents=True, exist_ok=True)
    save_file(made.arrays, aside / "model.safetensors", metadata={"format": "pt"})
    (aside / "config.json").write_text(json.dumps(made.config, indent=2) + "\n", "utf-8")
    tokenizer.save(str(aside / "tokenizer.json"))
    (aside / "made.json").write_text(json.dumps(notes) + "\n", "utf-8")
    aside.rename(folder)


def load(folder: Path) -> Made:
    """Read what `keep` wrote."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return Made(config, load_file(folder / "model.safetensors"))


Maker = Callable[[], Made]
