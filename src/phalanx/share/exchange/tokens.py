"""Tokens of identifiers, from the key server and under pinned keys only."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from phalanx.errors import ConfigError
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.gate import decoy
from phalanx.share.wire import AccountFingerprint

Carried = tuple[str, str]
"""Kind of an identifier, and its value in clear."""


def pinned_epochs(server: KeyServer, commitments: Iterable[str]) -> Mapping[int, EpochKey]:
    """Return the epochs that the members compared, by number.

    Parameters:
        server: The key server.
        commitments: As the settings name them.

    Raises:
        PhalanxError: As `KeyServer.epoch`.
    """
    epochs = (server.epoch(each) for each in commitments)
    return {each.epoch: each for each in epochs}


def epoch_for_sharing(epochs: Mapping[int, EpochKey], now: datetime) -> EpochKey:
    """Return the epoch whose tokens are shared now.

    Raises:
        ConfigError: If none of those that are pinned is in use.
    """
    in_use = [each for each in epochs.values() if each.valid_from <= now < each.valid_until]
    if not in_use:
        message = "no pinned epoch of the key server is in use now"
        advice = "Add the commitment of the present epoch to `epochs`, after comparing it."
        raise ConfigError(message, next_step=advice)
    return max(in_use, key=lambda each: each.epoch)


def blinded(
    server: KeyServer, epoch: EpochKey, carried: Iterable[Carried]
) -> dict[Carried, AccountFingerprint]:
    """Return the fingerprint of each identifier.

    Parameters:
        server: The key server.
        epoch: Whose key is asked.
        carried: Identifiers in their one form.

    Raises:
        PhalanxError: As `BlindingClient.tokens`.
    """
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, value in dict.fromkeys(carried):
        by_kind[kind].append(value)
    found = {}
    for kind, values in by_kind.items():
        tokens = BlindingClient(server, epoch).tokens(kind, values)
        for value, token in zip(values, tokens, strict=True):
            found[kind, value] = AccountFingerprint(
                kind=kind,  # type: ignore[arg-type] # the kinds of blinding are those of the wire
                epoch=epoch.epoch,
                value=token,
            )
    return found


def stand_ins(
    carried: Iterable[Carried], random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> dict[Carried, AccountFingerprint]:
    """Return a made-up fingerprint for each identifier, to show what would be sent.

    Examples:
        >>> stand_ins([("email", "a@b.example")], bytes)["email", "a@b.example"].kind
        'email'
    """
    return {
        (kind, value): AccountFingerprint(
            kind=kind,  # type: ignore[arg-type] # as above
            epoch=0,
            value=decoy(0, random_bytes).value,
        )
        for kind, value in carried
    }
