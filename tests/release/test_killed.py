"""Killed in the middle of a file, or two at once: what is half written is never taken for whole."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import InputError, VerificationError
from phalanx.release.manifest.bundle import verify_manifest
from phalanx.release.manifest.checking import check_model
from phalanx.release.open import Opener, open_release, verify_release
from phalanx.release.partial import open_tensors
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.sealing import reading, writing

SHARD = "model-00001-of-00002.safetensors"


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"model.sig", ".gitattributes"}
    }


def _killed_in(module: Any, writes: int, act: Callable[[], object]) -> bool:
    """Run in a process that kills itself at its n-th write; tell whether it came so far."""
    child = os.fork()
    if not child:
        write, left = module.write_all, [writes]

        def last(*given: Any) -> None:
            left[0] -= 1
            if not left[0]:
                write(given[0], given[1][: len(given[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            write(*given)

        module.write_all = last
        try:
            act()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("writes", [1, 2, 4, 12, 22, 25, 30])
def test_a_sealing_that_is_killed_anywhere(
    writes: int, model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """In a header, between and in pieces: there is no release, and the next run makes a whole one.

    What was half written is thrown away and sealed under another salt, and so another key.
    """
    target = tmp_path / "release"
    assert _killed_in(writing, writes, lambda: seal_release(model, target, sealing))
    assert not target.exists()
    (aside,) = tmp_path.glob(".release.sealing")
    halves = {path.name: path.read_bytes() for path in aside.glob("*.unfinished")}
    assert len(halves) == 1
    with pytest.raises(InputError):
        verify_release(aside, opener)
    again = replace(sealing, random=random.Random(writes).randbytes)
    seal_release(model, target, again)
    for name, half in halves.items():
        whole = (target / name.removesuffix(".unfinished")).read_bytes()
        assert whole[28:60] != half[28:60] or len(half) < 60
    open_release(target, tmp_path / "opened", tmp_path / "receipt", opener)
    assert _content(tmp_path / "opened") == _content(model)


@pytest.mark.parametrize("writes", [1, 2, 10, 18, 20])
def test_an_opening_that_is_killed_anywhere(
    writes: int, model: Path, release: Path, opener: Opener, tmp_path: Path
) -> None:
    """There is no model, no receipt and no memory of the grant; the next run makes all three."""
    target, receipt = tmp_path / "opened", tmp_path / "receipt"
    assert _killed_in(reading, writes, lambda: open_release(release, target, receipt, opener))
    assert not target.exists()
    assert not receipt.exists()
    assert not opener.memory.exists()
    aside = tmp_path / ".opened.opening"
    assert (aside / "unfinished").exists()
    whole = _content(aside / "model") if (aside / "model").exists() else {}
    assert whole.items() <= _content(model).items()
    open_release(release, target, receipt, opener)
    assert _content(target) == _content(model)


def test_two_processes_do_not_open_into_one_place(
    model: Path, release: Path, opener: Opener, tmp_path: Path
) -> None:
    """Of several processes one opens; the others are told, and what is there is whole."""
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            status = 3
            try:
                open_release(release, tmp_path / "opened", tmp_path / f"receipt{number}", opener)
                status = 0
            except InputError:
                status = 1
            finally:
                os._exit(status)
        children.append(child)
    said = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert said == [0, 1, 1, 1]
    assert _content(tmp_path / "opened") == _content(model)
    assert len(list(tmp_path.glob("receipt*"))) == 1


def test_two_processes_do_not_seal_into_one_place(
    model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Whoever comes while another seals is told, and the release is that of one."""
    target, seen = tmp_path / "release", []

    def meanwhile(name: str, _: float) -> None:
        if "vocab" in name:
            with pytest.raises(InputError, match="another process is making it"):
                seal_release(model, target, sealing)
            seen.append(name)

    seal_release(model, target, sealing, told=meanwhile)
    assert seen
    verify_release(target, opener).check()


def test_renamed_files_are_told(release: Path, opener: Opener, deal: Any, tmp_path: Path) -> None:
    """Two shards that took each other's name, and one with a new name, are no model any more."""
    folder = tmp_path / "opened"
    open_release(release, folder, tmp_path / "receipt", opener)
    manifest = verify_manifest(
        (folder / "model.sig").read_bytes(), deal.lab.identity.manifests, "it"
    )
    check_model(folder, manifest)
    (folder / "config.json").rename(folder / "aside.json")
    with pytest.raises(VerificationError, match=r"'aside\.json' is not in the manifest"):
        check_model(folder, manifest)
    other = folder / SHARD.replace("1-of", "2-of")
    other.rename(folder / "config.json")
    (folder / "aside.json").rename(other)
    with pytest.raises(VerificationError, match="is not the file that was signed"):
        check_model(folder, manifest)


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (b"\xff" * 8 + b"{}", "at most"),
        ((1 << 24).to_bytes(8, "little") + b"{}", "follow"),
        (b"\x02\0\0\0\0\0\0\0{}more", "behind its last tensor"),
        (b"\x01\0", "takes 8"),
    ],
)
def test_a_safetensors_header_that_lies(
    head: bytes, match: str, model: Path, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Lengths in weights that the issuer himself sealed are believed as little as any other."""
    (model / "a.safetensors").write_bytes(head)
    seal_release(model, tmp_path / "release", replace(sealing, unsafe_any_file=True))
    target = tmp_path / "tensor"
    with pytest.raises(InputError, match=match):
        open_tensors(tmp_path / "release", ["zz"], target, tmp_path / "receipt", opener)
    assert not target.exists()
