"""`phalanx share`: what may leave the house, who let it, and what left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.recording import LedgerFolder, recorder
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

share = App(
    name="share",
    help="Share campaigns with other providers: what may leave, what came, what counsel must see.",
    help_format="markdown",
)

for _name in ("identity", "publish", "pull", "match", "opine", "retract"):
    share.command(f"phalanx.cli.share_exchange:{_name}", name=_name)
share.command("phalanx.cli.share_compare:compare", name="compare")
share.command("phalanx.cli.share_hub:hub", name="hub")
share.command("phalanx.cli.share_keys:keys", name="keys")
share.command("phalanx.cli.share_sketches:sketches", name="sketches")
share.command("phalanx.cli.share_pool:pool", name="pool")

_GATE = Path("gate.db")

Role = Literal["analyst", "counsel"]
GateFile = Annotated[Path, Parameter(name="--gate")]
AgreementFile = Annotated[Path, Parameter(name="--agreement")]


@share.command
def check(
    bundle: Path,
    /,
    *,
    agreement: AgreementFile,
    member: str,
    basis: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    purpose: str = "detect",
    to: str = "all",
    policy: Path | None = None,
    gate: Annotated[Path | None, Parameter(name="--gate")] = None,
    submit: str = "",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Say what the gate would do with each object of a bundle, and why.

    Nothing leaves, and no decision enters the audit log. The exit status is 1 where an object is
    held or refused.

    Parameters:
        bundle: STIX 2.1 bundle of objects made with `phalanx.share.wire`. That of `phalanx scan -f
            stix` is for your own platforms: it carries what must not leave.
        agreement: File that names members, groups and approvers.
        member: Pseudonym under which you appear to the others.
        basis: Legal bases, by their names in the policy; give one for each jurisdiction.
        purpose: One of those that the policy names.
        to: `all` members, or a group of the agreement.
        policy: Policy file; the one that is installed if none is given.
        gate: File of the gate, for approvals that were given.
        submit: Your name: what is held is put before the approvers.
        output_format: How to print what the gate says.
        output: File for a bundle of what may leave, at once or in its batch, as it may.
        common: Options of every command.
    """
    from phalanx.cli.gate_view import decisions_text
    from phalanx.cli.gate_work import decide_bundle
    from phalanx.cli.share_gate_json import decisions_json
    from phalanx.cli.share_words import refuse_broken

    refuse_broken(member=member, basis=basis, purpose=purpose, to=to, submit=submit)
    refuse_output(output)
    decided = decide_bundle(
        bundle,
        agreement=agreement,
        member=member,
        bases=basis,
        purpose=purpose,
        circle=to,
        policy=policy,
        gate=gate or (_GATE if submit else None),
        submitter=submit,
    )
    if output_format == "json":
        write_text(decisions_json(decided.judged), None)
    else:
        for line in decisions_text(decided.judged):
            common.say(line) if output else write_text(line + "\n", None)
    if output is not None:
        write_text(decided.leaving(), output)
    return ExitCode.FINDINGS if decided.stays else ExitCode.CLEAN


@share.command
def requests(
    *,
    agreement: AgreementFile,
    gate: GateFile = _GATE,
    state: Literal["pending", "approved", "rejected", "expired"] | None = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List the objects that wait for approval, or did.

    Parameters:
        agreement: File that names members, groups and approvers.
        gate: File of the gate.
        state: Only requests in this state.
        output_format: How to print.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.cli.gate_view import requests_text
    from phalanx.cli.gate_work import now, open_queue
    from phalanx.cli.share_gate_json import requests_json

    refuse_output(output)
    common.detail(f"reading {gate}")
    found = open_queue(gate, agreement).requests(now(), state)
    write_text((requests_json if output_format == "json" else requests_text)(found), output)


@share.command
def show(
    number: int,
    /,
    *,
    agreement: AgreementFile,
    gate: GateFile = _GATE,
    common: Common = Common(),
) -> None:
    """Print the object of a request as JSON, for those who approve it.

    Parameters:
        number: Of the request.
        agreement: File that names members, groups and approvers.
        gate: File of the gate.
        common: Options of every command.
    """
    from phalanx.cli.gate_work import now, open_queue, request_of
    from phalanx.formats.json import to_text

    common.detail(f"reading {gate}")
    write_text(to_text(request_of(open_queue(gate, agreement), number, now()).item), None)


@share.command
def approve(
    number: int,
    /,
    *,
    person: str,
    role: Role,
    agreement: AgreementFile,
    gate: GateFile = _GATE,
    ledger: LedgerFolder = None,
    common: Common = Common(),
) -> None:
    """Let a held object leave, as far as your role goes.

    Parameters:
        number: Of the request.
        person: Your name in the agreement.
        role: In which you approve.
        agreement: File that names members, groups and approvers.
        gate: File of the gate.
        ledger: Folder of the ledger that the answer is recorded in as well.
        common: Options of every command.
    """
    from phalanx.cli.gate_view import answered_text
    from phalanx.cli.gate_work import now, open_queue

    recorded = recorder(ledger)
    request = open_queue(gate, agreement).approve(number, person, role, now())
    facts = {"request": number, "role": role, "answer": "approved", "object": request.object_hash}
    recorded.record("approval", "disclosure to the alliance", facts, actor=person)
    common.say(answered_text(request))


@share.command
def reject(
    number: int,
    /,
    *,
    person: str,
    role: Role,
    agreement: AgreementFile,
    gate: GateFile = _GATE,
    ledger: LedgerFolder = None,
    common: Common = Common(),
) -> None:
    """Keep a held object in the house; one voice is enough.

    Parameters:
        number: Of the request.
        person: Your name in the agreement.
        role: In which you answer.
        agreement: File that names members, groups and approvers.
        gate: File of the gate.
        ledger: Folder of the ledger that the answer is recorded in as well.
        common: Options of every command.
    """
    from phalanx.cli.gate_view import answered_text
    from phalanx.cli.gate_work import now, open_queue

    recorded = recorder(ledger)
    request = open_queue(gate, agreement).reject(number, person, role, now())
    facts = {"request": number, "role": role, "answer": "rejected", "object": request.object_hash}
    recorded.record("approval", "disclosure to the alliance", facts, actor=person)
    common.say(answered_text(request))


@share.command
def audit(
    *,
    gate: GateFile = _GATE,
    output_format: Annotated[
        Literal["table", "jsonl", "quarters"], Parameter(name=["--format", "-f"])
    ] = "table",
    last_hash: str | None = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Export the audit log, after verifying that no entry was changed or removed.

    Parameters:
        gate: File of the gate.
        output_format: For reading, as JSON Lines that anybody can verify, or counted by quarter.
        last_hash: Hash of an entry that was kept elsewhere and must still be in the log.
        output: File to write into instead.
        common: Options of every command.
    """
    from phalanx.cli.gate_view import audit_text
    from phalanx.cli.gate_work import open_audit

    log = open_audit(gate)
    common.detail(f"{log.verify(last_hash=last_hash):,} entries verified")
    write_text(audit_text(log.entries(), output_format), output)
