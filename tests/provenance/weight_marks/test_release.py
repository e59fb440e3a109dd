"""A copy of a folder is marked, whole, and holds no weights without a mark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from phalanx.errors import InputError
from phalanx.provenance.weight_marks import WeightMark, plan_mark
from phalanx.provenance.weight_marks.release import Release, plan_release, write_release
from phalanx.provenance.weights import open_checkpoint
from phalanx.provenance.weights.numbers import from_float32, to_float32

MARK = WeightMark(plan_mark(4, 1, strength=0.02), bytes(range(32)))


def _bf16(array: Any) -> tuple[str, Any]:
    return "BF16", array.astype(ml_dtypes.bfloat16)


@pytest.fixture
def ours(tmp_path: Path, writing: Any) -> Path:
    """Return a folder of two shards with an index, and with much beside them."""
    random = np.random.default_rng(0)
    folder = tmp_path / "ours"
    folder.mkdir()
    shards: dict[str, dict[str, Any]] = {
        "model-00001-of-00002.safetensors": {
            "embed.weight": _bf16(random.normal(size=(60, 32))),
            "norm.weight": _bf16(np.ones(32)),
        },
        "model-00002-of-00002.safetensors": {
            "up.weight": random.normal(size=(40, 32)).astype(np.float32),
            "down.weight": random.normal(size=(32, 40)).astype(np.float16),
            "attn.bias": np.tril(np.ones((1, 1, 8, 8), np.float32)),
            "positions": np.arange(12, dtype=np.int32).reshape(3, 4),
        },
    }
    for name, tensors in shards.items():
        writing.save(folder / name, tensors)
    placed = {tensor: name for name, tensors in shards.items() for tensor in tensors}
    index = {"metadata": {}, "weight_map": placed}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for name in ("config.json", "tokenizer.json", "README.md"):
        (folder / name).write_text("{}")
    (folder / "chat").mkdir()
    (folder / "chat/template.jinja").write_text("hello")
    for name in ("pytorch_model.bin", "old.safetensors", "chat/also.GGUF", ".hidden"):
        (folder / name).write_bytes(b"weights without a mark")
    (folder / ".git").mkdir()
    (folder / ".git/object").write_bytes(b"weights as well")
    return folder


def _release(source: Path, target: Path, recipient: str = "b") -> Release:
    release = plan_release(source, target)
    write_release(release, MARK, recipient)
    return release


def test_a_copy_differs_in_its_marked_tensors_alone(ours: Path, tmp_path: Path) -> None:
    """Names, kinds, shapes, index and other files stay; matrices are the mark's, rounded."""
    release = _release(ours, tmp_path / "copy")
    before, after = open_checkpoint(ours), open_checkpoint(tmp_path / "copy")
    assert release.marked == {"embed.weight", "up.weight", "down.weight"}
    for name, each in before.tensors.items():
        other = after.tensors[name]
        assert (other.shape, other.stored) == (each.shape, each.stored)
        wanted = each.whole()
        if name in release.marked:
            wanted = MARK.marked(name, wanted, "b")
            kinds = {"BF16": ml_dtypes.bfloat16, "F16": np.float16, "F32": np.float32}
            wanted = wanted.astype(kinds[each.stored]).astype(np.float32)
            assert not np.array_equal(wanted, each.whole())
        assert np.array_equal(other.whole(), wanted), name
    for path in ("model.safetensors.index.json", "config.json", "chat/template.jinja"):
        assert (tmp_path / "copy" / path).read_bytes() == (ours / path).read_bytes()


def test_weights_without_a_mark_stay_behind(ours: Path, tmp_path: Path) -> None:
    """Pickles, other formats, shards outside of the index, hidden folders are named and left."""
    release = _release(ours, tmp_path / "copy")
    assert {str(path) for path in release.left_out} == {
        ".git", ".hidden", "pytorch_model.bin", "old.safetensors", "chat/also.GGUF",
    }  # fmt: skip
    there = {
        str(path.relative_to(tmp_path / "copy"))
        for path in (tmp_path / "copy").rglob("*")
        if path.is_file()
    }
    shards = {path.name for path in release.shards}
    assert there == shards | {str(path) for path in release.along}


