"""What a scan says to others: its campaigns as objects, and what it saw of theirs."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.cli.inputs import parse_columns
from phalanx.cli.scan_key import key_of_scan
from phalanx.cli.share_exchange_records import read_records, refuse_partial
from phalanx.cli.share_exchange_work import key_server_of
from phalanx.cli.terminal import Common
from phalanx.detect.result import ScanResult
from phalanx.errors import InputError
from phalanx.formats.folder import read_scan
from phalanx.formats.notation import plural
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.exchange_log import ExchangeLog
from phalanx.logs.pseudonym import pseudonymiser
from phalanx.share.exchange.answering import Answer, Ground, SeenHere, seen_by_scan
from phalanx.share.exchange.building import Prepared, wire_id
from phalanx.share.exchange.findings import (
    Scanned,
    Selection,
    carried_by,
    found_campaigns,
    select,
)
from phalanx.share.exchange.found import SeenTemplate
from phalanx.share.exchange.house import House
from phalanx.share.exchange.matching import ALLIANCE_SCHEMA
from phalanx.share.exchange.outbox import is_taken_back, note_epoch, told_no_more
from phalanx.share.exchange.publishing import prepared
from phalanx.share.exchange.seen import places_of
from phalanx.share.exchange.templates import capability_of, templates_of
from phalanx.share.exchange.tokens import blinded, epoch_for_sharing, stand_ins
from phalanx.share.wire import OpinionValue
from phalanx.sketches.templates import read_group_keys

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be published, as a person named it."""

    scan: Path | None
    logs: tuple[str, ...]
    column_map: tuple[str, ...]
    identifiers: Path | None
    campaigns: tuple[str, ...]
    key: Path | None
    description: str


def publishable(
    house: House, wanted: Wanted, common: Common, *, is_shown_only: bool
) -> tuple[Prepared, ...]:
    """Return the objects of a scan's campaigns; of no scan none.

    Parameters:
        house: The member.
        wanted: As named.
        common: Says what is left out.
        is_shown_only: Whether tokens are made up, so that nothing is sent.

    Raises:
        InputError: If the scan, a log of it or the records cannot be used.
    """
    if wanted.scan is None:
        return ()
    result = read_scan(wanted.scan)
    scanned = Scanned(
        campaigns=result.campaigns,
        false_discovery_rate=result.false_discovery_rate,
        key=key_of_scan(wanted.scan, wanted.key),
    )
    _refuse_unknown(wanted, result)
    chosen = select(scanned, house.settings.least_confidence, wanted.campaigns)
    if not chosen.campaigns:
        common.say("no campaign of the scan has accounts that are sure enough to be shared")
        return ()
    _say_taken_back(house, chosen, common)
    logs = _Logs(result, wanted)
    carried: dict[str, tuple[tuple[str, str], ...]] = {}
    if wanted.identifiers is not None:
        records = read_records(wanted.identifiers, common)
        refuse_partial(wanted.identifiers, records, result, chosen, common)
        carried = carried_by(chosen, records)
    found = found_campaigns(
        scanned,
        chosen,
        carried=carried,
        places=places_of(logs.batches, chosen.membership),
        templates=_templates(house, chosen, logs),
    )
    every = [each for several in carried.values() for each in several]
    if is_shown_only or not every:
        tokens = stand_ins(every, house.random_bytes)
    else:
        with key_server_of(house) as (server, epochs):
            epoch = epoch_for_sharing(epochs, house.now)
            tokens = blinded(server, epoch, every)
        with house.folder.writing() as connection:
            note_epoch(connection, epoch.epoch)
    made = prepared(house, found, tokens, wanted.description)
    if wanted.identifiers is None:
        _refuse_forgotten(house, made)
    return made


def _refuse_forgotten(house: House, made: tuple[Prepared, ...]) -> None:
    """Raise if accounts that were told would be taken back only because no record was named."""
    with house.folder.writing() as connection:
        gone = told_no_more(connection, made, "llm-account-fingerprint")
    if gone:
        told = plural(len(gone), "account")
        message = f"told with --identifiers before, and now without: {told} would be taken back"
        raise InputError(
            message,
            next_step="Pass --identifiers as before, or take back the campaign: "
            "`phalanx share retract CAMPAIGN`.",
        )


def _templates(house: House, chosen: Selection, logs: _Logs) -> dict[str, tuple[SeenTemplate, ...]]:
    """Return the templates that may be told; none without a group key."""
    if house.settings.group_keys is None:
        return {}
    key = read_group_keys(house.settings.group_keys).current(house.now.date())
    least = house.policy.in_force(house.now)["A8"].parameters["template_accounts"]
    after = {each.campaign_id: capability_of(each.facts.capabilities) for each in chosen.campaigns}
    return templates_of(logs.batches, chosen.membership, key, least, after)


