"""`phalanx govern case`: what is gathered on one matter, by whom, and what two people agreed on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.govern_case_options import CASES, ITEM, Case, CaseOptions, ItemOptions, Text
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

case = App(
    name="case",
    help="Gather evidence on one matter, claim with stated error, and decide with two people.",
    help_format="markdown",
)

for _name in ("join", "leave", "note", "hold", "release-hold", "close", "destroy", "reject"):
    case.command(f"phalanx.cli.govern_case_people:case_{_name.replace('-', '_')}", name=_name)

Person = Annotated[str, Parameter(name="PERSON")]
Item = Annotated[str, Parameter(name="ITEM")]
Number = Annotated[int, Parameter(name="NUMBER")]


@case.command(name="open")
def case_open(
    name: Case,
    /,
    *,
    title: str,
    provider: str,
    summary: str,
    level: float = 0.01,
    person: str,
    person_name: str,
    role: str,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Open a case. You are the first to take part in it, under the login of this machine.

    Parameters:
        name: Its id: small letters, digits and hyphens.
        title: In a line.
        provider: Whose case it is.
        summary: What it is about.
        level: Chance, stated now, that any claim of the case is held although its null is true.
        person: Your id in the case.
        person_name: Your name.
        role: `analyst`, `counsel`, `release manager`, `auditor`, `administrator` or `expert`.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import opened

    said = {"title": title, "provider": provider, "summary": summary, "level": level}
    common.say(opened(name, said, {"id": person, "name": person_name, "role": role}, options))


@case.command(name="add")
def case_add(
    name: Case,
    item: Item,
    path: Annotated[Path, Parameter(name="PATH")],
    /,
    *,
    campaign: Text = None,
    said: ItemOptions = ITEM,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Take a file as evidence: a copy is kept under its digest, for its owner alone.

    Parameters:
        name: Of the case.
        item: Id that the file gets in it.
        path: The file; of a campaign, the folder of the scan.
        campaign: Id of a campaign of the scan: what the scan says of it becomes the file.
        said: What is said of the file.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_gather import gathered

    common.say(gathered(name, item, path, campaign, said, options=options))


@case.command(name="custody")
def case_custody(
    name: Case,
    item: Item,
    action: Annotated[
        Literal["examined", "copied", "handed-over", "sealed"], Parameter(name="ACTION")
    ],
    /,
    *,
    note: Text = None,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Note what was done with an item.

    Parameters:
        name: Of the case.
        item: Its id.
        action: What was done.
        note: To whom, from where or what for, in a line.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    act = {"act": "handled", "item": item, "action": action.replace("-", " "), "note": note}
    common.say(did(name, act, options))


@case.command(name="claim")
def case_claim(
    name: Case,
    claim: Annotated[Path, Parameter(name="CLAIM")],
    /,
    *,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Put a conclusion forward, with its error; it stands when another person has approved it.

    All claims ever put forward in a case share its level, those that were rejected too.

    Parameters:
        name: Of the case.
        claim: TOML file of the claim: null hypothesis, p- or e-value, assumptions, limits, items.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import claimed

    common.say(claimed(name, claim, options))


@case.command(name="approve")
def case_approve(
    name: Case, number: Number, /, *, options: CaseOptions = CASES, common: Common = Common()
) -> None:
    """Agree, as the second person, to a claim or to what somebody asked for.

    Parameters:
        name: Of the case.
        number: Of the act, as `case show` lists it.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    common.say(did(name, {"act": "approved", "number": number}, options))


@case.command(name="list")
def case_list(
    *,
    status: Annotated[Literal["open", "closed"] | None, Parameter(show_default=False)] = None,
    waiting: Annotated[bool, Parameter(negative=())] = False,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """List cases, or what waits for your approval.

    Parameters:
        status: Only these.
        waiting: List what waits for you, in place of cases.
        output_format: How to print.
        output: File to write instead.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_view import listed, waiting_for_you

    refuse_output(output)
    text, count = (
        waiting_for_you(output_format, options) if waiting
        else listed(status, output_format, options)
    )  # fmt: skip
    write_text(text, output)
    common.say(f"{count:,} {'requests' if waiting else 'cases'}")


@case.command(name="show")
def case_show(
    name: Case,
    /,
    *,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Show a case: people, items with their custody, claims under one budget, holds, requests.

    Parameters:
        name: Of the case.
        output_format: How to print.
        output: File to write instead.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_view import shown

    refuse_output(output)
    write_text(shown(name, output_format, options), output)
    common.detail(f"{name}: shown")


@case.command(name="check")
def case_check(*, options: CaseOptions = CASES, common: Common = Common()) -> None:
    """Verify all acts, all files of items, and that acts and ledger agree.

    Parameters:
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import checked

    common.say(checked(options))


@case.command(name="pack")
def case_pack(
    name: Case,
    /,
    *,
    key: Path,
    signer: str,
    out: Path,
    without: Annotated[tuple[str, ...], Parameter(show_default=False, negative=())] = (),
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Pack a case into a folder that verifies without you, and print a policy that believes it.

    It holds people, items with their files, custody, claims that two people agreed to, and the
    events of the ledger with their proofs. Notes stay in the house.

    Parameters:
        name: Of the case.
        key: File of your secret that signs packages, for its owner alone; made if it is missing.
        signer: Who signs, such as `lab.example/cases`.
        out: New folder.
        without: Id of an item whose file stays in the house; may be given several times.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_pack import packed

    write_text(packed(name, key, signer, out, without, options=options), None)
    common.say(f"{out}: packed")
