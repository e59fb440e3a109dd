"""An embedder in a folder: `model.onnx` and `tokenizer.json`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.errors import InputError, MissingExtraError
from phalanx.printable import printable

MODEL_PLACES = ("model.onnx", "onnx/model.onnx")
TOKENIZER = "tokenizer.json"
MOST_MODEL_BYTES = 1 << 31
"""No model of this format is larger without files beside it."""

MOST_TOKENIZER_BYTES = 1 << 27
MOST_TOKENS = 256
"""Tokens of a prompt that are read, or fewer where the tokenizer says so."""

MOST_DIMENSIONS = 1 << 14
_READ_AS = b"mean of up to 256 tokens, or as many as the tokenizer says"
"""Enters the digest: vectors that were read in another way cannot be compared."""

_BATCH = 8
"""Texts of about one length that are read at once; short ones beside long ones cost as much."""

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_OTHER_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_EXPORT = "Export the model to ONNX first: docs/how-to/compare-meanings.md shows how."
_NEXT_STEP = (
    "Pass a folder with model.onnx (or onnx/model.onnx) and tokenizer.json, as exported from "
    "sentence-transformers."
)


@dataclass(frozen=True, slots=True)
class OnnxEmbedder:
    """A model on disk. Workers of a cluster read the same folder."""

    folder: Path
    digest: str
    """SHA-256 over the digests of the model and of the tokenizer, and how prompts are read."""

    def embed(self, prompts: pa.Array) -> npt.NDArray[np.float32]:
        """Return one vector per prompt: the mean of those of its tokens.

        Raises:
            InputError: If the folder is no longer what was opened, or the model fails.
        """
        loaded = _opened(self.folder, self.digest)
        if not len(prompts):
            return np.zeros((0, 1), dtype=np.float32)
        order = np.argsort(pc.binary_length(prompts).to_numpy(), kind="stable")
        texts = prompts.take(pa.array(order)).to_pylist()
        parts = [
            loaded.embed(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)
        ]
        if len({part.shape[1] for part in parts}) > 1:
            raise _no_vectors(self.folder)
        vectors = np.concatenate(parts)
        return vectors[np.argsort(order)]


def open_embedder(folder: Path) -> OnnxEmbedder:
    """Open a model and try it on one text.

    Raises:
        InputError: If the folder holds no model, or one that does not work.
        MissingExtraError: If the extra `semantic` is not installed.
    """
    embedder = OnnxEmbedder(folder, _digest(*_read(folder)))
    embedder.embed(pa.array(["one text"]))
    return embedder


def embedder_files(folder: Path) -> tuple[Path, Path]:
    """Return the files of the model and of the tokenizer.

    Raises:
        InputError: If one is missing.
    """
    model = next((folder / place for place in MODEL_PLACES if (folder / place).is_file()), None)
    tokenizer = folder / TOKENIZER
    if model is None or not tokenizer.is_file():
        missing = " nor ".join(MODEL_PLACES) if model is None else TOKENIZER
        message = f"{folder}: has no {missing}"
        weights = next((name for name in _OTHER_WEIGHTS if (folder / name).is_file()), None)
        if model is None and weights is not None:
            message += f", only {weights}, which is not run here"
            raise InputError(message, next_step=_EXPORT)
        raise InputError(message, next_step=_NEXT_STEP)
    return model, tokenizer


def _read(folder: Path) -> tuple[bytes, bytes]:
    """Read both files, if they are not too large."""
    found = []
    limits = (MOST_MODEL_BYTES, MOST_TOKENIZER_BYTES)
    for path, most in zip(embedder_files(folder), limits, strict=True):
        try:
            with path.open("rb") as file:
                content = file.read(most + 1)
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror})"
            raise InputError(message, next_step=_NEXT_STEP) from error
        if len(content) > most:
            message = f"{path}: larger than {most:,} bytes"
            raise InputError(message, next_step="Pass a smaller model.")
        found.append(content)
    return found[0], found[1]


def _digest(model: bytes, tokenizer: bytes) -> str:
    return sha256(sha256(model).digest() + sha256(tokenizer).digest() + _READ_AS).hexdigest()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is loaded of a folder."""

    folder: Path
    session: Any
    tokenizer: Any

    def embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Return a vector for each of a few texts."""
        try:
            encoded = self.tokenizer.encode_batch(texts)
            mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
            fed = {
                "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
                "attention_mask": mask,
                "token_type_ids": np.array([each.type_ids for each in encoded], dtype=np.int64),
            }
            asked = {each.name for each in self.session.get_inputs()}
            found = self.session.run(None, {name: fed[name] for name in asked})[0]
            vectors = np.asarray(found, dtype=np.float32)
        except Exception as error:  # both libraries raise kinds of their own
            raise _broken(self.folder, error) from error
        if vectors.ndim == 3 and vectors.shape[:2] == mask.shape:
            vectors = (vectors * mask[:, :, None]).sum(axis=1) / np.maximum(
                mask.sum(axis=1, keepdims=True), 1
            )
        good = vectors.ndim == 2 and len(vectors) == len(texts)
        if (
            not good
            or not 0 < vectors.shape[1] <= MOST_DIMENSIONS
            or not np.isfinite(vectors).all()
        ):
            raise _no_vectors(self.folder)
        return vectors.astype(np.float32)


@lru_cache(maxsize=1)
def _opened(folder: Path, digest: str) -> _Loaded:
    """Open the very bytes that have the digest, once in each process."""
    try:
        from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415 - an extra
        from tokenizers import Tokenizer  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "an embedder needs the extra `semantic`, which is not installed"
        raise MissingExtraError(
            message, next_step="In the clone: pip install '.[semantic]'"
        ) from error
    model, tokens = _read(folder)
    if _digest(model, tokens) != digest:
        message = f"{folder}: changed since it was opened"
        raise InputError(message, next_step="Scan again.")
    options = SessionOptions()
    # The engine's threads each run it.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        tokenizer = Tokenizer.from_buffer(tokens)
        own = tokenizer.truncation
        tokenizer.enable_truncation(min(MOST_TOKENS, own["max_length"]) if own else MOST_TOKENS)
        tokenizer.enable_padding()
        session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise kinds of their own
        raise _broken(folder, error) from error
    unknown = {each.name for each in session.get_inputs()} - _INPUTS
    if unknown:
        message = f"{folder}: the model asks for {printable(min(unknown))}, which is no text"
        raise InputError(message, next_step=_NEXT_STEP)
    return _Loaded(folder, session, tokenizer)


def _no_vectors(folder: Path) -> InputError:
    message = f"{folder}: the model does not yield one vector for each text or token"
    return InputError(message, next_step=_NEXT_STEP)


def _broken(folder: Path, error: Exception) -> InputError:
    reason = printable(str(error).partition("\n")[0])[:200]
    return InputError(f"{folder}: the model does not work ({reason})", next_step=_NEXT_STEP)
