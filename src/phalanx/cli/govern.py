"""`phalanx govern`: what is owed to others, and what can be shown to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.govern_case import case as cases
from phalanx.cli.govern_ledger import ledger as ledgers_app
from phalanx.cli.govern_options import Optional, ShownOptions
from phalanx.cli.recording import LedgerFolder, recorder
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

govern = App(
    name="govern",
    help="Keep cases and a ledger, run clocks of duties, hold a provider against controls.",
    help_format="markdown",
)
govern.command(cases)
govern.command(ledgers_app)

Text = Annotated[str | None, Parameter(show_default=False)]


@govern.command(name="verify")
def govern_verify(
    paths: Annotated[list[Path], Parameter(name="PATH")],
    /,
    *,
    policy: Optional = None,
    ledgers: Optional = None,
    stamp_roots: Optional = None,
    common: Common = Common(),
) -> None:
    """Verify packages of cases, ledgers and proved events, without asking anybody.

    A ledger is verified whole: each event against its entry, each entry against the signed tree.
    The policy says whose packages, ledgers and events are believed; only the folder of a ledger of
    your own, with its key in it, verifies without one. Claims of a package are judged together, at
    the level of its case.

    Parameters:
        paths: Folders of packages or ledgers, and files that `govern ledger prove` wrote.
        policy: Whose packages and ledgers are believed (C2SP tlog-policy).
        ledgers: Whose ledgers are believed, for events in a package.
        stamp_roots: PEM certificates of authorities of time, for the stamps of a ledger.
        common: Options of every command.
    """
    from phalanx.cli import govern_packages
    from phalanx.cli.govern_work import verified

    for path in paths:
        if govern_packages.is_package(path):
            said = govern_packages.verified(path, policy, ledgers)
        else:
            said = verified(path, policy, stamp_roots)
        write_text(said + "\n", None)
    common.detail(f"{len(paths)} verified")


@govern.command(name="duties")
def govern_duties(
    incident: Annotated[Path | None, Parameter(name="INCIDENT", show_default=False)] = None,
    /,
    *,
    duties: Optional = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List duties to report, or run their clocks for an incident.

    Nothing that is printed is advice: duties are data that counsel checks and changes.

    Parameters:
        incident: TOML file of what is known; without it, duties and their questions are listed.
        duties: File of duties, in place of those that come with Phalanx.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_duties import clocks, known_duties

    refuse_output(output)
    if incident is None:
        text, version = known_duties(duties, output_format)
    else:
        text, version = clocks(incident, duties, output_format)
    write_text(text, output)
    common.say(f"duties as of {version}; counsel decides")


@govern.command(name="report")
def govern_report(
    incident: Annotated[Path, Parameter(name="INCIDENT")],
    duty: Annotated[str, Parameter(name="DUTY")],
    /,
    *,
    duties: Optional = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Draft the report that a duty asks for; what only people can say is left open.

    Parameters:
        incident: TOML file of what is known.
        duty: Its id, as `govern duties` lists it.
        duties: File of duties, in place of those that come with Phalanx.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_duties import draft

    refuse_output(output)
    text, left_open = draft(incident, duty, duties)
    write_text(text, output)
    common.say(f"draft; {left_open} items are left to be written")


@govern.command(name="controls")
def govern_controls(
    *,
    catalogue: Optional = None,
    profile: Text = None,
    output_format: Annotated[
        Literal["table", "oscal", "oscal-profile", "oscal-mapping"],
        Parameter(name=["--format", "-f"]),
    ] = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List the controls of this field (PHX), or write them as OSCAL.

    Parameters:
        catalogue: File of controls, in place of those that come with Phalanx.
        profile: Only what `baseline`, `alliance` or `frontier` asks for.
        output_format: How to print; `oscal-mapping` names related controls of other frameworks.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_controls import controls

    refuse_output(output)
    write_text(controls(catalogue, profile, output_format), output)
    common.detail("mappings say what has to do with each other, not what fulfils what")


@govern.command(name="assess")
def govern_assess(
    *,
    profile: str = "baseline",
    shown: ShownOptions = ShownOptions(),
    catalogue: Optional = None,
    output_format: Annotated[
        Literal["table", "json", "oscal", "oscal-plan"], Parameter(name=["--format", "-f"])
    ] = "table",
    plan: Optional = None,
    system: str = "urn:phalanx:system",
    output: OutputPath = None,
    common: Common = Common(),
) -> int:
    """Hold a provider against the controls of a profile, and say what nobody looked at.

    What Phalanx can look up it looks up in what is named here: eighteen controls of those that
    come with it, ten of them in part, and what it could not see of these is named. For the rest,
    people answer in a file. The exit status is 1 where a control is not satisfied.

    Parameters:
        profile: `baseline`, `alliance` or `frontier`.
        shown: What may be looked at.
        catalogue: File of controls, in place of those that come with Phalanx.
        output_format: How to print; `oscal` gives assessment results, `oscal-plan` what fails as a
            plan of action and milestones.
        plan: TOML file of who mends what by when, for `oscal-plan`.
        system: What is assessed, for `oscal-plan`.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_controls import assessed
    from phalanx.govern.controls import Outcome

    refuse_output(output)
    text, found = assessed(
        catalogue, profile, shown, output_format, planned=plan,
        system=system,
    )  # fmt: skip
    write_text(text, output)
    counts = (f"{found.count(each)} {each.value}" for each in Outcome)
    common.say(f"profile {profile}: {', '.join(counts)}; {found.partly_seen} in part")
    return ExitCode.FINDINGS if found.count(Outcome.NOT_SATISFIED) else ExitCode.CLEAN


