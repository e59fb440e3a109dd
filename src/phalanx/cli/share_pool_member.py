"""What the commands of a member of the pool do."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx2

from phalanx.cli.scan_key import key_of_scan
from phalanx.cli.share_pool_kept import KeptMark, all_kept, kept_path, kept_while_sent
from phalanx.cli.share_pool_lawful import lawful_facts
from phalanx.cli.share_pool_noted import noted_submission
from phalanx.cli.share_pool_options import MemberOptions
from phalanx.cli.share_pool_work import signing_key_of
from phalanx.errors import ConfigError, InputError
from phalanx.formats.notation import plural
from phalanx.logs.pseudonym import pseudonymiser
from phalanx.owned import read_secret_text
from phalanx.printable import printable, printable_json
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.carriers import Identifiers, Mark, read_identifiers
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.client.access import LARGEST_KEY_BYTES, connected, origin_of
from phalanx.share.exchange.settings import MemberSettings
from phalanx.share.gate.audit import AuditLog
from phalanx.share.gate.tables import GateDatabase
from phalanx.share.pool import entries_of, findings_of, signed_batch
from phalanx.share.pool.scanned import read_groups
from phalanx.share.pool.server import PoolServer

_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a member submits."""

    scan_folder: Path
    round_name: str
    identifiers: Path
    member: str
    signing_key: Path
    scan_key: Path | None
    settings: MemberSettings
    """Of the member in the alliance: its legal bases, and its gate."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of it."""

    findings: int
    slots: int
    unusable: int


@dataclass(frozen=True, slots=True)
class ToldMark:
    """A mark of the member that is told."""

    kind: str
    value: str
    accounts: tuple[str, ...]
    without_you: bool
    without_any_one: bool
    under_any_dependence: bool


def submitted(what: Submission, options: MemberOptions, key_server: tuple[str, Path, str]) -> Sent:
    """Blind, sign and send; what tokens stand for is kept before anything is sent.

    Parameters:
        what: To submit.
        options: How to reach the hub.
        key_server: Address, file of the API key, commitment of the epoch.

    Raises:
        PhalanxError: If anything of it cannot be used, or a server refuses.
    """
    groups = read_groups(what.scan_folder / "groups.parquet")
    about: dict[str, object] = {"object": f"round {what.round_name}", "hub": options.hub}
    log = AuditLog(GateDatabase(what.settings.gate))
    # Before anything is blinded, or anybody is asked.
    facts = lawful_facts(what.settings, log, datetime.now(UTC), about)
    read = read_identifiers(what.identifiers)
    marks = _as_in_scan(read, key_of_scan(what.scan_folder, what.scan_key))
    findings = findings_of(groups, marks)
    key = signing_key_of(what.signing_key)
    with (
        noted_submission(log, facts, partial(datetime.now, UTC)) as noted,
        connected(options.hub, options.access) as server,
    ):
        pool = PoolServer(server)
        round_ = pool.open_round(what.round_name, datetime.now(UTC))
        tokens = _tokens(list(findings), key_server, round_.epoch)
        entries = entries_of({tokens[mark]: each for mark, each in findings.items()}, round_)
        batch = signed_batch(entries, round_, what.member, key, datetime.now(UTC))
        digest = hashlib.sha256(batch).hexdigest()
        path = kept_path(what.scan_folder, round_.name)
        with kept_while_sent(path, digest, _meaning(tokens, marks)):
            noted.sending(epoch=round_.epoch, slots=round_.slots, batch_sha256=digest)
            pool.submit(round_.name, batch)
            noted.taken()
    return Sent(min(len(findings), round_.slots), round_.slots, sum(read.unusable.values()))


def told_marks(
    scan_folder: Path, round_name: str, options: MemberOptions
) -> tuple[list[ToldMark], int]:
    """Return the member's marks that are told, and how many told tokens stand for none here.

    Raises:
        PhalanxError: If the hub refuses, or it was not submitted from this folder.
    """
    path = kept_path(scan_folder, round_name)
    kept = all_kept(path)
    with connected(options.hub, options.access) as server:
        told = PoolServer(server).report(round_name)
    unknown = sum(each.token not in kept for each in told)
    if told and unknown == len(told):
        message = f"{path}: none of the {unknown} tokens you are told of is in it"
        raise InputError(message, next_step="Name the folder you submitted from.")
    found = [
        ToldMark(
            kept[each.token].kind,
            kept[each.token].value,
            kept[each.token].accounts,
            each.without_you,
            each.without_any_one,
            each.under_any_dependence,
        )
        for each in told
        if each.token in kept
    ]
    found.sort(key=lambda mark: (-len(mark.accounts), mark.kind, mark.value))
    return found, unknown


def told_text(told: list[ToldMark], output_format: str) -> str:
    """Return what is told, for people or as JSON."""
    if output_format == "json":
        text = json.dumps([asdict(each) for each in told], indent=2, ensure_ascii=False)
        return printable_json(text) + "\n"
    if not told:
        return "none of your marks is told\n"
    lines = []
    for each in told:
        stands = {
            "without you": each.without_you,
            "without any one member": each.without_any_one,
            "under any dependence": each.under_any_dependence,
        }
        said = ", ".join(name for name, yes in stands.items() if yes) or "only with all members"
        accounts = plural(len(each.accounts), "account")
        lines += [
            f"{each.kind} {printable(each.value)}: {accounts}; stands {said}",
            *(f"  {printable(account)}" for account in each.accounts),
        ]
    return "\n".join(lines) + "\n"


def _as_in_scan(read: Identifiers, key: bytes | None) -> Mapping[str, frozenset[Mark]]:
    """Name accounts as the scan does: by pseudonyms, where it had a key."""
    carried = read.by_account()
    if key is None:
        return carried
    hidden = pseudonymiser(key, "account_id")(list(carried))
    return {str(alias): marks for alias, marks in zip(hidden, carried.values(), strict=True)}


def _tokens(marks: list[Mark], key_server: tuple[str, Path, str], epoch: int) -> dict[Mark, str]:
    address, api_key, commitment = key_server
    origin = origin_of(address)
    with httpx2.Client(
        base_url=origin, timeout=_SECONDS, trust_env=origin.scheme == "https"
    ) as http:
        server = KeyServer(http, read_secret_text(api_key, "API key", LARGEST_KEY_BYTES))
        pinned = server.epoch(commitment)
        if pinned.epoch != epoch:
            message = f"the round compares tokens of epoch {epoch}, not {pinned.epoch}"
            raise ConfigError(message, next_step="Name the commitment of that epoch.")
        client = BlindingClient(server, pinned)
        by_kind: defaultdict[str, list[str]] = defaultdict(list)
        for kind, value in sorted(marks):
            by_kind[kind].append(value)
        return {
            (kind, value): token
            for kind, values in by_kind.items()
            for value, token in zip(values, client.tokens(kind, values), strict=True)
        }


def _meaning(
    tokens: Mapping[Mark, str], marks: Mapping[str, frozenset[Mark]]
) -> dict[str, KeptMark]:
    accounts: defaultdict[Mark, list[str]] = defaultdict(list)
    for account, shown in marks.items():
        for mark in shown & tokens.keys():
            accounts[mark].append(account)
    return {
        token: KeptMark(mark[0], mark[1], tuple(sorted(accounts[mark])))
        for mark, token in tokens.items()
    }
