"""Sealed and opened in object storage: a server that speaks S3, on this machine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from phalanx.errors import InputError, ServiceError, VerificationError
from phalanx.release.open import Opener, open_release, verify_release
from phalanx.release.partial import open_tensors
from phalanx.release.places.store import Store, place_of
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.sealing.suite import CHUNK_BYTES

s3fs: Any = pytest.importorskip("s3fs", reason="s3fs is not installed")
servers: Any = pytest.importorskip("moto.server", reason="moto[server] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of both


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Store]]:
    """Return how to name a place in an empty bucket."""
    import fsspec

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = servers.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {"endpoint_url": f"http://{host}:{port}"}
    httpx2.post(f"{settings['endpoint_url']}/moto-api/reset")
    monkeypatch.setitem(fsspec.config.conf, "s3", settings)
    s3fs.S3FileSystem.clear_instance_cache()
    fsspec.filesystem("s3").mkdir("weights")

    def named(name: str) -> Store:
        found = place_of(f"s3://weights/{name}")
        assert isinstance(found, Store)
        return found

    yield named
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def _put(store: Store, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            store.put(str(path.relative_to(folder)), path.read_bytes())


def test_from_bucket_to_bucket(
    model: Path, storage: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A file goes up in several parts; what comes back is the model, whole or one tensor of it."""
    (model / "notes.txt").write_text("a line\n" * (3 * CHUNK_BYTES // 7))
    _put(storage("model"), model)
    made = seal_release(storage("model"), storage("sealed"), sealing)
    assert (made.files, "journal" in storage("sealed").names()) == (5, False)
    open_release(storage("sealed"), tmp_path / "opened", tmp_path / "receipt", opener)
    for path in model.rglob("*"):
        if path.is_file() and path.name != ".gitattributes":
            opened = tmp_path / "opened" / path.relative_to(model)
            assert opened.read_bytes() == path.read_bytes()
    part = open_tensors(storage("sealed"), ["a"], tmp_path / "a", tmp_path / "receipt", opener)
    assert part.chunks < part.chunks_in_all


def test_runs_at_once_and_after_a_break(
    model: Path, storage: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """One of three makes the release, and goes on where a fourth was broken off."""

    def stop(name: str, _: float) -> None:
        if "vocab" in name:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal_release(model, storage("sealed"), sealing, told=stop)
    with pytest.raises(InputError, match=r"record\.json is missing"):
        verify_release(storage("sealed"), opener)

    def run(seed: int) -> int:
        how = replace(sealing, random=random.Random(seed).randbytes)
        try:
            return seal_release(model, storage("sealed"), how).resumed
        except InputError:
            return -1

    with ThreadPoolExecutor(3) as pool:
        resumed = list(pool.map(run, range(3)))
    assert sorted(resumed)[:2] == [-1, -1]
    assert max(resumed) >= 3
    open_release(storage("sealed"), tmp_path / "opened", tmp_path / "receipt", opener)


def test_what_changed_in_a_bucket(
    model: Path, storage: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A changed object is refused, and a bucket that is not there is told, not made."""
    place = storage("sealed")
    seal_release(model, place, sealing)
    (name,) = (each for each in place.names() if each.startswith("000003"))
    raw = place.content(name, 1 << 20)
    assert raw is not None
    place.put(name, raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(VerificationError):
        open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
    assert not (tmp_path / "opened").exists()
    nowhere = place_of("s3://nowhere/at/all")
    assert isinstance(nowhere, Store)
    with pytest.raises((InputError, ServiceError)):
        seal_release(model, nowhere, sealing)
    assert not nowhere.driver.exists("nowhere")
