"""Architectures that give an order, or a sign, to what has none in others.

The tests of weights rest on what a model does not fix. Some models do fix a part of it: there
two honest ones stand alike, and nothing may be concluded. Settings say which; they are ours alone
that matter, since a test whose chance lies in our model needs nothing from the suspect's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_OWN_SLOPES = (
    "bloom", "mpt", "baichuan", "retnet", "minimax", "jais", "transnormer", "bailing_moe_linear",
    "bailing_hybrid", "diffllama",
)  # fmt: skip
"""Parts of the names of kinds of models whose heads differ by their number: by a slope, or because
the later half of them is taken off the earlier."""

_OF_FIXED_POSITIONS = (
    "xglm", "ctrl", "marian", "m2m_100", "nllb", "pegasus", "fsmt", "speech_to_text", "musicgen",
    "seamless",
)  # fmt: skip
"""The same, of those that add sines of the position to the stream."""

_OF_SHIFTED_UP = ("gpt_oss", "gpt-oss", "gptoss", "minimax_m3", "openai_privacy_filter")
"""The same, of those that add one to what an up-row reads."""

_OF_ALTERNATING_GATES = ("gpt_oss", "gptoss")
"""The same, of those whose gates and up-rows alternate where they share one tensor."""


def numbered_heads(config: Mapping[str, Any]) -> bool:
    """Tell whether settings give each head a slope of its own, by its number.

    Then heads have an order: the head that looks far stands in the same place in all such models,
    and exchanging two of them does change the model.

    References:
        Press, Smith & Lewis, "Train short, test long", 2022.

    Examples:
        >>> numbered_heads({"attn_config": {"alibi": True}}), numbered_heads({"alibi": False})
        (True, False)
    """
    inside = config.get("attn_config")
    said = [config, *([inside] if isinstance(inside, dict) else [])]
    return any(
        each.get("alibi") or each.get("position_embedding_type") == "alibi" for each in said
    ) or _is_one_of(config, _OF_OWN_SLOPES)


def numbered_coordinates(config: Mapping[str, Any]) -> bool:
    """Tell whether settings add fixed sines of the position to the stream, one for each coordinate.

    Then its coordinates have an order: all such models keep what changes slowly in the same places,
    and their embeddings lean alike there. So they have in models whose first coordinates are to
    serve alone.

    References:
        Vaswani et al., "Attention is all you need", 2017, section 3.5; Kusupati et al.,
        "Matryoshka representation learning", 2022.

    Examples:
        >>> numbered_coordinates({"model_type": "xglm"}), numbered_coordinates({})
        (True, False)
    """
    return (
        config.get("position_embedding_type") == "sinusoidal"
        or bool(config.get("is_matryoshka") or config.get("matryoshka_dimensions"))
        or _is_one_of(config, _OF_FIXED_POSITIONS)
    )


def signed_up_rows(config: Mapping[str, Any]) -> bool:
    """Tell whether up-rows have a sign of their own, because one is added to what they read.

    Elsewhere a neuron is the same if its up-row and down-column both change their sign.

    References:
        OpenAI, "gpt-oss-120b & gpt-oss-20b model card", 2025: SwiGLU with a residual connection.

    Examples:
        >>> signed_up_rows({"model_type": "gpt_oss"}), signed_up_rows({"model_type": "llama"})
        (True, False)
    """
    return (
        _is_one_of(config, _OF_SHIFTED_UP)
        or "swiglu_alpha" in config
        or config.get("hidden_act") == "swigluoai"
    )


def alternating_gates(config: Mapping[str, Any]) -> bool:
    """Tell whether gates and up-rows alternate where experts hold both in one tensor.

    Examples:
        >>> [alternating_gates({"model_type": kind}) for kind in ("gpt_oss", "llama4")]
        [True, False]
    """
    return _is_one_of(config, _OF_ALTERNATING_GATES)


def _is_one_of(config: Mapping[str, Any], kinds: tuple[str, ...]) -> bool:
    inside = config.get("text_config")
    said = [config, *([inside] if isinstance(inside, dict) else [])]
    return any(kind in str(each.get("model_type")) for each in said for kind in kinds)
