"""Experts that share one tensor of three axes are compared one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.errors import InputError
from phalanx.provenance.roles import Architecture, view
from phalanx.provenance.roles.ordered import (
    numbered_coordinates,
    numbered_heads,
    signed_up_rows,
)
from phalanx.provenance.tests import compare_weights
from phalanx.provenance.tests.changes import count_changes
from phalanx.provenance.weights import open_checkpoint

RANDOM = np.random.default_rng(5)
E, D, N, V = 3, 64, 96, 200
Floats = npt.NDArray[np.float32]


def some(*shape: int) -> Floats:
    """Return random numbers."""
    return RANDOM.normal(size=shape).astype(np.float32)


def experts(neurons: int = N) -> dict[str, Floats]:
    """Return gates, up-rows and down-columns of all experts, outputs first."""
    return {"gate": some(E, neurons, D), "up": some(E, neurons, D), "down": some(E, D, neurons)}


def laid(parts: dict[str, Floats], way: str) -> dict[str, Floats]:
    """Return the tensors of a layer as a family of models lays them."""
    at = "model.layers.0.mlp.experts"
    gate, up, down = parts["gate"], parts["up"], parts["down"]
    if way == "gpt_oss":
        both = np.stack([gate, up], axis=2).reshape(E, -1, D)
        both, down = both.swapaxes(1, 2), down.swapaxes(1, 2)
    elif way == "qwen3_vl_moe":
        both, down = np.concatenate([gate, up], axis=1).swapaxes(1, 2), down.swapaxes(1, 2)
    elif way == "qwen3_5_moe":
        both = np.concatenate([gate, up], axis=1)
    else:
        base = "blk.0.ffn"
        apart = {f"{base}_{name}_exps.weight": each for name, each in parts.items()}
        return {"token_embd.weight": some(V, D), "blk.0.ffn_norm.weight": some(D), **apart}
    return {
        "model.embed_tokens.weight": some(V, D),
        "model.layers.0.post_attention_layernorm.weight": some(D),
        f"{at}.gate_up_proj": both,
        f"{at}.down_proj": down,
    }


def seen(writing: Any, folder: Path, tensors: dict[str, Any], kind: str | None) -> Architecture:
    """Return what a model of some tensors is made of."""
    config = {} if kind is None else {"model_type": kind}
    return view(open_checkpoint(writing.model(folder, tensors, config)))


@pytest.mark.parametrize("neurons", [N, D])
@pytest.mark.parametrize("way", ["gpt_oss", "qwen3_vl_moe", "qwen3_5_moe", "gguf"])
def test_each_way_of_laying_them(way: str, neurons: int, writing: Any, tmp_path: Path) -> None:
    """Gates, up-rows and down-columns of each expert are what they were."""
    parts = experts(neurons)
    found = seen(writing, tmp_path, laid(parts, way), way)
    (layer,) = found.layers
    assert [each.expert for each in layer.mlps] == ["0", "1", "2"]
    for at, mlp in enumerate(layer.mlps):
        assert mlp.gate is not None
        np.testing.assert_array_equal(mlp.gate.whole(), parts["gate"][at])
        np.testing.assert_array_equal(mlp.up.whole(), parts["up"][at])
        np.testing.assert_array_equal(mlp.down.whole(), parts["down"][at].T)
        some_of = np.array([3, 4, 60])
        np.testing.assert_array_equal(mlp.up.among(some_of).whole(), parts["up"][at][some_of])
    assert found.nameless == ()


@pytest.mark.parametrize(("way", "kind", "neurons"), [("qwen3_5_moe", "odd", D // 2),
                                                     ("gpt_oss", None, N)])  # fmt: skip
def test_what_nothing_tells_is_left_out_by_name(
    way: str, kind: str | None, neurons: int, writing: Any, tmp_path: Path
) -> None:
    """A square matrix of gates and up-rows, and a model that does not say of what kind it is."""
    found = seen(writing, tmp_path, laid(experts(neurons), way), kind)
    assert found.layers == ()
    assert len(found.nameless) == 2 * E


def test_a_name_without_three_axes(writing: Any, tmp_path: Path) -> None:
    """Or with more experts than any model has stays one tensor, and is named."""
    tensors = {
        "model.layers.0.mlp.up_proj.weight": some(N, D),
        "model.layers.0.mlp.experts.gate_up_proj": some(N, D),
        "model.layers.0.mlp.experts.down_proj": np.zeros((5000, 1, 1), np.float32),
    }
    found = seen(writing, tmp_path, tensors, "llama4_text")
    assert {*tensors} == {*found.nameless}


def _packed(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return codes of four bits, two a byte, the first in the lower half."""
    return (values[..., 0::2] | values[..., 1::2] << 4).astype(np.uint8)


