"""One file of three chunks, sealed."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from phalanx.release.sealing.hashing import Hash
from phalanx.release.sealing.header import Header
from phalanx.release.sealing.suite import CHUNK_BYTES
from phalanx.release.sealing.writing import Buffers, open_plain, seal_file


@pytest.fixture(scope="session")
def buffers() -> Buffers:
    """Return buffers that all tests share."""
    return Buffers()


@pytest.fixture(scope="session")
def seal(buffers: Buffers) -> Callable[..., Header]:
    """Return how to seal a file with everything named but what a test is about."""

    def sealed(
        source: Path,
        target: Path,
        *,
        name: str = "model.safetensors",
        key: bytes = bytes(range(32)),
        grant: bytes = b"g" * 32,
        seed: int = 1,
        digest: Hash | None = None,
    ) -> Header:
        with open_plain(source) as plain, FileIO(target, "wb") as made:
            return seal_file(
                plain,
                made,
                name=name,
                content_key=key,
                grant=grant,
                random=random.Random(seed).randbytes,
                digest=digest,
                buffers=buffers,
            )

    return sealed


@pytest.fixture(scope="session")
def content() -> bytes:
    """Return what is in the file: two whole chunks and a bit."""
    return random.Random(7).randbytes(2 * CHUNK_BYTES + 12_345)


@pytest.fixture(scope="session")
def sealed_path(
    seal: Callable[..., Header], content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the sealed file."""
    folder = tmp_path_factory.mktemp("sealed")
    plain, path = folder / "plain", folder / "file.sealed"
    plain.write_bytes(content)
    seal(plain, path)
    return path
