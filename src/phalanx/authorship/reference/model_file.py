"""The file of a detector: safetensors with JSON, nothing that is run when it is read.

Tables are kept for what is known only, in half precision. A file is read whole, up to a bound, and
refused unless its digest, its names, shapes and ranges are as they must be.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from phalanx.authorship.detector import (
    Detector,
    FormTable,
    Fusion,
    LetterTable,
    RunTable,
    WithReadings,
)
from phalanx.authorship.features import KINDS
from phalanx.authorship.features.seen import LETTER_BUCKETS, RUN_BUCKETS
from phalanx.authorship.reference.calibrated import MOST_NAME, Calibrated
from phalanx.authorship.reference.cells import Cell
from phalanx.errors import InputError, PhalanxError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import written_whole
from phalanx.tensor_layout import LENGTH_BYTES, header_length, parse_layout

FORMAT = "phalanx.authorship-detector/3"
MOST_BYTES = 64 << 20
"""A file that is larger is no detector."""

_STORED = {"F16": np.float16, "F64": np.float64, "U32": np.uint32}
_NEXT = "Name a file that `phalanx authorship fit` or `calibrate` wrote."
_PARTS = ("edges", "weights", "centre", "spread")
_WEIGHED = ("centre", "spread", "weights")


def write_model(model: Calibrated, path: Path) -> str:
    """Write a detector and its reference, whole or not at all.

    Returns:
        SHA-256 of the file, in hexadecimal.

    Raises:
        InputError: If it cannot be written.
    """
    content = to_bytes(model)
    try:
        with written_whole(path) as aside:
            aside.write_bytes(content)
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Pass another path with --output.") from error
    return hashlib.sha256(content).hexdigest()


def to_bytes(model: Calibrated) -> bytes:
    """Return the content of the file of a detector."""
    tensors = _tensors(model)
    body = b"".join(each.tobytes() for each in tensors.values())
    said = {
        "format": FORMAT,
        "kind": model.detector.kind.name,
        "languages": model.detector.languages,
        "fitted_on": model.detector.about,
        "reference": model.about,
        "cells": [[each.domain, each.language, each.size_from] for each in model.cells],
        "tokens": [model.detector.runs.human_tokens, model.detector.runs.model_tokens],
        "intercept": model.detector.fusion.intercept,
        "margin": model.margin,
        "reader": None
        if model.joined is None
        else [model.joined.reader, model.joined.reader_digest, model.joined.intercept],
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }
    header: dict[str, Any] = {"__metadata__": {"phalanx": json.dumps(said, allow_nan=False)}}
    at = 0
    kinds = {np.dtype(kind): name for name, kind in _STORED.items()}
    for name, each in tensors.items():
        where = [at, at + each.nbytes]
        at += each.nbytes
        header[name] = {
            "dtype": kinds[each.dtype], "shape": list(each.shape), "data_offsets": where,
        }  # fmt: skip
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text + body


def _tensors(model: Calibrated) -> dict[str, npt.NDArray[Any]]:
    detector = model.detector
    runs, letters, form, fusion = detector.runs, detector.letters, detector.form, detector.fusion
    known, known_letters = np.flatnonzero(runs.rarity), np.flatnonzero(letters.rarity)
    found: dict[str, npt.NDArray[Any]] = {}
    # The widest numbers come first, so that each begins where its width divides.
    for name in _PARTS:
        found[f"form.{name}"] = np.asarray(getattr(form, name), dtype=np.float64)
    for name in _WEIGHED:
        found[f"fusion.{name}"] = np.asarray(getattr(fusion, name), dtype=np.float64)
    if model.joined is not None:
        for name in _WEIGHED:
            found[f"joined.{name}"] = np.asarray(getattr(model.joined, name), dtype=np.float64)
    for at, cell in enumerate(model.cells):
        found[f"cell.{at}.scores"] = cell.scores.astype(np.float64)
        found[f"cell.{at}.strangeness"] = cell.strangeness.astype(np.float64)
    found["runs.known"] = known.astype(np.uint32)
    found["letters.known"] = known_letters.astype(np.uint32)
    found["runs.rarity"] = runs.rarity[known].astype(np.float16)
    found["runs.weights"] = runs.weights[known].astype(np.float16)
    found["runs.human"] = np.log1p(runs.human[known].astype(np.float64)).astype(np.float16)
    found["runs.model"] = np.log1p(runs.model[known].astype(np.float64)).astype(np.float16)
    found["letters.rarity"] = letters.rarity[known_letters].astype(np.float16)
    found["letters.weights"] = letters.weights[known_letters].astype(np.float16)
    return found


def read_model(path: Path) -> Calibrated:
    """Read a detector and its reference.

    Raises:
        InputError: If it cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step=_NEXT) from error
    return from_bytes(content, str(path))


def shipped_models() -> tuple[Calibrated, ...]:
    """Return the detectors that are installed with the package, text before code."""
    folder = files("phalanx.authorship") / "shipped"
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".detector"))
    return tuple(
        from_bytes((folder / name).read_bytes(), name) for name in sorted(names, reverse=True)
    )


