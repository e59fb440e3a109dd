"""Files of weights, written by hand so that they can be wrong in every way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

KINDS = {"float32": "F32", "float16": "F16", "float64": "F64", "int32": "I32", "int8": "I8"}


class Writing:
    """Writes the safetensors format."""

    @staticmethod
    def lay(tensors: Mapping[str, tuple[str, Any]]) -> tuple[dict[str, Any], bytes]:
        """Return header and data of tensors, each with the name of its kind of numbers."""
        header: dict[str, Any] = {}
        data = b""
        for name, (kind, array) in tensors.items():
            raw = np.ascontiguousarray(array).tobytes()
            header[name] = {
                "dtype": kind,
                "shape": list(np.shape(array)),
                "data_offsets": [len(data), len(data) + len(raw)],
            }
            data += raw
        return header, data

    @staticmethod
    def put(path: Path, header: object, data: bytes) -> Path:
        """Write a header, which may be bytes, and data."""
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data)
        return path

    def save(self, path: Path, tensors: Mapping[str, Any]) -> Path:
        """Write arrays, or pairs of a kind and an array."""
        named = {
            name: each if isinstance(each, tuple) else (KINDS[each.dtype.name], each)
            for name, each in tensors.items()
        }
        return self.put(path, *self.lay(named))

    def model(
        self, folder: Path, tensors: Mapping[str, Any], config: Mapping[str, Any] | None = None
    ) -> Path:
        """Write a folder with weights and settings."""
        folder.mkdir(parents=True, exist_ok=True)
        self.save(folder / "model.safetensors", tensors)
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config))
        return folder


@pytest.fixture(scope="session")
def writing() -> Writing:
    """Return what writes files of weights."""
    return Writing()
