"""`phalanx provenance`: was this model made from ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.provenance_keys import add_keys
from phalanx.cli.provenance_marks import add_marks
from phalanx.cli.provenance_options import (
    AuditOptions,
    BehaviourOptions,
    Level,
    MarkOptions,
    ReportOptions,
    VerdictFormat,
)
from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common

provenance = App(
    name="provenance",
    help="Find out whether a model was made from ours: compare weights, ask, conclude once.",
    help_format="markdown",
)

_Source = Annotated[str | None, Parameter(show_default=False)]
_FailOn = Literal["accusation", "never"]


@provenance.command
def compare(
    ours: Path,
    suspect: Path,
    /,
    *,
    ancestor: Annotated[tuple[Path, ...], Parameter(negative_iterable=(), show_default=False)] = (),
    behaviour: BehaviourOptions = BehaviourOptions(),
    ask_ours: _Source = None,
    ask_suspect: _Source = None,
    marks: MarkOptions = MarkOptions(),
    audit: AuditOptions = AuditOptions(),
    level: Level = 1e-6,
    report: ReportOptions = ReportOptions(),
    fail_on: _FailOn = "accusation",
    output_format: VerdictFormat = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Compare a suspect's weights with ours, put what else is known beside it, and conclude once.

    The level is divided between weights and whatever else is named here, before anything is
    looked at. Weights need no torch. Exit status 1 if the verdict accuses.

    Parameters:
        ours: Our model: a folder with safetensors or GGUF, or one such file.
        suspect: The model under test, likewise.
        ancestor: A model that ours was made from, likewise; may be given several times. A suspect
            that is kin to it is not accused by its weights.
        behaviour: What models are asked.
        ask_ours: Our model where it is asked, if not in its folder.
        ask_suspect: The suspect where it is asked, if not in its folder.
        marks: In the weights of released copies.
        audit: Of marks in outputs.
        level: Chance of accusing an independent model that is accepted, all tests together.
        report: Signed, for others.
        fail_on: What makes the exit status 1.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from datetime import UTC, datetime

    from phalanx.cli.provenance_view import conclude, refuse_reports, render
    from phalanx.cli.provenance_work import compared, marked, prepared

    refuse_output(output)
    refuse_reports(report)
    beside = prepared(behaviour, audit, ask_suspect or str(suspect), ask_ours or str(ours))
    copies = marked(marks, ours)
    with common.progress("comparing") as progress:
        record = compared(
            ours, suspect, beside, level, datetime.now(UTC), ancestors=ancestor,
            copies=copies, progress=progress, digests=report.report is not None,
        )  # fmt: skip
    write_text(render(record, output_format), output)
    return conclude(record, report, common, fail_on)


@provenance.command
def probe(
    suspect: str,
    /,
    *,
    behaviour: BehaviourOptions = BehaviourOptions(),
    ours: _Source = None,
    audit: AuditOptions = AuditOptions(),
    level: Level = 1e-6,
    report: ReportOptions = ReportOptions(),
    fail_on: _FailOn = "accusation",
    output_format: VerdictFormat = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Ask a suspect of which there are no weights, and conclude once.

    Behaviour is never a verdict alone: planted keys count only beside a panel that was asked the
    same, or beside the order of training or an audit; agreement only beside one of these.

    Parameters:
        suspect: The model under test: a folder (extra `torch`), a recording, or URL#MODEL.
        behaviour: What models are asked.
        ours: Our model, likewise; agreement needs it.
        audit: Of marks in outputs.
        level: Chance of accusing an independent model that is accepted, all tests together.
        report: Signed, for others.
        fail_on: What makes the exit status 1.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from datetime import UTC, datetime

    from phalanx.cli.provenance_view import conclude, refuse_reports, render
    from phalanx.cli.provenance_work import prepared, probed

    refuse_output(output)
    refuse_reports(report)
    beside = prepared(behaviour, audit, suspect, ours)
    with common.progress("asking") as progress:
        record = probed(beside, level, datetime.now(UTC), progress)
    write_text(render(record, output_format), output)
    return conclude(record, report, common, fail_on)


@provenance.command
def verify(
    report: Path,
    /,
    *,
    signer: str,
    output_format: VerdictFormat = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Verify a signed report: who signed it, and that its conclusions follow from its evidence.

    No model is needed. Exit status 2 if anything does not agree.

    Parameters:
        report: File that `compare` or `probe` wrote.
        signer: Public key of who must have signed it: take it from its owner, not from the report.
        output_format: How to print what it states.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.provenance_view import read_report, render
    from phalanx.signed import read_public_text

    refuse_output(output)
    record = read_report(report, read_public_text(signer))
    write_text(render(record, output_format), output)
    common.say("signature agrees, and every conclusion follows from the evidence in the report")


add_marks(provenance)
add_keys(provenance)
