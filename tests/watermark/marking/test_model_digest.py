"""A model's digest is of all that its folder says of how it computes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from phalanx.errors import ConfigError
from phalanx.watermark.marking.model_digest import model_digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a model in two parts."""
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text('{"rope_theta": 1e4}')
    (made / "generation_config.json").write_text("{}")
    (made / "tokenizer.json").write_text("{}")
    for name in ("one", "two"):
        (made / f"{name}.safetensors").write_bytes(name.encode())
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (made / "model.safetensors.index.json").write_text(json.dumps(index))
    return made


@pytest.mark.parametrize(
    "change",
    [
        lambda made: (made / "config.json").write_text('{"rope_theta": 1e5}'),
        lambda made: (made / "generation_config.json").write_text('{"temperature": 2.0}'),
        lambda made: (made / "tokenizer.json").write_text('{"other": 1}'),
        lambda made: (made / "two.safetensors").write_bytes(b"three"),
        lambda made: (made / "one.safetensors").rename(made / "extra.bin"),
        lambda made: (made / "new.json").touch(),
    ],
    ids=["config", "generation", "tokenizer", "weights", "name", "new"],
)
def test_whatever_changes_what_it_computes_changes_it(
    folder: Path, change: Callable[[Path], object]
) -> None:
    """The same weights with another setting are another model."""
    (folder / "model.safetensors.index.json").unlink()
    before = model_digest(folder)
    assert model_digest(folder) == before
    change(folder)
    assert model_digest(folder) != before


def test_no_name_stands_for_two_files(folder: Path) -> None:
    """Whatever letters it has, such as those of a list of files."""
    (folder / "model.safetensors.index.json").unlink()
    (folder / "x").write_bytes(b"1")
    (folder / "y").write_bytes(b"2")
    before = model_digest(folder)
    one, two = (hashlib.sha256(each).hexdigest() for each in (b"1", b"2"))
    (folder / "x").unlink()
    (folder / "y").unlink()
    (folder / f"x\n{two}  y").write_bytes(b"1")
    assert model_digest(folder) != before
    (folder / f"x\n{two}  y").rename(folder / os.fsdecode(b"\xff"))
    assert len(model_digest(folder)) == len(one)


def test_what_no_library_reads_does_not_count(folder: Path) -> None:
    """Hidden files, and folders below."""
    before = model_digest(folder)
    (folder / ".gitattributes").touch()
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").touch()
    assert model_digest(folder) == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", None, "no config.json"),
        ("adapter_config.json", "{}", "holds an adapter"),
        ("model.safetensors.index.json", "[]", "no index of weights"),
        (
            "model.safetensors.index.json",
            '{"weight_map": {"a": "../other/one.safetensors"}}',
            "not beside it",
        ),
    ],
)
def test_what_is_no_whole_model_is_refused(
    folder: Path, name: str, content: str | None, reason: str
) -> None:
    """Half of it may be exchanged where the digest does not look."""
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(ConfigError, match=reason):
        model_digest(folder)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    """Nor is one without weights taken."""
    with pytest.raises(ConfigError, match="cannot be read"):
        model_digest(tmp_path / "none")
    with pytest.raises(ConfigError, match="no safetensors"):
        model_digest(tmp_path)