def _refuse_unknown(wanted: Wanted, result: ScanResult) -> None:
    unknown = set(wanted.campaigns) - {each.campaign_id for each in result.campaigns}
    if unknown:
        message = f"{wanted.scan}: no campaign {min(unknown)!r}"
        raise InputError(message, next_step=f"`phalanx campaigns {wanted.scan}` lists all.")


def _say_taken_back(house: House, chosen: Selection, common: Common) -> None:
    with house.folder.writing() as connection:
        gone = [
            each.campaign_id
            for each in chosen.campaigns
            if is_taken_back(connection, wire_id(each.campaign_id, house.settings.member))
        ]
    for name in gone:
        common.say(f"{name}: was taken back, and is not published again")


class _Logs:
    """The logs of a scan, read as often as it takes, each time checked to be what they were.

    What nobody else in the log carries is told of a campaign: of an extract that holds the
    campaign alone, that would be everything, down to the domains of public mail.
    """

    def __init__(self, result: ScanResult, wanted: Wanted) -> None:
        self._named = wanted.logs
        self._inputs = dict(result.run.inputs)
        self._exchanges = result.population.exchanges
        self._columns = parse_columns(wanted.column_map)
        if not wanted.column_map:
            self._columns = _columns_of(result)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the exchanges, identifiers in clear."""
        log = open_log(list(self._named or self._inputs), ReadOptions(columns=self._columns))
        exchanges = 0
        for batch in log.batches():
            exchanges += batch.num_rows
            yield batch
        if all(map(_DIGEST.fullmatch, self._inputs.values())):
            self._refuse_changed(log)
        elif exchanges != self._exchanges:
            # Of what a cluster has read no digest is known.
            message = f"the log holds {exchanges:,} exchanges; {self._exchanges:,} were scanned"
            raise InputError(message, next_step="Name the whole log of the scan with --logs.")

    def _refuse_changed(self, log: ExchangeLog) -> None:
        """Compare what was read with what was scanned, wherever each file stands by now."""
        missing = Counter(self._inputs.values()) - Counter(log.inputs.values())
        foreign = Counter(log.inputs.values()) - Counter(self._inputs.values())
        for name, digest in self._inputs.items():
            if digest in missing:
                message = f"{name}: not the log that was scanned: its digest is another"
                if self._named:
                    message = f"{name}: was scanned, and is not among the logs that are named"
                raise InputError(message, next_step="Scan it again, or name the log with --logs.")
        for name, digest in log.inputs.items():
            if digest in foreign:
                message = f"{name}: not a log of the scan: its digest is another"
                raise InputError(message, next_step="Name all logs of the scan, and no other.")


def _columns_of(result: ScanResult) -> dict[str, str]:
    columns = result.run.parameters.get("columns")
    return {str(k): str(v) for k, v in columns.items()} if isinstance(columns, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, as a person gave it."""

    campaign: str
    value: OpinionValue | None
    scan: Path | None
    matches: Path
    ground: Ground | None
    explanation: str
    key: Path | None


def answer_of(said: Said) -> tuple[Answer, str]:
    """Return an answer, and the SHA-256 of the scan that it rests on, if it rests on one.

    Raises:
        InputError: If neither a value nor a scan that saw the campaign was given, or the ground is
            a scan that did not see it.
    """
    seen, evidence = None, ""
    if said.scan is not None:
        seen = _seen(said, said.scan)
        evidence = hashlib.sha256((said.scan / "campaigns.json").read_bytes()).hexdigest()
    if said.value is None and seen is None:
        message = "there is nothing to say: no value was given, and no scan that saw the campaign"
        raise InputError(message, next_step="Pass --value, or --scan with --matches of its logs.")
    if said.ground == "own-scan" and seen is None:
        message = "no scan that lists accounts of the campaign bears this out"
        raise InputError(message, next_step="Pass --ground own-review, if a person looked at it.")
    answer = Answer(
        campaign=said.campaign,
        value=said.value or "agree",
        ground=said.ground or ("own-scan" if seen else "own-review"),
        seen=seen,
        explanation=said.explanation,
    )
    return answer, evidence if seen else ""


def _seen(said: Said, scan: Path) -> SeenHere | None:
    try:
        matches = pq.read_table(said.matches).select(ALLIANCE_SCHEMA.names).cast(ALLIANCE_SCHEMA)
    except (OSError, KeyError, pa.ArrowException, ValueError) as error:
        message = f"{said.matches}: not what `phalanx share match` writes"
        raise InputError(
            message, next_step="Run `phalanx share match` on the same logs."
        ) from error
    result, key = read_scan(scan), key_of_scan(scan, said.key)
    names = matches.column("account_id").unique().to_pylist()
    hidden = pseudonymiser(key, "account_id")(names) if key else names
    return seen_by_scan(
        matches, result.accounts, said.campaign, dict(zip(names, map(str, hidden), strict=True))
    )
