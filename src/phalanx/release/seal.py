"""Sealing a release: a copy of a model, for one recipient, under one grant."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path

from phalanx.errors import InputError
from phalanx.release.contents.kinds import refuse_unfit
from phalanx.release.encoding import to_text
from phalanx.release.envelopes.dsse import MOST_BYTES, Envelope
from phalanx.release.envelopes.statement import payload_of
from phalanx.release.grants.grant import Agreed, refuse_untimely, verify_grant
from phalanx.release.manifest.bundle import sign_manifest
from phalanx.release.manifest.known_digests import KnownDigests
from phalanx.release.manifest.resources import IGNORED, SIGNATURE_NAME, Manifest, manifest_of
from phalanx.release.manifest.tree import files_of
from phalanx.release.packages.building import Building, building
from phalanx.release.packages.journal import Done, Journal
from phalanx.release.packages.open_package import Told
from phalanx.release.packages.package import GRANT
from phalanx.release.packages.record import (
    BROKERED,
    Record,
    SealedEntry,
    entry_of,
    sealed_name,
)
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys
from phalanx.release.places.place import ModelFile
from phalanx.release.places.store import Store, stored_files
from phalanx.release.sealing.hashing import Algorithm, Hash, new_hash
from phalanx.release.sealing.header import Header
from phalanx.release.sealing.streams import Source, write_all
from phalanx.release.sealing.wrapping import WRAPPING, wrap
from phalanx.release.sealing.writing import Buffers, Randomness, seal_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Everything but the files that a release is made of. Keys, time and chance come from here."""

    keys: PartyKeys
    """Of the issuer."""

    recipient: Identity
    """As he was pinned."""

    grant: Envelope
    """Signed by both."""

    now: datetime
    """In UTC, in whole seconds."""

    random: Randomness
    """Gives so many random bytes, such as `secrets.token_bytes`."""

    broker: Identity | None = None
    """Who is given the content key in place of the recipient, and hands it to attested machines."""

    hash_type: Algorithm = "sha256"
    unsafe_any_file: bool = False
    """Whether files of any kind are sealed, programs among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What was sealed."""

    root: str
    """Of the manifest, in hexadecimal."""

    files: int
    content_bytes: int
    resumed: int
    """Files that an earlier run had sealed."""

    not_hashed: int
    """Files whose digest was known."""


def seal_release(
    source: Path | Store,
    target: Path | Store,
    how: Sealing,
    *,
    known: KnownDigests | None = None,
    told: Told = lambda *_: None,
) -> Release:
    """Seal a model for the recipient of a grant.

    The release is there when all of it is, and not before; a run that was broken off is gone on
    with by the next one.

    Parameters:
        source: Folder or file of the model, or a store that holds it.
        target: Folder of the release, which may not be there yet, or a place in a store.
        how: For whom, under which grant.
        known: Digests of files that were hashed before.
        told: Is told how far it is.

    Raises:
        PolicyError: If the grant has not begun or is over, or a file is of no kind that is handed
            on.
        VerificationError: If the grant is not signed by both.
        InputError: If the model cannot be read, or the release not be written.
        ServiceError: If a store does not answer.
    """
    agreed = verify_grant(how.grant, how.keys.identity, how.recipient)
    refuse_untimely(agreed.grant, how.now)
    found = stored_files(source, IGNORED) if isinstance(source, Store) else files_of(source)
    if not how.unsafe_any_file:
        for each in found:
            with each.open() as file:
                refuse_unfit(each.name, file)
    with building(target, how.random) as made:
        return _sealed(found, made, how, agreed, known or KnownDigests(), told)


