"""GGUF: every kind of block that is read, models that were split, headers that lie."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.errors import InputError
from phalanx.provenance.weights import open_checkpoint
from phalanx.provenance.weights.digest import weights_digest
from phalanx.provenance.weights.gguf_header import read_gguf_header

gguf = pytest.importorskip("gguf", reason="gguf is not installed")
SIZES: Mapping[Any, tuple[int, int]] = gguf.GGML_QUANT_SIZES
KINDS = gguf.GGMLQuantizationType
READ = (
    "F64", "F32", "F16", "BF16", "I8", "I16", "I32", "I64", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0",
    "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S",
    "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0", "MXFP4", "NVFP4",
)  # fmt: skip
REFUSED = ("Q8_1", "Q8_K")


def text(value: str) -> bytes:
    """Return a text as the format has it."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    """Return what a header says of a tensor."""
    axes = struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
    return text(name) + axes + struct.pack("<IQ", kind, offset)


def head(tensors: int, settings: int, rest: bytes = b"") -> bytes:
    """Return a header that may lie about its counts."""
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, settings) + rest


def put(path: Path, header: bytes, data: bytes = b"") -> Path:
    """Write a file whose data are aligned."""
    path.write_bytes(header + bytes(-len(header) % 32) + data)
    return path


def blocks(path: Path, kind: Any, rows: int, row: int) -> bytes:
    """Write a matrix of random blocks, the same whatever ran before, and return them."""
    numbers, size = SIZES[kind]
    raw = (
        np.random.default_rng(kind.value)
        .integers(0, 256, rows * row // numbers * size, dtype=np.uint8)
        .tobytes()
    )
    put(path, head(1, 0, entry("w", (rows, row), kind.value, 0)), raw)
    return raw


@pytest.mark.parametrize("name", READ)
def test_every_kind_that_llama_cpp_writes(name: str, tmp_path: Path) -> None:
    """Is read by rows as it is read whole."""
    blocks(tmp_path / "a.gguf", KINDS[name], 4, 512)
    (tensor,) = open_checkpoint(tmp_path).tensors.values()
    whole = tensor.whole()
    assert (whole.shape, tensor.stored) == ((4, 512), name)
    np.testing.assert_array_equal(tensor.read(1, 3), whole[1:3])


@pytest.mark.parametrize("name", REFUSED)
def test_kinds_that_only_live_in_memory(name: str, tmp_path: Path) -> None:
    """Are listed, and refused with words when they are read."""
    blocks(tmp_path / "a.gguf", KINDS[name], 2, 256)
    (tensor,) = open_checkpoint(tmp_path).tensors.values()
    with pytest.raises(InputError, match=f"numbers of kind {name}"):
        tensor.whole()


def _q4_k(raw: bytes) -> npt.NDArray[np.float64]:
    """Read 256 numbers of 4 bits, whose 8 scales and minima have 6 bits each."""
    step, least = np.frombuffer(raw, "<f2", 2).astype(np.float64)
    packed, codes = raw[4:16], raw[16:]
    found = []
    for at in range(8):
        if at < 4:
            scale, low = packed[at] & 63, packed[at + 4] & 63
        else:
            scale = packed[at + 4] & 15 | packed[at - 4] >> 6 << 4
            low = packed[at + 4] >> 4 | packed[at] >> 6 << 4
        part = codes[at // 2 * 32 : at // 2 * 32 + 32]
        found += [step * scale * (each >> 4 * (at % 2) & 15) - least * low for each in part]
    return np.array(found)


def _q6_k(raw: bytes) -> npt.NDArray[np.float64]:
    """Read 256 numbers of 6 bits, four of them apart and two, with a scale for each 16."""
    low, high, scales = raw[:128], raw[128:192], np.frombuffer(raw[192:208], "i1")
    step = float(np.frombuffer(raw[208:], "<f2")[0])
    found = np.zeros(256)
    for at in range(256):
        half, inside = divmod(at, 128)
        quarter, one = divmod(inside, 32)
        four = low[64 * half + 32 * (quarter % 2) + one] >> 4 * (quarter // 2) & 15
        two = high[32 * half + one] >> 2 * quarter & 3
        found[at] = step * scales[at // 16] * ((four | two << 4) - 32)
    return found


@pytest.mark.parametrize(("name", "read"), [("Q4_K", _q4_k), ("Q6_K", _q6_k)])
def test_k_quants_mean_what_the_format_says(
    name: str, read: Callable[[bytes], npt.NDArray[np.float64]], tmp_path: Path
) -> None:
    """Block by block, written out a second time here; steps that are not finite are left out."""
    raw = blocks(tmp_path / "a.gguf", KINDS[name], 3, 512)
    (tensor,) = open_checkpoint(tmp_path).tensors.values()
    size = SIZES[KINDS[name]][1]
    with np.errstate(all="ignore"):
        expected = [read(raw[at : at + size]) for at in range(0, len(raw), size)]
    good = np.isfinite(expected)
    assert good.any()
    found = tensor.whole().reshape(-1, 256)
    np.testing.assert_allclose(found[good], np.array(expected)[good], rtol=1e-5)


def split(folder: Path, parts: int, **said: int) -> list[Path]:
    """Write a model of one matrix a part."""
    folder.mkdir(exist_ok=True)
    files = []
    for at in range(parts):
        named = {"split.no": at, "split.count": parts, "split.tensors.count": parts, **said}
        settings = b"".join(
            text(name) + struct.pack("<II", 4, value) for name, value in named.items()
        )
        header = head(1, len(named), settings + entry(f"blk.{at}.ffn_up.weight", (8, 4), 0, 0))
        path = folder / f"m-{at + 1:05}-of-{parts:05}.gguf"
        files.append(put(path, header, np.full((8, 4), at, "<f4").tobytes()))
    return files


def test_a_model_that_was_split(tmp_path: Path) -> None:
    """Is one model, by its folder or by any of its parts; its digest is of all of them."""
    files = split(tmp_path / "whole", 3)
    for path in (tmp_path / "whole", *files):
        tensors = open_checkpoint(path).tensors
        assert [float(each.whole()[0, 0]) for each in tensors.values()] == [0.0, 1.0, 2.0]
    digests = {weights_digest(each) for each in files}
    assert digests == {weights_digest(tmp_path / "whole")}
    files[2].write_bytes(files[2].read_bytes()[:-1] + b"\1")
    assert weights_digest(files[0]) not in digests


def test_parts_that_are_not_of_one_model(tmp_path: Path) -> None:
    """Are refused: one is missing, says it is another, or is there beside another model."""
    files = split(tmp_path / "short", 3)
    files[1].unlink()
    with pytest.raises(InputError, match=r"m-00002-of-00003\.gguf is not there"):
        open_checkpoint(tmp_path / "short")
    for name, value in (("split.no", 7), ("split.count", 4), ("split.tensors.count", 9)):
        (first, *_) = split(tmp_path / "lying", 2, **{name: value})
        with pytest.raises(InputError, match=name):
            open_checkpoint(first)
    first, second = split(tmp_path / "twice", 2)
    second.write_bytes(second.read_bytes().replace(b"blk.1", b"blk.0"))
    with pytest.raises(InputError, match="that another part has too"):
        open_checkpoint(first)
    split(tmp_path / "two", 2)
    blocks(tmp_path / "two" / "z.gguf", KINDS["F32"], 2, 32)
    with pytest.raises(InputError, match="3 GGUF files, not all of one model"):
        open_checkpoint(tmp_path / "two")
    alone = tmp_path / "lying" / "alone.gguf"
    alone.write_bytes(first.read_bytes())
    with pytest.raises(InputError, match=r"split\.count 2"):
        open_checkpoint(alone)
    odd = tmp_path / "m-00000-of-00002.gguf"
    odd.write_bytes(b"GGUF")
    with pytest.raises(InputError, match="part 0 of 2"):
        open_checkpoint(odd)


MATRIX = entry("t", (4, 4), 0, 0)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "header, which can have 0"),
        (b"JUNK" + bytes(60), "does not begin as"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version 50331648"),
        (head(2**40, 0, MATRIX), "header, which can have"),
        (head(0, 2**62), "header, which can have"),
        (head(0, 1, text("a") + struct.pack("<IIQ", 9, 4, 2**34) + bytes(64)), "68,719,476,736"),
        (head(0, 1, text("a") + struct.pack("<IIQ", 9, 8, 2**34) + bytes(64)), "137,438,953,472"),
        (head(0, 1, text("a") + struct.pack("<IQ", 8, 2**60)), "has a name of"),
        (head(0, 1, text("a") + struct.pack("<IQ", 8, 9) + b"short"), "can have"),
        (head(0, 1, struct.pack("<Q", 2**63)), "has a name of"),
        (head(0, 1, text("a") + struct.pack("<I", 13)), "unknown kind, 13"),
        (head(0, 1, text("a") + struct.pack("<IIQ", 9, 9, 1) * 2000), "values of kind 9"),
        (head(0, 1, struct.pack("<Q", 1) + b"\xff" + bytes(9)), "not UTF-8"),
        (head(0, 2, (text("a") + struct.pack("<IB", 0, 1)) * 2), "'a' twice"),
        (head(0, 1, text("general.alignment") + struct.pack("<II", 4, 0)), "power of two"),
        (head(2, 0, MATRIX * 2), "two tensors 't'"),
        (head(1, 0, text("t") + struct.pack("<I", 2**31) + bytes(64)), "axes"),
        (head(1, 0, entry("t", (2**33, 2**33), 0, 0)), "more numbers than there are"),
        (head(1, 0, entry("t", (4, 4), 777, 0)) + bytes(99), "kind 777"),
        (head(1, 0, entry("t", (4, 5), 2, 0)) + bytes(99), "blocks are of 32"),
        (head(1, 0, entry("t", (4, 4), 0, 2**63)) + bytes(99), "ends behind it"),
        (head(2, 0, MATRIX + entry("u", (4, 4), 0, 32)) + bytes(199), "overlaps another"),
        (head(1, 0, MATRIX), "ends behind it"),
    ],
)  # fmt: skip
def test_headers_that_lie(raw: bytes, word: str, tmp_path: Path) -> None:
    """Are refused with what is wrong, before anything of the size that they state is held."""
    path = tmp_path / "a.gguf"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=word):
        open_checkpoint(path)


def test_settings_are_read_and_lists_passed_over(tmp_path: Path) -> None:
    """Numbers and texts of every kind; a list stands for nothing, so that nobody counts on it."""
    scalars = {"a": (0, "<B", 7), "b": (7, "<?", True), "c": (6, "<f", 0.5), "d": (11, "<q", -9)}
    said = b"".join(
        text(n) + struct.pack("<I", k) + struct.pack(f, v) for n, (k, f, v) in scalars.items()
    )
    lists = text("l.attention.head_count") + struct.pack("<IIQ2i", 9, 5, 2, 4, 8)
    words = text("words") + struct.pack("<IIQ", 9, 8, 2) + text("one") + text("two" * 700_000)
    last = text("general.architecture") + struct.pack("<I", 8) + text("l")
    path = put(tmp_path / "a.gguf", head(1, 7, said + lists + words + last + MATRIX), bytes(64))
    settings = read_gguf_header(path).settings
    assert {name: settings[name] for name in scalars} == {n: v for n, (_, _, v) in scalars.items()}
    assert settings["l.attention.head_count"] is None
    assert open_checkpoint(path).config == {"model_type": "gguf-l", "num_attention_heads": None}


def test_the_digest_reads_regular_files_alone(writing: Any, tmp_path: Path) -> None:
    """A pipe or a device that is called weights would be read for ever."""
    folder = writing.model(tmp_path / "a", {"w": np.ones((2, 2), np.float32)})
    before = weights_digest(folder)
    os.mkfifo(folder / "b.safetensors")
    (folder / "c.gguf").symlink_to("/dev/zero")
    (folder / "d.gguf").mkdir()
    assert weights_digest(folder) == before
    with pytest.raises(InputError, match="no regular file"):
        weights_digest(folder / "b.safetensors")
