"""A member's batch: findings, filled up to the number that all batches of a round have."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.identifiers import TOKEN_BYTES
from phalanx.share.pool.findings import SOURCES, Finding, rounded_down
from phalanx.share.pool.rounds import LARGEST_HUNDREDTHS, Batch, Entry, Round, batch_id
from phalanx.share.wire import sign

RandomBytes = Callable[[int], bytes]

_UNKNOWN = ((0,) * len(SOURCES), 0)
"""What filling says where a member found nothing to imitate."""


def entries_of(
    findings: Mapping[str, Finding], round_: Round, random: RandomBytes = secrets.token_bytes
) -> tuple[Entry, ...]:
    """Return as many entries as the round wants.

    Where there are more findings than entries, those stay that the most parties show, which looks
    at no evidence. What is missing is filled up with random tokens, which say what findings drawn
    at random say: nobody can tell them apart, and no two members fill with the same.

    Parameters:
        findings: Token -> what the member's groups say of it.
        round_: That it is for.
        random: Where filling comes from; it must not be predictable.
    """
    by_parties = sorted(findings, key=lambda token: (-findings[token].parties, token))
    kept = [_entry(token, findings[token], round_) for token in by_parties[: round_.slots]]
    said = [(entry.apart, entry.use) for entry in kept] or [_UNKNOWN]
    for _ in range(round_.slots - len(kept)):
        drawn = said[int.from_bytes(random(8), "big") % len(said)]
        kept.append(Entry(to_text(random(TOKEN_BYTES)), *drawn))
    return tuple(sorted(kept, key=lambda entry: entry.token))


def signed_batch(
    entries: tuple[Entry, ...], round_: Round, member: str, key: Ed25519PrivateKey, now: datetime
) -> bytes:
    """Return a batch as it is sent, signed.

    Parameters:
        entries: From `entries_of`.
        round_: That it is for.
        member: Name under which the hub knows the member.
        key: Its signing key.
        now: When.
    """
    batch = Batch(
        id=batch_id(round_.name, member),
        created=now.astimezone(UTC).isoformat(),
        round=round_.name,
        epoch=round_.epoch,
        member=member,
        entries=entries,
    )
    item = as_item(batch)
    signature = msgspec.to_builtins(sign(item, member, key))
    return msgspec.json.encode({"batch": item, "signature": signature})


def as_item(batch: Batch) -> dict[str, Any]:
    """Return a batch as what is signed."""
    item: dict[str, Any] = msgspec.to_builtins(batch)
    return item


def _entry(token: str, finding: Finding, round_: Round) -> Entry:
    """Round down, and leave what is above the cap at home: it would count for nothing."""
    rule = round_.rule
    return Entry(
        token,
        tuple(_bounded(each, rule.cap_log10_apart) for each in finding.log10_apart),
        _bounded(finding.log10_use, rule.cap_log10_use),
    )


def _bounded(log10_e: float, cap: float) -> int:
    return max(rounded_down(min(log10_e, cap)), -LARGEST_HUNDREDTHS)
