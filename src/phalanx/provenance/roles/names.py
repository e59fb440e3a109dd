"""How families of models name their tensors.

One table for each way of naming; models that share it (Llama, Mistral, Qwen, Gemma, OLMo, DeepSeek)
share a line here. A name is split at its layer's number: what stands before must be one of the
stacks, what follows is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "gate",
    "up",
    "down",
    "gate and up",
    "gate and up, stacked",
    "query",
    "key",
    "value",
    "query, key and value",
    "query, key and value by head",
    "output",
    "attention norm",
    "mlp norm",
    "plain norm",
    "router",
]

EXPERT = re.compile(r"\bexperts\.([0-9]{1,6})\.")
"""Part of a name that says which expert of a layer; dropped before the name is looked up."""

SHARED_EXPERT = re.compile(r"\bshared_experts?\.|_shexp(?=\.)")
"""The same, for one that every token goes through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How one family of models names its tensors."""

    name: str
    """Of the family, for people."""

    stack: str
    """Name of the list of layers, before the layer's number."""

    layer: Mapping[str, Role]
    """What follows the layer's number, and what it is."""

    embedding: tuple[str, ...]
    """Endings of the names of the input embedding."""

    head: tuple[str, ...]
    """Endings of the names of the output embedding, where it is its own."""

    final_norm: tuple[str, ...]
    """Endings of the names of the norm before it."""


NAMINGS = (
    Naming(
        name="Llama-like",
        stack="layers",
        layer={
            "mlp.gate_proj.weight": "gate",
            "mlp.up_proj.weight": "up",
            "mlp.down_proj.weight": "down",
            "mlp.gate_up_proj.weight": "gate and up",
            "mlp.stacked_gate_up_proj.weight": "gate and up, stacked",
            "mlp.gate.weight": "router",
            "mlp.router.weight": "router",
            "feed_forward.gate_proj.weight": "gate",
            "feed_forward.up_proj.weight": "up",
            "feed_forward.down_proj.weight": "down",
            "feed_forward.stacked_gate_up_proj.weight": "gate and up, stacked",
            "feed_forward.router.weight": "router",
            "block_sparse_moe.w1.weight": "gate",
            "block_sparse_moe.w3.weight": "up",
            "block_sparse_moe.w2.weight": "down",
            "block_sparse_moe.gate.weight": "router",
            "self_attn.q_proj.weight": "query",
            "self_attn.k_proj.weight": "key",
            "self_attn.v_proj.weight": "value",
            "self_attn.qkv_proj.weight": "query, key and value",
            "self_attn.o_proj.weight": "output",
            "input_layernorm.weight": "attention norm",
            "pre_feedforward_layernorm.weight": "mlp norm",
            "post_attention_layernorm.weight": "plain norm",
        },
        embedding=("embed_tokens.weight",),
        head=("lm_head.weight",),
        final_norm=("norm.weight",),
    ),
    Naming(
        name="GPT-2-like",
        stack="h",
        layer={
            "mlp.c_fc.weight": "up",
            "mlp.c_proj.weight": "down",
            "attn.c_attn.weight": "query, key and value",
            "attn.c_proj.weight": "output",
            "ln_1.weight": "attention norm",
            "ln_2.weight": "mlp norm",
        },
        embedding=("wte.weight",),
        head=("lm_head.weight",),
        final_norm=("ln_f.weight",),
    ),
    Naming(
        name="NeoX-like",
        stack="layers",
        layer={
            "mlp.dense_h_to_4h.weight": "up",
            "mlp.dense_4h_to_h.weight": "down",
            "attention.query_key_value.weight": "query, key and value by head",
            "attention.dense.weight": "output",
            "input_layernorm.weight": "attention norm",
            "post_attention_layernorm.weight": "mlp norm",
        },
        embedding=("embed_in.weight",),
        head=("embed_out.weight",),
        final_norm=("final_layer_norm.weight",),
    ),
    Naming(
        name="GGUF",
        stack="blk",
        layer={
            "ffn_gate.weight": "gate",
            "ffn_up.weight": "up",
            "ffn_down.weight": "down",
            "ffn_gate_up.weight": "gate and up",
            "stacked_ffn_gate_up.weight": "gate and up, stacked",
            "ffn_gate_inp.weight": "router",
            "attn_q.weight": "query",
            "attn_k.weight": "key",
            "attn_v.weight": "value",
            "attn_qkv.weight": "query, key and value",
            "attn_output.weight": "output",
            "attn_norm.weight": "attention norm",
            "ffn_norm.weight": "mlp norm",
        },
        embedding=("token_embd.weight",),
        head=("output.weight",),
        final_norm=("output_norm.weight",),
    ),
)
