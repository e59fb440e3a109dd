"""The sealed file of a custodian, on a machine of his own: made, read, and written anew.

What he trusts and what he approved stand inside the seal, so that nobody else adds to it or takes
from it. An approval is noted before it is handed out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from phalanx.errors import InputError
from phalanx.watermark.keys.approval import Approval, approve
from phalanx.watermark.keys.custodian_keys import (
    KEY_BYTES,
    CustodianKeys,
    as_secret,
    from_secret,
)
from phalanx.watermark.keys.custodians import Custodian, refuse_name
from phalanx.watermark.keys.request import Request, VaultIdentity
from phalanx.watermark.keys.sealed_file import damaged
from phalanx.watermark.keys.sealed_place import RandomBytes, Seal, SealedPlace
from phalanx.watermark.keys.secret import Secret

KIND = "custodian"


def make_custodian(
    path: Path, name: str, seal: Seal, random: RandomBytes = secrets.token_bytes
) -> Custodian:
    """Make the keys of a custodian, in a new sealed file.

    Parameters:
        path: Of the file.
        name: Of the person.
        seal: Which he alone can open.
        random: Where keys come from.

    Raises:
        InputError: If the file is there already, or the name is none.
        ConfigError: If it cannot be written.
    """
    if path.exists():
        message = f"{path}: is there already"
        raise InputError(message, next_step="Name a new file.")
    refuse_name(name)
    keys = CustodianKeys(name, Secret(random(KEY_BYTES)), Secret(random(KEY_BYTES)))
    SealedPlace(path, KIND, seal, random).write(as_secret(keys), 1)
    return keys.public


def read_custodian(path: Path, seal: Seal) -> CustodianKeys:
    """Read the keys of a custodian.

    Raises:
        InputError: If there is no such file.
        ConfigError: If others may read it, or passphrase or key file are wrong.
        VerificationError: If it is not as it was written.
    """
    return _opened(path, seal)[0]


def trust_vault(
    path: Path, seal: Seal, identity: VaultIdentity, fingerprint: str, *, anew: bool = False
) -> None:
    """Trust a vault from now on: its requests may be approved.

    Parameters:
        path: Of the custodian's file.
        seal: That opens it.
        identity: Of the vault, as it came.
        fingerprint: As it was heard of somebody who runs the vault.
        anew: Whether another vault of that provider is replaced.

    Raises:
        VerificationError: If the identity has another fingerprint.
        PolicyError: If another vault of the provider is trusted already.
        PhalanxError: If the file cannot be opened or written.
    """
    _write(path, seal, lambda keys: keys.trusting(identity, fingerprint, anew=anew))


def approve_noted(path: Path, seal: Seal, request: Request, now: datetime) -> Approval:
    """Approve a request, and remember it; see `approval.approve`.

    Parameters:
        path: Of the custodian's file.
        seal: That opens it.
        request: After having been read.
        now: With a time zone.

    Raises:
        PhalanxError: As `approve`, or if the file cannot be opened or written.
    """
    approval = approve(request, read_custodian(path, seal), now)
    _write(path, seal, lambda keys: keys.having_approved(request.opening))
    return approval


def _write(path: Path, seal: Seal, change: Callable[[CustodianKeys], CustodianKeys]) -> None:
    keys, generation = _opened(path, seal)
    SealedPlace(path, KIND, seal).write(as_secret(change(keys)), generation + 1)


def _opened(path: Path, seal: Seal) -> tuple[CustodianKeys, int]:
    opened = SealedPlace(path, KIND, seal).read()
    keys = from_secret(opened.content)
    if keys is None:
        raise damaged(str(path), "it holds no keys of a custodian")
    return keys, opened.generation
