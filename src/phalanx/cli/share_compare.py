"""`phalanx share compare`: how much two members both suspect, before either says which accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.share_exchange import CONFIG, AllianceConfig
from phalanx.cli.terminal import Common

compare = App(
    name="compare",
    help="Count what two members both suspect, before either says which accounts.",
    help_format="markdown",
)

Key = Annotated[Path | None, Parameter(show_default=False)]


@compare.command
def ask(
    scan: Path,
    /,
    *,
    member: str,
    identifiers: Path,
    key: Key = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("question.psi"),
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> None:
    """Write a question to another member: how many of the identifiers you suspect it suspects too.

    Only a number may be learnt so, in steps of about three, and no account: rule A14 lets nobody
    disclose to one member of its choice. Which accounts they are leaves by `phalanx share publish`
    alone, to all. The question says your rough number of identifiers, and nothing else. What counts
    the answer stays in the alliance folder.

    Parameters:
        scan: Folder that `phalanx scan` wrote. Asked about is what `publish` would tell of it.
        member: Pseudonym of whom you ask; one of those that you share with.
        identifiers: Your record of who carries what: a table `account_id,kind,value`.
        key: Pseudonym key of the scan; the one in your configuration folder if left out.
        output: File to carry to the member.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_compare_work import Suspected, asked
    from phalanx.cli.share_words import refuse_broken, refuse_own_input

    refuse_broken(member=member)
    refuse_output(output)
    refuse_own_input(output, [identifiers])
    asked(alliance_config, member, Suspected(scan, identifiers, key), output, common)
    common.say(f"question: {output}\nGive it to {member}; read its answer with `compare read`.")


@compare.command
def answer(
    question: Path,
    scan: Path,
    /,
    *,
    identifiers: Path,
    key: Key = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("answer.psi"),
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> None:
    """Answer the question of another member, after its signature and your policy are checked.

    It learns how many of its identifiers are among those that you suspect, and your rough number.
    That it learns no more holds if it follows the protocol; one that does not can find out which of
    its own they are. Each member you share with may ask the same, four times a day, and is on
    record in the audit log.

    Parameters:
        question: File that the member gave you.
        scan: Folder that `phalanx scan` wrote. Compared is what `publish` would tell of it.
        identifiers: Your record of who carries what: a table `account_id,kind,value`.
        key: Pseudonym key of the scan; the one in your configuration folder if left out.
        output: File to carry back.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_compare_work import Suspected, answered
    from phalanx.cli.share_words import refuse_own_input

    refuse_output(output)
    refuse_own_input(output, [identifiers, question])
    other = answered(alliance_config, question, Suspected(scan, identifiers, key), output, common)
    common.say(f"answer: {output}\nGive it to {other}, who asked.")


@compare.command
def read(
    answer: Path,
    /,
    *,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> None:
    """Say how much both suspect, in steps of about three. Each answer is read once.

    Parameters:
        answer: File that the member gave you.
        output_format: How to print.
        output: File to print into instead.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_compare_work import counted, counted_json, counted_text

    refuse_output(output)
    found = counted(alliance_config, answer)
    write_text((counted_json if output_format == "json" else counted_text)(*found), output)
    common.detail("which accounts they are leaves by `phalanx share publish` alone, to all")
