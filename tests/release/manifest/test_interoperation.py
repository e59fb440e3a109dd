"""Manifests of ours verify with `model-signing`, and those of `model-signing` with ours."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from phalanx.errors import VerificationError
from phalanx.release.manifest.bundle import sign_manifest, verify_manifest
from phalanx.release.manifest.checking import check_model, manifest_on_disk
from phalanx.release.parties.identity import pem_of
from phalanx.release.parties.party_keys import new_keys

KEYS = new_keys("Lab", random.Random(1).randbytes)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a folder as a repository has it, with names whose order is not that of letters."""
    folder = tmp_path / "model"
    for name in ("a/c", "a-b/c", "config.json", "model.safetensors", ".gitattributes", "empty"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == "empty" else name.encode() * 300)
    return folder


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """Return the file of the public key."""
    (tmp_path / "key.pub").write_bytes(pem_of(KEYS.identity.manifests))
    return tmp_path / "key.pub"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Return the file of the private key."""
    raw = KEYS.manifests.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(raw)
    return tmp_path / "key"


@pytest.mark.parametrize("hash_type", ["sha256", "blake3"])
def test_they_verify_ours(hash_type: str, model: Path, public: Path) -> None:
    """What we sign, with the signature inside the folder, `model-signing` verifies."""
    verifying = pytest.importorskip("model_signing.verifying")
    bundle = sign_manifest(manifest_on_disk(model, "model", hash_type), KEYS.manifests)
    (model / "model.sig").write_bytes(bundle)
    verifier = verifying.Config().use_elliptic_key_verifier(public_key=public)
    verifier.verify(model, model / "model.sig")
    (model / "config.json").write_bytes(b"{}")
    with pytest.raises(ValueError, match="Signature mismatch"):
        verifier.verify(model, model / "model.sig")


@pytest.mark.parametrize("method", ["sha256", "blake2", "blake3", "shards"])
def test_we_verify_theirs(method: str, model: Path, private: Path, tmp_path: Path) -> None:
    """What `model-signing` signs we verify, whatever its hash, whole or in parts."""
    signing = pytest.importorskip("model_signing.signing")
    hashing = pytest.importorskip("model_signing.hashing").Config()
    signature = tmp_path / "model.sig"
    how: Any = (
        hashing.use_shard_serialization(shard_size=500)
        if method == "shards"
        else hashing.use_file_serialization(hashing_algorithm=method)
    )
    config = signing.Config().use_elliptic_key_signer(private_key=private)
    config.set_hashing_config(how).sign(model, signature)
    found = verify_manifest(signature.read_bytes(), KEYS.identity.manifests, "it")
    assert "model.safetensors" in check_model(model, found)
    (model / "config.json").write_bytes((model / "config.json").read_bytes()[:-1] + b"!")
    with pytest.raises(VerificationError, match=r"config\.json"):
        check_model(model, found)


def test_both_make_the_same_root(model: Path, private: Path, tmp_path: Path) -> None:
    """One model has one root, whoever computes it."""
    signing = pytest.importorskip("model_signing.signing")
    signature = tmp_path / "model.sig"
    config = signing.Config().use_elliptic_key_signer(private_key=private)
    config.sign(model, signature)
    theirs = verify_manifest(signature.read_bytes(), KEYS.identity.manifests, "it")
    ours = manifest_on_disk(model, "model", "sha256")
    assert ours.root == theirs.root
    assert ours.resources == theirs.resources


def test_a_model_of_one_file(private: Path, tmp_path: Path) -> None:
    """A model that is one file, which `model-signing` calls a dot, verifies too."""
    signing = pytest.importorskip("model_signing.signing")
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    signature = tmp_path / "model.sig"
    config = signing.Config().use_elliptic_key_signer(private_key=private)
    config.sign(model, signature)
    found = verify_manifest(signature.read_bytes(), KEYS.identity.manifests, "it")
    assert check_model(model, found) == ("model.safetensors",)
    model.write_bytes(b"weight!")
    with pytest.raises(VerificationError, match="not the file"):
        check_model(model, found)
