"""Models that are kin, and models that are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.provenance.weights import Checkpoint, Tensor

Weights = dict[str, npt.NDArray[np.float32]]
D, N, V, HEADS, KEYS, WIDTH, LAYERS = 64, 128, 300, 8, 4, 8, 4
CONFIG = {
    "model_type": "llama",
    "num_attention_heads": HEADS,
    "num_key_value_heads": KEYS,
    "rms_norm_eps": 1e-6,
}


def drawn(seed: int, *, layers: int = LAYERS, hidden: int = D, neurons: int = N) -> Weights:
    """Return a model of random numbers, Llama-like."""
    random = np.random.default_rng(seed)

    def some(*shape: int) -> npt.NDArray[np.float32]:
        return (random.normal(size=shape) * 0.02).astype(np.float32)

    found = {"model.embed_tokens.weight": some(V, hidden)}
    for layer in range(layers):
        at = f"model.layers.{layer}"
        found |= {
            f"{at}.mlp.gate_proj.weight": some(neurons, hidden),
            f"{at}.mlp.up_proj.weight": some(neurons, hidden),
            f"{at}.mlp.down_proj.weight": some(hidden, neurons),
            f"{at}.self_attn.q_proj.weight": some(HEADS * WIDTH, hidden),
            f"{at}.self_attn.k_proj.weight": some(KEYS * WIDTH, hidden),
            f"{at}.self_attn.v_proj.weight": some(KEYS * WIDTH, hidden),
            f"{at}.self_attn.o_proj.weight": some(hidden, HEADS * WIDTH),
            f"{at}.input_layernorm.weight": np.exp(some(hidden)),
            f"{at}.post_attention_layernorm.weight": np.exp(some(hidden)),
        }
    return found


def each(weights: Weights, ending: str) -> list[str]:
    """Return the names that end so."""
    return [name for name in weights if name.endswith(f"{ending}.weight")]


def noisy(weights: Weights, share: float, seed: int = 99) -> Weights:
    """Return weights moved by so much of their own spread: a fine-tune."""
    random = np.random.default_rng(seed)
    return {
        name: (w + share * w.std() * random.normal(size=w.shape)).astype(np.float32)
        for name, w in weights.items()
    }


def reordered(weights: Weights, seed: int = 98) -> Weights:
    """Return the same model with its neurons in another order."""
    random = np.random.default_rng(seed)
    found = dict(weights)
    for gate in each(weights, "gate_proj"):
        order = random.permutation(len(weights[gate]))
        for name in (gate, gate.replace("gate_proj", "up_proj")):
            found[name] = weights[name][order]
        down = gate.replace("gate_proj", "down_proj")
        found[down] = weights[down][:, order]
    return found


def turned(weights: Weights, seed: int = 97) -> Weights:
    """Return the same model with its stream rotated, norms put into what follows them."""
    random = np.random.default_rng(seed)
    hidden = weights["model.embed_tokens.weight"].shape[1]
    rotation = np.linalg.qr(random.normal(size=(hidden, hidden)))[0].astype(np.float32)
    found = {}
    for name, w in weights.items():
        if name.endswith(("down_proj.weight", "o_proj.weight")):
            found[name] = rotation.T @ w
        elif name.endswith("layernorm.weight"):
            found[name] = np.ones_like(w)
        elif "embed_tokens" in name:
            found[name] = w @ rotation
        else:
            norm = "post_attention_layernorm" if ".mlp." in name else "input_layernorm"
            layer = name.split(".mlp.")[0].split(".self_attn.")[0]
            found[name] = (w * weights[f"{layer}.{norm}.weight"]) @ rotation
    return found


def scaled(weights: Weights, seed: int = 96) -> Weights:
    """Return the same model with up-rows scaled, and down-columns scaled back."""
    random = np.random.default_rng(seed)
    found = dict(weights)
    for up in each(weights, "up_proj"):
        factor = random.uniform(0.3, 3.0, len(weights[up])).astype(np.float32)
        found[up] = weights[up] * factor[:, None]
        down = up.replace("up_proj", "down_proj")
        found[down] = weights[down] / factor
    return found


def mirrored(weights: Weights, seed: int = 94) -> Weights:
    """Return the same model with the signs of up-rows and down-columns redrawn."""
    random = np.random.default_rng(seed)
    found = dict(weights)
    for up in each(weights, "up_proj"):
        signs = random.choice([-1.0, 1.0], len(weights[up])).astype(np.float32)
        found[up] = weights[up] * signs[:, None]
        down = up.replace("up_proj", "down_proj")
        found[down] = weights[down] * signs
    return found


def pruned(weights: Weights, kept: float) -> Weights:
    """Return the model with small weights set to nothing."""
    found = {}
    for name, w in weights.items():
        limit = np.quantile(np.abs(w), 1.0 - kept)
        found[name] = w if w.ndim == 1 else np.where(np.abs(w) >= limit, w, 0.0).astype(np.float32)
    return found


def fewer_neurons(weights: Weights, kept: int, seed: int = 95) -> Weights:
    """Return the model with some of its neurons only."""
    random = np.random.default_rng(seed)
    found = dict(weights)
    for gate in each(weights, "gate_proj"):
        places = np.sort(random.choice(len(weights[gate]), kept, replace=False))
        for name in (gate, gate.replace("gate_proj", "up_proj")):
            found[name] = weights[name][places]
        down = gate.replace("gate_proj", "down_proj")
        found[down] = weights[down][:, places]
    return found


def rounded(weights: Weights, bits: int) -> Weights:
    """Return the model rounded to so many bits, row by row."""
    found = {}
    for name, w in weights.items():
        step = np.abs(w).max(axis=-1, keepdims=True) / (2 ** (bits - 1) - 1)
        found[name] = w if w.ndim == 1 else (np.round(w / step) * step).astype(np.float32)
    return found


def merged(weights: Weights, other: Weights, share: float) -> Weights:
    """Return a share of one model and the rest of another."""
    return {name: share * w + (1.0 - share) * other[name] for name, w in weights.items()}


def with_layers(weights: Weights, kept: list[int], other: Weights | None = None) -> Weights:
    """Return a model of some layers of one model, in this order; negative ones of another."""
    found = {name: w for name, w in weights.items() if ".layers." not in name}
    for place, layer in enumerate(kept):
        source, number = (weights, layer) if layer >= 0 or other is None else (other, -layer)
        for name, w in source.items():
            if name.startswith(f"model.layers.{number}."):
                found[name.replace(f"layers.{number}.", f"layers.{place}.")] = w
    return found


def upcycled(weights: Weights, experts: int, seed: int = 0) -> Weights:
    """Return a mixture of experts, each of which began as the dense block."""
    found = {name: w for name, w in weights.items() if ".mlp." not in name}
    for expert in range(experts):
        part = {name: w for name, w in weights.items() if ".mlp." in name}
        for name, w in noisy(part, 0.3, 1000 * seed + expert).items():
            found[name.replace(".mlp.", f".mlp.experts.{expert}.")] = w
    return found


def widened(weights: Weights, times: int, seed: int, what: str) -> Weights:
    """Return a model grown in width: neurons or coordinates copied side by side, with noise."""
    random = np.random.default_rng(seed)
    found = dict(weights)
    for name, w in weights.items():
        writes = name.endswith(("down_proj.weight", "o_proj.weight"))
        if what == "neurons" and ".mlp." not in name:
            continue
        axis = int(writes) if what == "neurons" else int(w.ndim == 2 and not writes)
        grown = np.repeat(w, times, axis=axis)
        found[name] = (grown + 0.5 * w.std() * random.normal(size=grown.shape)).astype(np.float32)
    return found


def taught(seed: int, *, steps: int = 250, start: Weights | None = None) -> Weights:
    """Return one gated layer that learnt which token follows which, from one and the same data.

    Gradients are written out: the project's tests need no torch. Adam, 256 tokens a step, another
    order of the data for each seed.
    """
    tokens, hidden, neurons = 64, 32, 48
    table = np.random.default_rng(0).dirichlet(np.full(tokens, 0.05), tokens)
    random = np.random.default_rng(seed)
    shapes = {
        "model.embed_tokens": (tokens, hidden),
        "model.layers.0.mlp.gate_proj": (neurons, hidden),
        "model.layers.0.mlp.up_proj": (neurons, hidden),
        "model.layers.0.mlp.down_proj": (hidden, neurons),
        "lm_head": (tokens, hidden),
    }
    names = [f"{name}.weight" for name in shapes]
    fresh = [random.normal(size=shape) * 0.15 for shape in shapes.values()]
    now = fresh if start is None else [start[name].astype(np.float64) for name in names]
    first, second = ([np.zeros_like(w) for w in now] for _ in range(2))
    follows = table.cumsum(axis=1)
    for step in range(1, steps + 1):
        read = random.integers(0, tokens, 256)
        target = (random.random((256, 1)) > follows[read]).sum(axis=1).clip(0, tokens - 1)
        for at, slope in enumerate(_slopes(now, read, target)):
            first[at] = 0.9 * first[at] + 0.1 * slope
            second[at] = 0.99 * second[at] + 0.01 * slope**2
            size = np.sqrt(second[at] / (1.0 - 0.99**step)) + 1e-8
            now[at] = now[at] - 0.01 * first[at] / (1.0 - 0.9**step) / size
    return {name: w.astype(np.float32) for name, w in zip(names, now, strict=True)}


def _slopes(now: list[Any], read: Any, target: Any) -> list[Any]:
    """Return the gradient of the mean surprise at what follows."""
    embedding, gate, up, down, head = now
    h = embedding[read]
    a, b = h @ gate.T, h @ up.T
    open_ = 1.0 / (1.0 + np.exp(-a))
    through = a * open_
    y = h + (through * b) @ down.T
    score = y @ head.T
    score -= score.max(axis=1, keepdims=True)
    share = np.exp(score)
    share /= share.sum(axis=1, keepdims=True)
    share[np.arange(len(read)), target] -= 1.0
    share /= len(read)
    back = share @ head
    inner = back @ down
    da, db = inner * b * open_ * (1.0 + a * (1.0 - open_)), inner * through
    slope = np.zeros_like(embedding)
    np.add.at(slope, read, back + da @ gate + db @ up)
    return [slope, da.T @ h, db.T @ h, back.T @ (through * b), share.T @ y]


def held(weights: Weights, config: Mapping[str, Any] = CONFIG) -> Checkpoint:
    """Return a model that never was on a disk."""

    def rows(w: Any) -> Any:
        return lambda start, stop: w[start:stop]

    tensors = {name: Tensor(name, w.shape, "F32", w.nbytes, rows(w)) for name, w in weights.items()}
    return Checkpoint(Path("nowhere"), tensors, config)


@pytest.fixture(scope="session")
def models() -> Any:
    """Return how models are drawn, and how others are made from them."""
    return SimpleNamespace(**globals())
