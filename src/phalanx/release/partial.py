"""Opening some tensors of a release, and saying how much of it was not looked at for that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.owned import written_whole
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.grants.newest import remember
from phalanx.release.open import Opener, receipt_of, refuse_misplaced, verify_release
from phalanx.release.packages.open_package import OpenRelease, Told
from phalanx.release.packages.tensors import find
from phalanx.release.places.place import Place
from phalanx.release.sealing.reading import chunks_of
from phalanx.release.sealing.suite import chunk_count
from phalanx.tensor_layout import BITS, LENGTH_BYTES, Entry

CHECKED = "every chunk that holds a tensor that was opened, under a key that its file commits to"
_ALIGNED_BYTES = 8  # where the numbers begin, as the safetensors library writes files


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was opened of a release."""

    tensors: Mapping[str, Entry]
    """By name; where each lies in its file of the release."""

    chunks: int
    """Chunks of 4 MiB that hold them, each of which was verified."""

    chunks_in_all: int
    """Of all files of the release."""

    receipt: Envelope


def open_tensors(  # noqa: PLR0913 - as many as `open_release`, and the names
    folder: Path | Place,
    names: Sequence[str],
    target: Path,
    receipt: Path,
    opener: Opener,
    *,
    told: Told = lambda *_: None,
) -> Part:
    """Open some tensors of a release into one file of safetensors.

    Nothing else is decrypted but the headers of the files that are looked through. A digest of a
    file cannot be verified by a part of it: what binds a chunk is its tag, under a key to which
    the header commits that the issuer's record names. The receipt says what was not verified.

    Parameters:
        folder: Of the release, or another place that holds it.
        names: Of the tensors.
        target: File, which may not be there yet.
        receipt: File for the receipt.
        opener: Who opens it, when, and whom he trusts.
        told: Is told how far it is.

    Raises:
        VerificationError: If anything that is looked at is not as it was signed and sealed.
        PolicyError: As `verify_release`.
        InputError: If no file has such a tensor, something is at the target, or it cannot be
            written.
    """
    if target.exists() or target.is_symlink():
        message = f"{target}: is there already"
        raise InputError(message, next_step="Name a file that is not there yet.")
    refuse_misplaced(receipt, target, folder)
    release = verify_release(folder, opener)
    found = find(release, list(dict.fromkeys(names)))
    chunks, in_all = _chunks(release, found)
    # Numbers of many bits first: so each lies where its kind wants to.
    order = sorted(found, key=lambda name: (-BITS[found[name][1].stored], name))
    try:
        with written_whole(target) as aside:
            with aside.open("wb") as file:
                file.write(_header({name: found[name][1] for name in order}))
                for number, name in enumerate(order):
                    told(name, number / len(order))
                    where, entry = found[name]
                    for piece in release.range(where, entry.start, entry.size):
                        file.write(piece)
            remember(opener.memory, release.package.agreed)
            missed = f"{in_all - chunks:,} of {in_all:,} chunks, and the digest of any file"
            made = receipt_of(
                release,
                opener,
                checked=(CHECKED, f"{len(order):,} tensors were opened, and no more"),
                not_checked=(missed,),
            )
            with written_whole(receipt) as beside:
                beside.write_bytes(made.as_bytes())
    except OSError as error:
        message = f"{target}: the tensors cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Mend it, and run the same again.") from error
    tensors = {name: entry for name, (_, entry) in found.items()}
    return Part(tensors=tensors, chunks=chunks, chunks_in_all=in_all, receipt=made)


def _chunks(release: OpenRelease, found: Mapping[str, tuple[str, Entry]]) -> tuple[int, int]:
    """Return how many chunks hold these tensors, and how many there are."""
    held = {
        (file, chunk)
        for file, entry in found.values()
        for chunk in chunks_of(entry.start, entry.size)
    }
    return len(held), sum(chunk_count(size) for size in release.files.values())


def _header(entries: Mapping[str, Entry]) -> bytes:
    """Return how a file of safetensors with these tensors begins."""
    said, at = {}, 0
    for name, each in entries.items():
        offsets = [at, at + each.size]
        said[name] = {"dtype": each.stored, "shape": each.shape, "data_offsets": offsets}
        at += each.size
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED_BYTES)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text
