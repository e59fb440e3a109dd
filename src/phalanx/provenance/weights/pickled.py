"""Checkpoints that are programs are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from phalanx.errors import InputError
from phalanx.provenance.weights.pieces import file_size, read_piece

_BEGINNINGS = {b"PK": "a zip archive as torch.save writes it", b"\x80": "a pickle"}
"""How such files begin. A safetensors file begins with its header's length, and the ninth byte is
a brace; GGUF with its name."""


def refuse_pickled(files: Sequence[Path]) -> None:
    """Raise if one of the files is pickled.

    Raises:
        InputError: With why: loading a pickle runs whatever program its author put in.
    """
    for path in files:
        head = read_piece(path, 0, min(9, file_size(path))).tobytes()
        kind = next((word for mark, word in _BEGINNINGS.items() if head.startswith(mark)), None)
        if path.suffix in {".safetensors", ".json"} and head[8:] == b"{":
            kind = None
        if kind or path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}:
            message = (
                f"{path} is {kind or 'a checkpoint of a pickled kind'}: loading it runs whatever "
                "program its author put in, so it is never opened"
            )
            advice = "Ask for safetensors, or convert it on a machine that may be lost."
            raise InputError(message, next_step=advice)
