"""A model is sealed, and a release opened, where it lies: in a store behind a URL."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import (
    ConfigError,
    InputError,
    MissingExtraError,
    ServiceError,
    VerificationError,
)
from phalanx.release.encoding import to_text
from phalanx.release.envelopes.statement import digest_of
from phalanx.release.manifest.known_digests import KnownDigests, stamp_of
from phalanx.release.open import Opener, open_release, verify_release
from phalanx.release.partial import open_tensors
from phalanx.release.places.place import Folder
from phalanx.release.places.store import Store, place_of
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.sealing.wrapping import wrap

fsspec: Any = pytest.importorskip("fsspec", reason="fsspec is not installed")


@pytest.fixture
def store() -> Iterator[Callable[[str], Store]]:
    """Return how to name a place in an empty store in memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]

    def named(name: str) -> Store:
        found = place_of(f"memory://{name}")
        assert isinstance(found, Store)
        return found

    yield named
    memory.store.clear()


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"model.sig", ".gitattributes"}
    }


def _put(store: Store, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            store.put(str(path.relative_to(folder)), path.read_bytes())


def test_from_store_to_store(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A model in a store is sealed into a store, opened from there, and is as it was."""
    _put(store("model"), model)
    made = seal_release(store("model"), store("out/release"), sealing)
    assert made.files == 4
    assert "journal" not in store("out/release").names()
    open_release(store("out/release"), tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)
    plain = tmp_path / "from folder"
    assert seal_release(model, plain, sealing).root == made.root


def test_one_file_of_a_store_is_a_model(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A URL of a file is that of a model of one file."""
    name = "model-00001-of-00002.safetensors"
    _put(store("model"), model)
    assert seal_release(store(f"model/{name}"), tmp_path / "release", sealing).files == 1
    assert list(verify_release(tmp_path / "release", opener).files) == [name]


def test_what_changed_in_a_store_is_refused(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A changed byte, a missing file and one that was cut off are found there too."""
    place = store("release")
    seal_release(model, place, sealing)
    (second,) = (each for each in place.names() if each.startswith("000002"))
    raw = place.content(second, 1 << 30)
    assert raw is not None
    for changed in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[:-1], b""):
        place.put(second, changed)
        with pytest.raises(VerificationError):
            open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
        assert not (tmp_path / "opened").exists()
    place.remove(second)
    with pytest.raises(InputError, match="is missing"):
        verify_release(place, opener)


class BrokenOffError(Exception):
    """What stops a run."""


def test_a_sealing_into_a_store_that_broke_off_goes_on(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """There is no record before all is there; the next run goes on, and only under this grant."""
    place = store("release")

    def stop(name: str, _: float) -> None:
        if "vocab" in name:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        seal_release(model, place, sealing, told=stop)
    named = sorted(each.partition("-")[0] for each in place.names())
    assert named == ["000001", "000002", "000003", "grant.json", "journal"]
    with pytest.raises(InputError, match=r"record\.json is missing"):
        verify_release(place, opener)
    with pytest.raises(InputError, match="begun under another"):
        seal_release(model, place, replace(sealing, hash_type="blake3"))
    place.put("000009.sealed", b"left")
    again = replace(sealing, random=random.Random(8).randbytes)
    assert seal_release(model, place, again).resumed == 3
    assert "000009.sealed" not in place.names()
    open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)
    with pytest.raises(InputError, match="is there already"):
        seal_release(model, place, sealing)
    store("other").put("something", b"else")
    with pytest.raises(InputError, match="is there already"):
        seal_release(model, store("other"), sealing)


@pytest.mark.parametrize("after", ["model-00001", "config", "vocab"])
def test_of_two_runs_at_once_the_first_has_made_the_release(
    after: str, model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener,
    tmp_path: Path,
) -> None:  # fmt: skip
    """A run that finds the record of another one is refused, and leaves that release whole."""
    place = store("release")
    others: list[str] = []

    def meanwhile(name: str, _: float) -> None:
        if after in name and not others:
            other = replace(sealing, random=random.Random(8).randbytes)
            others.append(seal_release(model, place, other).root)

    with pytest.raises(InputError, match="another run has made the release meanwhile"):
        seal_release(model, place, sealing, told=meanwhile)
    release = verify_release(place, opener)
    assert release.manifest.root == others[0]
    assert len(place.names()) == 7
    open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)


def test_many_runs_at_once_make_one_release(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Whatever the order of their steps, one succeeds, and what is there opens."""
    place = store("release")

    def run(seed: int) -> str:
        try:
            seal_release(model, place, replace(sealing, random=random.Random(seed).randbytes))
        except InputError as error:
            return str(error)
        return "made"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(run, range(4)))
    assert said.count("made") == 1
    assert all("meanwhile" in each or "is there already" in each or each == "made" for each in said)
    open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)


def test_a_journal_that_somebody_planted(
    model: Path, store: Callable[[str], Store], sealing: Sealing, deal: Any
) -> None:
    """Who may write into the store cannot have the model sealed under a key that he chose."""
    place, agreed = store("release"), digest_of(deal.agreed.payload)
    bound_to = bytes.fromhex(agreed) + b"sha256"
    known = wrap(b"k" * 32, deal.lab.identity.wrapping_key, purpose="resume", bound_to=bound_to)
    for mac in ({}, {"mac": 3}, {"mac": "ab" * 32}, {"mac": "\u00e9"}):
        line = json.dumps({"wrapped_key": to_text(known), **mac}).encode()
        place.put("journal", line + b"\n")
        with pytest.raises(InputError, match="begun under another grant, hash or issuer"):
            seal_release(model, place, sealing)


def test_a_journal_that_was_changed_brings_no_old_file_back(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A line of the journal that somebody changed says nothing: the file is sealed anew."""
    place = store("release")

    def stop(name: str, _: float) -> None:
        if "vocab" in name:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        seal_release(model, place, sealing, told=stop)
    old = (place.content("journal", 1 << 20) or b"").splitlines()
    (model / "config.json").write_text('{"layers": 3}')
    (changed,) = (each for each in old if b"config.json" in each)
    stamp = stamp_of(model / "config.json").encode()
    forged = changed.replace(json.loads(changed)["stamp"].encode(), stamp)
    assert forged != changed
    lines = [forged if each == changed else each for each in old]
    place.put("journal", b"\n".join(lines) + b"\n")
    again = replace(sealing, random=random.Random(8).randbytes)
    assert seal_release(model, place, again).resumed == 2
    open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
    assert (tmp_path / "opened" / "config.json").read_text() == '{"layers": 3}'


def test_a_place_that_was_begun_under_another_grant(
    model: Path, store: Callable[[str], Store], sealing: Sealing, deal: Any
) -> None:
    """Two grants do not meet in one place: whoever is first decides which it is."""
    place = store("release")
    place.put("grant.json", deal.issued.as_bytes())
    with pytest.raises(InputError, match="begun under another grant"):
        seal_release(model, place, sealing)


def test_a_model_that_changed_in_a_store_is_sealed_anew(
    model: Path, store: Callable[[str], Store], sealing: Sealing, tmp_path: Path
) -> None:
    """Digests of files in a store are remembered as those of others, and change with them."""
    _put(store("model"), model)

    def later() -> int:
        return 1 << 62

    def sealed(name: str) -> int:
        known = KnownDigests(tmp_path / "digests", later)
        return seal_release(store("model"), tmp_path / name, sealing, known=known).not_hashed

    assert [sealed("one"), sealed("two")] == [0, 4]
    store("model").put("config.json", b'{"layers": 7}')
    assert sealed("three") == 3


@pytest.mark.parametrize("name", ["..\\x", "a\nb", "a/../../x"])
def test_names_of_a_hostile_store(
    name: str, model: Path, store: Callable[[str], Store], sealing: Sealing, tmp_path: Path
) -> None:
    """A name that could not stand in a manifest is refused, whoever lists it."""
    _put(store("model"), model)
    memory = fsspec.filesystem("memory")
    memory.store[f"/model/{name}"] = memory.store["/model/config.json"]
    with pytest.raises(VerificationError, match="no name of a file"):
        seal_release(store("model"), tmp_path / "release", sealing)


def test_a_store_that_fails_is_told(
    model: Path, store: Callable[[str], Store], sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Whatever a driver raises ends in words, and in no release."""
    place = store("release")

    class Failing:
        """A driver whose writing fails after the first file."""

        def __getattr__(self, name: str) -> Any:
            """Hand everything else on."""
            return getattr(place.driver, name)

        def pipe_file(self, key: str, content: bytes, **how: Any) -> None:
            """Fail as drivers do."""
            if b"entry" in content:
                message = f"403 at {key}"
                raise RuntimeError(message)
            place.driver.pipe_file(key, content, **how)

    with pytest.raises(ServiceError, match="403 at"):
        seal_release(model, Store(Failing(), place.root), sealing)
    with pytest.raises(InputError, match="is missing"):
        open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
    with pytest.raises(InputError, match=r"is missing|0 files"):
        seal_release(store("absent"), tmp_path / "other", sealing)


def test_urls_of_folders_and_of_nothing(tmp_path: Path) -> None:
    """`file://` is a folder with its guards; unknown kinds of URLs and lacking drivers are told."""
    assert place_of(f"file://{tmp_path}/a%20b") == Folder(tmp_path / "a b")
    assert place_of("a/b") == Folder(Path("a/b"))
    with pytest.raises(ConfigError, match="is no URL of a place"):
        place_of("nothing://x")
    with pytest.raises(MissingExtraError, match="needs fsspec and its driver"):
        place_of("adl://x/y")


class Ranged(SimpleHTTPRequestHandler):
    """Serves a folder, in ranges, and notes how many bytes went out."""

    sent: list[int]

    def __init__(self, sent: list[int], *given: Any, **named: Any) -> None:
        """Note into a list."""
        self.sent = sent
        super().__init__(*given, **named)

    def do_GET(self) -> None:
        """Answer with a range if one is asked for."""
        path = Path(self.translate_path(self.path))
        asked = self.headers.get("Range", "")
        if not path.is_file() or not asked.startswith("bytes="):
            super().do_GET()
            return
        raw = path.read_bytes()
        start, end = asked.removeprefix("bytes=").split("-")
        piece = raw[int(start) : int(end or len(raw)) + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(piece)))
        self.send_header("Content-Range", f"bytes {start}-{int(start) + len(piece) - 1}/{len(raw)}")
        self.end_headers()
        self.wfile.write(piece)
        self.sent.append(len(piece))

    def end_headers(self) -> None:
        """Say that ranges are served."""
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, list[int]]]:
    sent: list[int] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranged, sent, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_release_on_a_web_server(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """It is opened as it lies there, and of a tensor only what holds it is fetched."""
    header = '{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]},"b":{"dtype":"U8",'
    header += f'"shape":[{24 << 20}],"data_offsets":[9,{(24 << 20) + 9}]}}}}'
    weights = len(header).to_bytes(8, "little") + header.encode() + bytes(range(9))
    (model / "large.safetensors").write_bytes(weights + bytes(24 << 20))
    release = tmp_path / "release"
    seal_release(model, release, sealing)
    pytest.importorskip("aiohttp", reason="the driver of the web is not installed")
    with _served(release.parent) as (url, sent):
        place = place_of(f"{url}/release")
        open_release(place, tmp_path / "opened", tmp_path / "receipt", opener)
        assert _content(tmp_path / "opened") == _content(model)
        whole = sum(sent)
        sent.clear()
        open_tensors(place, ["a"], tmp_path / "a", tmp_path / "receipt", opener)
        assert whole > 28 << 20
        assert 0 < sum(sent) < 13 << 20


def test_a_model_on_a_web_server(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A page that lists files is a folder; a file is a model of one file."""
    pytest.importorskip("aiohttp", reason="the driver of the web is not installed")
    with _served(model) as (url, _):
        found = place_of(f"{url}/")
        assert isinstance(found, Store)
        seal_release(found, tmp_path / "release", sealing)
        single = place_of(f"{url}/tokenizer/vocab.txt")
        assert isinstance(single, Store)
        seal_release(single, tmp_path / "single", sealing)
    open_release(tmp_path / "release", tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)
    assert list(verify_release(tmp_path / "single", opener).files) == ["vocab.txt"]
