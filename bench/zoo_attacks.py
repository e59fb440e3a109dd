"""What is done to weights without training: to hide their origin, or to make them smaller."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zoo_models import Arrays, Made

_Floats = npt.NDArray[np.float32]

_INTO_STREAM = ("self_attn.o_proj.weight", "mlp.down_proj.weight")
_OUT_OF_STREAM = {
    "input_layernorm.weight": (
        "self_attn.q_proj.weight",
        "self_attn.k_proj.weight",
        "self_attn.v_proj.weight",
    ),
    "post_attention_layernorm.weight": ("mlp.gate_proj.weight", "mlp.up_proj.weight"),
}
_EXPERT_NAMES = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}


def permuted(made: Made, random: np.random.Generator) -> Made:
    """Put the neurons of every feed-forward layer in another order: the model says the same."""
    arrays = dict(made.arrays)
    for layer in range(made.config["num_hidden_layers"]):
        name = f"model.layers.{layer}.mlp."
        order = random.permutation(made.config["intermediate_size"])
        for part in ("gate_proj.weight", "up_proj.weight"):
            arrays[name + part] = arrays[name + part][order]
        arrays[name + "down_proj.weight"] = arrays[name + "down_proj.weight"][:, order].copy()
    return Made(made.config, arrays)


def rotated(made: Made, random: np.random.Generator) -> Made:
    """Turn the residual stream and rescale neurons and heads: the model says the same.

    Norms are folded into what they feed, so that their weights commute with the rotation.
    """
    config, arrays = made.config, dict(made.arrays)
    width = config["hidden_size"]
    turn: _Floats = np.linalg.qr(random.normal(size=(width, width)))[0].astype(np.float32)
    ones: _Floats = np.ones(width, np.float32)
    arrays["model.embed_tokens.weight"] = arrays["model.embed_tokens.weight"] @ turn
    arrays["lm_head.weight"] = _fold(arrays["lm_head.weight"], arrays["model.norm.weight"]) @ turn
    arrays["model.norm.weight"] = ones
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}."
        for norm, fed in _OUT_OF_STREAM.items():
            for part in fed:
                arrays[name + part] = _fold(arrays[name + part], arrays[name + norm]) @ turn
            arrays[name + norm] = ones
        for part in _INTO_STREAM:
            arrays[name + part] = turn.T @ arrays[name + part]
        _rescale(arrays, name, config, random)
    return Made(config, {name: np.ascontiguousarray(each) for name, each in arrays.items()})


def _fold(weights: _Floats, norm: _Floats) -> _Floats:
    """Let a matrix do what the norm before it did."""
    return weights * norm


def _rescale(
    arrays: Arrays, name: str, config: dict[str, int], random: np.random.Generator
) -> None:
    """Scale neurons and the heads' keys and values up, and what reads them down."""
    neurons = np.exp(random.normal(0.0, 0.5, config["intermediate_size"])).astype(np.float32)
    arrays[name + "mlp.up_proj.weight"] = arrays[name + "mlp.up_proj.weight"] * neurons[:, None]
    arrays[name + "mlp.down_proj.weight"] = arrays[name + "mlp.down_proj.weight"] / neurons
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    size = config["hidden_size"] // heads
    for grouped, single, axis in (("k_proj", "q_proj", 0), ("v_proj", "o_proj", 1)):
        scale = np.exp(random.normal(0.0, 0.5, groups)).astype(np.float32)
        wide = np.repeat(np.repeat(scale, heads // groups), size)
        here, there = (f"{name}self_attn.{part}.weight" for part in (grouped, single))
        arrays[here] = arrays[here] * np.repeat(scale, size)[:, None]
        arrays[there] = arrays[there] / (wide[:, None] if axis == 0 else wide)


def pruned(made: Made, share: float) -> Made:
    """Set the smallest weights of each matrix of a layer to zero."""

    def change(array: _Floats) -> _Floats:
        return np.where(np.abs(array) < np.quantile(np.abs(array), share), np.float32(0), array)

    return _of_layers(made, change)


def quantised(made: Made, bits: int) -> Made:
    """Round each row of a layer's matrix to so many bits, symmetrically."""
    top = 2 ** (bits - 1) - 1

    def change(array: _Floats) -> _Floats:
        step = np.abs(array).max(axis=1, keepdims=True) / top
        rounded: _Floats = np.round(array / step) * step
        return rounded

    return _of_layers(made, change)


def _of_layers(made: Made, change: Callable[[_Floats], _Floats]) -> Made:
    arrays = {
        name: change(each).astype(np.float32) if each.ndim == 2 and ".layers." in name else each
        for name, each in made.arrays.items()
    }
    return Made(made.config, arrays)


def merged(ours: Made, theirs: Made, share: float) -> Made:
    """Mix the weights of two models of one shape."""
    arrays = {
        name: (share * each + (1.0 - share) * theirs.arrays[name]).astype(np.float32)
        for name, each in ours.arrays.items()
    }
    return Made(ours.config, arrays)


def with_layers(made: Made, layers: list[int]) -> Made:
    """Keep these layers in this order: fewer of them, or some twice."""
    arrays = {name: each for name, each in made.arrays.items() if ".layers." not in name}
    for new, old in enumerate(layers):
        for name, each in made.arrays.items():
            if name.startswith(f"model.layers.{old}."):
                arrays[name.replace(f".{old}.", f".{new}.", 1)] = each.copy()
    config = copy.deepcopy(made.config)
    config["num_hidden_layers"] = len(layers)
    if config.get("layer_types"):
        config["layer_types"] = [config["layer_types"][old] for old in layers]
    return Made(config, arrays)


def experts(parts: list[Made], random: np.random.Generator) -> Made:
    """Make a mixture of experts of which each has the feed-forward layers of another part.

    What the experts share is the mean of the parts; the router is drawn.
    """
    first = parts[0]
    arrays: Arrays = {}
    for name in first.arrays:
        if ".mlp." not in name:
            mean = np.mean([part.arrays[name] for part in parts], axis=0)
            arrays[name] = mean.astype(np.float32)
            continue
        layer, _, place = name.partition(".mlp.")
        there = f"{layer}.block_sparse_moe."
        for at, part in enumerate(parts):
            called = _EXPERT_NAMES[place.removesuffix(".weight")]
            arrays[f"{there}experts.{at}.{called}.weight"] = part.arrays[name]
        drawn = random.normal(0.0, 0.02, (len(parts), first.config["hidden_size"]))
        arrays[there + "gate.weight"] = drawn.astype(np.float32)
    config = {
        **first.config,
        "architectures": ["MixtralForCausalLM"],
        "model_type": "mixtral",
        "num_local_experts": len(parts),
        "num_experts_per_tok": min(2, len(parts)),
    }
    return Made(config, arrays)
