"""Proofs that go with a release: its grant and its record are in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.owned import written_whole
from phalanx.release.envelopes.statement import digest_of
from phalanx.release.logged.book import LogBook
from phalanx.release.packages.package import (
    GRANT,
    PROOFS,
    RECORD,
    Package,
    read_envelope,
)
from phalanx.transparency.checkpoints import Checkpoint
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.memory import compare
from phalanx.transparency.policy import Policy
from phalanx.transparency.proofs import parse_proof
from phalanx.transparency.salted import SALT_BYTES, salted_entry


def prove_release(
    folder: Path, book: LogBook, random: Callable[[int], bytes], time: int
) -> Checkpoint:
    """Enter a release into the log, and put the proofs beside its files.

    Run again, it proves the same entries under the present checkpoint, which more witnesses may
    have signed.

    Parameters:
        folder: Of the release.
        book: Of the log.
        random: Gives so many random bytes, such as `secrets.token_bytes`.
        time: Seconds since 1970.

    Raises:
        InputError: If the release cannot be read, or the proofs not be written.
        VerificationError: If the log is damaged.
    """
    digests = tuple(digest_of(read_envelope(folder / name).payload) for name in (GRANT, RECORD))
    openings = book.enter(digests, random, time)
    try:
        for name, opening in zip(PROOFS, openings, strict=True):
            with written_whole(folder.parent / f"{folder.name}.{name}") as aside:
                aside.write_text(book.proof(opening).as_text(), encoding="utf-8")
            (folder.parent / f"{folder.name}.{name}").rename(folder / name)
    except OSError as error:
        message = f"{folder}: the proofs cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Mend it, and run the same again.") from error
    return book.log.state()[1]


def refuse_unlogged(
    package: Package, policy: Policy, seen: Path, readers: Mapping[str, LogReader]
) -> None:
    """Refuse a release that is not proved to be in the log.

    Parameters:
        package: Whose signatures were verified.
        policy: Which logs count, and which witnesses have to have signed.
        seen: Folder of the checkpoints that were seen.
        readers: By the origin of a log; without one, its checkpoints of different sizes are not
            compared.

    Raises:
        VerificationError: If a proof is missing or does not hold, or the log shows two trees.
        InputError: If the log cannot be read.
        ServiceError: If the log cannot be reached.
    """
    named = (("the grant", package.agreed.digest), ("the record", package.digest))
    for name, (what, digest) in zip(PROOFS, named, strict=True):
        if name not in package.proofs:
            message = f"{what} has no proof that it is in the log"
            raise VerificationError(message, next_step=f"Ask the sender for {name} of the release.")
        proof = parse_proof(package.proofs[name], f"the proof of {what}")
        if len(proof.extra) != SALT_BYTES:
            message = f"the proof of {what} has no salt"
            raise VerificationError(message, next_step="Ask the sender for it again.")
        logged = proof.verify(salted_entry(bytes.fromhex(digest), proof.extra), policy, what)
        compare(seen, proof.checkpoint, readers.get(logged.origin))
