"""What the commands do that open a release, or look into it with the recipient's keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from phalanx.cli.release_broker_work import asking
from phalanx.cli.release_roots_work import trusted_of
from phalanx.cli.release_work import document, lines_of, now, read_identity
from phalanx.errors import ConfigError, InputError
from phalanx.release.demands import checks
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import parse_payload
from phalanx.release.grants.receipt import Receipt
from phalanx.release.open import NOT_ATTESTED, Opener, open_release, verify_release
from phalanx.release.packages.record import BROKERED
from phalanx.release.partial import open_tensors
from phalanx.release.parties.party_keys import read_keys
from phalanx.release.places.place import Folder, Place
from phalanx.release.places.store import place_of

_Told = Callable[[str, float], None]


def local_path(text: str) -> Path:
    """Return a place of this machine: what is opened lies in the clear, and appears whole.

    Raises:
        ConfigError: If it is that of a store, which can do neither for it.
    """
    place = place_of(text)
    if not isinstance(place, Folder):
        message = f"{place.where()}: this writes to a folder of this machine, and not into a store"
        raise ConfigError(message, next_step="Name a folder with --out, and copy it there after.")
    return place.path


def opener_of(
    keys: Path,
    issuer: Path,
    memory: Path | None,
    *,
    trust: Path | None = None,
    without_roots: bool = False,
    session: Path | None = None,
    token: Path | None = None,
    unsafe_any_file: bool,
) -> Opener:
    """Return who opens a release, and whom he trusts: roots pinned beside the keys, if no others.

    Raises:
        InputError: If a file cannot be read.
        ConfigError: If others may read the keys, or roots that are pinned are to be left out.
        VerificationError: If there is no identity in the issuer's file.
    """
    party = read_keys(keys)
    pinned = keys.with_name(f"{keys.name}.trust")
    # A link that leads nowhere was pinned as well: what is behind it is missing, and is told.
    trusted = trust or (pinned if os.path.lexists(pinned) else None)
    if without_roots and trusted is not None:
        message = f"roots are pinned in {trusted}, and would not be asked"
        raise ConfigError(message, next_step="Leave out --without-roots.")
    return Opener(
        keys=party,
        issuer=read_identity(issuer),
        memory=memory or keys.with_name(f"{keys.name}.opened"),
        now=now(),
        trusted=trusted_of(trusted),
        without_roots=without_roots,
        released=asking(session, token, party),
        unsafe_any_file=unsafe_any_file,
    )


def opened_text(
    folder: Place, out: Path, receipt: Path, opener: Opener, told: _Told, *, as_json: bool
) -> str:
    """Open a release, and return which checks were made and which were not."""
    made = open_release(folder, out, receipt, opener, told=told)
    return _checks(made, {}, [], as_json=as_json)


def part_text(  # noqa: PLR0917 - as many as the command has
    folder: Place,
    tensors: Sequence[str],
    out: Path,
    receipt: Path,
    opener: Opener,
    told: _Told,
    *,
    as_json: bool,
) -> str:
    """Open some tensors of a release, and return what they are and what was not verified."""
    part = open_tensors(folder, tensors, out, receipt, opener, told=told)
    listed = {
        name: {"dtype": each.stored, "shape": each.shape, "bytes": each.size}
        for name, each in part.tensors.items()
    }
    lines = [
        f"{name}: {each.stored} {'x'.join(map(str, each.shape)) or 'scalar'}, {each.size:,} bytes"
        for name, each in part.tensors.items()
    ]
    said = {"tensors": listed, "chunks": part.chunks, "chunks_in_all": part.chunks_in_all}
    return _checks(part.receipt, said, lines, as_json=as_json)


def _checks(
    receipt: Envelope, further: dict[str, Any], lines: Sequence[str], *, as_json: bool
) -> str:
    said, model, root = parse_payload(receipt.payload, Receipt, "the receipt")
    if as_json:
        return document({"model": model, "root": root, **said.model_dump(mode="json"), **further})
    return lines_of(
        f"root {root}",
        *lines,
        *(f"verified: {each}" for each in said.checked),
        *(f"not checked: {each}" for each in said.not_checked),
    )


def verified_inside_text(
    folder: Place, opener: Opener, only: Sequence[str] | None, told: _Told
) -> str:
    """Decrypt and verify files of a release, write nothing, and return what was verified.

    Raises:
        VerificationError: If one is not as it was sealed and signed.
        PolicyError: If the grant has not begun, is over, or a newer one was opened here.
        InputError: If it cannot be read, or there is no such file.
    """
    release = verify_release(folder, opener, is_looked_at=True)
    names = list(dict.fromkeys(only)) if only else list(release.files)
    if unknown := sorted(set(names) - release.files.keys()):
        message = f"the release has no file {unknown[0]!r}"
        raise InputError(message, next_step="Name a file as the record of the release does.")
    for number, name in enumerate(names):
        told(name, number / len(names))
        for _ in release.pieces(name):
            pass
    made, not_made = checks(opener.trusted)
    lines = [
        f"root {release.manifest.root}",
        f"{len(names):,} files are as {opener.issuer.name} sealed and signed them",
        *(f"verified: {each}" for each in made),
    ]
    if missed := len(release.files) - len(names):
        lines.append(f"not verified: {missed:,} other files")
    not_attested = () if release.package.record.wrapping == BROKERED else (NOT_ATTESTED,)
    not_checked = (*not_made, *not_attested)
    return lines_of(*lines, *(f"not checked: {each}" for each in not_checked))
