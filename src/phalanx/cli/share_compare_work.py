"""What the commands of a comparison do: find the suspects of a scan, blind them, ask and answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from phalanx.cli.scan_key import key_of_scan
from phalanx.cli.share_exchange_records import read_records, refuse_partial
from phalanx.cli.share_exchange_work import key_server_of, opened_house
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError, InputError
from phalanx.formats.folder import read_scan
from phalanx.formats.json import to_text
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.exchange.carried import write_message
from phalanx.share.exchange.comparing import (
    Counted,
    answer,
    ask,
    count,
    pseudonym_of,
    read_question,
    refuse_unlawful,
)
from phalanx.share.exchange.findings import Scanned, carried_by, select
from phalanx.share.exchange.house import House
from phalanx.share.exchange.tokens import Carried, blinded, epoch_for_sharing
from phalanx.share.wire import AccountFingerprint, member_id

SCHEMA = "phalanx.share.counted/1"
"""Identifier of what a comparison came to, with its major version."""


@dataclass(frozen=True, slots=True)
class Suspected:
    """Where it stands whom a member suspects."""

    scan: Path
    identifiers: Path
    key: Path | None


def asked(config: Path, member: str, suspected: Suspected, output: Path, common: Common) -> None:
    """Write a question to a member."""
    house = opened_house(config)
    other = member_id(member)
    # Before anything is blinded, or anybody is asked.
    refuse_unlawful(house, other, "question")
    carried = _carried(house, suspected, common)
    epoch, tokens = _tokens(house, carried, lambda epochs: epoch_for_sharing(epochs, house.now))
    write_message(ask(house, other, epoch.epoch, tokens), output)


def answered(
    config: Path, question: Path, suspected: Suspected, output: Path, common: Common
) -> str:
    """Write the answer to a question, and return the pseudonym of who asked it."""
    house = opened_house(config)
    read = read_question(house, question)

    def of_question(epochs: Mapping[int, EpochKey]) -> EpochKey:
        epoch = epochs.get(read.head.epoch)
        if epoch is None or not epoch.evaluates_at(house.now):
            why = "is not pinned" if epoch is None else "is over: its key was destroyed"
            message = f"{question}: epoch {read.head.epoch} {why}"
            raise ConfigError(message, next_step="Let the member ask in the present epoch.")
        return epoch

    _, tokens = _tokens(house, _carried(house, suspected, common), of_question)
    # What the responder logs is no result of the command.
    with redirect_stdout(sys.stderr):
        raw = answer(house, read, tokens)
    write_message(raw, output)
    return pseudonym_of(house, read.head.created_by_ref)


def counted(config: Path, path: Path) -> tuple[Counted, str]:
    """Return what an answer says, and the pseudonym of who wrote it."""
    house = opened_house(config)
    found = count(house, path)
    return found, pseudonym_of(house, found.member)


def counted_text(found: Counted, pseudonym: str) -> str:
    """Return what came of it, for people."""
    return f"in common with {pseudonym}, of epoch {found.epoch}: {found.common} identifiers\n"


def counted_json(found: Counted, pseudonym: str) -> str:
    """Return what came of it, for programs."""
    return to_text(
        {"schema": SCHEMA, "member": pseudonym, "epoch": found.epoch, "common": found.common}
    )


def _carried(house: House, suspected: Suspected, common: Common) -> tuple[Carried, ...]:
    """Return what only accounts of the scan's campaigns carry: what `publish` would tell."""
    result = read_scan(suspected.scan)
    scanned = Scanned(
        campaigns=result.campaigns,
        false_discovery_rate=result.false_discovery_rate,
        key=key_of_scan(suspected.scan, suspected.key),
    )
    chosen = select(scanned, house.settings.least_confidence, ())
    if not chosen.campaigns:
        message = f"{suspected.scan}: no campaign has accounts that are sure enough"
        raise InputError(message, next_step="Compare a scan that lists campaigns.")
    records = read_records(suspected.identifiers, common)
    refuse_partial(suspected.identifiers, records, result, chosen, common)
    return tuple(each for several in carried_by(chosen, records).values() for each in several)


def _tokens(
    house: House,
    carried: tuple[Carried, ...],
    choose: Callable[[Mapping[int, EpochKey]], EpochKey],
) -> tuple[EpochKey, tuple[AccountFingerprint, ...]]:
    with key_server_of(house) as (server, epochs):
        epoch = choose(epochs)
        return epoch, tuple(blinded(server, epoch, carried).values())
