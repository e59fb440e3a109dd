"""What the commands about keys of marks and the endpoint do."""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phalanx.cli.rendering import refuse_known
from phalanx.cli.watermark_options import EndpointKeys, KeyOptions
from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.owned import read_or_make_secret, read_secret
from phalanx.printable import printable, printable_json
from phalanx.watermark.endpoint.detector import KeysDetector
from phalanx.watermark.keys.commitment import (
    SEED_BYTES,
    Commitment,
    commit,
    open_key,
    read_commitment,
    read_opened_key,
    verify_key,
)
from phalanx.watermark.keys.custodians import Custodian, read_public
from phalanx.watermark.keys.listing import DerivedKeys, ListedEpoch
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import refuse_key_name
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.schemes.registry import open_scheme

_MOST_NAMES_BYTES = 64 << 20
_MOST_PLAN_BYTES = 64 << 20
_MOST_DOCUMENT_BYTES = 64 << 10
_SEED = "seed of a commitment"


@dataclass(frozen=True, slots=True)
class Seen:
    """A vault as its operator sees it."""

    epochs: tuple[ListedEpoch, ...]
    last_hash: str
    """Of the log, to be kept elsewhere."""


def act(by: str | None) -> Act:
    """Return who runs this command, and when.

    Raises:
        InputError: If the user has no name, or none was given that a log can hold.
    """
    try:
        name = getpass.getuser() if by is None else by
    except (KeyError, OSError) as error:
        message = "the user of this machine has no name"
        raise InputError(message, next_step="Name who does it with --by.") from error
    return Act(name, datetime.now(UTC))


def custodians_of(paths: Sequence[Path]) -> tuple[Custodian, ...]:
    """Read what custodians handed over.

    Raises:
        InputError: If a file is none, or cannot be read.
    """
    return tuple(read_public(content_of(path, _MOST_DOCUMENT_BYTES)) for path in paths)


def seen(vault: Vault) -> Seen:
    """Return what an operator sees of a vault.

    Raises:
        PhalanxError: If it cannot be opened, or is an older one.
    """
    return Seen(vault.listing(), vault.last_hash())


def listing_text(found: Seen) -> str:
    """Return it for reading."""
    lines = []
    for each in found.epochs:
        ends = f"to {each.ends:%Y-%m-%d %H:%M}" if each.ends else "in use"
        lines.append(f"epoch {each.epoch}  {each.begins:%Y-%m-%d %H:%M} {ends}")
        if each.destroyed:
            lines.append(f"  destroyed {each.destroyed:%Y-%m-%d %H:%M}")
        lines += [f"  {purpose:<9} {name}" for purpose, name in each.ids.items()]
        if each.custodians:
            lines.append(f"  custodians: {', '.join(each.custodians)}")
    lines += ["", f"last line of the log, to be kept elsewhere: {found.last_hash}"]
    return "".join(f"{printable(line)}\n" for line in lines)


def listing_json(found: Seen) -> str:
    """Return it for programs."""
    return _as_json(
        {
            "schema": "phalanx.watermark-keys/1",
            "epochs": [_epoch(each) for each in found.epochs],
            "last_hash": found.last_hash,
        }
    )


def digest_of(plan: Path) -> str:
    """Return the SHA-256 of a plan, in hexadecimal.

    Raises:
        InputError: If it is empty, or cannot be read.
    """
    content = content_of(plan, _MOST_PLAN_BYTES)
    if not content:
        message = f"{plan}: is empty"
        raise InputError(message, next_step="Write the plan of the audit first.")
    return hashlib.sha256(content).hexdigest()


def derived(vault: Vault, names: Path, which: KeyOptions, who: Act) -> DerivedKeys:
    """Derive keys for all names of a file.

    Raises:
        InputError: If names or scheme are none.
        PhalanxError: If the vault cannot be opened, or the epoch was destroyed.
    """
    setting = open_scheme(which.scheme).setting
    return vault.derive(which.purpose, key_names_of(names), setting, who, epoch=which.epoch)


def committed(found: DerivedKeys, plan: str, seed: Path) -> Commitment:
    """Commit to keys under a new seed: who knew one of another commitment would know these.

    Raises:
        InputError: If the seed's file is there, or cannot be made.
    """
    refuse_known(seed)
    return commit(found, plan, Secret(read_or_make_secret(seed, _SEED, SEED_BYTES)))


