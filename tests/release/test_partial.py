"""Some tensors of a release are opened, only their chunks are read, and the rest is told."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.release.envelopes.statement import parse_payload
from phalanx.release.grants.receipt import Receipt
from phalanx.release.open import NOT_CHECKED, Opener
from phalanx.release.partial import CHECKED, open_tensors
from phalanx.release.sealing.suite import CHUNK_BYTES

BIG = random.Random(1).randbytes(CHUNK_BYTES + 1000)


def _opened(path: Path) -> dict[str, bytes]:
    with safe_open(path, "numpy") as file:
        return {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118 - no mapping


def test_some_tensors_arrive(release: Path, opener: Opener, tmp_path: Path) -> None:
    """Tensors of two files come in one that everybody reads, with a receipt that says how much."""
    target, receipt = tmp_path / "part.safetensors", tmp_path / "receipt"
    part = open_tensors(release, ["c", "a", "c"], target, receipt, opener)
    assert _opened(target) == {"a": BIG[:500], "c": b"weights" * 9}
    assert target.stat().st_mode & 0o077 == 0
    assert (part.chunks, part.chunks_in_all) == (2, 5)
    said, _, _ = parse_payload(part.receipt.payload, Receipt, "it")
    assert said.not_checked == ("3 of 5 chunks, and the digest of any file", *NOT_CHECKED)
    assert CHECKED in said.checked
    assert "2 tensors were opened, and no more" in said.checked
    assert receipt.read_bytes() == part.receipt.as_bytes()
    assert opener.memory.exists()


def test_a_tensor_of_two_chunks(release: Path, opener: Opener, tmp_path: Path) -> None:
    """A tensor that lies in several chunks is put together again."""
    target = tmp_path / "part"
    part = open_tensors(release, ["b"], target, tmp_path / "receipt", opener)
    assert _opened(target) == {"b": BIG}
    assert part.chunks == 2


def test_only_the_chunks_of_a_tensor_count(release: Path, opener: Opener, tmp_path: Path) -> None:
    """A chunk that was changed elsewhere does not matter; one of the tensor leaves nothing."""
    raw = bytearray((release / "000002.sealed").read_bytes())
    raw[-1] ^= 1
    (release / "000002.sealed").write_bytes(raw)
    open_tensors(release, ["a"], tmp_path / "a", tmp_path / "receipt", opener)
    opener.memory.unlink()
    (tmp_path / "receipt").unlink()
    with pytest.raises(VerificationError, match="chunk 1"):
        open_tensors(release, ["c", "b"], tmp_path / "b", tmp_path / "receipt", opener)
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / "receipt").exists()
    assert not opener.memory.exists()
    assert not list(tmp_path.glob(".b*"))


def test_what_cannot_be_opened(release: Path, opener: Opener, deal: Any, tmp_path: Path) -> None:
    """An unknown tensor, a place that is taken, and a grant that is over end in words."""
    from dataclasses import replace

    target, receipt = tmp_path / "part", tmp_path / "receipt"
    with pytest.raises(InputError, match="has a tensor 'd'"):
        open_tensors(release, ["a", "d"], target, receipt, opener)
    late = replace(opener, now=deal.now.replace(month=6))
    with pytest.raises(PolicyError, match="expired"):
        open_tensors(release, ["a"], target, receipt, late)
    assert not target.exists()
    with pytest.raises(InputError, match="cannot be written"):
        open_tensors(release, ["a"], release / "grant.json" / "x", receipt, opener)
    target.write_text("taken")
    with pytest.raises(InputError, match="is there already"):
        open_tensors(release, ["a"], target, receipt, opener)
