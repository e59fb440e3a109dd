"""A manifest says which files a model is, and nothing of it can be changed."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

from phalanx.errors import InputError, VerificationError
from phalanx.release.envelopes.dsse import pae
from phalanx.release.manifest.bundle import sign_manifest, verify_manifest
from phalanx.release.manifest.checking import check_model, manifest_on_disk
from phalanx.release.manifest.resources import manifest_of, parse_payload, payload_of
from phalanx.release.manifest.tree import files_of
from phalanx.release.parties.party_keys import new_keys

KEYS = new_keys("Lab", random.Random(1).randbytes)
PUBLIC = KEYS.identity.manifests
LISTED = manifest_of("m", {"a": b"1" * 32, "b/c": b"2" * 32}, "sha256")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a folder with three files."""
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for name in ("one", "two", "sub/three"):
        (folder / name).write_text(name)
    return folder


def test_a_manifest_comes_back() -> None:
    """What is signed is what is read, as canonical JSON."""
    assert verify_manifest(sign_manifest(LISTED, KEYS.manifests), PUBLIC, "it") == LISTED
    assert payload_of(LISTED).startswith(b'{"_type":"https://in-toto.io/Statement/v1"')


def test_another_key_is_told() -> None:
    """A manifest that another party signed is refused, whatever key it names."""
    other = new_keys("Other", random.Random(2).randbytes)
    bundle = sign_manifest(LISTED, other.manifests)
    with pytest.raises(VerificationError, match="another key"):
        verify_manifest(bundle, PUBLIC, "it")
    said = json.loads(bundle)
    del said["verificationMaterial"]["publicKey"]["hint"]
    with pytest.raises(VerificationError, match="not as it was signed"):
        verify_manifest(json.dumps(said).encode(), PUBLIC, "it")


def _changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a bundle whose payload was changed and signed again by the right key."""
    said = json.loads(payload_of(LISTED))
    change(said)
    payload = json.dumps(said).encode()
    bundle = json.loads(sign_manifest(LISTED, KEYS.manifests))
    signature = KEYS.manifests.sign(pae(payload), ECDSA(hashes.SHA256()))
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    return json.dumps(bundle).encode()


def _name(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda said: said["predicate"]["resources"][0].update(name=name)


@pytest.mark.parametrize(
    "change",
    [
        _name("../a"), _name("/etc/passwd"), _name("b/c"), _name("b"), _name(""), _name("a\\b"),
        lambda said: said["predicate"]["resources"].reverse(),
        lambda said: said["predicate"]["resources"].pop(),
        lambda said: said["predicate"]["resources"][0].update(digest="00"),
        lambda said: said["predicate"]["resources"][0].update(digest="z"),
        lambda said: said["predicate"]["resources"][0].update(algorithm="md5"),
        lambda said: said["predicate"]["resources"][0].pop("name"),
        lambda said: said["predicate"]["serialization"].update(method="other"),
        lambda said: said["predicate"]["serialization"].update(method="shards"),
        lambda said: said["predicate"]["serialization"].update(method="shards", shard_size=0),
        lambda said: said["predicate"].update(resources={}),
        lambda said: said["subject"][0]["digest"].update(sha256="00"),
        lambda said: said.update(subject=[]),
        lambda said: said.update(predicateType="https://other"),
        lambda said: said.update(_type="https://other"),
    ],
)  # fmt: skip
def test_hostile_manifests_are_refused(change: Callable[[dict[str, Any]], None]) -> None:
    """Whatever the signer himself puts into a manifest, it is refused in words."""
    with pytest.raises(VerificationError):
        verify_manifest(_changed(change), PUBLIC, "it")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"mediaType": "other"}', b"\xff", b'{"a":1,"a":1}']
)
def test_what_is_no_bundle(content: bytes) -> None:
    """Files of any other kind are refused."""
    with pytest.raises(VerificationError):
        verify_manifest(content, PUBLIC, "it")
    with pytest.raises(VerificationError):
        parse_payload(content, "it")


def test_a_model_is_held_against_its_manifest(model: Path) -> None:
    """A changed, missing, renamed or added file is found."""
    manifest = manifest_on_disk(model, "model", "sha256")
    assert check_model(model, manifest) == ("one", "sub/three", "two")
    (model / "more").write_text("x")
    with pytest.raises(VerificationError, match="'more' is not in the manifest"):
        check_model(model, manifest)
    (model / "more").unlink()
    (model / "one").rename(model / "One")
    with pytest.raises(VerificationError, match="not in the manifest"):
        check_model(model, manifest)
    (model / "One").unlink()
    with pytest.raises(VerificationError, match="'one' is missing"):
        check_model(model, manifest)


def test_part_of_a_model_can_be_verified(model: Path) -> None:
    """Files that are named are verified though others are missing or changed."""
    manifest = manifest_on_disk(model, "model", "blake3")
    (model / "one").unlink()
    assert check_model(model, manifest, only=["sub/three"]) == ("sub/three",)
    with pytest.raises(VerificationError, match="'one' is missing"):
        check_model(model, manifest, only=["one"])
    with pytest.raises(InputError, match="lists no file 'four'"):
        check_model(model, manifest, only=["four"])


def test_links_are_neither_listed_nor_verified(model: Path, tmp_path: Path) -> None:
    """A link in a model is refused, on the way in and on the way out."""
    manifest = manifest_on_disk(model, "model", "sha256")
    (model / "one").unlink()
    (tmp_path / "elsewhere").write_text("one")
    (model / "one").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link"):
        files_of(model)
    with pytest.raises(VerificationError, match="is a link"):
        check_model(model, manifest, only=["one"])
    (model / "one").unlink()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "three").write_text("sub/three")
    (model / "sub" / "three").unlink()
    (model / "sub").rmdir()
    (model / "sub").symlink_to(tmp_path / "folder")
    with pytest.raises(VerificationError, match="is a link"):
        check_model(model, manifest, only=["sub/three"])


def test_a_snapshot_of_hugging_face_is_read(tmp_path: Path) -> None:
    """Links of a snapshot to the blobs beside it are files; links to anywhere else are not."""
    blobs, snapshot = tmp_path / "models--a--b" / "blobs", tmp_path / "models--a--b" / "snapshots"
    blobs.mkdir(parents=True)
    (snapshot / "0f").mkdir(parents=True)
    (blobs / "1234").write_text("{}")
    (snapshot / "0f" / "config.json").symlink_to("../../blobs/1234")
    (found,) = files_of(snapshot / "0f")
    assert (found.name, found.path.name, found.size) == ("config.json", "1234", 2)
    (snapshot / "0f" / "other").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="is a link"):
        files_of(snapshot / "0f")


def test_what_is_neither_file_nor_folder(tmp_path: Path) -> None:
    """An empty folder, nothing at all, or a device is no model."""
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "absent", Path("/dev/null")):
        with pytest.raises(InputError):
            files_of(path)
