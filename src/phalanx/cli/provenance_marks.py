"""`phalanx provenance mark` and `trace`: copies of weights that can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Group, Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

_PLAN = Group.create_ordered("What a new register is made for")

REGISTER = Path("weight-marks.json")
"""Where the register is, if nothing else is said."""

_Chance = Parameter(group=_PLAN, show_default=False, validator=validators.Number(gt=1e-300, lt=1))
_Strength = Parameter(group=_PLAN, show_default=False, validator=validators.Number(gt=0, lte=0.1))


def _count(most: int) -> Parameter:
    return Parameter(group=_PLAN, show_default=False, validator=validators.Number(gte=1, lte=most))


@Parameter(name="*", group=_PLAN)
@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """What a mark is made for, fixed with the first copy: all copies must agree in it."""

    recipients: Annotated[int | None, _count(1_000_000)] = None
    """All that will ever get a copy: 100 if it is left out."""

    collusion: Annotated[int | None, _count(100)] = None
    """Recipients who may pool their copies and still be traced, mostly: 2 if it is left out."""

    false_accusation: Annotated[float | None, _Chance] = None
    """Chance that anyone at all is named falsely of a suspect: 0.000001 if it is left out."""

    strength: Annotated[float | None, _Strength] = None
    """Change of the weights, over their size: 0.01 if it is left out."""


def add_marks(app: App) -> None:
    """Register the commands of marks in weights; each is imported when it is used."""
    app.command("phalanx.cli.provenance_marks:mark", name="mark")
    app.command("phalanx.cli.provenance_marks:trace", name="trace")


def mark(
    ours: Path,
    /,
    *,
    recipient: str,
    key_file: Path,
    out: Path,
    register: Path = REGISTER,
    plan: PlanOptions = PlanOptions(),
    common: Common = Common(),
) -> None:
    """Write a recipient's copy of a folder of weights, with the recipient's mark in it.

    Matrices of BF16, F16 or F32 in safetensors get the mark; names, kinds of numbers and all other
    files stay as they are. Files that hold weights in other formats stay behind, since they would
    be a copy without a mark. The register is written first: no copy goes out that it does not know.

    Parameters:
        ours: Folder of our model, without a mark. Keep it: `trace` reads suspects against it.
        recipient: Who gets the copy. The same name gives the same copy.
        key_file: 32 random bytes for this model alone, for their owner alone; made with the
            register.
        out: New folder.
        register: File that says what the mark is made for and who got a copy; made if it is not
            there. It holds no secret.
        plan: Only with a new register, or as it says.
        common: Options of every command.
    """
    from phalanx.cli.provenance_marks_work import marked_copy
    from phalanx.formats.notation import plural

    with common.progress("marking") as progress:
        release, is_old_key = marked_copy(ours, recipient, key_file, out, register, plan, progress)
    if is_old_key:
        common.say(
            f"{register} is new, and {key_file} was there: copies that this key has marked before "
            "are in no register, and `trace` will not name them. Mark them once more under their "
            "recipients' names, with the plan that they were made for, or find the old register."
        )
    for path in release.left_out:
        common.say(f"left behind: {path}")
    common.say(
        f"{out}: {plural(len(release.marked), 'tensor')} in {plural(len(release.shards), 'file')} "
        f"marked for {recipient}; {plural(len(release.along), 'other file')} copied"
    )


def trace(
    suspect: Path,
    /,
    *,
    ours: Path,
    key_file: Path,
    register: Path = REGISTER,
    suspects: int = 1,
    fail_on: Literal["mark", "never"] = "mark",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Say whose copy of ours a suspect's weights were made from.

    The suspect is read as it stands and, unless that names somebody, with its layers, neurons and
    heads put back into our order. The chance of any false accusation is that of the register, over
    all its recipients, both ways of reading, and all suspects. Who is not named is not cleared:
    `phalanx explain PHX-P102`.

    Parameters:
        suspect: Folder with safetensors (plain, FP8, GPTQ, AWQ) or GGUF, or one such file.
        ours: Folder of our model, without a mark.
        key_file: That the copies were marked with.
        register: That `phalanx provenance mark` wrote.
        suspects: How many models are or will be read for these marks, this one among them. Whoever
            looks through a thousand has a thousand chances to name somebody by accident: every
            p-value is multiplied by it.
        fail_on: What makes the exit status 1.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.provenance_marks_view import trace_json, trace_text
    from phalanx.cli.provenance_marks_work import traced

    refuse_output(output)
    with common.progress("tracing") as progress:
        found = traced(suspect, ours, key_file, register, suspects, progress)
    write_text((trace_json if output_format == "json" else trace_text)(found), output)
    return ExitCode.FINDINGS if found.found and fail_on == "mark" else ExitCode.CLEAN
