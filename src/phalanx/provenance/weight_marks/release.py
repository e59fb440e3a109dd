"""A recipient's copy of a whole folder: a new one beside its place, moved there when it is whole.

What goes out is what was marked, and what holds no weights. A folder often has the same weights
twice (an old pickled checkpoint, a file for another program, what a version control keeps): such
files stay behind, because one of them would be a copy without a mark.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.provenance.weight_marks.mark import WeightMark
from phalanx.provenance.weights import Checkpoint, open_checkpoint
from phalanx.provenance.weights.checkpoint import stored_parts
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Floats32
from phalanx.provenance.weights.rewriting import WRITTEN, rewrite_shard
from phalanx.scratch import scratch_folder

HOLDS_WEIGHTS = frozenset(
    {
        ".bin", ".ckpt", ".gguf", ".ggml", ".h5", ".keras", ".mlmodel", ".msgpack", ".npy", ".npz",
        ".nemo", ".onnx", ".onnx_data", ".ot", ".pb", ".pickle", ".pkl", ".pt", ".pth",
        ".safetensors", ".tar", ".tflite", ".zip", ".gz", ".zst",
    }
)  # fmt: skip
"""Endings of files that stay behind unless they were marked."""

_WHOLE_NUMBERS = frozenset({"BOOL", "I64", "I32", "I16", "U16", "U32", "U64"})

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a copy of a folder will be made of."""

    source: Path
    """Folder of our model, without a mark."""

    target: Path
    """Where the copy is to stand; nothing is there yet."""

    shards: Mapping[Path, Mapping[str, Stored]]
    """Files of weights, with their tensors."""

    marked: frozenset[str]
    """Names of the tensors that get the mark."""

    along: tuple[Path, ...]
    """Other files that are copied, as paths below the folder."""

    left_out: tuple[Path, ...]
    """Files and folders that stay behind, as paths below the folder."""

    @property
    def stored_bytes(self) -> int:
        """Bytes of all files of weights."""
        return sum(path.stat().st_size for path in self.shards)


def takes_mark(name: str, shape: tuple[int, ...]) -> bool:
    """Say whether a tensor of a checkpoint is marked: a matrix that is no bias and no mask.

    Examples:
        >>> takes_mark("lm_head.weight", (9, 4)), takes_mark("h.0.attn.bias", (1, 1, 9, 9))
        (True, False)
    """
    return WeightMark.takes(shape) and not name.endswith("bias")


def marked_names(model: Checkpoint) -> list[str]:
    """Return the names of an original's tensors that are marked in every copy.

    Raises:
        InputError: If one is quantised, or the model has none.
    """
    found = []
    for name, each in model.tensors.items():
        if not takes_mark(name, each.shape):
            continue
        if each.stored in WRITTEN:
            found.append(name)
        elif each.stored not in _WHOLE_NUMBERS or name.endswith("weight"):
            message = (
                f"{name} in {model.path} is stored as {each.stored}, and a mark is put into BF16, "
                "F16 or F32: it moves a weight by less than a step of fewer bits"
            )
            advice = "Mark the model that was quantised, and quantise its marked copy."
            raise InputError(message, next_step=advice)
    if not found:
        message = f"{model.path} has no matrix of weights: there is nothing to mark"
        raise InputError(message, next_step="Name the folder of a model in BF16, F16 or F32.")
    return found


def plan_release(source: Path, target: Path) -> Release:
    """Look at a folder, and say what a marked copy of it will be; nothing is written.

    Parameters:
        source: Folder of our model, with safetensors of kinds BF16, F16 or F32.
        target: New folder; the one that it stands in exists.

    Raises:
        InputError: If the source is damaged, quantised or no such folder, or the target is there,
            inside of the source, or cannot be made.
    """
    if not source.is_dir():
        message = f"{source}: no such folder"
        raise InputError(message, next_step="Name the folder of our model.")
    _refuse_target(source, target)
    parts = stored_parts(source)
    marked = frozenset(marked_names(open_checkpoint(source)))
    shards: dict[Path, dict[str, Stored]] = {}
    for name, place in parts.items():
        shards.setdefault(place.path, {})[name] = place
    along: list[Path] = []
    left_out: list[Path] = []
    try:
        for path, goes in _others(source):
            if path not in shards:
                (along if goes else left_out).append(path.relative_to(source))
    except OSError as error:
        message = f"{source} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass a folder that may be read.") from error
    return Release(
        source=source, target=target, shards=shards, marked=marked, along=tuple(along),
        left_out=tuple(left_out),
    )  # fmt: skip


def write_release(
    release: Release, mark: WeightMark, recipient: str, progress: Progress = lambda *_: None
) -> None:
    """Write a recipient's copy. Whatever interrupts it, the target is whole or not there.

    Parameters:
        release: What it is made of.
        mark: Under the secret of this model.
        recipient: Who gets the copy.
        progress: Is told the file, and the share that is done.

    Raises:
        InputError: If a file of the source was damaged or changed meanwhile, holds numbers that are
            not finite, or nothing can be written.
    """
    done, whole = 0, max(1, release.stored_bytes)

    def change(name: str, first: int, rows: Floats32) -> Floats32:
        try:
            return mark.marked(name, rows, recipient, first=first)
        except ValueError as error:
            message = f"{release.source}: {error}"
            raise InputError(message, next_step="Repair the model before it is marked.") from error

    try:
        with scratch_folder(release.target.parent) as scratch:
            copy = scratch / "copy"
            copy.mkdir(mode=0o700)
            for path, parts in release.shards.items():
                target = copy / path.name
                for size in rewrite_shard(path, target, parts, change, release.marked):
                    done += size
                    progress(path.name, min(1.0, done / whole))
            for path in release.along:
                (copy / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(release.source / path, copy / path)
            _refuse_target(release.source, release.target)
            _settle(copy)
            copy.rename(release.target)
            _settle(release.target.parent)
    except OSError as error:
        message = f"{release.target} cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another place, or make room there.") from error


def _settle(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_target(source: Path, target: Path) -> None:
    if os.path.lexists(target):
        message = f"{target} is there already"
        raise InputError(message, next_step="Name a new folder.")
    if not target.parent.is_dir():
        message = f"{target.parent}: no such folder"
        raise InputError(message, next_step="Make it, or name another place.")
    if target.parent.resolve().is_relative_to(source.resolve()):
        message = f"{target} would stand inside of our own model's folder"
        raise InputError(message, next_step="Name a folder elsewhere.")


def _others(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield files below a folder, and whether each goes along; folders that do not as well."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            yield path, False
        elif path.is_dir() and not path.is_symlink():
            yield from _others(path)
        else:
            yield path, path.is_file() and path.suffix.lower() not in HOLDS_WEIGHTS
