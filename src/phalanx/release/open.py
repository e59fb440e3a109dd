"""Opening a release: nothing of it is used before all that can be verified of it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phalanx.errors import InputError, PolicyError, VerificationError, reason_of
from phalanx.owned import written_whole
from phalanx.release.demands import Trusted, checks, no_roots, refuse_unmet
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.grants.grant import refuse_untimely
from phalanx.release.grants.newest import refuse_superseded, remember
from phalanx.release.grants.receipt import make_receipt
from phalanx.release.manifest.bundle import verify_manifest
from phalanx.release.manifest.resources import SIGNATURE_NAME
from phalanx.release.manifest.tree import files_of
from phalanx.release.packages.open_package import OpenRelease, Told, manifest_bytes, new_file
from phalanx.release.packages.package import Package, check_package
from phalanx.release.packages.record import BROKERED
from phalanx.release.packages.staging import staging
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys
from phalanx.release.places.place import Folder, Place
from phalanx.release.sealing.streams import write_all
from phalanx.release.sealing.wrapping import unwrap
from phalanx.release.sealing.writing import Buffers, sync_folder

BEFORE = (
    "both signatures of the grant",
    "that the grant has begun and is not over",
    "that no newer grant of this model was opened here",
    "the issuer's signature of the record, and the header of every sealed file",
    "that the content key is for this recipient and this grant",
    "the issuer's signature of the manifest",
)
"""What is verified before anything is decrypted."""

WHILE = (
    "every chunk, under a key that its file commits to",
    "the digest of every file in the manifest",
)
"""What is verified while everything is decrypted."""

KINDS = "that every file is of a kind that is handed on"

ATTESTED = "that a broker handed out the key to this machine"
NOT_ATTESTED = "whether the environment was attested: the key is in the release itself"
NOT_CHECKED = (*checks(None)[1], NOT_ATTESTED)
"""What the protocol knows and is not done where neither roots nor a broker are named."""

_AGAIN = "Ask the sender for the release again."


Released = Callable[[Package], bytes]
"""Returns the content key of a release, which a broker handed to this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Who opens, when, and whom he trusts."""

    keys: PartyKeys
    """Of the recipient."""

    issuer: Identity
    """As he was pinned."""

    memory: Path
    """Of the newest grants that were opened here."""

    now: datetime
    """In UTC, in whole seconds."""

    trusted: Trusted | None = None
    """Fresh roots and logs."""

    without_roots: bool = False
    """Whether it is opened without any: whether something was revoked is not known then."""

    released: Released | None = None
    """Asks a broker for the key, where it is with one."""

    unsafe_any_file: bool = False
    """Whether files of any kind are taken, programs among them."""


def verify_release(
    folder: Path | Place, opener: Opener, *, is_looked_at: bool = False
) -> OpenRelease:
    """Verify a release as far as it can be without decrypting its files.

    Parameters:
        folder: Of the release, or another place that holds it.
        opener: Who opens it, when, and whom he trusts.
        is_looked_at: Whether nothing of it is handed out, so that it does without roots.

    Raises:
        VerificationError: If anything is not as it was signed, or for another recipient.
        PolicyError: If the grant has not begun, is over, was revoked, or a newer one was opened
            here; if roots are stale, or none are named; if the grant demands what is not named.
        InputError: If the release cannot be read.
    """
    package = check_package(folder, opener.issuer, opener.keys.identity)
    refuse_untimely(package.agreed.grant, opener.now)
    refuse_superseded(opener.memory, package.agreed)
    refuse_unmet(package, opener.issuer, opener.keys.identity, opener.trusted, opener.now)
    if opener.trusted is None and not (opener.without_roots or is_looked_at):
        raise no_roots()
    content_key = _content_key(package, opener)
    buffers = Buffers()
    manifest = verify_manifest(
        manifest_bytes(package, content_key, buffers), opener.issuer.manifests, "the manifest"
    )
    if manifest.root != package.root or manifest.shard_bytes is not None:
        message = "the manifest is not the one that the record of the release names"
        raise VerificationError(message, next_step=_AGAIN)
    return OpenRelease(package=package, manifest=manifest, content_key=content_key, buffers=buffers)


def open_release(
    folder: Path | Place,
    target: Path,
    receipt: Path,
    opener: Opener,
    *,
    told: Told = lambda *_: None,
) -> Envelope:
    """Open a release into a folder, and return the receipt.

    The folder is there when every file in it was verified, and not before. The receipt is written
    just before: a copy without a receipt there never is.

    Parameters:
        folder: Of the release, or another place that holds it.
        target: Folder of the model, which may not be there yet.
        receipt: File for the receipt.
        opener: Who opens it, when, and whom he trusts.
        told: Is told how far it is.

    Raises:
        VerificationError: If anything is not as it was signed and sealed; then nothing is left.
        PolicyError: As `verify_release`, or if a file is of no kind that is handed on.
        InputError: If the release cannot be read, the model not be written, or the receipt would
            stand in the way of either.
    """
    refuse_misplaced(receipt, target, folder)
    release = verify_release(folder, opener)
    with staging(target, "opening") as aside:
        try:
            model = release.write_files(aside, unsafe_any_file=opener.unsafe_any_file, told=told)
            bundle = manifest_bytes(release.package, release.content_key, release.buffers)
            (model / SIGNATURE_NAME).unlink(missing_ok=True)
            with new_file(model / SIGNATURE_NAME) as file:
                write_all(file, memoryview(bundle))
                os.fsync(file.fileno())
            _refuse_others(model, {*release.files, SIGNATURE_NAME})
            remember(opener.memory, release.package.agreed)
            kinds = () if opener.unsafe_any_file else (KINDS,)
            made = receipt_of(release, opener, checked=(*WHILE, *kinds))
            with written_whole(receipt) as beside:
                beside.write_bytes(made.as_bytes())
            model.rename(target)
            sync_folder(target.parent)
            shutil.rmtree(aside)
        except OSError as error:
            message = f"{target}: the model cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and run the same again.") from error
        except (VerificationError, PolicyError):
            shutil.rmtree(aside)
            raise
    return made


def refuse_misplaced(receipt: Path, target: Path, release: Path | Place) -> None:
    """Refuse a receipt that would stand where the model is to be, or in the release.

    Raises:
        InputError: If it would: then one of the two is lost, or the release no longer verifies.
    """
    where = receipt.resolve()
    folder = release.path if isinstance(release, Folder) else release
    for taken, what in ((target, "the model"), (folder, "the release")):
        if isinstance(taken, Path) and where.is_relative_to(taken.resolve()):
            message = f"{receipt}: the receipt would stand in the way of {what}"
            raise InputError(message, next_step="Name another file for the receipt.")


def receipt_of(
    release: OpenRelease,
    opener: Opener,
    *,
    checked: tuple[str, ...],
    not_checked: tuple[str, ...] = (),
) -> Envelope:
    """Return the signed receipt of a release that was opened.

    Parameters:
        release: That was opened.
        opener: Who opened it.
        checked: What was verified after `verify_release`.
        not_checked: What of it could have been and was not.
    """
    trusted, not_trusted = checks(opener.trusted)
    is_attested = release.package.record.wrapping == BROKERED
    attested = (ATTESTED,) if is_attested else ()
    not_attested = () if is_attested else (NOT_ATTESTED,)
    return make_receipt(
        opener.keys,
        model=release.manifest.model,
        root=release.manifest.root,
        grant=release.package.agreed.digest,
        record=release.package.digest,
        now=opener.now,
        checked=(*trusted, *BEFORE, *attested, *checked),
        not_checked=(*not_checked, *not_trusted, *not_attested),
    )


def _content_key(package: Package, opener: Opener) -> bytes:
    if package.record.wrapping == BROKERED:
        if opener.released is None:
            message = "the key of the release is with a broker"
            raise PolicyError(message, next_step="Ask him: phalanx release broker challenge")
        return opener.released(package)
    if "attestation" in package.agreed.grant.terms.demands:
        message = "the grant demands an attestation, and the key is in the release itself"
        raise PolicyError(message, next_step="Ask the issuer to seal it for a broker.")
    return unwrap(
        package.record.wrapped,
        opener.keys.receiving,
        purpose="release",
        bound_to=bytes.fromhex(package.agreed.digest),
    )


def _refuse_others(model: Path, expected: set[str]) -> None:
    if {each.name for each in files_of(model, ())} != expected:
        message = f"{model} holds files that are not of this release"
        raise VerificationError(message, next_step="Open it again.")
