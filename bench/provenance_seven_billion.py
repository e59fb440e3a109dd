"""Provenance: two models of seven billion parameters, compared from disk in bounded memory.

Makes Llama-shaped models of random bfloat16 numbers, shard by shard: ours; a suspect with half of
its layers taken from ours, rounded and with neurons reordered, and half of its own; a stranger.
Each comparison with ours is a process of its own; its
time is given as a ratio to reading the bytes of both models once.

Run `python bench/provenance_seven_billion.py --folder FOLDER` with 28 GB free; `--smoke` makes
small ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.model import ExactEvidence
from phalanx.provenance.tests import compare_weights
from phalanx.provenance.weights import open_checkpoint
from results import peak_memory_bytes, print_table, save

Words = npt.NDArray[np.uint16]
Shapes = dict[str, tuple[int, ...]]
BLOCK = 2**26
"""Bytes of one piece of the pass that comparisons are measured against."""


@dataclass(frozen=True)
class Shape:
    """A Llama-like model."""

    layers: int
    hidden: int
    neurons: int
    tokens: int
    heads: int


FULL = Shape(32, 4096, 11008, 32000, 32)
SMALL = Shape(4, 128, 344, 500, 4)


def main() -> None:
    """Make, compare, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where models are made for a while")
    parser.add_argument("--layers", type=int, default=FULL.layers)
    parser.add_argument("--compare", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--smoke", action="store_true", help="small models")
    arguments = parser.parse_args()
    if arguments.compare:
        print(json.dumps(_compare(*arguments.compare)))
        return
    shape = SMALL if arguments.smoke else replace(FULL, layers=arguments.layers)
    folder = Path(tempfile.mkdtemp(prefix="phalanx-seven-", dir=arguments.folder))
    rows = []
    try:
        _make(folder / "ours", shape, 1, kin=False)
        for name, seed in (("suspect", 2), ("stranger", 3)):
            _make(folder / name, shape, seed, kin=name == "suspect")
            rows.append(_measure(folder / "ours", folder / name))
            shutil.rmtree(folder / name)
    finally:
        shutil.rmtree(folder)
    print_table("Two models compared", [*rows[0]], [[*row.values()] for row in rows])
    save(
        "provenance_seven_billion", {"smoke": arguments.smoke, "layers": shape.layers, "rows": rows}
    )


def _measure(ours: Path, other: Path) -> dict[str, object]:
    """Compare in a process of its own, right after a pass over the files."""
    begun = time.monotonic(), time.process_time()
    size = sum(_pass(path) for folder in (ours, other) for path in folder.glob("*.safetensors"))
    passed = time.monotonic() - begun[0], time.process_time() - begun[1]
    done = subprocess.run(
        [sys.executable, __file__, "--compare", ours, other],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    wall, cpu = found.pop("seconds"), found.pop("cpu_seconds")
    row = {
        "suspect": other.name,
        "GB": round(size / 1e9, 2),
        "pass, seconds": round(passed[0], 1),
        "seconds": round(wall, 1),
        "ratio": round(wall / passed[0], 2),
        "CPU ratio": round(cpu / passed[1], 1),
        **found,
    }
    print(row, file=sys.stderr)
    return row


def _pass(path: Path) -> int:
    buffer = bytearray(BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return path.stat().st_size


def _compare(ours: Path, other: Path) -> dict[str, object]:
    begun = time.monotonic(), time.process_time()
    answer = compare_weights(open_checkpoint(ours), open_checkpoint(other))
    seconds, cpu = time.monotonic() - begun[0], time.process_time() - begun[1]
    strongest = {
        outcome.test.rule_id.removeprefix("PHX-") + ("v" if outcome.where else ""): round(
            evidence.log10_p, 1
        )
        for outcome, evidence in answer.results
        if isinstance(evidence, ExactEvidence)
    }
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak GB": round(peak_memory_bytes() / 1e9, 2),
        "log10 p": strongest,
        "layers named": len(answer.layers.origins(-6.0)) if answer.layers else 0,
    }


def _make(folder: Path, shape: Shape, seed: int, *, kin: bool) -> None:
    """Write a model, one shard for each layer; half of a kin's layers are ours, moved."""
    folder.mkdir(parents=True, exist_ok=True)
    ends: Shapes = {"model.embed_tokens.weight": (shape.tokens, shape.hidden)}
    placed: dict[str, str] = {}
    for number in range(-1, shape.layers):
        tensors: Shapes = ends if number < 0 else _layer(shape, number)
        name = f"model-{number + 1:05d}.safetensors"
        ours = kin and number >= shape.layers // 2
        _write(folder / name, tensors, _numbers(tensors, 1 if ours else seed, number, moved=ours))
        placed |= dict.fromkeys(tensors, name)
    index = {"metadata": {}, "weight_map": placed}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "rms_norm_eps": 1e-6,
    }
    (folder / "config.json").write_text(json.dumps(config))


def _layer(shape: Shape, number: int) -> Shapes:
    at, hidden, neurons = f"model.layers.{number}", shape.hidden, shape.neurons
    heads: Shapes = {f"{at}.self_attn.{each}_proj.weight": (hidden, hidden) for each in "qkvo"}
    return heads | {
        f"{at}.mlp.gate_proj.weight": (neurons, hidden),
        f"{at}.mlp.up_proj.weight": (neurons, hidden),
        f"{at}.mlp.down_proj.weight": (hidden, neurons),
        f"{at}.input_layernorm.weight": (hidden,),
        f"{at}.post_attention_layernorm.weight": (hidden,),
    }


def _numbers(tensors: Shapes, seed: int, number: int, *, moved: bool) -> Iterator[Words]:
    """Yield random bfloat16: sign, fraction and the last bit of the exponent are drawn.

    Moved numbers lose the lower half of their fractions, and neurons their order.
    """
    random = np.random.default_rng([seed, number + 1])
    noise = np.random.default_rng([99, number + 1])
    order: npt.NDArray[np.int64] | None = None
    for name, shape in tensors.items():
        words = np.frombuffer(random.bytes(2 * int(np.prod(shape))), np.uint16).reshape(shape)
        if len(shape) == 1:
            yield (words & np.uint16(0x007F)) | np.uint16(0x3F80)
            continue
        words = (words & np.uint16(0x80FF)) | np.uint16(0x3C00)
        if moved:
            words &= np.uint16(0xFFF0)
            if ".mlp." in name:
                axis = int("down" in name)
                order = noise.permutation(shape[axis]) if order is None else order
                words = words.take(order, axis=axis)
        yield words


def _write(path: Path, tensors: Shapes, numbers: Iterator[Words]) -> None:
    header, at = {}, 0
    for name, shape in tensors.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for each in numbers:
            each.tofile(file)


if __name__ == "__main__":
    main()
