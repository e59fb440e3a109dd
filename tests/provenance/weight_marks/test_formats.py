"""A copy that was quantised and passed on in another format leads to its recipient."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.provenance.weight_marks import (
    WeightMark,
    plan_mark,
    plan_release,
    trace_mark,
    write_release,
)
from phalanx.provenance.weights import open_checkpoint

ROOT = Path(__file__).parents[3]
RECIPIENTS = [f"r{number}" for number in range(20)]
MARK = WeightMark(plan_mark(20, 1, 1e-4, common=256, strength=0.02), bytes(range(32)))


def _loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


formats = _loaded(ROOT / "bench/zoo_formats.py")
models = _loaded(ROOT / "tests/provenance/white_box/conftest.py")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, writing: Any) -> Path:
    """Return a folder with our model and the copy of a recipient, tuned a little since."""
    root: Path = tmp_path_factory.mktemp("formats")
    random = np.random.default_rng(3)
    ends = {
        "model.norm.weight": np.ones(models.D, np.float32),
        "lm_head.weight": (random.normal(size=(models.V, models.D)) * 0.02).astype(np.float32),
    }
    ours = models.drawn(1, neurons=256) | ends
    writing.model(root / "ours", ours, models.CONFIG)
    write_release(plan_release(root / "ours", root / "copy"), MARK, "r7")
    return root


def _written(folders: Path, format_: str, out: Path) -> Path:
    copy = {n: e.whole() for n, e in open_checkpoint(folders / "copy").tensors.items()}
    if format_ in {"gptq", "awq"}:
        getattr(formats, f"write_{format_}")(out, copy, models.CONFIG)
    else:
        pytest.importorskip("gguf", reason="gguf is not installed")
        formats.write_gguf(out / "model.gguf", copy, models.CONFIG, format_)
    return out


@pytest.mark.parametrize(
    ("format_", "stored", "tensors"),
    [
        ("gptq", "GPTQ 4 bits", 30),
        ("awq", "AWQ 4 bits", 30),
        ("Q8_0", "Q8_0", 30),
        ("Q4_0", "Q4_0", 30),
    ],
)
def test_a_quantised_copy_is_traced(
    folders: Path, tmp_path: Path, format_: str, stored: str, tensors: int
) -> None:
    """Packed by inputs or by outputs, under other names, rows of queries and keys moved."""
    suspect = open_checkpoint(_written(folders, format_, tmp_path / "suspect"))
    assert stored in {each.stored for each in suspect.tensors.values()}
    found = trace_mark(MARK, open_checkpoint(folders / "ours"), suspect, RECIPIENTS)
    assert [each.account for each in found.named] == ["r7"]
    assert (found.readings[0].tensors, found.unread, found.not_finite) == (tensors, {}, {})


@pytest.mark.parametrize("format_", ["gptq", "awq", "Q8_0", "Q4_0"])
def test_what_is_written_is_what_was_meant(folders: Path, tmp_path: Path, format_: str) -> None:
    """Each number comes back within a step, in its place; queries and keys of GGUF in theirs."""
    copy = open_checkpoint(folders / "copy").tensors
    suspect = open_checkpoint(_written(folders, format_, tmp_path / "suspect")).tensors
    gguf = format_.startswith("Q")
    for part, other in (("mlp.down_proj", "ffn_down"), ("self_attn.v_proj", "attn_v")):
        mine = copy[f"model.layers.2.{part}.weight"].whole()
        theirs = suspect[f"blk.2.{other}.weight" if gguf else f"model.layers.2.{part}.weight"]
        largest = np.abs(mine.reshape(-1, 32)).max(axis=1, keepdims=True)
        gap = np.abs(theirs.whole() - mine).reshape(-1, 32)
        assert (gap <= largest / (100 if format_ == "Q8_0" else 7)).all()


def test_a_quantised_stranger_names_nobody(tmp_path: Path, folders: Path) -> None:
    """Nor does our own model without a mark."""
    ours = open_checkpoint(folders / "ours")
    weights = {n: e.whole() for n, e in ours.tensors.items()}
    for at, each in enumerate((weights, {**weights, **models.drawn(9, neurons=256)})):
        for format_ in ("gptq", "awq"):
            out = tmp_path / f"{format_}{at}"
            getattr(formats, f"write_{format_}")(out, each, models.CONFIG)
            found = trace_mark(MARK, ours, open_checkpoint(out), RECIPIENTS)
            assert (found.found, found.named) == (False, ())
