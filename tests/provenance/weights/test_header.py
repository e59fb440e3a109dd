"""Headers that lie are refused, with words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.provenance.weights import open_checkpoint
from phalanx.provenance.weights.header import read_header
from phalanx.tensor_layout import MOST_HEADER_BYTES

F32 = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({**F32, "data_offsets": [0, 20]}, "lie outside"),
        ({**F32, "data_offsets": [16, 0]}, "lie outside"),
        ({**F32, "data_offsets": [-16, 0]}, "not two whole numbers"),
        ({**F32, "data_offsets": [0, 2**70]}, "not two whole numbers"),
        ({**F32, "data_offsets": [0.0, 16.0]}, "not two whole numbers"),
        ({**F32, "data_offsets": None}, "not two whole numbers"),
        ({**F32, "shape": [2, 3]}, "does not fit"),
        ({**F32, "shape": [2**40, 2**40]}, "does not fit"),
        ({**F32, "shape": [True, 4]}, "shape is not"),
        ({**F32, "shape": [1] * 9}, "shape is not"),
        ({**F32, "shape": "22"}, "shape is not"),
        ({**F32, "dtype": "F128"}, "unknown kind"),
        ({**F32, "dtype": ["F32"]}, "unknown kind"),
        ({"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}, "does not fit"),
        ([], "no object"),
        ({**F32, "shape": [2], "data_offsets": [0, 8]}, "behind its last tensor"),
        ({**F32, "shape": [2], "data_offsets": [8, 16]}, "gap"),
    ],
)
def test_an_entry_that_lies(entry: Any, word: str, writing: Any, tmp_path: Path) -> None:
    """Sizes, places and kinds are held against the file before anything is read."""
    path = writing.put(tmp_path / "a.safetensors", {"w": entry}, bytes(16))
    with pytest.raises(InputError, match=word):
        read_header(path)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "has 0 bytes"),
        (b"\x01\0\0", "has 3 bytes"),
        ((2**63).to_bytes(8, "little"), "at most 33,554,432"),
        ((MOST_HEADER_BYTES).to_bytes(8, "little") + b"{}", "and 2 follow"),
        ((4).to_bytes(8, "little") + b"[[]]", "no JSON object"),
        ((2).to_bytes(8, "little") + b"\xff\xfe", "no valid JSON"),
        ((200_000).to_bytes(8, "little") + b"[" * 200_000, "nested too deeply|no valid JSON"),
        ((5_006).to_bytes(8, "little") + b'{"a":' + b"9" * 5_000 + b"}", "no valid JSON"),
    ],
)
def test_a_beginning_that_lies(raw: bytes, word: str, tmp_path: Path) -> None:
    """Lengths are bounded and text is parsed before it is believed."""
    path = tmp_path / "a.safetensors"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=word):
        read_header(path)


def test_two_tensors_in_one_place(writing: Any, tmp_path: Path) -> None:
    """Overlaps are refused: two names for one piece of memory hide what a model is."""
    path = writing.put(tmp_path / "a.safetensors", {"v": F32, "w": F32}, bytes(16))
    with pytest.raises(InputError, match="overlaps another"):
        read_header(path)


def test_a_name_that_stands_twice(writing: Any, tmp_path: Path) -> None:
    """One file must not be two models, by which reader opens it."""
    entry = json.dumps(F32)
    text = f'{{"w": {entry}, "w": {entry}}}'.encode()
    path = writing.put(tmp_path / "a.safetensors", text, bytes(16))
    with pytest.raises(InputError, match="'w' stands twice"):
        read_header(path)


def test_a_file_cut_short_after_its_header_was_read(writing: Any, tmp_path: Path) -> None:
    """Reading then fails with words, and the process lives."""
    path = writing.save(tmp_path / "a.safetensors", {"w": np.ones((64, 64), np.float32)})
    tensor = open_checkpoint(path).tensors["w"]
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="ends 1,000 bytes before"):
        tensor.whole()


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_file_changed_anywhere_is_read_or_refused(
    data: st.DataObject, writing: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever bytes are changed, cut or put in, nothing else is raised and no row is made up."""
    path = tmp_path_factory.getbasetemp() / "fuzzed.safetensors"
    arrays = {"a": np.ones((3, 4), np.float32), "b": ("BF16", np.ones(5, np.uint16))}
    raw = bytearray(writing.save(path, arrays).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        piece = data.draw(st.binary(max_size=3) | st.sampled_from([b"9", b"-", b'"', b"{", b","]))
        raw[at : at + data.draw(st.integers(0, 3))] = piece
        if not raw:
            break
    path.write_bytes(raw)
    try:
        found = open_checkpoint(path)
        for tensor in found.tensors.values():
            assert tensor.whole().shape == tensor.shape
    except InputError as error:
        assert error.next_step  # noqa: PT017 - either way is right
