"""A language model of 20,000 parameters, drawn at random: what it says is as free as it gets."""

from __future__ import annotations

from typing import Any

import pytest

VOCABULARY = 500


@pytest.fixture(scope="session")
def model() -> Any:
    """Return a small Llama, or skip where torch or transformers are missing."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    configuration = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=None,
        pad_token_id=0,
    )
    model = transformers.LlamaForCausalLM(configuration).eval()
    # Weights of a fresh model say nearly the same after everything.
    for weights in model.parameters():
        weights.data.normal_(std=0.5)
    return model
