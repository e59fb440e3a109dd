"""Texts are cut by the model's own tokenizer, and each token knows its letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError, MissingExtraError
from phalanx.watermark.texts import AS_GIVEN, Document, open_tokenizer
from phalanx.watermark.texts import tokenizer as module


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tokenizer of bytes, with truncation and padding as some models ship it."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer

    tokenizer: Any = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(vocab_size=300, initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(["the cat and the dog and the cat"], trainer)
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=3)
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


def _document(**said: Any) -> Document:
    return Document(where="f:1", document_id="a", **said)


@settings(max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_offsets_are_letters(made: Path, text: str) -> None:
    """They cover the whole text, in order, in letters as Python counts them."""
    cut = open_tokenizer(made).cut([_document(text=text)])
    offsets = cut.offsets[0]
    assert len(offsets) == cut.documents[0].size
    assert set(range(len(text))) == {at for start, stop in offsets for at in range(start, stop)}
    assert np.all(np.diff(offsets[:, 0]) >= 0)


def test_nothing_is_cut_off_or_filled_up(made: Path) -> None:
    """Whatever the file says of truncation: all of a text counts, and nothing else."""
    cut = open_tokenizer(made).cut([_document(text="the cat and the dog"), _document(text="a")])
    assert cut.documents[0].size > 3
    assert cut.documents[1].size == 1


def test_a_text_alone_is_read_whole(made: Path) -> None:
    """As the public detector reads it; token numbers alone are no tokenizer's."""
    assert len(open_tokenizer(made).numbers_of("the cat and the dog")) > 3
    with pytest.raises(ValueError, match="no tokenizer"):
        open_tokenizer(None).numbers_of("a")


def test_prompts_are_cut_too(made: Path) -> None:
    """As letters by the tokenizer, or as the numbers that were given."""
    tokenizer = open_tokenizer(made)
    cut = tokenizer.cut([
        _document(text="a", prompt="the cat"), _document(text="a", prompt_tokens=np.array([7])),
        _document(text="a"),
    ])  # fmt: skip
    assert [each.size for each in cut.prompts] == [len(tokenizer.cut(
        [_document(text="the cat")]).documents[0]), 1, 0]  # fmt: skip


def test_numbers_are_taken_as_given() -> None:
    """Without a tokenizer; letters that nobody can cut are told."""
    tokenizer = open_tokenizer(None)
    cut = tokenizer.cut([_document(tokens=np.array([5, 6]), text="ab")])
    assert (cut.tokenizer, cut.documents[0].tolist(), cut.offsets[0].shape) == (
        AS_GIVEN, [5, 6], (0, 2),
    )  # fmt: skip
    assert "no tokens" in tokenizer.lacks(_document(text="ab"))
    assert "prompt_tokens" in tokenizer.lacks(_document(tokens=np.array([5]), prompt="ab"))
    with pytest.raises(ValueError, match="no tokens"):
        tokenizer.cut([_document(text="ab")])


def test_no_text_for_a_tokenizer_is_told(made: Path) -> None:
    """Numbers are never read by a tokenizer that may not have made them."""
    assert "no text" in open_tokenizer(made).lacks(_document(tokens=np.array([5])))


@settings(max_examples=30)
@given(content=st.binary(max_size=200))
def test_other_files_are_no_tokenizer(content: bytes, tmp_path_factory: Any) -> None:
    """Whatever they hold, they are refused by name."""
    path = tmp_path_factory.mktemp("other") / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"not a tokenizer\.json"):
        open_tokenizer(path)


def _of_words(**changes: Any) -> dict[str, Any]:
    parts = ("truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder")
    model = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "[UNK]"}
    return {"version": "1.0", "added_tokens": [], "model": model, **dict.fromkeys(parts), **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(b+)+$"},
                           "behavior": "Isolated", "invert": False}},
    ],
)  # fmt: skip
def test_a_tokenizer_that_fails_is_told(changes: dict[str, Any], tmp_path: Path) -> None:
    """One without a token for what it does not know, or whose pattern takes forever."""
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(_of_words(**changes)))
    with pytest.raises(ConfigError, match="cannot cut a text"):
        open_tokenizer(path).numbers_of("b" * 40 + "a")


def test_a_file_that_breaks_the_library_is_no_tokenizer(tmp_path: Path) -> None:
    """The library panics on this one, which is no usual exception."""
    broken = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(_of_words(normalizer=broken)))
    with pytest.raises(ConfigError, match=r"not a tokenizer\.json"):
        open_tokenizer(path)


def test_a_tokenizer_that_draws_lots_is_refused(made: Path, tmp_path: Path) -> None:
    """The digest of an audit's plan fixes its file: who could cut again would choose."""
    said = json.loads(made.read_text())
    said["model"]["dropout"] = 0.5
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(said))
    with pytest.raises(ConfigError, match="another way each time"):
        open_tokenizer(path)
    said["model"]["dropout"] = 0.0
    path.write_text(json.dumps(said))
    assert open_tokenizer(path).numbers_of("the cat") == open_tokenizer(made).numbers_of("the cat")


def test_a_tokenizer_is_bounded(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is larger than any tokenizer, or is not there, is refused."""
    monkeypatch.setattr(module, "MOST_FILE_BYTES", 10)
    with pytest.raises(ConfigError, match="more than 10 bytes"):
        open_tokenizer(made)
    with pytest.raises(ConfigError, match="cannot be read"):
        open_tokenizer(made.with_name("none"))


def test_the_package_may_be_missing(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is said what to install; token numbers need nothing."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="not installed"):
        open_tokenizer(made)
    assert open_tokenizer(None).name == AS_GIVEN
