"""A model is opened whole or not at all."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.errors import InputError
from phalanx.provenance.weights import open_checkpoint

RANDOM = np.random.default_rng(0)


def test_a_single_file_gives_rows_blocks_and_picked_rows(writing: Any, tmp_path: Path) -> None:
    """All of them as they were written."""
    array = RANDOM.normal(size=(50, 7)).astype(np.float32)
    folder = writing.model(tmp_path / "m", {"w": array, "n": np.float32(3.0)}, {"hidden_size": 7})
    found = open_checkpoint(folder)
    tensor = found.tensors["w"]
    assert (found.config["hidden_size"], tensor.shape, tensor.stored) == (7, (50, 7), "F32")
    assert found.stored_bytes == array.nbytes + 4
    pieces = list(tensor.blocks(7 * 8))
    assert [start for start, _ in pieces] == list(range(0, 50, 8))
    np.testing.assert_array_equal(np.concatenate([block for _, block in pieces]), array)
    places = np.array([0, 1, 2, 9, 49])
    np.testing.assert_array_equal(tensor.picked(places), array[places])
    assert tensor.picked(places[:0]).shape == (0, 7)
    assert found.tensors["n"].whole() == np.float32(3.0)
    with pytest.raises(ValueError, match="rows 3 to 51 of 50"):
        tensor.read(3, 51)


def _shards(writing: Any, folder: Path) -> tuple[Path, dict[str, str]]:
    folder.mkdir()
    writing.save(folder / "one.safetensors", {"a": np.ones(3, np.float32)})
    writing.save(folder / "two.safetensors", {"b": np.zeros(3, np.float32)})
    return folder / "model.safetensors.index.json", {"a": "one.safetensors", "b": "two.safetensors"}


def test_shards_with_and_without_an_index(writing: Any, tmp_path: Path) -> None:
    """The same tensors either way."""
    index, placed = _shards(writing, tmp_path / "m")
    assert set(open_checkpoint(tmp_path / "m").tensors) == {"a", "b"}
    index.write_text(json.dumps({"metadata": {}, "weight_map": placed}))
    assert set(open_checkpoint(tmp_path / "m").tensors) == {"a", "b"}
    assert open_checkpoint(index).tensors["b"].whole().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("placed", "word"),
    [
        ({"a": "one.safetensors"}, None),
        ({"a": "one.safetensors", "b": "one.safetensors"}, "'b' in one.safetensors, which has no"),
        ({"a": "two.safetensors", "b": "two.safetensors"}, "'a' in two.safetensors, which has no"),
        ({"a": "one.safetensors", "b": "three.safetensors"}, "three.safetensors cannot be read"),
        ({"a": "one.safetensors", "b": "../two.safetensors"}, "none beside it"),
        ({"a": "one.safetensors", "b": "/etc/two.safetensors"}, "none beside it"),
        ({"a": "one.safetensors", "b": 7}, "none beside it"),
        ({}, "no `weight_map`"),
        ([], "no `weight_map`"),
        ({"b": "one.safetensors"}, "does not place there"),
    ],
)
def test_an_index_that_is_wrong(
    placed: Any, word: str | None, writing: Any, tmp_path: Path
) -> None:
    """What it names must be there, and what is there must be named; it stays in its folder."""
    index, _ = _shards(writing, tmp_path / "m")
    index.write_text(json.dumps({"weight_map": placed}))
    if word is None:
        assert set(open_checkpoint(tmp_path / "m").tensors) == {"a"}
        return
    with pytest.raises(InputError, match=word):
        open_checkpoint(tmp_path / "m")


def test_a_tensor_in_two_shards(writing: Any, tmp_path: Path) -> None:
    """Which of the two is the model, nobody could say."""
    for name in ("one", "two"):
        writing.save(tmp_path / f"{name}.safetensors", {"a": np.ones(3, np.float32)})
    with pytest.raises(InputError, match="is both in"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "a.pt", "sneaky.safetensors"])
def test_pickled_weights_are_never_opened(name: str, tmp_path: Path) -> None:
    """Under whatever name: loading them would run a program."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": [1.0]}))
    for content in (pickle.dumps({"w": [1.0] * 9}), zipped.getvalue()):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="runs whatever program"):
            open_checkpoint(tmp_path)
        with pytest.raises(InputError, match="runs whatever program"):
            open_checkpoint(tmp_path / name)


def test_what_is_no_model(tmp_path: Path) -> None:
    """Says what was looked for."""
    for path, word in [
        (tmp_path, "has no weights"),
        (tmp_path / "none", "cannot be read"),
    ]:
        with pytest.raises(InputError, match=word):
            open_checkpoint(path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.safetensors.index.json").write_text("{}")
    with pytest.raises(InputError, match="2 indexes"):
        open_checkpoint(tmp_path)


def test_settings_that_are_no_settings(writing: Any, tmp_path: Path) -> None:
    """A malformed config.json is an error, not an empty one."""
    writing.model(tmp_path, {"a": np.ones(3, np.float32)})
    assert open_checkpoint(tmp_path).config == {}
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(InputError, match="no JSON object"):
        open_checkpoint(tmp_path)


def test_a_kind_of_number_that_cannot_be_read(writing: Any, tmp_path: Path) -> None:
    """It is listed with its shape, and refused when its numbers are asked for."""
    writing.save(tmp_path / "a.safetensors", {"c": ("C64", np.ones(3, np.complex64))})
    tensor = open_checkpoint(tmp_path).tensors["c"]
    assert tensor.shape == (3,)
    with pytest.raises(InputError, match="C64"):
        tensor.whole()
