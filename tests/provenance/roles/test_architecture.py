"""Names and shapes tell which tensor does what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.provenance.roles import Architecture, view
from phalanx.provenance.weights import open_checkpoint

D, N, V, HEADS, KEYS, WIDTH = 8, 24, 40, 4, 2, 4
RANDOM = np.random.default_rng(0)
CONFIG = {"num_attention_heads": HEADS, "num_key_value_heads": KEYS, "rms_norm_eps": 1e-6}


def some(*shape: int) -> Any:
    """Return a tensor of a shape."""
    return RANDOM.normal(size=shape).astype(np.float32)


def llama(prefix: str = "model.", layers: int = 2) -> dict[str, Any]:
    """Return tensors as Llama, Mistral and Qwen have them."""
    found = {f"{prefix}embed_tokens.weight": some(V, D), "lm_head.weight": some(V, D)}
    found[f"{prefix}norm.weight"] = some(D)
    for layer in range(layers):
        at = f"{prefix}layers.{layer}"
        found |= {
            f"{at}.mlp.gate_proj.weight": some(N, D),
            f"{at}.mlp.up_proj.weight": some(N, D),
            f"{at}.mlp.down_proj.weight": some(D, N),
            f"{at}.self_attn.q_proj.weight": some(HEADS * WIDTH, D),
            f"{at}.self_attn.k_proj.weight": some(KEYS * WIDTH, D),
            f"{at}.self_attn.v_proj.weight": some(KEYS * WIDTH, D),
            f"{at}.self_attn.o_proj.weight": some(D, HEADS * WIDTH),
            f"{at}.input_layernorm.weight": some(D),
            f"{at}.post_attention_layernorm.weight": some(D),
        }
    return found


def seen(writing: Any, folder: Path, tensors: Any, config: Any = CONFIG) -> Architecture:
    """Return what is made of some tensors."""
    return view(open_checkpoint(writing.model(folder, tensors, config)))


@pytest.mark.parametrize("prefix", ["model.", "", "language_model.model."])
def test_llama(prefix: str, writing: Any, tmp_path: Path) -> None:
    """Every tensor has its role, under whatever prefix."""
    tensors = llama(prefix)
    found = seen(writing, tmp_path, tensors)
    assert (found.family, found.hidden, len(found.layers)) == ("Llama-like", D, 2)
    assert found.mirrored
    assert found.nameless == ()
    assert found.embedding is not None
    assert found.head is not None
    (mlp,) = found.layers[1].mlps
    assert mlp.gate is not None
    assert mlp.norm is not None
    np.testing.assert_array_equal(
        mlp.down.whole(), tensors[f"{prefix}layers.1.mlp.down_proj.weight"].T
    )
    assert (mlp.gate.units, mlp.up.units, mlp.down.units) == (N, N, N)
    attention = found.layers[0].attention
    assert attention is not None
    assert (attention.heads.queries, attention.heads.keys, attention.heads.width) == (4, 2, 4)


def test_a_tower_beside_the_language_model(writing: Any, tmp_path: Path) -> None:
    """Layers of another stack are not mixed in; they are named as left over."""
    tower = {"vision.layers.0.mlp.up_proj.weight": some(9, 5)}
    found = seen(writing, tmp_path, llama() | tower)
    assert len(found.layers) == 2
    assert found.nameless == ("vision.layers.0.mlp.up_proj.weight",)


def test_fused_matrices_are_cut(writing: Any, tmp_path: Path) -> None:
    """Gate and up, and queries, keys and values, that share one matrix."""
    tensors = llama(layers=1)
    at = "model.layers.0"
    pieces = {
        f"{at}.mlp.gate_up_proj.weight": ["mlp.gate_proj", "mlp.up_proj"],
        f"{at}.self_attn.qkv_proj.weight": [f"self_attn.{each}_proj" for each in "qkv"],
    }
    apart = dict(tensors)
    for fused, names in pieces.items():
        tensors[fused] = np.concatenate([tensors.pop(f"{at}.{name}.weight") for name in names])
    found = seen(writing, tmp_path, tensors).layers[0]
    assert found.attention is not None
    for part, name in [
        (found.mlps[0].gate, "mlp.gate_proj"),
        (found.mlps[0].up, "mlp.up_proj"),
        (found.attention.query, "self_attn.q_proj"),
        (found.attention.key, "self_attn.k_proj"),
        (found.attention.value, "self_attn.v_proj"),
    ]:
        assert part is not None
        np.testing.assert_array_equal(part.whole(), apart[f"{at}.{name}.weight"])


@pytest.mark.parametrize("inner", [N, D])
def test_gpt2_lies_the_other_way_round(inner: int, writing: Any, tmp_path: Path) -> None:
    """Inputs first, which a square matrix does not show but its neighbours do."""
    at = "transformer.h.0"
    tensors = {
        "transformer.wte.weight": some(V, D),
        f"{at}.mlp.c_fc.weight": some(D, N),
        f"{at}.mlp.c_proj.weight": some(N, D),
        f"{at}.attn.c_attn.weight": some(D, 3 * D),
        f"{at}.attn.c_proj.weight": some(D, D),
        f"{at}.ln_1.weight": some(D),
        f"{at}.ln_2.weight": some(D),
    }
    found = seen(writing, tmp_path / str(inner), tensors, {"n_head": 2})
    layer = found.layers[0]
    assert (found.family, found.mirrored, layer.mlps[0].gate) == ("GPT-2-like", False, None)
    np.testing.assert_array_equal(layer.mlps[0].up.whole(), tensors[f"{at}.mlp.c_fc.weight"].T)
    np.testing.assert_array_equal(layer.mlps[0].down.whole(), tensors[f"{at}.mlp.c_proj.weight"])
    assert layer.attention is not None
    np.testing.assert_array_equal(
        layer.attention.value.whole(), tensors[f"{at}.attn.c_attn.weight"][:, 2 * D :].T
    )
    np.testing.assert_array_equal(
        layer.attention.output.whole(), tensors[f"{at}.attn.c_proj.weight"]
    )


def test_neox_interleaves_by_head(writing: Any, tmp_path: Path) -> None:
    """Queries, keys and values of one head stand together."""
    at = "gpt_neox.layers.0"
    tensors = {
        "gpt_neox.embed_in.weight": some(V, D),
        f"{at}.mlp.dense_h_to_4h.weight": some(N, D),
        f"{at}.mlp.dense_4h_to_h.weight": some(D, N),
        f"{at}.attention.query_key_value.weight": some(3 * D, D),
        f"{at}.attention.dense.weight": some(D, D),
        f"{at}.input_layernorm.weight": some(D),
    }
    found = seen(writing, tmp_path, tensors, {"num_attention_heads": 2})
    attention = found.layers[0].attention
    assert found.family == "NeoX-like"
    assert attention is not None
    fused = tensors[f"{at}.attention.query_key_value.weight"].reshape(2, 3, 4, D)
    np.testing.assert_array_equal(attention.key.whole(), fused[:, 1].reshape(D, D))


def test_experts(writing: Any, tmp_path: Path) -> None:
    """Each expert is a block of its own, the shared one as well; Mixtral's names too."""
    tensors = llama(layers=1)
    at = "model.layers.0"
    for name in ("gate", "up", "down"):
        tensor = tensors.pop(f"{at}.mlp.{name}_proj.weight")
        tensors[f"{at}.mlp.shared_expert.{name}_proj.weight"] = tensor
        for expert in range(11):
            tensors[f"{at}.mlp.experts.{expert}.{name}_proj.weight"] = tensor
    tensors[f"{at}.mlp.gate.weight"] = some(11, D)
    found = seen(writing, tmp_path / "a", tensors)
    assert [mlp.expert for mlp in found.layers[0].mlps] == ["shared", *map(str, range(11))]
    assert found.nameless == ()
    mixtral = {
        f"{at}.block_sparse_moe.experts.{expert}.{name}.weight": some(*shape)
        for expert in range(2)
        for name, shape in (("w1", (N, D)), ("w2", (D, N)), ("w3", (N, D)))
    }
    mixtral["model.embed_tokens.weight"] = some(V, D)
    found = seen(writing, tmp_path / "b", mixtral)
    assert [mlp.expert for mlp in found.layers[0].mlps] == ["0", "1"]


def test_what_is_unknown_or_does_not_fit_is_left_out(writing: Any, tmp_path: Path) -> None:
    """Without an error, and told by name."""
    found = seen(writing, tmp_path / "a", {"x.y": some(3, 4), "layers.huge.z": some(3)})
    assert (found.family, found.layers, set(found.nameless)) == (
        "unknown",
        (),
        {"x.y", "layers.huge.z"},
    )
    tensors = llama(layers=1)
    tensors["model.layers.0.mlp.up_proj.weight"] = some(N + 1, D)
    found = seen(writing, tmp_path / "b", tensors, {"num_attention_heads": 3})
    assert found.layers == ()
