"""Language models small enough to be trained here, by torch: teachers, students, references."""

from __future__ import annotations

import pydoc_data.topics
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from torch import nn
from torch.nn import functional

from phalanx.watermark.marking.race import run_races
from phalanx.watermark.schemes.phalanx_gumbel import derive_key
from phalanx.watermark.schemes.scheme import Scheme

VOCABULARY = 512
LENGTH = 128
_WIDTH, _LAYERS, _HEADS = 64, 2, 4
_FROM_EACH_FILE = 40_000
_AT_ONCE = 256

Tokens = npt.NDArray[np.int64]
Batch = Callable[[np.random.Generator], Tokens]


def python_texts() -> list[str]:
    """Return Python's own sources and manual."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    texts = [path.read_text("utf-8", "ignore") for path in sorted(folder.glob("*.py"))]
    texts += pydoc_data.topics.topics.values()
    return texts


def train_tokenizer(texts: Sequence[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Return a byte-level tokenizer of a vocabulary that is trained on texts."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> Tokens:
    """Return texts as one stream of tokens, a bounded part of each text."""
    encoded = tokenizer.encode_batch([text[:_FROM_EACH_FILE] for text in texts])
    return np.concatenate([np.array(each.ids, dtype=np.int64) for each in encoded])


def read_corpus() -> Tokens:
    """Return Python's own sources and manual as tokens of a tokenizer trained on them."""
    texts = python_texts()
    return encode(train_tokenizer(texts), texts)


def fit(  # noqa: PLR0913, PLR0917 - what a training is
    model: nn.Module,
    say: Callable[[torch.Tensor], torch.Tensor],
    batch: Batch,
    steps: int,
    rate: float,
    seed: int,
) -> None:
    """Train what of a model may change, with a short warm-up and a linear end.

    Parameters:
        model: Changed in place.
        say: Gives for tokens the logits of the token that follows each.
        batch: Gives the tokens of a step, shape (texts, tokens).
        steps: How many.
        rate: Of learning, at its height.
        seed: Of what the batches draw.
    """
    random = np.random.default_rng(seed)
    free = [each for each in model.parameters() if each.requires_grad]
    optimiser = torch.optim.AdamW(free, lr=rate, weight_decay=0.01)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 20) * (1.0 - 0.9 * step / steps)
        rows = torch.from_numpy(batch(random))
        said = say(rows[:, :-1])
        loss = functional.cross_entropy(said.flatten(0, 1), rows[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(free, 1.0)
        optimiser.step()


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.RMSNorm(_WIDTH), nn.RMSNorm(_WIDTH)
        self.attention = nn.Linear(_WIDTH, 3 * _WIDTH, bias=False)
        self.joined = nn.Linear(_WIDTH, _WIDTH, bias=False)
        self.up = nn.Linear(_WIDTH, 4 * _WIDTH, bias=False)
        self.down = nn.Linear(4 * _WIDTH, _WIDTH, bias=False)

    def forward(self, x: torch.Tensor, seen: dict[str, torch.Tensor] | None) -> torch.Tensor:
        rows, length, _ = x.shape
        parts = self.attention(self.before(x)).view(rows, length, 3, _HEADS, _WIDTH // _HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        if seen is not None:
            # Room for the whole text is made once: to lengthen it at every token costs more.
            both = seen.setdefault("both", x.new_empty(2, rows, _HEADS, LENGTH, key.shape[3]))
            start = int(seen["count"]) if "count" in seen else 0
            seen["count"] = torch.tensor(start + length)
            both[0, :, :, start : start + length] = key
            both[1, :, :, start : start + length] = value
            key, value = both[:, :, :, : start + length]
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=length > 1)
        x = x + self.joined(mixed.transpose(1, 2).reshape(rows, length, _WIDTH))
        return x + self.down(functional.gelu(self.up(self.between(x))))


class TinyModel(nn.Module):
    """A decoder of two layers and 170,000 parameters."""

    def __init__(self, seed: int) -> None:
        """Draw the weights."""
        super().__init__()
        torch.manual_seed(seed)
        self.tokens = nn.Embedding(VOCABULARY, _WIDTH)
        self.places = nn.Embedding(LENGTH, _WIDTH)
        self.blocks = nn.ModuleList([_Block() for _ in range(_LAYERS)])
        self.after = nn.RMSNorm(_WIDTH)
        self.logits = nn.Linear(_WIDTH, VOCABULARY, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)

    def forward(
        self,
        tokens: torch.Tensor,
        start: int = 0,
        seen: list[dict[str, torch.Tensor]] | None = None,
    ) -> torch.Tensor:
        """Return logits of the token that follows each."""
        x = self.tokens(tokens) + self.places(torch.arange(start, start + tokens.shape[1]))
        for at, block in enumerate(self.blocks):
            x = block(x, None if seen is None else seen[at])
        logits: torch.Tensor = self.logits(self.after(x))
        return logits

    @torch.no_grad()
    def read(self, tokens: Tokens) -> npt.NDArray[np.float64]:
        """Return what an audit asks of a model."""
        logits = self(torch.from_numpy(tokens)[None])[0].double()
        result: npt.NDArray[np.float64] = torch.log_softmax(logits, -1).numpy()
        return result

    def fit(self, batch: Batch, steps: int, rate: float, seed: int) -> TinyModel:
        """Train; return the model itself."""
        fit(self, self, batch, steps, rate, seed)
        return self

    def write(
        self, prompts: Tokens, length: int, seed: int, mark: tuple[Scheme, bytes] | None = None
    ) -> Tokens:
        """Go on with prompts of shape (texts, tokens), marked under `phalanx-gumbel-v1` or not.

        A context marks once in a text.
        """
        random = np.random.default_rng(seed)
        parts = [
            self._write(prompts[start : start + _AT_ONCE], length, random, mark)
            for start in range(0, len(prompts), _AT_ONCE)
        ]
        return np.concatenate(parts)

    @torch.no_grad()
    def _write(
        self,
        prompts: Tokens,
        length: int,
        random: np.random.Generator,
        mark: tuple[Scheme, bytes] | None,
    ) -> Tokens:
        rows, first = prompts.shape
        texts = np.empty((rows, first + length), np.int64)
        texts[:, :first] = prompts
        width = mark[0].setting.context_width if mark else 1
        key = np.array(derive_key(mark[1]), np.uint64) if mark else None
        least, won = np.full(rows, -np.inf, np.float32), np.empty(rows, np.int64)
        seen: list[dict[str, torch.Tensor]] = [{} for _ in self.blocks]
        used: list[set[bytes]] = [set() for _ in range(rows)]
        start = 0
        for end in range(first, first + length):
            logits = self(torch.from_numpy(texts[:, start:end]), start, seen)[:, -1]
            start = end
            # Keys of one choice each: as free as without a mark.
            keys = random.integers(0, 2**64, (rows, 2), np.uint64)
            contexts = np.ascontiguousarray(texts[:, end - width : end])
            if key is not None:
                for row, context in enumerate(contexts):
                    name = context.tobytes()
                    if name not in used[row]:
                        used[row].add(name)
                        keys[row] = key
            run_races(logits.numpy(), 1.0, least, contexts, keys, won)
            texts[:, end] = won
        return texts