def commitment_text(made: Commitment) -> str:
    """Return a commitment as it is published."""
    return _as_json(made.as_json())


def read_published(path: Path) -> Commitment:
    """Read a commitment.

    Raises:
        InputError: If it is none, or cannot be read.
    """
    return read_commitment(content_of(path, _MOST_DOCUMENT_BYTES))


def opened_text(found: DerivedKeys, name: str, published: Commitment, seed: Path) -> str:
    """Return one key of a commitment as it is published, on one line.

    Raises:
        InputError: If there is no such name.
        ConfigError: If the seed is none.
        VerificationError: If other keys were committed to.
    """
    if name not in found.names:
        message = f"{name[:200]}: not among the names"
        raise InputError(message, next_step="Name one of those that were committed to.")
    opened = open_key(found, published.plan, seed_of(seed), found.names.index(name))
    verify_key(published, opened)
    return json.dumps(opened.publish())


def seed_of(path: Path) -> Secret:
    """Read the seed of a commitment.

    Raises:
        ConfigError: If it is none, or others may read it.
    """
    return Secret(read_secret(path, _SEED, SEED_BYTES))


def verified(commitment: Path, opened: Path, plan: Path | None) -> str:
    """Verify a key, and say of what it was one.

    Raises:
        InputError: If a file is none, or cannot be read.
        VerificationError: If it is another key, or another plan.
    """
    published = read_published(commitment)
    key = read_opened_key(content_of(opened, _MOST_DOCUMENT_BYTES))
    verify_key(published, key)
    if plan is not None and digest_of(plan) != published.plan:
        message = f"{plan}: not the plan that was committed to"
        raise VerificationError(message, next_step="Ask for the plan of that time.")
    return (
        f"{key.key_id} is key {key.index + 1:,} of the {published.keys:,} keys of "
        f"{published.scheme} that were committed to for plan {published.plan}"
    )


def detectors_of(
    vault: Vault, names: Path, which: EndpointKeys, who: Act
) -> tuple[KeysDetector, ...]:
    """Return what tests texts for all keys of the names of a file, under each scheme.

    Raises:
        InputError: If names or a scheme are none, or a scheme is named twice.
        PhalanxError: If the vault cannot be opened, or the epoch was destroyed.
    """
    schemes = {scheme.setting.name: scheme for scheme in map(open_scheme, which.scheme)}
    if len(schemes) < len(which.scheme):
        message = "a scheme is named twice: each of its keys would pay twice"
        raise InputError(message, next_step="Name each scheme once.")
    said = key_names_of(names)
    return tuple(
        KeysDetector(
            scheme,
            vault.derive(which.purpose, said, scheme.setting, who, epoch=which.epoch).keys,
        )
        for scheme in schemes.values()
    )


def names_of(path: Path) -> tuple[str, ...]:
    """Read names, one a line.

    Raises:
        InputError: If there are none, or one is there twice.
    """
    text = content_of(path, _MOST_NAMES_BYTES).decode(errors="replace")
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not names or len(set(names)) < len(names):
        reason = "a name is there twice" if names else "there are no names"
        message = f"{path}: {reason}"
        raise InputError(message, next_step="Write each name once, one a line.")
    return names


def key_names_of(path: Path) -> tuple[str, ...]:
    """Read names of keys, one a line.

    Raises:
        InputError: If there are none, one is there twice, or one is no name of a key.
    """
    names = names_of(path)
    for number, name in enumerate(names, start=1):
        refuse_key_name(name, f"{path}, name {number:,}")
    return names


def content_of(path: Path, most_bytes: int) -> bytes:
    """Return what is in a file.

    Raises:
        InputError: If it cannot be read, or there is more.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path and its permissions.") from error
    if len(content) > most_bytes:
        message = f"{path}: more than {most_bytes:,} bytes"
        raise InputError(message, next_step="Name another file.")
    return content


def _epoch(found: ListedEpoch) -> dict[str, Any]:
    moments = ("begins", "ends", "destroyed")
    said = asdict(found)
    return said | {name: said[name] and said[name].isoformat() for name in moments}


def _as_json(said: dict[str, Any]) -> str:
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False)) + "\n"