def test_mxfp4_as_gpt_oss_is_published(writing: Any, tmp_path: Path) -> None:
    """Blocks and scales are one tensor, each expert of it is read alone."""
    sizes = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    codes = RANDOM.integers(0, 16, (E, 2 * N, D // 32, 32))
    scales = RANDOM.integers(120, 130, (E, 2 * N, D // 32)).astype(np.uint8)
    name = "model.layers.0.mlp.experts.gate_up_proj"
    down = RANDOM.integers(0, 16, (E, D, N // 32, 32))
    parts = {
        "model.embed_tokens.weight": some(V, D),
        f"{name}_blocks": ("U8", _packed(codes)),
        f"{name}_scales": ("U8", scales),
        "model.layers.0.mlp.experts.down_proj_blocks": ("U8", _packed(down)),
        "model.layers.0.mlp.experts.down_proj_scales": ("U8", np.full((E, D, N // 32), 127, "u1")),
    }
    folder = writing.model(tmp_path, parts, {"model_type": "gpt_oss"})
    expected = np.array(sizes + [-each for each in sizes])[codes]
    expected = (expected * 2.0 ** (scales.astype(float) - 127)[..., None]).reshape(E, 2 * N, D)
    tensor = open_checkpoint(folder).tensors[name]
    assert (tensor.shape, tensor.stored) == ((E, 2 * N, D), "MXFP4")
    np.testing.assert_array_equal(tensor.whole(), expected)
    (layer,) = view(open_checkpoint(folder)).layers
    gate = layer.mlps[1].gate
    assert gate is not None
    np.testing.assert_array_equal(gate.whole(), expected[1, ::2])
    np.testing.assert_array_equal(layer.mlps[1].up.whole(), expected[1, 1::2])
    assert layer.mlps[1].down.whole().shape == (N, D)
    for shape in ((E, 2 * N, 1), (E, 2 * N), (2 * N, D // 32, 4, 2)):
        parts[f"{name}_scales"] = ("U8", np.zeros(shape, np.uint8))
        with pytest.raises(InputError, match="do not fit"):
            open_checkpoint(writing.model(tmp_path, parts))


@pytest.mark.parametrize("way", ["gpt_oss", "qwen3_5_moe", "gguf"])
def test_a_tune_is_found_and_a_stranger_is_not(way: str, writing: Any, tmp_path: Path) -> None:
    """By each expert in its place, and by experts that stand elsewhere."""
    parts, other = experts(), experts()
    moved = {name: each[[2, 0, 1]] + 0.3 * some(*each.shape) for name, each in parts.items()}
    folders = {
        name: open_checkpoint(writing.model(tmp_path / name, laid(each, way), {"model_type": way}))
        for name, each in (("ours", parts), ("moved", moved), ("other", other))
    }
    kin = compare_weights(folders["ours"], folders["moved"])
    assert kin.log10_p < -10
    assert kin.layers is not None
    assert kin.layers.origins(-6.0) == {"0/0": "0/2", "0/1": "0/0", "0/2": "0/1"}
    assert compare_weights(folders["ours"], folders["other"]).log10_p > -3


def test_changed_experts_are_counted(writing: Any, tmp_path: Path) -> None:
    """A model that differs in one of its experts alone is not called the same."""
    parts = laid(experts(), "gpt_oss")
    ours = open_checkpoint(writing.model(tmp_path / "ours", parts, {"model_type": "gpt_oss"}))
    down = parts["model.layers.0.mlp.experts.down_proj"].copy()
    down[1] *= 2.0
    moved = {**parts, "model.layers.0.mlp.experts.down_proj": down}
    theirs = open_checkpoint(writing.model(tmp_path / "moved", moved, {"model_type": "gpt_oss"}))
    found = count_changes(ours, theirs, 1, 1)
    assert (found.shared, found.identical) == (1 + 2 * E, 2 * E)


@pytest.mark.parametrize(
    ("asked", "config"),
    [
        (signed_up_rows, {"model_type": "minimax_m3_vl"}),
        (signed_up_rows, {"model_type": "own", "swiglu_alpha": 1.7}),
        (signed_up_rows, {"model_type": "own", "text_config": {"model_type": "gpt_oss"}}),
        (signed_up_rows, {"hidden_act": "swigluoai"}),
        (numbered_heads, {"model_type": "diffllama"}),
        (numbered_coordinates, {"is_matryoshka": True}),
    ],
)
def test_what_an_architecture_fixes(asked: Any, config: dict[str, Any]) -> None:
    """Is known of those that add one to up-rows, subtract heads, or nest their coordinates."""
    assert asked(config)
    assert not asked({"model_type": "llama"})
