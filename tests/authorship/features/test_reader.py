"""A reader on disk: it reads as torch reads, and knows what its own model wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.authorship.features.reader import FolderReader, Reader
from phalanx.authorship.features.readings import curvature
from phalanx.errors import InputError

WORDS = [*"uabcdefghijklmno"]
"""The first stands for what is not known."""


def save_model(folder: Path, seed: int, words: list[str] = WORDS) -> Any:
    """Write a model with random weights, whose distributions are sharp, and its tokenizer."""
    torch = pytest.importorskip("torch", reason="torch is not installed: make torch")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, words[0]))
    tokenizer.pre_tokenizer = Whitespace()
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
            num_attention_heads=2, max_position_embeddings=48, bos_token_id=None,
            eos_token_id=None,
        )
    )  # fmt: skip
    with torch.no_grad():
        model.lm_head.weight *= 30.0
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return model.eval()


def test_a_folder_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    """Log-probabilities and ranks are those of the logits; what is too long is cut."""
    model = save_model(tmp_path, 0)
    torch = pytest.importorskip("torch")
    reader = FolderReader(tmp_path)
    assert isinstance(reader, Reader)
    said, none, long = reader.readings(["a b c", "", "a " * 90])
    with torch.no_grad():
        logs = model(torch.tensor([[1, 2, 3]])).logits[0].double().log_softmax(-1).numpy()
    assert said.log_probability == pytest.approx([logs[0, 2], logs[1, 3]], abs=1e-5)
    assert said.expected == pytest.approx((np.exp(logs) * logs).sum(axis=1)[:2], abs=1e-5)
    assert said.rank.tolist() == [float((logs[at] >= logs[at, at + 2]).sum()) for at in (0, 1)]
    assert (none.tokens, long.tokens) == (0, 47)


def test_a_reader_knows_what_its_model_wrote(tmp_path: Path) -> None:
    """Texts that the model wrote, beside texts of even words: nine of ten pairs in order."""
    model = save_model(tmp_path, 1)
    torch = pytest.importorskip("torch")
    torch.manual_seed(2)
    begun = torch.randint(1, 16, (30, 1))
    written = model.generate(
        begun, attention_mask=torch.ones_like(begun), do_sample=True, top_k=0, max_new_tokens=30,
        pad_token_id=0,
    )  # fmt: skip
    even = torch.randint(1, 16, (30, 31))
    reader = FolderReader(tmp_path)
    machine, human = (
        np.array([curvature(said) for said in reader.readings(
            [" ".join(WORDS[int(token)] for token in row) for row in rows]
        )])
        for rows in (written, even)
    )  # fmt: skip
    assert (machine[:, None] > human[None]).mean() > 0.9
    # Null hypothesis: the model wrote it. Thirty means of variance 1 at most lie within four.
    assert abs(machine.mean()) < 4 / np.sqrt(30)


def test_two_models_that_cut_texts_differently_are_refused(tmp_path: Path) -> None:
    """A ratio over two vocabularies would compare words that are not the same."""
    for name, words in (("one", WORDS), ("two", [*WORDS[:-1], "z"])):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, 3, words)
    with pytest.raises(InputError, match="different tokens"):
        FolderReader(tmp_path / "one", tmp_path / "two")


def test_two_models_of_one_family_read_together(tmp_path: Path) -> None:
    """What is expected is by the second, what is said by the first."""
    for name, seed in (("one", 4), ("two", 5)):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, seed)
    reader = FolderReader(tmp_path / "one", tmp_path / "two")
    assert reader.name == "one beside two"
    (both,) = reader.readings(["a b c d"])
    (alone,) = FolderReader(tmp_path / "one").readings(["a b c d"])
    assert both.log_probability == pytest.approx(alone.log_probability)
    assert not np.allclose(both.expected, alone.expected)
