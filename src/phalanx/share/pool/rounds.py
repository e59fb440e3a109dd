"""A round of the pool: what members agreed to before it, and what they submit in it.

Each member submits one batch a round, and nothing again: a pool that could be asked twice with
different numbers would answer what others said. All batches of a round have the same number of
entries, whatever a member found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Annotated

import msgspec

from phalanx.errors import InputError
from phalanx.share.pool.findings import SOURCES
from phalanx.share.pool.telling import Rule, Said
from phalanx.share.wire import Signature

SLOTS = (256, 1_024, 4_096)
"""Numbers of entries that a round may have."""

LARGEST_HUNDREDTHS = 100_000
"""Of a logarithm, of either sign."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_TOKEN = r"\A[A-Za-z0-9_-]{43}\Z"  # noqa: S105 - a pattern
_NEXT = "Make the batch with `phalanx share pool submit`."

Hundredths = Annotated[int, msgspec.Meta(ge=-LARGEST_HUNDREDTHS, le=LARGEST_HUNDREDTHS)]
OfSources = Annotated[
    tuple[Hundredths, ...], msgspec.Meta(min_length=len(SOURCES), max_length=len(SOURCES))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is agreed for one round."""

    name: str
    """Of small letters, digits, dots and hyphens, such as `2026-11`."""

    epoch: int
    """Of the key server, whose tokens are compared."""

    closes_at: datetime
    """After which nothing is taken."""

    slots: int = SLOTS[0]
    """Entries of each batch."""

    rule: Rule = field(default_factory=Rule)
    circles: Mapping[str, str] = field(default_factory=dict)
    """Member -> its circle, see `phalanx.share.pool.merging`."""

    def __post_init__(self) -> None:
        """Check what the operator named.

        Raises:
            InputError: If it is no name, no number of entries, or a moment without a time zone.
        """
        if not _NAME.fullmatch(self.name):
            message = f"{self.name[:70]!r}: a round is named by small letters, digits, - and ."
            raise InputError(message, next_step="Name it so, such as 2026-11.")
        if self.slots not in SLOTS:
            message = f"a batch has {', '.join(map(str, SLOTS))} entries, not {self.slots}"
            raise InputError(message, next_step="Choose one of them.")
        if self.closes_at.tzinfo is None:
            message = f"{self.closes_at.isoformat()}: has no time zone"
            raise InputError(message, next_step="Add one, such as Z.")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member says of one token. Logarithms are base 10, in hundredths, rounded down."""

    token: Annotated[str, msgspec.Meta(pattern=_TOKEN)]
    apart: OfSources
    """Evidence against "operated apart" without each source, in the order of `SOURCES`."""

    use: Hundredths
    """Evidence against "used honestly"."""

    @property
    def said(self) -> Said:
        """The evidence as logarithms."""
        return Said(tuple(each / 100.0 for each in self.apart), self.use / 100.0)


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a member says in a round."""

    id: str
    created: str
    round: str
    epoch: int
    member: str
    entries: tuple[Entry, ...]
    """By token, each once."""


class SignedBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A batch and its member's signature (`phalanx.share.wire.signature`)."""

    batch: Batch
    signature: Signature


def batch_id(round_name: str, member: str) -> str:
    """Return the identifier of a member's only batch of a round."""
    return f"x-pool-batch--{round_name}--{member}"


def read_batch(body: bytes, round_: Round) -> SignedBatch:
    """Read a batch that somebody sent.

    Parameters:
        body: As it was sent, of a bounded size.
        round_: That it is for.

    Raises:
        InputError: If it is none, or not for this round.
    """
    try:
        signed = msgspec.json.decode(body, type=SignedBatch)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        message = f"no batch: {str(error)[:200]}"
        raise InputError(message, next_step=_NEXT) from error
    batch = signed.batch
    tokens = [entry.token for entry in batch.entries]
    reason = ""
    if (batch.round, batch.epoch) != (round_.name, round_.epoch):
        reason = "it is for another round or epoch"
    elif batch.id != batch_id(batch.round, batch.member):
        reason = "it does not name itself after its round and member"
    elif len(tokens) != round_.slots:
        reason = f"a batch of this round has {round_.slots} entries, not {len(tokens)}"
    elif any(first >= second for first, second in pairwise(tokens)):
        reason = "entries must be in the order of their tokens, each once"
    if reason:
        message = f"the batch is not taken: {reason}"
        raise InputError(message, next_step=_NEXT)
    return signed