def from_bytes(content: bytes, where: str) -> Calibrated:
    """Understand the content of a file.

    Parameters:
        content: At most `MOST_BYTES` of it.
        where: What messages call it.

    Raises:
        InputError: If it is no detector.
    """
    if len(content) > MOST_BYTES:
        _refuse(where, f"has more than {MOST_BYTES:,} bytes")
    length = header_length(content[:LENGTH_BYTES], len(content), where)
    text = content[LENGTH_BYTES : LENGTH_BYTES + length]
    layout = parse_layout(text, len(content), where)
    said = _said(text, where)
    body = content[LENGTH_BYTES + length :]
    if hashlib.sha256(body).hexdigest() != said.get("body_sha256"):
        _refuse(where, "does not hold what it was written with")
    tensors = {}
    for name, entry in layout.items():
        if entry.stored not in _STORED:
            _refuse(where, f"holds numbers of a kind that no detector has, {entry.stored}")
        values = np.frombuffer(
            content, _STORED[entry.stored], entry.size // np.dtype(_STORED[entry.stored]).itemsize,
            entry.start,
        )  # fmt: skip
        if not np.isfinite(values).all():
            _refuse(where, f"holds numbers that are none in {name[:40]!r}")
        tensors[name] = values.reshape(entry.shape)
    try:
        return _model(said, tensors, hashlib.sha256(content).hexdigest())
    except PhalanxError:
        raise
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        _refuse(where, f"is no whole detector: {str(error)[:100]}")


def _said(text: bytes, where: str) -> dict[str, Any]:
    kept = parse_object(text, f"the header of {where}").get("__metadata__")
    told = kept.get("phalanx") if isinstance(kept, dict) else None
    if not isinstance(told, str):
        _refuse(where, "is no detector of Phalanx")
    said = parse_object(told.encode(), f"what {where} says")
    if said.get("format") != FORMAT:
        _refuse(where, f"is of another format than {FORMAT}")
    return said


def _model(said: dict[str, Any], tensors: dict[str, npt.NDArray[Any]], digest: str) -> Calibrated:
    known = _known(tensors["runs.known"], RUN_BUCKETS)
    known_letters = _known(tensors["letters.known"], LETTER_BUCKETS)
    human, model = (
        _spread(np.expm1(tensors[f"runs.{each}"].astype(np.float64)), known, RUN_BUCKETS)
        for each in ("human", "model")
    )
    human_tokens, model_tokens = (float(each) for each in said["tokens"])
    if min(human_tokens, model_tokens, human.min(), model.min()) < 0:
        message = "counts are negative"
        raise ValueError(message)
    rarity, weights = (
        _spread(tensors[f"runs.{each}"], known, RUN_BUCKETS) for each in ("rarity", "weights")
    )
    letters = LetterTable(
        *(
            _spread(tensors[f"letters.{each}"], known_letters, LETTER_BUCKETS)
            for each in ("rarity", "weights")
        )
    )
    cells = tuple(
        Cell(_named(domain), _named(language), int(begins), tensors[f"cell.{at}.scores"],
             tensors[f"cell.{at}.strangeness"])
        for at, (domain, language, begins) in enumerate(said["cells"])
    )  # fmt: skip
    detector = Detector(
        KINDS[said["kind"]],
        tuple(str(each) for each in said["languages"]),
        RunTable(rarity, weights, human, model, human_tokens, model_tokens),
        letters,
        FormTable(*(tensors[f"form.{name}"] for name in _PARTS)),
        Fusion(
            tensors["fusion.centre"],
            tensors["fusion.spread"],
            tensors["fusion.weights"],
            float(said["intercept"]),
        ),
        str(said["fitted_on"]),
    )
    return Calibrated(
        detector, cells, str(said["reference"]), digest, float(said["margin"]),
        _joined(said["reader"], tensors, detector),
    )  # fmt: skip


def _joined(
    said: list[Any] | None, tensors: dict[str, npt.NDArray[Any]], detector: Detector
) -> WithReadings | None:
    if said is None:
        return None
    name, digest, intercept = said
    centre, spread, weights = (tensors[f"joined.{each}"] for each in _WEIGHED)
    return WithReadings(detector, str(name), str(digest), centre, spread, weights, float(intercept))


def _named(name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= MOST_NAME:
        message = "a cell has no name"
        raise ValueError(message)
    return name


def _known(buckets: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    found = buckets.astype(np.int64)
    if found.ndim != 1 or (np.diff(found) <= 0).any() or (found >= most).any():
        message = "known n-grams do not rise within their table"
        raise ValueError(message)
    return found


def _spread(
    values: npt.NDArray[Any], known: npt.NDArray[np.int64], most: int
) -> npt.NDArray[np.float32]:
    if values.shape != known.shape:
        message = "a table has another size than what is known"
        raise ValueError(message)
    table = np.zeros(most, dtype=np.float32)
    table[known] = values
    return table


def _refuse(where: str, what: str) -> NoReturn:
    message = f"{where} {what}"
    raise InputError(message, next_step=_NEXT)
