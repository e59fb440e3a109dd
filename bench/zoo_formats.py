"""Weights rounded and written in the formats that quantised models are passed on in.

Rounded as the plainest tools do it, to the nearest step: what cleverer ones gain in quality is
small beside what a mark has to stand. Layouts are the formats' own. Needs no torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

Arrays = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float32]
Words = npt.NDArray[np.int32]

GROUP = 32
"""Inputs that share a scale."""

_AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
_GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gptq(folder: Path, arrays: Arrays, config: Mapping[str, Any]) -> None:
    """Write 4 bits symmetric about 8, words along the inputs; ends of the model stay as they are.

    Parameters:
        folder: New; where the model is to stand.
        arrays: Weights by their names in a Llama-like model.
        config: Content of its `config.json`.
    """

    def parts(weight: Floats) -> Arrays:
        groups = weight.T.reshape(-1, GROUP, len(weight))
        steps = np.maximum(np.abs(groups).max(axis=1) / 7.5, 1e-8).astype(np.float16)
        codes = _codes(groups, steps, np.full(steps.shape, 8))
        zeros = np.full(steps.shape, 8 - 1)  # as its first form stores them, less one
        return {
            "qweight": _packed(codes.T, tuple(range(8))).T.copy(),
            "qzeros": _packed(zeros, tuple(range(8))),
            "scales": steps,
            "g_idx": (np.arange(weight.shape[1]) // GROUP).astype(np.int32),
        }

    settings = {"quant_method": "gptq", "bits": 4, "group_size": GROUP, "checkpoint_format": "gptq"}
    _write(folder, arrays, config, parts, settings)


def write_awq(folder: Path, arrays: Arrays, config: Mapping[str, Any]) -> None:
    """Write 4 bits with zero points, words along the outputs in the order of AWQ's kernels."""

    def parts(weight: Floats) -> Arrays:
        groups = weight.T.reshape(-1, GROUP, len(weight))
        low, high = np.minimum(groups.min(axis=1), 0.0), np.maximum(groups.max(axis=1), 0.0)
        steps = np.maximum((high - low) / 15.0, 1e-8).astype(np.float16)
        zeros = np.clip(np.round(-low / steps.astype(np.float32)), 0, 15).astype(np.int64)
        return {
            "qweight": _packed(_codes(groups, steps, zeros), _AWQ_ORDER),
            "qzeros": _packed(zeros, _AWQ_ORDER),
            "scales": steps,
        }

    settings = {"quant_method": "awq", "bits": 4, "group_size": GROUP, "version": "gemm"}
    _write(folder, arrays, config, parts, settings)


def write_gguf(path: Path, arrays: Arrays, config: Mapping[str, Any], kind: str) -> None:
    """Write one GGUF file as llama.cpp's converter does, rows of queries and keys moved as there.

    Parameters:
        path: Where it is to be.
        arrays: Weights by their names in a Llama-like model.
        config: Content of its `config.json`.
        kind: Name of a kind of numbers that GGUF's package can round to: `Q8_0`, `Q4_0`.
    """
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    heads, keys = config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(sum(name.endswith("input_layernorm.weight") for name in arrays))
    writer.add_embedding_length(arrays["model.embed_tokens.weight"].shape[1])
    writer.add_head_count(heads)
    writer.add_head_count_kv(keys)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    rounded = gguf.GGMLQuantizationType[kind]
    for name, stored in arrays.items():
        weight: Floats = np.asarray(stored, np.float32)
        if "q_proj" in name or "k_proj" in name:
            weight = _halves_woven(weight, heads if "q_proj" in name else keys)
        if weight.ndim == 2:
            writer.add_tensor(_gguf_name(name), gguf.quantize(weight, rounded), raw_dtype=rounded)
        else:
            writer.add_tensor(_gguf_name(name), weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _gguf_name(name: str) -> str:
    """Return what GGUF calls a tensor.

    Examples:
        >>> _gguf_name("model.layers.3.mlp.up_proj.weight")
        'blk.3.ffn_up.weight'
    """
    base = name.removesuffix(".weight")
    if not base.startswith("model.layers."):
        return f"{_GGUF_NAMES[base]}.weight"
    number, _, part = base.removeprefix("model.layers.").partition(".")
    return f"blk.{number}.{_GGUF_NAMES[part]}.weight"


def _halves_woven(weight: Floats, heads: int) -> Floats:
    """Return rows so that the two halves of each head alternate, as GGUF's rotations want them."""
    halves = weight.reshape(heads, 2, len(weight) // heads // 2, weight.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(weight.shape))


def _codes(
    groups: Floats, steps: npt.NDArray[np.float16], zeros: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return numbers of shape (groups, GROUP, outputs) as codes, shape (inputs, outputs)."""
    near = np.round(groups / steps.astype(np.float32)[:, None]) + zeros[:, None]
    codes: npt.NDArray[np.int64] = np.clip(near, 0, 15).astype(np.int64)
    return codes.reshape(-1, groups.shape[2])


def _packed(codes: npt.NDArray[np.int64], order: tuple[int, ...]) -> Words:
    """Return eight codes a word along the last axis; `order` says whose bits come first."""
    eights = codes.reshape(len(codes), -1, 8).astype(np.uint32)[:, :, list(order)]
    shifts = np.arange(0, 32, 4, dtype=np.uint32)
    words: Words = np.bitwise_or.reduce(eights << shifts, axis=2).astype(np.uint32).view(np.int32)
    return words


def _write(
    folder: Path,
    arrays: Arrays,
    config: Mapping[str, Any],
    parts: Callable[[Floats], Arrays],
    settings: Mapping[str, Any],
) -> None:
    folder.mkdir(parents=True)
    stored: dict[str, npt.NDArray[Any]] = {}
    for name, weight in arrays.items():
        if weight.ndim == 2 and ".layers." in name:
            base = name.removesuffix(".weight")
            given = parts(np.asarray(weight, np.float32))
            stored |= {f"{base}.{part}": np.ascontiguousarray(of) for part, of in given.items()}
        else:
            stored[name] = np.asarray(weight, np.float16)
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    said = {**config, "quantization_config": dict(settings)}
    (folder / "config.json").write_text(json.dumps(said) + "\n", "utf-8")
