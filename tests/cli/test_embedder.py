"""An embedder on disk replaces the words of prompts, and nothing else."""

from __future__ import annotations

import json
import pickle
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from phalanx.cli import main
from phalanx.detect.embedder import embedded_signs
from phalanx.detect.narrow import Narrowing
from phalanx.detect.onnx_embedder import OnnxEmbedder, _opened, open_embedder
from phalanx.errors import InputError, MissingExtraError
from phalanx.logs import ReadOptions, open_log

WORDS = ("[UNK]", "[PAD]", "cat", "kitten", "invoice", "bill", "the", "a", "sleeps", "naps")
MEANINGS = ((0, 0), (0, 0), (9, 0), (9, 0), (0, 9), (0, 9), (0, 0), (0, 0), (1, 1), (1, 1))
"""Synonyms mean the same."""

TOKENIZER: dict[str, object] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {
        "type": "WordLevel",
        "vocab": {word: number for number, word in enumerate(WORDS)},
        "unk_token": "[UNK]",
    },
}


def write_model(folder: Path, place: str = "model.onnx") -> Path:
    """Write a model that looks up each word, and its tokenizer."""
    table = helper.make_tensor(
        "table", TensorProto.FLOAT, (len(WORDS), 2), np.array(MEANINGS, dtype=np.float32).ravel()
    )
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["meanings"], axis=0)],
        "lookup",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info("meanings", TensorProto.FLOAT, ["texts", "tokens", 2])],
        [table],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / place))
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny real model."""
    return write_model(tmp_path_factory.mktemp("model"), "onnx/model.onnx")


@pytest.fixture(scope="module")
def embedder(folder: Path) -> OnnxEmbedder:
    """Return the model, opened."""
    return open_embedder(folder)


def test_a_text_is_the_mean_of_its_tokens(embedder: OnnxEmbedder) -> None:
    """Padding beside a longer text counts for nothing."""
    vectors = embedder.embed(pa.array(["the cat", "the cat sleeps a bill", ""]))
    assert vectors.tolist() == [[4.5, 0.0], [2.0, 2.0], [0.0, 0.0]]


def test_each_text_gets_its_own_vector(embedder: OnnxEmbedder) -> None:
    """Texts are read by length, a few at once; what comes back is in the order of the texts."""
    texts = ["cat " * (1 + 7 * n % 23) + "bill " * (n % 5) for n in range(30)]
    together = embedder.embed(pa.array(texts))
    alone = np.concatenate([embedder.embed(pa.array([text])) for text in texts])
    assert len(np.unique(alone, axis=0)) > 10
    assert np.array_equal(together, alone)


def test_a_tokenizer_that_reads_less_is_heeded(tmp_path: Path) -> None:
    """Models are published with how much of a text they were trained to read."""
    write_model(tmp_path)
    short = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    tokenizer = json.dumps(TOKENIZER | {"truncation": short})
    (tmp_path / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    vectors = open_embedder(tmp_path).embed(pa.array(["the cat bill bill bill"]))
    assert vectors.tolist() == [[4.5, 0.0]]


def test_weights_that_are_not_run_here_are_named(tmp_path: Path) -> None:
    """A folder as it is published for PyTorch says what is missing, and where it is shown."""
    write_model(tmp_path)
    (tmp_path / "model.onnx").rename(tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"only model\.safetensors") as caught:
        open_embedder(tmp_path)
    assert "compare-meanings" in (caught.value.next_step or "")


def test_synonyms_lie_on_the_same_sides(embedder: OnnxEmbedder) -> None:
    """What is reworded stays where it was; short prompts have no signs."""
    texts = pa.array(["the cat sleeps", "a kitten naps", "the invoice", "the cat sleeps"])
    signs = embedded_signs(embedder, texts, np.array([True, True, True, False]))
    assert signs[0] == signs[1] != signs[2]
    assert signs[3] == 0
    assert not embedded_signs(embedder, texts, np.zeros(4, dtype=np.bool_)).any()


def test_a_scan_compares_meanings_where_it_is_given_a_model(embedder: OnnxEmbedder) -> None:
    """Two prompts without a word in common share their signs, and every other column stays."""
    prompts = ["the cat sleeps the cat sleeps", "a kitten naps a kitten naps"]
    rows = [
        {"timestamp": "2026-03-01T00:00:00Z", "account_id": f"a{n}", "model": "m", "prompt": text}
        for n, text in enumerate(prompts)
    ]
    (batch,) = open_log(pa.Table.from_pylist(rows), ReadOptions()).batches()
    words, meanings = (
        Narrowing(b"k" * 32, keep_excerpts=False, step_hours=6, embedder=model)(batch).rows
        for model in (None, embedder)
    )
    assert len(set(words["signs"].to_pylist())) == 2
    assert len(set(meanings["signs"].to_pylist())) == 1
    assert words.drop_columns("signs") == meanings.drop_columns("signs")


@dataclass(frozen=True, slots=True)
class Counting:
    """Reads with a real model, and remembers what it was asked to read."""

    model: OnnxEmbedder
    read: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """That of the model."""
        return self.model.digest

    def embed(self, prompts: pa.Array) -> npt.NDArray[np.float32]:
        """Return what the model returns."""
        self.read.extend(prompts.to_pylist())
        return self.model.embed(prompts)


def test_only_a_prompt_that_may_be_picked_is_read(embedder: OnnxEmbedder) -> None:
    """One of each account and step in a batch: reading more would cost, and change nothing."""
    rows = [
        {
            "timestamp": f"2026-03-01T{hour:02d}:{minute:02d}:00Z",
            "account_id": account,
            "model": "m",
            "prompt": f"the cat sleeps {account} {hour} {minute}",
        }
        for account in ("a", "b")
        for hour in (1, 7)
        for minute in range(9)
    ]
    (batch,) = open_log(pa.Table.from_pylist(rows), ReadOptions()).batches()
    counting = Counting(embedder)
    found = Narrowing(b"k" * 32, keep_excerpts=False, step_hours=6, embedder=counting)(batch).rows
    order = np.argsort(found.column("draw").to_numpy(), kind="stable")
    account, step, signs = (found.column(n).to_numpy()[order] for n in ("account", "step", "signs"))
    _, first = np.unique(np.stack([account, step]), axis=1, return_index=True)
    assert len(counting.read) == first.size == 4
    assert np.array_equal(np.flatnonzero(signs), np.sort(first))


def test_workers_open_the_same_model(embedder: OnnxEmbedder) -> None:
    """What travels is the place and the digest; a model that changed on the way is refused."""
    travelled = pickle.loads(pickle.dumps(embedder))  # noqa: S301 - our own bytes
    assert travelled == embedder
    changed = OnnxEmbedder(embedder.folder, "0" * 64)
    with pytest.raises(InputError, match="changed"):
        changed.embed(pa.array(["the cat"]))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(["onnx/model.onnx", "tokenizer.json"]), st.binary(max_size=200), st.data())
def test_damaged_models_are_refused_in_plain_words(
    folder: Path, tmp_path: Path, name: str, bytes_: bytes, data: st.DataObject
) -> None:
    """Whatever stands in the files: they work, or the message says that they do not."""
    write_model(tmp_path, "onnx/model.onnx")
    whole = (folder / name).read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    (tmp_path / name).write_bytes(whole[:start] + bytes_)
    try:
        open_embedder(tmp_path)
    except InputError as error:
        said = str(error)
    else:
        said = f"{tmp_path}: works"
    assert str(tmp_path) in said
    assert "\n" not in said


def test_a_missing_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without onnxruntime the message says what to install."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    _opened.cache_clear()
    with pytest.raises(MissingExtraError, match="semantic"):
        open_embedder(folder)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_an_incomplete_folder_ends_a_scan(
    missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, one message, no traceback."""
    write_model(tmp_path)
    (tmp_path / missing).unlink()
    arguments = ["scan", "log.parquet", "--embedder", str(tmp_path), "--clear-identifiers"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert missing in said
    assert "Traceback" not in said


def test_a_scan_says_which_model_it_used(log: Path, folder: Path, tmp_path: Path) -> None:
    """Both files and their digests stand in run.json, and no prompt is needed in clear."""
    out = tmp_path / "scan"
    arguments = ["--embedder", str(folder), "--clear-identifiers", "--hash-only", "-q"]
    assert main(["scan", str(log), "--out", str(out), *arguments]) == 0
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    used = {each["path"]: each["sha256"] for each in run["files"] if each["role"] == "embedder"}
    paths = [folder / "onnx" / "model.onnx", folder / "tokenizer.json"]
    assert used == {str(path): sha256(path.read_bytes()).hexdigest() for path in paths}
    assert run["parameters"]["embedder"] == open_embedder(folder).digest
