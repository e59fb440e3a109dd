"""The how-to about releases is done, command by command, in the order in which it stands."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.release_work import read_identity
from phalanx.release import Opener
from phalanx.release.accusation import verify_accusation
from phalanx.release.packages.package import read_envelope

PAGE = Path(__file__).parents[2] / "docs/how-to/release-weights.md"
FENCES = re.compile(r"^```([\w ]+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _files() -> Any:
    path = Path(__file__).with_name("test_provenance_marks.py")
    spec = importlib.util.spec_from_file_location("marked_files", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _blocks(kind: str) -> list[str]:
    return [body for name, body in FENCES.findall(PAGE.read_text("utf-8")) if name == kind]


def _made_by(words: list[str]) -> list[Path]:
    """Return what a command writes, which has to be gone before it is run again."""
    options = ("--out", "-o", "--evidence", *(() if words[1] == "trace" else ("--receipt",)))
    return [Path(words[at + 1]) for at, word in enumerate(words) if word in options]


def _run(line: str, expected: int = ExitCode.CLEAN) -> None:
    words = shlex.split(line.replace("s3://", "memory://"))[1:]
    if words[1] != "verify":
        for path in _made_by(words):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    assert main(words) == expected, line


def test_the_page_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From keys to evidence; a store in memory stands for the one on the page."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    shapes = {
        "model.embed_tokens.weight": (2000, 128),
        "model.layers.0.mlp.up_proj.weight": (1500, 128),
        "model.norm.weight": (128,),
    }
    drawn = {name: random.normal(0, 0.02, at).astype("f4") for name, at in shapes.items()}
    files = _files()
    files._write(Path("model"), drawn)
    (terms,) = _blocks("toml")
    Path("terms.toml").write_text(terms.replace("2026-06-02", "2990-06-02").replace(
        "2026-07-02", "2990-07-02"))  # fmt: skip
    memory = fsspec.filesystem("memory")
    memory.put("model", "lab/model", recursive=True)
    lines = [line for block in _blocks("sh") for line in block.splitlines()]
    accept = next(line for line in lines if " accept " in line)
    marked = next(line for line in lines if " seal " in line and "--marks" in line)
    for line in lines:
        if " open sealed " in line and "--tensor" not in line:
            _run(marked)  # the page seals in three ways, and this is the one that is traced
        if " trace " in line:
            tuned = files._read(Path("sealed.opened"))
            noise = {n: random.normal(0, 0.0002, w.shape).astype("f4") for n, w in tuned.items()}
            files._write(Path("suspect"), {name: tuned[name] + noise[name] for name in tuned})
            _run(line, ExitCode.FINDINGS)
            continue
        # What is opened takes the name of our model on the page, on another machine.
        _run(re.sub(r"--out model( |$)", r"--out sealed.opened\1", line).replace(
            "verify model ", "verify sealed.opened "))  # fmt: skip
        if " grant " in line:
            _run(accept)
    lab, partner = read_identity(Path("lab.json")), read_identity(Path("partner.json"))
    said, _ = verify_accusation(
        read_envelope(Path("evidence.json")), lab, partner,
        read_envelope(Path("grant.json")), read_envelope(Path("receipt.json")),
    )  # fmt: skip
    assert said.measured.log10_p < -6
    memory.store.clear()
    (program,) = _blocks("python notest")
    names: dict[str, Any] = {}
    exec(program.split("loaded =")[0], names)  # noqa: S102 - what the page tells to write
    assert isinstance(names["opener"], Opener)
