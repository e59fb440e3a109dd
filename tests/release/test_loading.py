"""A release is loaded into transformers from its sealed files, and written to no disk."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import InputError, VerificationError
from phalanx.release import load_sealed
from phalanx.release.grants.receipt import verify_receipt
from phalanx.release.open import Opener, verify_release
from phalanx.release.packages.package import check_package
from phalanx.release.places.store import Store, place_of
from phalanx.release.seal import Sealing, seal_release

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model in three shards, with a tokenizer, as transformers saves it."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=64, hidden_size=256, intermediate_size=1500, num_hidden_layers=4,
        num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).to(torch.bfloat16)
    folder = tmp_path_factory.mktemp("llama")
    model.save_pretrained(folder, max_shard_size="4MB")
    words = Tokenizer(WordLevel({"the": 0, "and": 1, "[UNK]": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="[UNK]", pad_token="and"
    ).save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 2
    return folder


@pytest.fixture
def sealed(llama: Path, sealing: Sealing, tmp_path: Path) -> Path:
    """Return the release of it."""
    seal_release(llama, tmp_path / "release", sealing)
    return tmp_path / "release"


def _answer(model: Any) -> Any:
    with torch.no_grad():
        return model(torch.arange(12).reshape(2, 6)).logits


def test_a_model_answers_as_the_one_that_was_sealed(
    llama: Path, sealed: Path, opener: Opener, deal: Any, tmp_path: Path
) -> None:
    """What is loaded from a release is bit for bit what transformers loads from the folder."""
    loaded = load_sealed(sealed, opener, receipt=tmp_path / "receipt")
    plain = transformers.AutoModelForCausalLM.from_pretrained(llama, dtype="auto").eval()
    assert torch.equal(_answer(loaded.model), _answer(plain))
    assert loaded.model.dtype == torch.bfloat16
    assert loaded.tokenizer("the and x")["input_ids"] == [0, 1, 2]
    assert loaded.tokenizer.pad_token == "and"
    package = check_package(sealed, deal.lab.identity, deal.partner.identity)
    of = {"grant": package.agreed.digest, "record": package.digest, "root": package.root}
    verify_receipt(loaded.receipt, deal.partner.identity, **of)
    assert (tmp_path / "receipt").read_bytes() == loaded.receipt.as_bytes()


def test_a_model_is_loaded_from_a_store(llama: Path, sealing: Sealing, opener: Opener) -> None:
    """From where it is kept to memory, with nothing on this machine between."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    place = place_of("memory://loading/release")
    assert isinstance(place, Store)
    seal_release(llama, place, sealing)
    assert load_sealed(place, opener).tokenizer is not None
    fsspec.filesystem("memory").rm("loading", recursive=True)


def test_nothing_is_written_to_any_disk(sealed: Path, opener: Opener, tmp_path: Path) -> None:
    """A process that the system forbids to write a single byte to any file can load the model.

    But for the memory of grants, which says that this grant was opened.
    """
    load_sealed(sealed, opener)  # the memory of grants is written here
    before = sorted(tmp_path.rglob("*"))
    child = os.fork()
    if not child:
        # Of files beyond 600 bytes not one more can be written: the memory of grants is shorter.
        status = 1
        try:
            torch.set_num_threads(1)  # those of the parent are not there
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
            status = 0 if _answer(load_sealed(sealed, opener).model).shape[-1] == 64 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert opener.memory.stat().st_size < 600


def test_the_limit_would_have_stopped_a_copy(tmp_path: Path) -> None:
    """The check above can fail: under the same limit a file of weights cannot be written."""
    child = os.fork()
    if not child:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
            (tmp_path / "copy").write_bytes(bytes(10_000))
        except OSError:
            status = 7
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.parametrize("at", [2, -3])
def test_a_changed_byte_gives_no_model(at: int, sealed: Path, opener: Opener) -> None:
    """In a shard or in a file that is not even used, what was changed is found."""
    path = sorted(sealed.glob("0*.sealed"))[at]
    raw = bytearray(path.read_bytes())
    raw[-30] ^= 1
    path.write_bytes(raw)
    with pytest.raises(VerificationError, match="not as it was sealed"):
        load_sealed(sealed, opener)
    assert not opener.memory.exists()


def _sealed_with(llama: Path, sealing: Sealing, folder: Path, **changed: str | None) -> Path:
    model = folder / "changed"
    model.mkdir()
    for path in llama.iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    for name, text in changed.items():
        path = model / name.replace("__", ".")
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    seal_release(model, folder / "other", sealing)
    return folder / "other"


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"config__json": None}, "no config.json"),
        ({"config__json": '{"architectures": ["os"], "model_type": "llama"}'}, "does not have"),
        ({"config__json": '{"architectures": ["Trainer"], "model_type": "x"}'}, "does not have"),
        ({"config__json": "{}"}, "does not have"),
        ({"tokenizer__json": "{}"}, "tokenizer cannot be loaded"),
    ],
)
def test_what_is_no_model_of_transformers(
    changed: dict[str, str | None],
    match: str,
    llama: Path,
    sealing: Sealing,
    opener: Opener,
    tmp_path: Path,
) -> None:
    """A release without a model in it is told, and no grant is remembered for it."""
    with pytest.raises(InputError, match=match):
        load_sealed(_sealed_with(llama, sealing, tmp_path, **changed), opener)
    assert not opener.memory.exists()


def test_programs_that_the_settings_name_are_not_taken(
    llama: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Kernels and classes of another repository, which transformers might fetch, are left out."""
    config = json.loads((llama / "config.json").read_text())
    elsewhere = {"attn_implementation": "someone/kernels", "auto_map": {"AutoConfig": "a--b.C"}}
    config |= {**elsewhere, "_attn_implementation": "someone/kernels", "further": [elsewhere]}
    other = _sealed_with(llama, sealing, tmp_path, config__json=json.dumps(config))
    said = load_sealed(other, opener).model.config
    assert said._attn_implementation in {"sdpa", "eager"}
    assert said.further == [{}]
    assert getattr(said, "auto_map", None) is None


def test_a_model_that_lacks_weights(
    llama: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A layer that config.json promises and no shard has is not filled with chance."""
    config = json.loads((llama / "config.json").read_text())
    config["num_hidden_layers"] = 5
    other = _sealed_with(llama, sealing, tmp_path, config__json=json.dumps(config))
    with pytest.raises(VerificationError, match="lacks 9 weights"):
        load_sealed(other, opener)


def test_an_index_that_names_what_is_not_there(
    llama: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A file that the index names and the release does not have is missed."""
    name = "model.safetensors.index.json"
    index = json.loads((llama / name).read_text())
    index["weight_map"]["lm_head.weight"] = "../model.safetensors"
    changed = {name.replace(".", "__"): json.dumps(index)}
    with pytest.raises(InputError, match="lacks weights"):
        load_sealed(_sealed_with(llama, sealing, tmp_path, **changed), opener)


def test_a_release_without_index_and_with_the_same_tensor_twice(
    llama: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Which of two tensors of one name is meant is not guessed."""
    changed: dict[str, str | None] = {"model__safetensors__index__json": None}
    other = _sealed_with(llama, sealing, tmp_path, **changed)
    assert len(verify_release(other, opener).files) > 4
    load_sealed(other, opener)
    shard = next((tmp_path / "changed").glob("*.safetensors"))
    (tmp_path / "changed" / "again.safetensors").write_bytes(shard.read_bytes())
    seal_release(tmp_path / "changed", tmp_path / "third", replace(sealing))
    with pytest.raises(InputError, match="that another file has too"):
        load_sealed(tmp_path / "third", opener)
