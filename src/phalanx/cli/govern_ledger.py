"""`phalanx govern ledger`: what was done, by whom, and proofs of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

ledger = App(
    name="ledger",
    help="Keep a ledger that can only grow: what was done, by whom, and proofs of it.",
    help_format="markdown",
)

Folder = Annotated[Path, Parameter(name="FOLDER")]
Text = Annotated[str | None, Parameter(show_default=False)]


@ledger.command(name="begin")
def ledger_begin(folder: Folder, /, *, origin: str, common: Common = Common()) -> None:
    """Begin a ledger, and print a policy that believes it, for those who verify.

    Serve `FOLDER/public` as files, if others shall witness it: it holds salted digests alone.

    Parameters:
        folder: New one, for its log, its events and its key.
        origin: Its name, such as `lab.example/ledger`.
        common: Options of every command.
    """
    from phalanx.cli.govern_work import begin

    write_text(begin(folder, origin), None)
    common.say(f"{folder}: begun")


@ledger.command(name="list")
def ledger_list(
    folder: Folder,
    /,
    *,
    kind: Text = None,
    actor: Text = None,
    subject: Text = None,
    first: int = 0,
    last: Annotated[int | None, Parameter(show_default=False)] = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List what was done, in order.

    Parameters:
        folder: Of the ledger.
        kind: Only events of this kind, such as `disclosure`.
        actor: Only what this person or service did.
        subject: Only what was done to this.
        first: Number of the first event.
        last: Number of the last one.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_work import Wanted, listed

    refuse_output(output)
    wanted = Wanted(kind=kind, actor=actor, subject=subject, first=first, last=last)
    text, count = listed(folder, wanted, output_format)
    write_text(text, output)
    common.say(f"{count:,} events")


@ledger.command(name="prove")
def ledger_prove(
    folder: Folder,
    number: Annotated[int, Parameter(name="NUMBER")],
    /,
    *,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Write an event with its proof: one file that `govern verify` accepts without the ledger.

    Parameters:
        folder: Of the ledger.
        number: Of the event.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_work import proved

    refuse_output(output)
    text, size = proved(folder, number)
    write_text(text, output)
    common.say(f"event {number:,} of {size:,}; whoever gets the file reads the event")


@ledger.command(name="stamp")
def ledger_stamp(folder: Folder, /, *, url: str, roots: Path, common: Common = Common()) -> None:
    """Have an authority of time say how many events are there now (RFC 3161).

    The authority is told a digest of the checkpoint, and nothing of the events.

    Parameters:
        folder: Of the ledger.
        url: Of the authority.
        roots: PEM certificates that its own has to come from.
        common: Options of every command.
    """
    from phalanx.cli.govern_work import stamped

    common.say(stamped(folder, url, roots))


@ledger.command(name="cosigned")
def ledger_cosigned(
    folder: Folder, file: Path, /, *, witness: list[str], common: Common = Common()
) -> None:
    """Take over what witnesses signed (see `release log cosign`).

    Parameters:
        folder: Of the ledger.
        file: The cosigned checkpoint.
        witness: Verifier key of a witness; may be given several times.
        common: Options of every command.
    """
    from phalanx.cli.govern_work import take_cosigned

    common.say(f"{folder}: {take_cosigned(folder, file, witness)} new signatures")
