"""What sealing and opening weights cost, beside the ceilings of the machine and beside peers.

GB of weights for each CPU second (user and system), the best of several rounds that are
interleaved, so that other work on the machine counts little; and the largest resident size of the
process. Each measurement has a process of its own. The file lies in the page cache. Where nothing
is written, what sealing makes is thrown away: a disk would be measured otherwise. `model-signing`
hashes and does not encrypt, `pyrage` and Tink encrypt and do not hash: what they cost together for
both is given too. No single pass can be quicker than the bound: reading once, encrypting, hashing.

Run `python bench/release_speed.py`; peers that are not installed are named as not measured.
`--smoke` takes a small file and one round.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from typing import Any

from phalanx.release.grants.grant import accept_grant, issue_grant
from phalanx.release.grants.request import make_request
from phalanx.release.grants.terms import Asked, Terms
from phalanx.release.open import Opener, open_release, verify_release
from phalanx.release.parties.party_keys import new_keys
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.sealing.hashing import Algorithm, new_hash
from phalanx.release.sealing.streams import read_into
from phalanx.release.sealing.suite import CHUNK_BYTES
from phalanx.release.sealing.writing import PIECE_BYTES, Buffers, open_plain, seal_file

WHOLE_BYTES, SMOKE_BYTES = 1 << 30, 16 << 20
ROUNDS = 6
NOW = datetime(2026, 3, 2, tzinfo=UTC)
NAME = "model.safetensors"
ALGORITHMS: tuple[Algorithm, ...] = ("sha256", "blake3")
AGE, AGE_KEY, TINK, TINK_KEY = "model.age", "age.key", "model.tink", "tink.key"


class Discarded(FileIO):
    """A file that takes everything and keeps nothing."""

    def write(self, data: object, /) -> int:
        """Throw bytes away."""
        return len(memoryview(data))  # type: ignore[arg-type]


def read_only(folder: Path) -> None:
    """Read the file: no tool can be quicker."""
    buffers = Buffers()
    with open_plain(folder / "model" / NAME) as file:
        while read_into(file, buffers.plain):
            pass


def encrypt_only(folder: Path) -> None:
    """Read and encrypt, with nothing else, in pieces that stay in the cache of a core."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES256
    from cryptography.hazmat.primitives.ciphers.modes import GCM

    buffers, count, got = Buffers(), 0, 1
    with open_plain(folder / "model" / NAME) as file:
        while got:
            context = Cipher(AES256(bytes(32)), GCM(count.to_bytes(12, "big"))).encryptor()
            for _ in range(CHUNK_BYTES // PIECE_BYTES):
                got = read_into(file, buffers.plain)
                buffers.encrypt(context, got)
            context.finalize()
            count += 1


def hash_only(algorithm: str) -> Callable[[Path], None]:
    """Return how to read and hash, with nothing else."""

    def step(folder: Path) -> None:
        buffers, digest = Buffers(), new_hash(algorithm)
        with open_plain(folder / "model" / NAME) as file:
            while got := read_into(file, buffers.plain):
                digest.update(buffers.plain[:got])

    return step


def one_pass(algorithm: str | None) -> Callable[[Path], None]:
    """Return how to seal one file; null stands for a digest that is known."""

    def step(folder: Path) -> None:
        with (
            open_plain(folder / "model" / NAME) as source,
            tempfile.NamedTemporaryFile() as place,
            Discarded(place.name, "wb") as target,
        ):
            seal_file(
                source,
                target,
                name=NAME,
                content_key=bytes(32),
                grant=bytes(32),
                random=secrets.token_bytes,
                digest=new_hash(algorithm) if algorithm else None,
                buffers=Buffers(),
            )

    return step


def verified(algorithm: str) -> Callable[[Path], None]:
    """Return how to verify, decrypt and hash a whole release without writing the model."""

    def step(folder: Path) -> None:
        _, opener = deal(folder, "sha256")
        verify_release(folder / f"sealed-{algorithm}", opener).check()

    return step


def written(algorithm: Algorithm) -> Callable[[Path], None]:
    """Return how to seal a model onto the disk."""

    def step(folder: Path) -> None:
        sealing, _ = deal(folder, algorithm)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            seal_release(folder / "model", Path(place, "sealed"), sealing)

    return step


def opened(algorithm: str) -> Callable[[Path], None]:
    """Return how to open a release onto the disk, with receipt."""

    def step(folder: Path) -> None:
        _, opener = deal(folder, "sha256")
        with tempfile.TemporaryDirectory(dir=folder) as place:
            model, receipt = Path(place, "opened"), Path(place, "receipt")
            open_release(folder / f"sealed-{algorithm}", model, receipt, opener)

    return step


@cache
def deal(folder: Path, algorithm: Algorithm) -> tuple[Sealing, Opener]:
    """Return a grant that two parties signed, the same each time."""
    lab, partner = (new_keys(each, random.Random(each).randbytes) for each in ("Lab", "Partner"))
    asked = Asked(model="m", purposes=("bench",), tier="white-box", environment="here")
    terms = Terms(
        asked=asked,
        begins_at=NOW,
        expires_at=NOW.replace(year=2027),
        delete_by=NOW.replace(year=2028),
        derivatives="none",
        onward_transfer=False,
        incident_contact="nobody",
        export=None,
        evidence_duties=(),
    )
    request = make_request(partner, asked, NOW, random.Random(1).randbytes)
    issued = issue_grant(request, partner.identity, lab, terms, NOW, commitment=None)
    both = accept_grant(issued, lab.identity, partner, request, NOW)
    sealing = Sealing(
        keys=lab,
        recipient=partner.identity,
        grant=both,
        now=NOW,
        random=secrets.token_bytes,
        hash_type=algorithm,
    )
    memory = folder / "memory"
    return sealing, Opener(
        keys=partner, issuer=lab.identity, memory=memory, now=NOW, without_roots=True
    )


def model_signing(algorithm: str) -> Callable[[Path], None]:
    """Return how `model-signing` hashes the model, which it does again to verify."""

    def step(folder: Path) -> None:
        from model_signing import hashing

        config: Any = hashing.Config()  # type: ignore[no-untyped-call]
        config.use_file_serialization(hashing_algorithm=algorithm)
        config.hash(folder / "model")

    return step


def pyrage_encrypts(folder: Path, target: Path | None = None) -> None:
    """Encrypt by `age` for one recipient; the key is kept where what is made is kept."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    if target is not None:
        (folder / AGE_KEY).write_text(str(identity))
    with (
        (folder / "model" / NAME).open("rb") as source,
        target.open("wb") if target else Sink() as made,
    ):
        pyrage.encrypt_io(source, made, [identity.to_public()])


def pyrage_decrypts(folder: Path) -> None:
    """Decrypt by `age`."""
    import pyrage

    identity = pyrage.x25519.Identity.from_str((folder / AGE_KEY).read_text())
    with (folder / AGE).open("rb") as source, Sink() as target:
        pyrage.decrypt_io(source, target, [identity])


def tink_encrypts(folder: Path, target: Path | None = None) -> None:
    """Encrypt by the streaming AEAD of Tink; the key is kept where what is made is kept."""
    import tink
    from tink import cleartext_keyset_handle, streaming_aead

    streaming_aead.register()
    template = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB
    handle = tink.new_keyset_handle(template)
    if target is not None:
        with (folder / TINK_KEY).open("w") as file:
            cleartext_keyset_handle.write(tink.JsonKeysetWriter(file), handle)
    primitive = handle.primitive(streaming_aead.StreamingAead)
    with (
        (folder / "model" / NAME).open("rb") as source,
        primitive.new_encrypting_stream(target.open("wb") if target else Sink(), b"") as made,
    ):
        while piece := source.read(CHUNK_BYTES):
            made.write(piece)


def tink_decrypts(folder: Path) -> None:
    """Decrypt by the streaming AEAD of Tink."""
    import tink
    from tink import cleartext_keyset_handle, streaming_aead

    streaming_aead.register()
    reader = tink.JsonKeysetReader((folder / TINK_KEY).read_text())
    handle = cleartext_keyset_handle.read(reader)
    primitive = handle.primitive(streaming_aead.StreamingAead)
    with primitive.new_decrypting_stream((folder / TINK).open("rb"), b"") as source:
        while source.read(CHUNK_BYTES):
            pass


class Sink(io.RawIOBase):
    """A stream that takes everything and keeps nothing."""

    def writable(self) -> bool:
        """Tell that it takes bytes."""
        return True

    def write(self, data: object, /) -> int:
        """Throw bytes away."""
        return len(memoryview(data))  # type: ignore[arg-type]


STEPS: dict[str, tuple[Callable[[Path], None], str]] = {
    "ceiling: read": (read_only, ""),
    "ceiling: AES-256-GCM": (encrypt_only, ""),
    "ceiling: SHA-256": (hash_only("sha256"), ""),
    "ceiling: BLAKE3": (hash_only("blake3"), ""),
    "seal, SHA-256, nothing written": (one_pass("sha256"), ""),
    "seal, BLAKE3, nothing written": (one_pass("blake3"), ""),
    "seal again, digest known, nothing written": (one_pass(None), ""),
    "open and verify, SHA-256, nothing written": (verified("sha256"), ""),
    "open and verify, BLAKE3, nothing written": (verified("blake3"), ""),
    "seal onto the disk, BLAKE3": (written("blake3"), ""),
    "open onto the disk, BLAKE3": (opened("blake3"), ""),
    "model-signing hashes, SHA-256": (model_signing("sha256"), "model_signing.hashing"),
    "model-signing hashes, BLAKE3": (model_signing("blake3"), "model_signing.hashing"),
    "pyrage encrypts": (pyrage_encrypts, "pyrage"),
    "Tink encrypts": (tink_encrypts, "tink.streaming_aead"),
    "pyrage decrypts": (pyrage_decrypts, "pyrage"),
    "Tink decrypts": (tink_decrypts, "tink.streaming_aead"),
}
"""What is measured, and which package it needs."""

BOTH = {
    "model-signing SHA-256, then pyrage": ("model-signing hashes, SHA-256", "pyrage encrypts"),
    "model-signing BLAKE3, then Tink": ("model-signing hashes, BLAKE3", "Tink encrypts"),
    "pyrage, then model-signing SHA-256": ("pyrage decrypts", "model-signing hashes, SHA-256"),
    "Tink, then model-signing BLAKE3": ("Tink decrypts", "model-signing hashes, BLAKE3"),
}


def is_installed(module: str) -> bool:
    """Tell whether the package of a module is there."""
    return find_spec(module.partition(".")[0]) is not None


def prepare(folder: Path, size: int) -> None:
    """Write a model of random weights, and seal it with both hashes."""
    (folder / "model").mkdir()
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}})
    with (folder / "model" / NAME).open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header.encode())
        for _ in range(0, size, CHUNK_BYTES):
            file.write(secrets.token_bytes(CHUNK_BYTES))
    for algorithm in ALGORITHMS:
        sealing, _ = deal(folder, algorithm)
        seal_release(folder / "model", folder / f"sealed-{algorithm}", sealing)
    if is_installed("pyrage"):
        pyrage_encrypts(folder, folder / AGE)
    if is_installed("tink"):
        tink_encrypts(folder, folder / TINK)


def read_by(name: str) -> str:
    """Return which file a step reads."""
    if name.startswith("open"):
        return f"sealed-{'blake3' if 'BLAKE3' in name else 'sha256'}/000001.sealed"
    return {"pyrage decrypts": AGE, "Tink decrypts": TINK}.get(name, f"model/{NAME}")


def fill_page_cache(path: Path) -> None:
    """Read a file once: other work on the machine may have driven it out of memory."""
    buffers = Buffers()
    with open_plain(path) as file:
        while read_into(file, buffers.plain):
            pass


def measure_one(name: str, folder: Path) -> None:
    """Print CPU seconds of a step in this process, and its largest resident size."""
    if STEPS[name][1]:
        import_module(STEPS[name][1])  # whose cost is not that of the step
    for algorithm in ALGORITHMS:
        deal(folder, algorithm)  # a licence is agreed on before, and once
    fill_page_cache(folder / read_by(name))
    start = time.process_time()
    STEPS[name][0](folder)
    used = time.process_time() - start
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    print(json.dumps([used, int(peak.split()[1]) * 1024]))


def measured(name: str, folder: Path) -> tuple[float, int]:
    """Return CPU seconds and peak memory of a step in a process of its own."""
    words = [sys.executable, __file__, "--one", name, "--folder", str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), int(peak)


def bound(best: dict[str, float], hashed: str) -> float:
    """Return the CPU seconds that reading once, encrypting and hashing take, each by itself."""
    parts = best["ceiling: AES-256-GCM"] + best[f"ceiling: {hashed}"]
    return parts - best["ceiling: read"]  # which both of them hold


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small file and one round")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure_one(given.one, given.folder)
        return
    # Imported here: what a step's process holds is that step's alone.
    from results import print_table, save

    size = SMOKE_BYTES if given.smoke else WHOLE_BYTES
    absent = {package for _, package in STEPS.values() if package and not is_installed(package)}
    names = [name for name, (_, package) in STEPS.items() if package not in absent]
    best = dict.fromkeys(names, float("inf"))
    peaks = dict.fromkeys(names, 0)
    with tempfile.TemporaryDirectory() as place:
        prepare(Path(place), size)
        for _ in range(1 if given.smoke else ROUNDS):
            for name in names:
                seconds, peak = measured(name, Path(place))
                best[name], peaks[name] = min(best[name], seconds), max(peaks[name], peak)
    rows: list[list[object]] = [
        [name, round(size / best[name] / 1e9, 2), round(peaks[name] / 2**20)] for name in names
    ]
    rows += [
        [name, round(size / (best[one] + best[other]) / 1e9, 2), ""]
        for name, (one, other) in BOTH.items()
        if one in best and other in best
    ]
    rows += [
        [f"bound: read once, encrypt, {name}", round(size / bound(best, name) / 1e9, 2), ""]
        for name in ("SHA-256", "BLAKE3")
    ]
    rows += [[package, "not measured", "not installed"] for package in sorted(absent)]
    print_table(f"{size >> 20:,} MiB", ["", "GB per CPU-second", "peak MiB"], rows)
    save("release_speed", {"smoke": given.smoke, "bytes": size, "rows": rows})


if __name__ == "__main__":
    main()
