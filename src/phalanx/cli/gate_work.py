"""What the commands of the gate do: read files, decide, put before the approvers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from phalanx.cli.databases import is_made
from phalanx.errors import ConfigError, InputError
from phalanx.share.gate import (
    SHIPPED,
    Context,
    Decision,
    decide,
    load_agreement,
    load_policy,
)
from phalanx.share.gate.audit import AuditLog
from phalanx.share.gate.queue import ApprovalQueue
from phalanx.share.gate.requests import Request
from phalanx.share.gate.tables import GateDatabase
from phalanx.share.wire import Object, document, joined, member_id, split

MOST_OBJECTS = 100_000
"""Objects of a bundle that are decided on at once."""

MOST_BYTES = 256 * 2**20
"""Bytes of a bundle that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An object and what the gate says of it."""

    item: Object
    decision: Decision
    request: Request | None = None
    """Under which it waits for approval, or was rejected before."""

    @property
    def stays(self) -> bool:
        """Whether it may not leave as things stand, neither at once nor in its batch."""
        return self.decision.action in {"hold", "refuse"}


@dataclass(frozen=True, slots=True)
class DecidedBundle:
    """All objects of a bundle, in its order."""

    judged: tuple[Judged, ...]

    @property
    def stays(self) -> int:
        """How many may not leave as things stand."""
        return sum(each.stays for each in self.judged)

    def leaving(self) -> str:
        """Return a bundle of what may leave, at once or in its batch, as it may."""
        items = [
            each.decision.item
            for each in self.judged
            if not each.stays and each.decision.item is not None
        ]
        raw = joined(f"bundle--{uuid.uuid4()}", (document(item).raw for item in items))
        return raw.decode() + "\n"


class _Whole(msgspec.Struct):
    objects: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def has_objects(self) -> bool:
        return self.objects is not msgspec.UNSET


def now() -> datetime:
    """Return the moment of a command."""
    return datetime.now(UTC)


def decide_bundle(
    bundle: Path,
    *,
    agreement: Path,
    member: str,
    bases: tuple[str, ...],
    purpose: str,
    circle: str,
    policy: Path | None,
    gate: Path | None,
    submitter: str,
) -> DecidedBundle:
    """Decide on each object of a bundle, and put what is held before the approvers.

    Parameters:
        bundle: File of a STIX bundle or a TAXII envelope.
        agreement: File of the agreement.
        member: Pseudonym of the sender.
        bases: Names of legal bases.
        purpose: Of the share.
        circle: `all`, or a group.
        policy: File; null takes the one that is installed.
        gate: File of the gate, for approvals; null asks nobody.
        submitter: Who asks for approvals; empty asks for none.

    Raises:
        InputError: If the bundle cannot be read.
        ConfigError: If policy or agreement cannot, or the circle is in neither.
    """
    agreed, rules, at = load_agreement(agreement), load_policy(policy or SHIPPED), now()
    circles = agreed.circles(member_id(member), at)
    if circle not in circles:
        message = f"{agreement}: no group is called {circle!r}"
        raise ConfigError(message, next_step=f"Pass --to with one of: {', '.join(circles)}.")
    queue = None
    if gate is not None:
        # Who asks for approvals may be the first; whoever only relies on them is not.
        queue = ApprovalQueue(GateDatabase(gate if submitter else _made_before(gate)), agreed)
    judged = []
    for item in _objects(bundle):
        context = Context(
            member=member_id(member),
            recipients=circles[circle],
            purpose=purpose,
            legal_bases=bases,
            agreement=agreed,
            now=at,
            approvals=queue.approvals_of(item, at) if queue else (),
        )
        decision = decide(item, context, rules)
        request = None
        if queue and submitter and decision.action == "hold" and decision.approvals:
            request = queue.submit(item, decision, submitter, at)
        judged.append(Judged(item=item, decision=decision, request=request))
    return DecidedBundle(tuple(judged))


def _objects(bundle: Path) -> list[Object]:
    try:
        with bundle.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{bundle}: {error.strerror}"
        raise InputError(message, next_step="Pass a file with a STIX bundle.") from error
    if len(raw) > MOST_BYTES:
        message = f"{bundle}: more than {MOST_BYTES:,} bytes"
        raise InputError(message, next_step="Split it into several bundles.")
    raws = split(raw, maximum_objects=MOST_OBJECTS)
    # Else a single object, or a list under another name, would pass as a bundle of nothing.
    if not raws and not msgspec.json.decode(raw, type=_Whole).has_objects:
        message = f"{bundle}: no bundle: it has no list `objects`"
        raise InputError(message, next_step="Pass a STIX 2.1 bundle.")
    try:
        return [msgspec.json.decode(each, type=dict) for each in raws]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        message = f"{bundle}: an object of the bundle is no JSON object: {str(error)[:200]}"
        raise InputError(message, next_step="Pass a STIX 2.1 bundle.") from error


def open_queue(gate: Path, agreement: Path) -> ApprovalQueue:
    """Open the queue of a gate that exists.

    Raises:
        InputError: If it does not.
        ConfigError: If the agreement cannot be read.
    """
    return ApprovalQueue(GateDatabase(_made_before(gate)), load_agreement(agreement))


def open_audit(gate: Path) -> AuditLog:
    """Open the audit log of a gate that exists.

    Raises:
        InputError: If it does not.
    """
    return AuditLog(GateDatabase(_made_before(gate)))


def request_of(queue: ApprovalQueue, number: int, at: datetime) -> Request:
    """Return one request.

    Raises:
        InputError: If there is none of that number.
    """
    for each in queue.requests(at):
        if each.number == number:
            return each
    message = f"there is no request {number}"
    raise InputError(message, next_step="`phalanx share requests` lists all.")


def _made_before(gate: Path) -> Path:
    """Refuse a name under which there is no gate: it must not make another one."""
    if not is_made(gate):
        message = f"{gate}: there is no gate"
        raise InputError(message, next_step="Name its file with --gate.")
    return gate