@govern.command(name="impact")
def govern_impact(
    scan: Annotated[Path, Parameter(name="SCAN")],
    /,
    *,
    campaign: str,
    prices: Optional = None,
    confidence: float = 0.95,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Estimate what a campaign took, with intervals, assumptions, and what nobody knows.

    Parameters:
        scan: Folder of a scan.
        campaign: Id of the campaign.
        prices: TOML price list with its day and source; without it no money is named.
        confidence: Of each interval.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_impact import estimated

    refuse_output(output)
    write_text(estimated(scan, campaign, prices, confidence, output_format), output)
    common.detail("an estimate of use, not of damage")


@govern.command(name="certificate")
def govern_certificate(
    files: Annotated[list[Path], Parameter(name="FILE")],
    /,
    *,
    rule: Literal["902(13)", "902(14)"] = "902(14)",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Draft a certificate for a court in the United States; a qualified person completes it.

    Parameters:
        files: That it is about; each is named with its SHA-256.
        rule: Of the Federal Rules of Evidence: records that a system made, or copies of data.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_work import certified

    refuse_output(output)
    write_text(certified(files, rule), output)
    common.say("draft: it certifies nothing until somebody has completed and signed it")


@govern.command(name="package")
def govern_package(
    case: Annotated[Path, Parameter(name="CASE")],
    /,
    *,
    key: Path,
    name: str,
    out: Path,
    ledger: LedgerFolder = None,
    common: Common = Common(),
) -> None:
    """Pack a case into a folder that verifies without you, and print a policy that believes it.

    Parameters:
        case: TOML file of the case: people, items, custody, claims, events of a ledger.
        key: File of your secret that signs packages, for its owner alone; made if it is missing.
        name: Who signs, such as `lab.example/cases`.
        out: New folder.
        ledger: Folder of the ledger that the package is recorded in.
        common: Options of every command.
    """
    from phalanx.cli.govern_packages import packed

    write_text(packed(case, key, name, out, recorder(ledger)), None)
    common.say(f"{out}: packed")


@govern.command(name="export")
def govern_export(
    package: Annotated[Path, Parameter(name="PACKAGE")],
    /,
    *,
    policy: Path,
    ledgers: Optional = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Write a package that verifies as CASE/UCO (JSON-LD), for tools of investigators.

    Parameters:
        package: Folder of the package, or of a copy of it.
        policy: Whose packages are believed.
        ledgers: Whose ledgers are believed, for events in it.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.govern_packages import exported

    refuse_output(output)
    write_text(exported(package, policy, ledgers), output)
    common.detail("it says nothing that the records of the package do not")


@govern.command(name="redact")
def govern_redact(
    package: Annotated[Path, Parameter(name="PACKAGE")],
    /,
    *,
    out: Path,
    policy: Path,
    ledgers: Optional = None,
    record: Annotated[tuple[str, ...], Parameter(show_default=False, negative=())] = (),
    file: Annotated[tuple[str, ...], Parameter(show_default=False, negative=())] = (),
    ledger: LedgerFolder = None,
    common: Common = Common(),
) -> None:
    """Copy a package without some of it; the copy verifies under the same signature.

    Parameters:
        package: Folder of the package.
        out: New folder.
        policy: Whose packages are believed.
        ledgers: Whose ledgers are believed, for events in it.
        record: Id of a record to take away, an item with its file; may be given several times.
        file: Id of an item of which the file alone is taken away; may be given several times.
        ledger: Folder of the ledger that the copy is recorded in.
        common: Options of every command.
    """
    from phalanx.cli.govern_packages import redacted

    said = redacted(package, out, policy, ledgers, gone=(record, file), recorded=recorder(ledger))
    write_text(said + "\n", None)
    common.detail(f"{out}: written")
