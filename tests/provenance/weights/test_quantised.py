"""Quantised weights come back as the formats' definitions say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

from phalanx.errors import InputError
from phalanx.provenance.weights import open_checkpoint

RANDOM = np.random.default_rng(1)
OUT, IN, GROUP = 24, 64, 16


def packed(numbers: npt.NDArray[Any], bits: int, axis: int, order: list[int]) -> Any:
    """Pack numbers into 32-bit words along an axis, one word at a time."""
    moved = np.moveaxis(numbers, axis, -1).astype(np.uint32)
    each = 32 // bits
    words = np.zeros((moved.shape[0], moved.shape[1] // each), np.uint32)
    for word in range(words.shape[1]):
        for place in range(each):
            words[:, word] |= moved[:, word * each + order[place]] << np.uint32(bits * place)
    return np.moveaxis(words, -1, axis).astype(np.uint32).view(np.int32)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize(("form", "less"), [("gptq", 1), ("gptq_v2", 0)])
def test_gptq(bits: int, form: str, less: int, writing: Any, tmp_path: Path) -> None:
    """Words along the inputs, zero points less one in the first form, any group for any input."""
    codes = RANDOM.integers(0, 2**bits, (IN, 32))
    zeros = RANDOM.integers(1, 2**bits, (IN // GROUP, 32))
    scales = RANDOM.uniform(0.01, 0.1, (IN // GROUP, 32)).astype(np.float16)
    of = RANDOM.permutation(np.arange(IN) // GROUP).astype(np.int32)
    rising = list(range(32 // bits))
    folder = writing.model(
        tmp_path,
        {
            "l.qweight": packed(codes, bits, 0, rising),
            "l.qzeros": packed(zeros - less, bits, 1, rising),
            "l.scales": scales,
            "l.g_idx": of,
        },
        {"quantization_config": {"bits": bits, "checkpoint_format": form}},
    )
    (tensor,) = open_checkpoint(folder).tensors.values()
    expected = ((codes - zeros[of]) * scales.astype(np.float32)[of]).T
    assert (tensor.name, tensor.shape, tensor.stored) == ("l.weight", (32, IN), f"GPTQ {bits} bits")
    np.testing.assert_allclose(tensor.whole(), expected, rtol=1e-6)
    np.testing.assert_allclose(tensor.read(5, 19), expected[5:19], rtol=1e-6)


def test_awq(writing: Any, tmp_path: Path) -> None:
    """Words along the outputs, in the order of its kernels."""
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    codes = RANDOM.integers(0, 16, (IN, OUT))
    zeros = RANDOM.integers(0, 16, (IN // GROUP, OUT))
    scales = RANDOM.uniform(0.01, 0.1, (IN // GROUP, OUT)).astype(np.float16)
    folder = writing.model(
        tmp_path,
        {
            "l.qweight": packed(codes, 4, 1, order),
            "l.qzeros": packed(zeros, 4, 1, order),
            "l.scales": scales,
        },
        {"quantization_config": {"bits": 4}},
    )
    (tensor,) = open_checkpoint(folder).tensors.values()
    of = np.arange(IN) // GROUP
    expected = ((codes - zeros[of]) * scales.astype(np.float32)[of]).T
    assert tensor.stored == "AWQ 4 bits"
    np.testing.assert_allclose(tensor.whole(), expected, rtol=1e-6)
    np.testing.assert_allclose(tensor.read(3, 4), expected[3:4], rtol=1e-6)


def test_compressed_tensors(writing: Any, tmp_path: Path) -> None:
    """Symmetric about eight, words along the inputs of each output."""
    codes = RANDOM.integers(0, 16, (OUT, IN))
    scales = RANDOM.uniform(0.01, 0.1, (OUT, IN // GROUP)).astype(np.float32)
    folder = writing.model(
        tmp_path,
        {
            "l.weight_packed": packed(codes, 4, 1, list(range(8))),
            "l.weight_scale": scales,
            "l.weight_shape": np.array([OUT, IN], np.int32),
        },
    )
    (tensor,) = open_checkpoint(folder).tensors.values()
    expected = (codes - 8) * np.repeat(scales, GROUP, axis=1)
    np.testing.assert_allclose(tensor.whole(), expected, rtol=1e-6)
    np.testing.assert_allclose(tensor.read(2, 9), expected[2:9], rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (1,), (200,), (200, 1), (2, 3)])
def test_float8_with_scales(shape: tuple[int, ...], writing: Any, tmp_path: Path) -> None:
    """One scale for all, for each row, or for each block of 128."""
    weight = RANDOM.normal(size=(200, 300)).astype(ml_dtypes.float8_e4m3fn)
    scale = RANDOM.uniform(0.5, 2.0, shape).astype(np.float32)
    folder = writing.model(
        tmp_path,
        {"l.weight": ("F8_E4M3", weight.view(np.uint8)), "l.weight_scale_inv": scale},
    )
    (tensor,) = open_checkpoint(folder).tensors.values()
    wide = np.broadcast_to(
        np.repeat(np.repeat(scale, 128, 0), 128, 1)[:200, :300]
        if shape == (2, 3)
        else scale.reshape(-1, 1),
        (200, 300),
    )
    np.testing.assert_allclose(tensor.whole(), weight.astype(np.float32) * wide, rtol=1e-6)
    np.testing.assert_allclose(
        tensor.read(120, 140), (weight.astype(np.float32) * wide)[120:140], rtol=1e-6
    )


def test_int8_with_largest_sizes(writing: Any, tmp_path: Path) -> None:
    """As bitsandbytes stores them: 127 stands for the largest of a row."""
    codes = RANDOM.integers(-127, 128, (OUT, IN)).astype(np.int8)
    largest = RANDOM.uniform(0.5, 2.0, OUT).astype(np.float32)
    folder = writing.model(tmp_path, {"l.weight": codes, "l.SCB": largest})
    (tensor,) = open_checkpoint(folder).tensors.values()
    np.testing.assert_allclose(tensor.whole(), codes * largest[:, None] / 127.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"qweight": (8, 9), "scales": (4, 24)}, "fit no known layout"),
        ({"qweight": (8,), "scales": (4, 24)}, "no matrix"),
        ({"qweight": (8, 24), "scales": (4, 24), "qzeros": (4, 4)}, "zero points"),
        ({"qweight": (8, 24), "scales": (0, 24)}, "zero points"),
        ({"qweight": (8, 24), "scales": (4, 24), "g_idx": (9,)}, "group of each input"),
        ({"weight_packed": (8, 24), "weight_scale": (7, 4)}, "scales do not fit"),
        ({"weight_packed": (8, 24), "weight_scale": (8, 5)}, "do not divide"),
        ({"weight": (8, 24), "weight_scale": (7,)}, "do not fit"),
    ],
)
def test_parts_that_do_not_fit(
    parts: dict[str, tuple[int, ...]], word: str, writing: Any, tmp_path: Path
) -> None:
    """Are refused when the model is opened."""
    arrays = {
        f"l.{name}": np.zeros(shape, np.float32 if "scale" in name else np.int32)
        for name, shape in parts.items()
    }
    if "weight" in parts:
        arrays["l.weight"] = arrays["l.weight"].astype(np.int8)
    with pytest.raises(InputError, match=word):
        open_checkpoint(writing.model(tmp_path, arrays))


def test_a_group_that_has_no_scale(writing: Any, tmp_path: Path) -> None:
    """Is refused when it is read."""
    folder = writing.model(
        tmp_path,
        {
            "l.qweight": np.zeros((8, 24), np.int32),
            "l.scales": np.ones((4, 24), np.float32),
            "l.g_idx": np.full(64, 4, np.int32),
        },
    )
    with pytest.raises(InputError, match="has no scale"):
        open_checkpoint(folder).tensors["l.weight"].whole()
    (folder / "config.json").write_text('{"quantization_config": {"bits": 3}}')
    with pytest.raises(InputError, match="3 bits"):
        open_checkpoint(folder)


def test_gguf(tmp_path: Path) -> None:
    """Through the package of its authors, quantised and plain; a file cut short is refused."""
    gguf = pytest.importorskip("gguf", reason="gguf is not installed")
    path = tmp_path / "a.gguf"
    weight = RANDOM.normal(size=(8, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(3)
    writer.add_embedding_length(64)
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("blk.0.ffn_up.weight", gguf.quantize(weight, kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", weight[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = open_checkpoint(tmp_path)
    assert found.config["num_hidden_layers"] == 3
    tensor = found.tensors["blk.0.ffn_up.weight"]
    assert (tensor.shape, tensor.stored) == ((8, 64), "Q8_0")
    np.testing.assert_allclose(tensor.read(2, 5), weight[2:5], atol=0.03)
    np.testing.assert_array_equal(found.tensors["output_norm.weight"].whole(), weight[0])
    whole = path.read_bytes()
    for kept in range(0, len(whole) - 64, 97):
        path.write_bytes(whole[:kept])
        with pytest.raises(InputError):
            open_checkpoint(path)
    _fuzz(path, whole)


def _fuzz(path: Path, whole: bytes) -> None:
    """Change bytes of the header at random: the file is read or refused, nothing else."""
    refused = 0
    for _ in range(400):
        raw = bytearray(whole)
        for _ in range(RANDOM.integers(1, 4)):
            raw[RANDOM.integers(0, 300)] = RANDOM.choice([0, 1, 255, int(RANDOM.integers(256))])
        path.write_bytes(raw)
        try:
            for tensor in open_checkpoint(path).tensors.values():
                assert tensor.whole().shape == tensor.shape
        except InputError:
            refused += 1
    assert refused > 100
