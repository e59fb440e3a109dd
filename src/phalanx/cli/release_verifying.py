"""What is verified of a release that stays closed, and what is signed when a copy is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from phalanx.cli.release_roots_work import trusted_of
from phalanx.cli.release_work import content_of, lines_of, now, read_identity, unusable
from phalanx.errors import ConfigError, InputError, VerificationError
from phalanx.release.demands import checks, refuse_unmet
from phalanx.release.grants.deletion import certify_deletion, verify_deletion
from phalanx.release.grants.receipt import Receipt, verify_receipt
from phalanx.release.grants.terms import Terms
from phalanx.release.manifest.bundle import MOST_BYTES as MOST_MANIFEST_BYTES
from phalanx.release.manifest.bundle import verify_manifest
from phalanx.release.manifest.checking import check_model
from phalanx.release.manifest.resources import SIGNATURE_NAME
from phalanx.release.packages.package import RECORD, Package, check_package, read_envelope
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import read_keys
from phalanx.release.places.place import Folder, Place
from phalanx.release.places.store import Store


def refuse_beside(option: str, others: dict[str, object]) -> None:
    """Refuse options that nothing would be done with: who names one believes that it was.

    Parameters:
        option: That decides what is verified.
        others: What was given, by the option; null or empty where nothing was.

    Raises:
        ConfigError: If something was given.
    """
    given = [name for name, value in others.items() if value]
    if given:
        message = f"{' and '.join(given)} cannot stand beside {option}"
        raise ConfigError(message, next_step="Leave out one or the other.")


def verified_text(  # noqa: PLR0917 - as many as the command has
    place: Folder | Store,
    issuer: Path,
    recipient: Path | None,
    receipt: Path | None,
    deletion: Path | None,
    manifest: Path | None,
    only: Sequence[str] | None,
    trust: Path | None,
) -> str:
    """Verify a release or a model, and return what was verified, in words.

    Raises:
        ConfigError: If an option does not belong to what is verified.
        VerificationError: If it is not as it was signed.
        PolicyError: If roots were named, and something was revoked or is stale.
        InputError: If it cannot be read.
    """
    party = read_identity(issuer)
    if isinstance(place, Store) or (place.path / RECORD).exists():
        if manifest is not None or only:
            message = "a release that is sealed shows no single files"
            raise ConfigError(
                message, next_step="Leave out --manifest, and name --keys for --only."
            )
        if recipient is None:
            message = "a release is verified for its recipient"
            raise ConfigError(message, next_step="Name his identity with --recipient.")
        return _release_text(place, party, read_identity(recipient), receipt, deletion, trust)
    if receipt is not None or deletion is not None or trust is not None:
        message = "receipts, certificates and roots are of a release, and this is none"
        raise ConfigError(message, next_step="Name the folder of the release.")
    path = place.path
    signed = manifest or (path if path.is_dir() else path.parent) / SIGNATURE_NAME
    found = verify_manifest(
        content_of(signed, MOST_MANIFEST_BYTES + 1), party.manifests, str(signed)
    )
    names = check_model(path, found, only=only)
    return lines_of(f"root {found.root}", f"{len(names):,} files are as {party.name} signed them")


def deletion_text(  # noqa: PLR0917 - as many as the command has
    folder: Path,
    issuer: Path,
    gone: Sequence[Path],
    deleted: Sequence[str],
    kept: Sequence[str],
    keys: Path,
) -> str:
    """Return a signed certificate that a copy was deleted.

    Raises:
        InputError: If something is still there, or words are none.
    """
    for path in gone:
        if path.exists() or path.is_symlink():
            message = f"{path}: is still there"
            raise InputError(message, next_step="Delete it first, and every other copy.")
    party = read_keys(keys)
    package = check_package(folder, read_identity(issuer), party.identity)
    words = (*(f"the opened copy {path.name}" for path in gone), *deleted)
    try:
        made = certify_deletion(
            party,
            model=package.agreed.grant.terms.asked.model,
            root=package.root,
            grant=package.agreed.digest,
            record=package.digest,
            now=now(),
            deleted=words,
            kept=tuple(kept),
        )
    except ValidationError as error:
        raise unusable(what="the certificate", error=error) from error
    return made.as_bytes().decode()


def receipt_lines(said: Receipt, terms: Terms, sealed_at: datetime, name: str) -> list[str]:
    """Return what a receipt says: a part that was opened is not a copy, nor a check a promise."""
    when = ""
    if said.opened_at >= terms.expires_at:
        when = ", when the grant was over"
    elif said.opened_at < max(terms.begins_at, sealed_at):
        when = ", before the release was there: a clock was wrong"
    return [
        f"receipt of {name}: opened at {said.opened_at.isoformat()}{when}",
        *(f"receipt: he verified {each}" for each in said.checked),
        *(f"receipt: he did not check {each}" for each in said.not_checked),
    ]


def _release_text(  # noqa: PLR0917 - what is verified of it
    place: Place,
    issuer: Identity,
    recipient: Identity,
    receipt: Path | None,
    deletion: Path | None,
    trust: Path | None,
) -> str:
    found: Package = check_package(place, issuer, recipient)
    trusted = trusted_of(trust)
    if trusted is not None:
        refuse_unmet(found, issuer, recipient, trusted, now())
    made, not_made = checks(trusted)
    terms = found.agreed.grant.terms
    lines = [
        f"root {found.root}",
        f"grant {found.agreed.digest} of {issuer.name} to {recipient.name}, both signed",
        f"{terms.asked.model}, {terms.asked.tier}, for {', '.join(terms.asked.purposes)}",
        f"from {terms.begins_at.isoformat()} until {terms.expires_at.isoformat()}",
        f"{len(found.record.files):,} sealed files with the headers that the record names",
        *(f"verified: {each}" for each in made),
        *(f"not checked: {each}" for each in not_made),
        "not checked: what is in them, for which the recipient's key is needed",
    ]
    opened_at = None
    if receipt is not None:
        said = verify_receipt(
            read_envelope(receipt),
            recipient,
            grant=found.agreed.digest,
            record=found.digest,
            root=found.root,
        )
        lines += receipt_lines(said, terms, found.record.sealed_at, recipient.name)
        opened_at = said.opened_at
    if deletion is not None:
        gone = verify_deletion(
            read_envelope(deletion),
            recipient,
            grant=found.agreed.digest,
            record=found.digest,
            root=found.root,
        )
        if opened_at is not None and opened_at > gone.deleted_at:
            message = f"the copy was opened at {opened_at.isoformat()}, after the certificate"
            raise VerificationError(message, next_step="Ask for a certificate of that copy too.")
        when = "in time" if gone.deleted_at <= terms.delete_by else "too late"
        lines += [
            f"certificate of {recipient.name}: deleted at {gone.deleted_at.isoformat()}, {when}",
            *(f"deleted: {each}" for each in gone.deleted),
            *(f"kept: {each}" for each in gone.kept),
            "not proved: that no other copy exists; a certificate binds who signed it",
        ]
    return lines_of(*lines)