def _sealed(  # noqa: PLR0913, PLR0917 - as above
    found: Sequence[ModelFile],
    building: Building,
    how: Sealing,
    agreed: Agreed,
    known: KnownDigests,
    told: Told,
) -> Release:
    building.claim(how.grant.as_bytes())
    journal = Journal.begin(
        building, how.keys, bytes.fromhex(agreed.digest), how.hash_type, how.random
    )
    seal_one = _Sealer(building, how, agreed, journal, known)
    whole = max(1, sum(each.size for each in found))
    done, at = [], 0
    for number, each in enumerate(found, start=1):
        told(each.name, at / whole)
        done.append(seal_one(each, sealed_name(number, building.tag)))
        at += each.size
    manifest = manifest_of(
        agreed.grant.terms.asked.model,
        {each.entry.name: bytes.fromhex(each.digest) for each in done},
        how.hash_type,
    )
    entry = seal_one.manifest(sign_manifest(manifest, how.keys.manifests))
    record = _record(how, agreed, journal.content_key, entry, [each.entry for each in done])
    signed = _signed(record, manifest, how).as_bytes()
    building.finish(signed, {GRANT, entry.file, *(each.entry.file for each in done)})
    known.save()
    return Release(
        root=manifest.root,
        files=len(done),
        content_bytes=sum(each.size for each in found),
        resumed=seal_one.resumed,
        not_hashed=seal_one.not_hashed,
    )


class _Sealer:
    """Seals one file after the other into a folder."""

    def __init__(
        self,
        building: Building,
        how: Sealing,
        agreed: Agreed,
        journal: Journal,
        known: KnownDigests,
    ) -> None:
        self._building, self._how, self._journal, self._known = building, how, journal, known
        self._grant = bytes.fromhex(agreed.digest)
        self._buffers = Buffers()
        self.resumed = 0
        self.not_hashed = 0

    def __call__(self, found: ModelFile, name: str) -> Done:
        """Seal a file, unless an earlier run did."""
        kept = self._journal.kept(found)
        # In a folder the name may be wanted for another file by now.
        if kept is not None and (self._building.tag or kept.entry.file == name):
            self.resumed += 1
            return kept
        stamp, hashed_at_ns = found.stamp(), self._known.now_ns()
        hash_type = self._how.hash_type
        digest = self._known.get(stamp, hash_type)
        growing = None if digest else new_hash(hash_type)
        self.not_hashed += growing is None
        with found.open() as source:
            header = self._seal(source, found.name, name, growing)
        if growing is not None:
            digest = growing.digest()
        if digest is None or found.stamp() != stamp:
            message = f"{found.where} was written while it was sealed"
            raise InputError(message, next_step="Seal files that nobody is writing.")
        self._known.add(stamp, hash_type, digest, hashed_at_ns=hashed_at_ns)
        done = Done(entry=entry_of(header, name), digest=digest.hex(), stamp=stamp)
        self._journal.add(done)
        return done

    def manifest(self, bundle: bytes) -> SealedEntry:
        """Seal the signed manifest, which is nowhere on the disk in the clear."""
        with FileIO(os.memfd_create(SIGNATURE_NAME), "rb+") as source:
            write_all(source, memoryview(bundle))
            source.seek(0)
            name = sealed_name(None, self._building.tag)
            return entry_of(self._seal(source, SIGNATURE_NAME, name, None), name)

    def _seal(self, source: Source, name: str, file: str, digest: Hash | None) -> Header:
        with self._building.new(file) as target:
            return seal_file(
                source,
                target,
                name=name,
                content_key=self._journal.content_key,
                grant=self._grant,
                random=self._how.random,
                digest=digest,
                buffers=self._buffers,
            )


def _record(
    how: Sealing,
    agreed: Agreed,
    content_key: bytes,
    manifest: SealedEntry,
    files: list[SealedEntry],
) -> Record:
    wrapped = wrap(
        content_key,
        (how.broker or how.recipient).wrapping_key,
        purpose="broker" if how.broker else "release",
        bound_to=bytes.fromhex(agreed.digest),
    )
    return Record(
        grant=agreed.digest,
        wrapping=BROKERED if how.broker else WRAPPING,
        wrapped_key=to_text(wrapped),
        sealed_at=how.now,
        manifest=manifest,
        files=tuple(files),
    )


def _signed(record: Record, manifest: Manifest, how: Sealing) -> Envelope:
    envelope = Envelope(payload=payload_of(record, manifest.model, manifest.root)).signed(
        how.keys.signing
    )
    if len(envelope.as_bytes()) > MOST_BYTES:
        message = f"the model has too many files for one release: {len(record.files):,}"
        raise InputError(message, next_step="Hand it on in several parts.")
    return envelope
