"""What the commands about ledgers do."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509 import Certificate

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.govern.certificate import CertifiedFile, Rule, certificate
from phalanx.govern.ledger import (
    Recorded,
    begin_ledger,
    open_ledger,
    parse_proved_event,
    verify_ledger,
)
from phalanx.govern.ledger.payload import KINDS, payload_of
from phalanx.govern.ledger.stamped import stamp_ledger, stamps_of
from phalanx.govern.ledger.stamps import read_roots
from phalanx.printable import printable, printable_json
from phalanx.transparency.note_keys import NoteKey, read_key
from phalanx.transparency.notes import MOST_BYTES, parse_note
from phalanx.transparency.policy import MOST_BYTES as MOST_POLICY_BYTES
from phalanx.transparency.policy import Policy, parse_policy

_MOST_PROOF_BYTES = 2_000_000
_MOST_ROOT_BYTES = 1_000_000
_POLICY = "Name the policy of ledgers that you believe with --policy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are listed."""

    kind: str | None
    actor: str | None
    subject: str | None
    first: int
    last: int | None

    def chosen(self, recorded: Iterator[Recorded]) -> Iterator[Recorded]:
        """Yield those of the events that are wanted."""
        for each in recorded:
            event = each.event
            said = (event.kind, event.actor, event.subject)
            asked = (self.kind, self.actor, self.subject)
            if all(a is None or a == s for a, s in zip(asked, said, strict=True)):
                yield each


def begin(folder: Path, origin: str) -> str:
    """Begin a ledger, and return a policy that believes it without a witness."""
    return f"log {begin_ledger(folder, origin, _seconds()).key.as_text()}\nquorum none\n"


def listed(folder: Path, wanted: Wanted, output_format: str) -> tuple[str, int]:
    """Return the events that are wanted, as text, and how many they are.

    Raises:
        ConfigError: If there are no such kinds or numbers, or no ledger.
        VerificationError: If the ledger is damaged.
    """
    if wanted.kind is not None and wanted.kind not in KINDS:
        message = f"there are no events of the kind {printable(wanted.kind)!r}"
        raise ConfigError(message, next_step=f"Name one of {', '.join(sorted(KINDS))}.")
    if wanted.first < 0 or (wanted.last is not None and wanted.last < wanted.first):
        message = "events are numbered from 0 on, the first before the last"
        raise ConfigError(message, next_step="Leave --first and --last out.")
    stop = None if wanted.last is None else wanted.last + 1
    found = list(wanted.chosen(open_ledger(folder).events(wanted.first, stop)))
    if output_format == "json":
        rows = [{"number": each.number} | json.loads(payload_of(each.event)) for each in found]
        return printable_json(json.dumps(rows, indent=2, ensure_ascii=False)) + "\n", len(found)
    return "".join(_line(each) for each in found), len(found)


def proved(folder: Path, number: int) -> tuple[str, int]:
    """Return an event with its proof, and the size of the ledger."""
    opened = open_ledger(folder)
    made = opened.prove(number)
    return printable_json(made.as_text()), opened.state()[1].size


def stamped(folder: Path, url: str, roots: Path) -> str:
    """Have a ledger stamped, and say what the authority said."""
    made = stamp_ledger(open_ledger(folder), url, certificates_of(roots))
    return f"{folder}: {made.size:,} events, stamped at {made.at.isoformat(timespec='seconds')}"


def take_cosigned(folder: Path, file: Path, witnesses: Sequence[str]) -> int:
    """Take over what witnesses signed, and return how many signatures were new."""
    note = parse_note(_content(file, MOST_BYTES), str(file))
    return open_ledger(folder).log.add_signatures(note, [read_key(each) for each in witnesses])


def verified(path: Path, policy: Path | None, stamp_roots: Path | None) -> str:
    """Verify a ledger or a proved event, and say what was found.

    Raises:
        ConfigError: If no policy is named for a file, or for a ledger that lacks its key.
        VerificationError: If it does not hold, or the policy does not believe it.
    """
    if path.is_dir():
        return _verified_ledger(path, policy, stamp_roots)
    if policy is None:
        message = f"{path}: whose ledger it may be was not said"
        raise ConfigError(message, next_step=_POLICY)
    found = parse_proved_event(_content(path, _MOST_PROOF_BYTES), str(path))
    checkpoint = found.verify(policy_of(policy), str(path))
    event = _line(Recorded(found.proof.index, found.event)).rstrip()
    return f"{path}: in the ledger {checkpoint.origin} of {checkpoint.size:,} events\n  {event}"


def certified(files: Sequence[Path], rule: Rule) -> str:
    """Draft a certificate of files.

    Raises:
        InputError: If one of them cannot be read.
    """
    return certificate(rule, [_certified(each) for each in files], datetime.now(UTC))


def _certified(path: Path) -> CertifiedFile:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return CertifiedFile(name=str(path), size_bytes=file.tell(), sha256=sha256)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path.") from error


def policy_of(path: Path) -> Policy:
    """Read a policy: which logs, ledgers or packages are believed.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none.
    """
    return parse_policy(_content(path, MOST_POLICY_BYTES), str(path))


def certificates_of(path: Path) -> tuple[Certificate, ...]:
    """Read the certificates of authorities of time.

    Raises:
        InputError: If there are none.
    """
    return read_roots(_content(path, _MOST_ROOT_BYTES), str(path))


def _verified_ledger(folder: Path, policy: Path | None, stamp_roots: Path | None) -> str:
    keys: tuple[NoteKey, ...]
    if policy is None:
        opened = open_ledger(folder)
        keys, now = (opened.key,), opened.state()[1]
        opened.check()
        by = "by its own key alone: whose it is was not asked"
    else:
        believed = policy_of(policy)
        keys, now = believed.logs, verify_ledger(folder, believed)
        by = f"as {now.origin} of the policy"
    lines = [f"{folder}: {now.size:,} events are as the signed tree says, {by}"]
    if stamp_roots is not None:
        found = stamps_of(folder, keys, now, certificates_of(stamp_roots))
        lines += [
            f"  {each.size:,} events were there at {each.at.isoformat(timespec='seconds')}, "
            "as an authority stamped"
            for each in found
        ]
        if not found:
            lines.append("  no authority has stamped any of it")
    return "\n".join(lines)


def _line(recorded: Recorded) -> str:
    event = recorded.event
    facts = " ".join(f"{name}={value}" for name, value in sorted(event.facts.items()))
    moment = event.at.isoformat(timespec="seconds")
    said = f"{recorded.number:>8}  {moment}  {event.kind:<10}  {event.actor}  {event.subject}"
    return printable(f"{said}  {facts}".rstrip()) + "\n"


def _content(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path.") from error
    if len(content) > most_bytes:
        message = f"{path}: has more than {most_bytes:,} bytes"
        raise InputError(message, next_step="Name the right file.")
    return content


def _seconds() -> int:
    return int(time.time())
