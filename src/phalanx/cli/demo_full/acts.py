"""What a provider did, in its ledger."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from phalanx.cli.demo_full.places import Provider
from phalanx.cli.recording import recorder
from phalanx.govern.ledger import begin_ledger
from phalanx.model.event import EventKind
from phalanx.owned import written_whole


def begin_acts(provider: Provider) -> None:
    """Begin the ledger of a provider, and write what believes it."""
    ledger = begin_ledger(provider.ledger, f"{provider.name}.example/ledger", seconds())
    with written_whole(provider.ledger_policy) as aside:
        aside.write_text(f"log {ledger.key.as_text()}\nquorum none\n", encoding="utf-8")


def record(
    provider: Provider,
    kind: EventKind,
    actor: str,
    subject: str,
    artefact: Path | None = None,
    **facts: str | int | bool,
) -> int:
    """Record an act as commands with `--ledger` do, and return its number.

    Parameters:
        provider: In whose ledger.
        kind: Of the act.
        actor: Who did it.
        subject: To what.
        artefact: File that it concerns, of which the digest is recorded.
        facts: What else an auditor needs.
    """
    number = recorder(provider.ledger).record(kind, subject, facts, artefact=artefact, actor=actor)
    assert number is not None  # noqa: S101 - a ledger was named
    return number


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seconds() -> int:
    """Return the present moment, in seconds since 1970."""
    return int(datetime.now(UTC).timestamp())
