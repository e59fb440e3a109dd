"""A log grows, proves what it holds, and is found out where it says something else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from phalanx.errors import InputError, VerificationError
from phalanx.transparency.log_folder import LogFolder
from phalanx.transparency.memory import compare
from phalanx.transparency.merkle import in_memory, leaf_hash, root_of
from phalanx.transparency.note_keys import NoteSigner
from phalanx.transparency.policy import Policy
from phalanx.transparency.proofs import parse_proof
from phalanx.transparency.witness import cosign

LOG = NoteSigner(name="lab.example/log", key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESSES = [
    NoteSigner(
        name="w1.example", key=Ed25519PrivateKey.from_private_bytes(b"1" * 32), is_witness=True
    ),
    NoteSigner(name="w2.example", key=MLDSA44PrivateKey.from_seed_bytes(b"2" * 32)),
]
POLICY = Policy(logs=(LOG.public,))


def _entries(start: int, end: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(start, end)]


@pytest.mark.parametrize("steps", [(1,), (256,), (3, 255, 2), (1, 700, 65_000, 4_300)])
def test_the_tree_is_that_of_its_entries(steps: tuple[int, ...], log: LogFolder) -> None:
    """However entries come, root, entries and proofs are those of a tree in memory."""
    size = 0
    for count in steps:
        assert log.append(_entries(size, size + count), 2) == range(size, size + count)
        size += count
    note, found = log.state()
    assert found.size == size
    leaves = [leaf_hash(each) for each in _entries(0, size)]
    assert found.root == root_of(in_memory(leaves), size)
    for index in {0, size // 2, size - 1}:
        made = log.reader.proof(index, note, size, b"salt")
        proof = parse_proof(made.as_text().encode(), "it")
        assert proof == made
        assert proof.verify(_entries(index, index + 1)[0], POLICY, "it") == found
        with pytest.raises(VerificationError, match="is not in the log"):
            proof.verify(b"another", POLICY, "it")
    assert log.reader.entries(max(0, size - 300), size) == _entries(max(0, size - 300), size)


def test_the_files_are_those_of_the_specification(log: LogFolder, tmp_path: Path) -> None:
    """A log of 70,000 entries has the tiles that the specification counts, and no full partials."""
    log.append(_entries(0, 200), 2)
    log.append(_entries(200, 70_000), 2)
    folder = tmp_path / "log" / "tile"
    assert len([each for each in (folder / "0").iterdir() if each.is_file()]) == 273
    assert [each.name for each in (folder / "0" / "273.p").iterdir()] == ["112"]
    assert [each.name for each in (folder / "1" / "001.p").iterdir()] == ["17"]
    assert [each.name for each in (folder / "2" / "000.p").iterdir()] == ["1"]
    assert (folder / "0" / "000").stat().st_size == 8192
    assert not (folder / "0" / "000.p").exists()


def test_what_was_broken_off_is_no_part(log: LogFolder, tmp_path: Path) -> None:
    """Files of an append that never came to its checkpoint are written over."""
    log.append(_entries(0, 3), 2)
    kept = (tmp_path / "log" / "checkpoint").read_bytes()
    log.append([b"lost"] * 100, 3)
    (tmp_path / "log" / "checkpoint").write_bytes(kept)
    assert log.append([b"kept"], 4) == range(3, 4)
    note, found = log.state()
    assert log.reader.proof(3, note, found.size, b"").verify(b"kept", POLICY, "it").size == 4


def test_several_append_at_once(log: LogFolder, tmp_path: Path) -> None:
    """Who appends waits for the other; nothing is lost and nothing stands twice."""
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda n: LogFolder(tmp_path / "log", LOG).append([b"%d" % n], n), range(40))
        )
    assert sorted(each.start for each in done) == list(range(40))
    assert sorted(log.reader.entries(0, 40)) == sorted(b"%d" % n for n in range(40))


def test_damage_is_told(log: LogFolder, tmp_path: Path) -> None:
    """A tile or an entry that was changed is not added to, and not believed."""
    log.append(_entries(0, 5), 2)
    bundle = tmp_path / "log" / "tile" / "entries" / "000.p" / "5"
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 2", b"entry X"))
    with pytest.raises(VerificationError, match="entry 2 of the log is not"):
        log.reader.entries(0, 5)
    tile = tmp_path / "log" / "tile" / "0" / "000.p" / "5"
    tile.write_bytes(bytes(160))
    with pytest.raises(VerificationError, match="not those of its checkpoint"):
        log.append([b"more"], 3)
    tile.write_bytes(b"short")
    with pytest.raises(VerificationError, match="another size"):
        log.append([b"more"], 3)
    tile.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        log.append([b"more"], 3)


def test_a_log_that_shows_two_trees(log: LogFolder, tmp_path: Path) -> None:
    """Whoever remembers one checkpoint finds out the other, of any size."""
    log.append(_entries(0, 3), 2)
    shutil.copytree(tmp_path / "log", tmp_path / "fork")
    fork = LogFolder(tmp_path / "fork", LOG)
    log.append([b"for you"], 3)
    fork.append([b"for me"], 3)
    memory = tmp_path / "seen"
    assert compare(memory, log.state()[0], None)
    with pytest.raises(VerificationError, match="shows two trees"):
        compare(memory, fork.state()[0], None)
    fork.append([b"more"], 4)
    assert not compare(memory, fork.state()[0], None)
    with pytest.raises(VerificationError, match="shows two trees"):
        compare(memory, fork.state()[0], fork.reader)
    log.append(_entries(9, 500), 5)
    assert compare(memory, log.state()[0], log.reader)


def test_a_witness_signs_one_tree(log: LogFolder, tmp_path: Path) -> None:
    """A witness cosigns what grows, and neither what has another past nor what shrank."""
    log.append(_entries(0, 3), 2)
    shutil.copytree(tmp_path / "log", tmp_path / "fork")
    memory = tmp_path / "witness"
    log.append([b"for you"], 3)
    for witness in WITNESSES:
        cosigned = cosign(log.reader, LOG.public, witness, memory, 7)
        assert log.add_signatures(cosigned, [witness.public]) == 1
        assert log.add_signatures(cosigned, [witness.public]) == 0
    quorum = Policy(logs=(LOG.public,), witnesses={"w": WITNESSES[0].public}, quorum="w")
    assert quorum.accept(log.state()[0], "it").size == 4
    fork = LogFolder(tmp_path / "fork", LOG)
    with pytest.raises(VerificationError, match="3 entries, and had 4 before"):
        cosign(fork.reader, LOG.public, WITNESSES[0], memory, 8)
    fork.append([b"for me", b"x"], 3)
    with pytest.raises(VerificationError, match="shows two trees"):
        cosign(fork.reader, LOG.public, WITNESSES[0], memory, 8)
    with pytest.raises(VerificationError, match="another checkpoint"):
        fork.add_signatures(cosigned, [WITNESSES[0].public])


def test_a_folder_of_another_log(log: LogFolder, tmp_path: Path) -> None:
    """A log is neither begun twice nor continued under another key."""
    with pytest.raises(InputError, match="a log already"):
        log.begin(2)
    with pytest.raises(VerificationError, match="another key"):
        LogFolder(tmp_path / "log", WITNESSES[0]).append([b"a"], 2)
    with pytest.raises(ValueError, match="at most"):
        log.append([b"x" * (1 << 16)], 2)
    assert log.state()[1].size == 0
    assert (tmp_path / "log" / "checkpoint").stat().st_mode & 0o077 == 0


_APPENDING = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from phalanx.transparency.log_folder import LogFolder
from phalanx.transparency.note_keys import NoteSigner
key = Ed25519PrivateKey.from_private_bytes(bytes(32))
log = LogFolder(Path(sys.argv[1]), NoteSigner(name="lab.example/log", key=key))
for number in range(10_000):
    print(log.append([b"%d" % number] * 30, number).stop, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 12])
def test_what_was_acknowledged_outlasts_a_kill(
    acknowledged: int, log: LogFolder, tmp_path: Path
) -> None:
    """Killed at any moment, a log holds all that it said it holds, and goes on."""
    command = [sys.executable, "-c", _APPENDING, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(acknowledged)]
        process.kill()
    _, found = log.state()
    assert found.size >= said[-1]
    log.reader.refuse_other_tree(found)
    assert len(log.reader.entries(0, found.size)) == found.size
    assert log.append([b"after"], 9) == range(found.size, found.size + 1)