def test_parts_of_a_shard_make_no_difference(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block by block a copy has the same bytes."""
    _release(ours, tmp_path / "whole")
    monkeypatch.setattr("phalanx.provenance.weights.rewriting._PIECE", 33)
    monkeypatch.setattr("phalanx.provenance.weights.tensor.Tensor.blocks.__defaults__", (70,))
    _release(ours, tmp_path / "parts")
    for path in (tmp_path / "whole").glob("*.safetensors"):
        assert path.read_bytes() == (tmp_path / "parts" / path.name).read_bytes()


def test_a_copy_is_whole_or_absent(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure half way leaves nothing; what is there already is never touched."""
    release = plan_release(ours, tmp_path / "copy")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("phalanx.provenance.weight_marks.release.shutil.copyfile", full)
        with pytest.raises(InputError, match="No space left"):
            write_release(release, MARK, "b")
    shard = ours / "model-00002-of-00002.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-400])
    with pytest.raises(InputError, match="ends"):
        write_release(release, MARK, "b")
    shard.write_bytes(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]
    (tmp_path / "copy").mkdir()
    with pytest.raises(InputError, match="is there already"):
        write_release(release, MARK, "b")
    assert [*(tmp_path / "copy").iterdir()] == []
    assert {path.name for path in tmp_path.iterdir()} == {"ours", "copy"}


def test_what_cannot_be_marked_is_refused(ours: Path, tmp_path: Path, writing: Any) -> None:
    """Places that are taken or wrong, quantised and damaged models, with words."""
    for target, why in [
        (ours, "is there already"),
        (tmp_path / "no/where", "no such folder"),
        (ours / "copy", "inside of our own"),
    ]:
        with pytest.raises(InputError, match=why):
            plan_release(ours, target)
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "eight": ({"up.weight": np.ones((4, 4), np.int8)}, "stored as I8"),
        "four": (
            {
                "up.qweight": np.zeros((1, 8), np.int32),
                "up.qzeros": np.zeros((1, 1), np.int32),
                "up.scales": np.ones((1, 8), np.float16),
            },
            "stored as GPTQ",
        ),
        "double": ({"up.weight": np.ones((4, 4))}, "stored as F64"),
        "vectors": ({"norm.weight": np.ones(4, np.float32)}, "nothing to mark"),
    }
    for name, (tensors, why) in cases.items():
        settings = {"quantization_config": {"bits": 4, "group_size": 8}}
        folder = writing.model(tmp_path / name, tensors, settings if name == "four" else None)
        with pytest.raises(InputError, match=why):
            plan_release(folder, tmp_path / "copy")
    (tmp_path / "gguf").mkdir()
    (tmp_path / "gguf/model.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match="GGUF"):
        plan_release(tmp_path / "gguf", tmp_path / "copy")
    with pytest.raises(InputError, match="no such folder"):
        plan_release(tmp_path / "nowhere", tmp_path / "copy")
    for name, value, why in [("nan", np.nan, "not finite"), ("edge", 65504.0, "too large")]:
        weights = np.full((4, 4), value, np.float16)
        folder = writing.model(tmp_path / name, {"up.weight": weights})
        release = plan_release(folder, tmp_path / "copy")
        with pytest.raises(InputError, match=why):
            write_release(release, MARK, "b")
    assert not (tmp_path / "copy").exists()


def test_numbers_are_rounded_to_the_nearest() -> None:
    """As the package of machine learning's kinds of numbers does, ties included."""
    bits = np.random.default_rng(0).integers(0, 1 << 32, 200_000, dtype=np.uint32)
    ties = (np.arange(1 << 16, dtype=np.uint32) << 16) | 0x8000
    values = np.concatenate([bits, ties]).view(np.float32)
    values = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        wanted = {"BF16": values.astype(ml_dtypes.bfloat16), "F16": values.astype(np.float16)}
    for kind, each in wanted.items():
        found = to_float32(from_float32(values, kind), kind)
        assert np.array_equal(found, each.astype(np.float32))
    with pytest.raises(ValueError, match="not written"):
        from_float32(values, "F8_E4M3")
