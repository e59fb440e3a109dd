"""A model in a folder is opened, or refused before anything is made of what its settings say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phalanx.causal_model import open_causal_model
from phalanx.errors import InputError

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small model."""
    path = tmp_path_factory.mktemp("model")
    config = transformers.LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    return path


def test_a_model_is_opened(folder: Path) -> None:
    """As it was saved."""
    assert open_causal_model(folder).config.num_hidden_layers == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hidden_size": 8192, "intermediate_size": 28672}, "takes [0-9,]+ bytes"),
        ({"vocab_size": 10**9}, "takes [0-9,]+ bytes"),
        ({"num_hidden_layers": 10**9}, "1,000,000,000 layers"),
        ({"num_attention_heads": 0}, "cannot be opened"),
        ({"hidden_size": 10**30}, "cannot be opened|takes"),
        ({"model_type": "no-such-kind"}, "cannot be opened"),
    ],
)
def test_settings_that_promise_too_much(
    changes: dict[str, Any], why: str, folder: Path, tmp_path: Path
) -> None:
    """What the files do not hold would be filled with random numbers, as far as memory goes."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    said = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(said | changes))
    with pytest.raises(InputError, match=why):
        open_causal_model(tmp_path)


def test_settings_that_say_nothing(folder: Path, tmp_path: Path) -> None:
    """Stand for a model of seven billion, which is not what lies there."""
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(InputError, match=r"layers|takes"):
        open_causal_model(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config\.json"):
        open_causal_model(tmp_path)


def test_a_model_that_lacks_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    """The library would draw them, others each time: one digest would be of many models."""
    from safetensors.torch import load_file, save_file

    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.down_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lack model\.layers\.1\.mlp\.down_proj"):
        open_causal_model(tmp_path)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_weights_that_are_used_twice_are_stored_once(kind: str, tmp_path: Path) -> None:
    """What a model ties, as its output to its embedding, is not missing."""
    sizes = {
        "gpt2": {"n_embd": 16, "n_layer": 1, "n_head": 2},
        "llama": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
                  "num_attention_heads": 2, "num_key_value_heads": 2},
    }[kind]  # fmt: skip
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=64, tie_word_embeddings=True, **sizes
    )
    made = transformers.AutoModelForCausalLM.from_config(config)
    made.save_pretrained(tmp_path)
    again = open_causal_model(tmp_path)
    words = torch.arange(5)[None]
    assert torch.equal(again(words).logits, made.eval()(words).logits)
