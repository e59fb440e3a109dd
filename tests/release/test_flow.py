"""A model that was sealed for a recipient opens at his place, whole or in part."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import ConfigError, InputError, PolicyError, VerificationError
from phalanx.release.grants.receipt import verify_receipt
from phalanx.release.manifest.bundle import verify_manifest
from phalanx.release.manifest.checking import check_model
from phalanx.release.manifest.known_digests import KnownDigests, stamp_of
from phalanx.release.open import NOT_CHECKED, Opener, open_release, verify_release
from phalanx.release.packages.package import check_package
from phalanx.release.partial import open_tensors
from phalanx.release.parties.identity import pem_of
from phalanx.release.seal import Sealing, seal_release

SHARD = "model-00001-of-00002.safetensors"


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"model.sig", ".gitattributes"}
    }


def test_a_model_arrives(
    model: Path, release: Path, opener: Opener, deal: Any, tmp_path: Path
) -> None:
    """Every file arrives as it was, for its owner alone, with a manifest and a receipt."""
    receipt = open_release(release, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "opened").rglob("*")} == {0}
    package = check_package(release, deal.lab.identity, deal.partner.identity)
    of = {"grant": package.agreed.digest, "record": package.digest, "root": package.root}
    said = verify_receipt(receipt, deal.partner.identity, **of)
    assert said.not_checked == NOT_CHECKED
    assert (tmp_path / "receipt").read_bytes() == receipt.as_bytes()
    assert not list(tmp_path.glob(".opened*"))
    bundle = (tmp_path / "opened" / "model.sig").read_bytes()
    manifest = verify_manifest(bundle, deal.lab.identity.manifests, "it")
    assert len(check_model(tmp_path / "opened", manifest)) == 4


def test_model_signing_verifies_what_arrives(
    release: Path, opener: Opener, deal: Any, tmp_path: Path
) -> None:
    """The opened folder verifies with `model-signing` as it is."""
    verifying = pytest.importorskip("model_signing.verifying")
    open_release(release, tmp_path / "opened", tmp_path / "receipt", opener)
    (tmp_path / "key.pub").write_bytes(pem_of(deal.lab.identity.manifests))
    verifier = verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "key.pub")
    verifier.verify(tmp_path / "opened", tmp_path / "opened" / "model.sig")


def test_a_release_says_nothing_in_the_clear(release: Path) -> None:
    """Neither contents nor digests of single files can be read by who carries a release."""
    for path in release.iterdir():
        raw = path.read_bytes()
        assert b"weightsweights" not in raw
        assert b"model_signing" not in raw
    assert {path.name for path in release.iterdir()} == {
        "grant.json", "record.json", "manifest.sealed",
        *(f"{number:06}.sealed" for number in (1, 2, 3, 4)),
    }  # fmt: skip


def test_one_tensor_can_be_opened(release: Path, opener: Opener) -> None:
    """A tensor comes alone, and a chunk that was changed elsewhere does not matter to it."""
    opened = verify_release(release, opener)
    entry, numbers = opened.tensor("c")
    assert (entry.shape, numbers) == ((63,), b"weights" * 9)
    big = random.Random(1).randbytes(4 * 2**20 + 1000)
    raw = bytearray((release / "000002.sealed").read_bytes())
    raw[-1] ^= 1
    (release / "000002.sealed").write_bytes(raw)
    assert opened.tensor("a")[1] == big[:500]
    with pytest.raises(VerificationError, match="chunk 1"):
        opened.tensor("b")
    with pytest.raises(InputError, match="no file of the release"):
        opened.tensor("d")
    with pytest.raises(InputError, match="no file 'x'"):
        opened.read("x")
    with pytest.raises(InputError, match="others were asked for"):
        opened.read("config.json", 5, 100)


def test_all_can_be_verified_without_writing(release: Path, opener: Opener) -> None:
    """A release is verified whole, and a changed byte found, with nothing on the disk."""
    opened = verify_release(release, opener)
    opened.check()
    raw = bytearray((release / "000004.sealed").read_bytes())
    raw[-20] ^= 1
    (release / "000004.sealed").write_bytes(raw)
    with pytest.raises(VerificationError, match="chunk 0"):
        opened.check()


def test_one_file_is_a_model_too(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A single file is sealed, with BLAKE3 if that is wanted."""
    quick = replace(sealing, hash_type="blake3")
    assert seal_release(model / SHARD, tmp_path / "release", quick).files == 1
    open_release(tmp_path / "release", tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == {SHARD: (model / SHARD).read_bytes()}


def test_a_snapshot_of_hugging_face_is_sealed(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A repository as its cache keeps it, where files are links to blobs, arrives as files."""
    blobs, snapshot = tmp_path / "hub/blobs", tmp_path / "hub/snapshots/0123"
    blobs.mkdir(parents=True)
    for number, path in enumerate(sorted(model.rglob("*"))):
        if path.is_file():
            (blobs / str(number)).write_bytes(path.read_bytes())
            link = snapshot / path.relative_to(model)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blobs / str(number), link.parent))
    seal_release(snapshot, tmp_path / "release", sealing)
    open_release(tmp_path / "release", tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)
    assert not any(path.is_symlink() for path in (tmp_path / "opened").rglob("*"))
    (snapshot / "extra.txt").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="could lead to any file"):
        seal_release(snapshot, tmp_path / "other", sealing)


def test_programs_are_not_handed_on(model: Path, sealing: Sealing, tmp_path: Path) -> None:
    """A pickle is refused though it calls itself weights; who insists names the flag."""
    (model / "extra.safetensors").write_bytes(b"\x80\x04N.")
    with pytest.raises(PolicyError, match=r"'extra\.safetensors' is a pickle"):
        seal_release(model, tmp_path / "release", sealing)
    assert not (tmp_path / "release").exists()
    seal_release(model, tmp_path / "release", replace(sealing, unsafe_any_file=True))


def test_programs_are_not_taken(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A recipient refuses what a sender sealed with that flag, and keeps nothing of it."""
    (model / "run.txt").write_bytes(b"cos\nsystem\n(S'ls'\ntR.")
    seal_release(model, tmp_path / "release", replace(sealing, unsafe_any_file=True))
    with pytest.raises(PolicyError, match="a pickle in letters"):
        open_release(tmp_path / "release", tmp_path / "opened", tmp_path / "receipt", opener)
    assert not list(tmp_path.glob("*opened*"))
    assert not (tmp_path / "receipt").exists()
    brave = replace(opener, unsafe_any_file=True)
    open_release(tmp_path / "release", tmp_path / "opened", tmp_path / "receipt", brave)


def test_what_a_braver_run_left_is_looked_at(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A run that took any file broke off; the next one does not, and signs no receipt for it."""
    (model / "a.txt").write_bytes(b"cos\nsystem\n(S'ls'\ntR.")
    seal_release(model, tmp_path / "release", replace(sealing, unsafe_any_file=True))
    brave = replace(opener, unsafe_any_file=True)
    target, receipt = tmp_path / "opened", tmp_path / "receipt"
    _killed(
        lambda told: open_release(tmp_path / "release", target, receipt, brave, told=told), "vocab"
    )
    assert (tmp_path / ".opened.opening" / "model" / "a.txt").exists()
    with pytest.raises(PolicyError, match="a pickle in letters"):
        open_release(tmp_path / "release", target, receipt, opener)
    assert not receipt.exists()


def test_a_receipt_stands_beside_what_it_is_for(release: Path, opener: Opener) -> None:
    """In the model's place it would be lost with it, and in the release it would not belong."""
    target = release.parent / "opened"
    for receipt in (target, target / "receipt", release / "receipt"):
        with pytest.raises(InputError, match="would stand in the way of"):
            open_release(release, target, receipt, opener)
        with pytest.raises(InputError, match="would stand in the way of"):
            open_tensors(release, ["a"], target, receipt, opener)
    assert not list(release.parent.glob("*opened*"))
    open_release(release, target, release.parent / "receipt", opener)


def test_unchanged_files_are_not_hashed_again(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """For the next recipient only what changed is hashed, and the release opens all the same."""
    digests = tmp_path / "digests"
    clock = time.time_ns

    def later() -> int:
        return clock() + 3 * 10**9

    def sealed(name: str, now_ns: Callable[[], int]) -> int:
        known = KnownDigests(digests, now_ns)
        return seal_release(model, tmp_path / name, sealing, known=known).not_hashed

    # What was written in the two seconds before is not remembered: it may change unseen.
    assert sealed("one", clock) == 0
    assert sealed("two", later) == 0
    assert sealed("three", later) == 4
    (model / "config.json").write_text('{"layers": 7}')
    assert sealed("four", later) == 3
    open_release(tmp_path / "four", tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)
    digests.write_text("[]")
    with pytest.raises(ConfigError, match="no file of digests"):
        KnownDigests(digests)


def test_a_wrong_memory_of_digests_harms_nobody_else(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """If a digest that was remembered is not the file's, the recipient refuses the release."""
    digests = tmp_path / "digests"
    stamps = {f"sha256 {stamp_of(path)}": "00" * 32 for path in model.rglob("*.json")}
    digests.write_text(json.dumps(stamps))
    digests.chmod(0o600)
    seal_release(model, tmp_path / "release", sealing, known=KnownDigests(digests))
    with pytest.raises(VerificationError, match=r"'config\.json' is not the file"):
        open_release(tmp_path / "release", tmp_path / "opened", tmp_path / "receipt", opener)
    assert not (tmp_path / "opened").exists()


def _killed(act: Callable[[Callable[[str, float], None]], object], at: str) -> None:
    """Run in a process of its own, which is killed when it comes to a file."""
    child = os.fork()
    if not child:
        try:
            act(lambda name, _: os.kill(os.getpid(), signal.SIGKILL) if at in name else None)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_a_sealing_that_was_killed_goes_on(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """After `kill -9` there is no release; the next run goes on, and what it makes opens."""
    target = tmp_path / "release"
    _killed(lambda told: seal_release(model, target, sealing, told=told), "00002-of")
    assert not target.exists()
    (aside,) = tmp_path.glob(".release.sealing")
    assert (aside / "000002.sealed").exists()
    (aside / "000003.sealed.unfinished").write_bytes(b"half of it")
    made = seal_release(model, target, replace(sealing, random=random.Random(8).randbytes))
    assert made.resumed == 2
    open_release(target, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)


def test_a_journal_that_was_broken_off_within_its_first_line(
    model: Path, sealing: Sealing, tmp_path: Path
) -> None:
    """A run that was killed before it had written anything down is begun anew."""
    aside = tmp_path / ".release.sealing"
    aside.mkdir(mode=0o700)
    (aside / "journal").write_bytes(b'{"wrapped_k')
    assert seal_release(model, tmp_path / "release", sealing).resumed == 0


def test_a_folder_that_others_can_read_is_not_written_into(
    release: Path, opener: Opener, tmp_path: Path
) -> None:
    """Whoever puts a folder there before does not get to read what is opened."""
    aside = tmp_path / ".opened.opening"
    aside.mkdir()
    aside.chmod(0o755)
    with pytest.raises(InputError, match="not for its owner alone"):
        open_release(release, tmp_path / "opened", tmp_path / "receipt", opener)
    assert not list(aside.iterdir())


def test_what_changed_meanwhile_is_sealed_again(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """A file that was written between two runs, or whose sealed file broke, is sealed anew."""
    target = tmp_path / "release"
    _killed(lambda told: seal_release(model, target, sealing, told=told), "vocab")
    (model / "config.json").write_text('{"layers": 3}')
    sealed = tmp_path / ".release.sealing" / "000002.sealed"
    sealed.write_bytes(sealed.read_bytes()[:-1])
    assert seal_release(model, target, sealing).resumed == 1
    open_release(target, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)


def test_another_grant_does_not_go_on(
    model: Path, sealing: Sealing, deal: Any, tmp_path: Path
) -> None:
    """What was begun for one grant, hash or issuer is not gone on with for another."""
    target = tmp_path / "release"
    _killed(lambda told: seal_release(model, target, sealing, told=told), "00002-of")
    with pytest.raises(InputError, match="begun under another grant"):
        seal_release(model, target, replace(sealing, hash_type="blake3"))
    assert deal.now == sealing.now


def test_an_opening_that_was_killed_goes_on(
    model: Path, release: Path, opener: Opener, tmp_path: Path
) -> None:
    """After `kill -9` there is no model; the next run verifies what there is and goes on."""
    target, receipt = tmp_path / "opened", tmp_path / "receipt"
    _killed(lambda told: open_release(release, target, receipt, opener, told=told), "vocab")
    assert not target.exists()
    assert not receipt.exists()
    aside = tmp_path / ".opened.opening" / "model"
    assert (aside / SHARD).exists()
    (aside / "config.json").write_text('{"layers": 9}')
    (aside / "left").write_text("of something else")
    with pytest.raises(VerificationError, match="not of this release"):
        open_release(release, target, receipt, opener)
    open_release(release, target, receipt, opener)
    assert _content(target) == _content(model)


def test_nothing_is_written_over(model: Path, release: Path, opener: Opener) -> None:
    """What is there already is neither a target of sealing nor of opening."""
    with pytest.raises(InputError, match="is there already"):
        open_release(release, model, model.parent / "receipt", opener)


def test_two_do_not_open_into_one_place(
    model: Path, release: Path, opener: Opener, tmp_path: Path
) -> None:
    """Whoever comes while another is at it is told, and the first one ends well."""
    target, seen = tmp_path / "opened", []

    def meanwhile(name: str, _: float) -> None:
        if "vocab" in name:
            with pytest.raises(InputError, match="another process is making it"):
                open_release(release, target, tmp_path / "other", opener)
            open_release(release, tmp_path / "beside", tmp_path / "other", opener)
            seen.append(name)

    open_release(release, target, tmp_path / "receipt", opener, told=meanwhile)
    assert seen
    assert _content(target) == _content(tmp_path / "beside") == _content(model)
