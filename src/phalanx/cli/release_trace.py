"""`phalanx release trace`: from a suspect to the copy that it was made from, and to evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.release_options import KEYS, KeyFile, Optional
from phalanx.cli.rendering import TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common


def trace(
    suspect: Path,
    /,
    *,
    ours: Path,
    marks: Path,
    marks_key: Path,
    suspects: int = 1,
    evidence: Optional = None,
    recipient: Optional = None,
    grant_file: Annotated[Path | None, Parameter(name="--grant", show_default=False)] = None,
    codeword_key: Optional = None,
    receipt: Optional = None,
    keys: KeyFile = KEYS,
    fail_on: Literal["mark", "never"] = "mark",
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> ExitCode:
    """Say whose copy a suspect's weights were made from, and write the evidence.

    The suspect is read for the codewords of all recipients of the register. The chance that anyone
    at all is named falsely is that of the register, over all suspects. Who is not named is not
    cleared.

    With --evidence, --recipient, --grant and --codeword-key the answer about one recipient is
    written as a signed statement: what was measured, the codeword, and what opens the commitment
    to it in the grant that he had signed before he got the copy.

    Parameters:
        suspect: Folder of safetensors (plain, FP8, GPTQ, AWQ) or GGUF, or one such file.
        ours: Folder of our model, without a mark.
        marks: Register of marks.
        marks_key: Key of the marks.
        suspects: How many models are or will be read for these marks, this one among them. Whoever
            looks through a thousand has a thousand chances to name somebody by accident: every
            p-value is multiplied by it.
        evidence: File for the signed statement; it is made only against whom the suspect names.
        recipient: Identity of the recipient whom it is about.
        grant_file: That both have signed.
        codeword_key: File of the key that hides the codeword.
        receipt: That the recipient signed, if there is one.
        keys: Of the issuer.
        fail_on: What makes the exit status 1.
        output_format: How to print.
        common: Options of every command.
    """
    from phalanx.cli.provenance_marks_view import trace_json, trace_text
    from phalanx.cli.release_marks import accusation_text, case_of, traced

    refuse_output(evidence)
    case = case_of(marks, marks_key, evidence, recipient, grant_file, codeword_key, receipt, keys)
    with common.progress("Tracing") as told:
        found = traced(marks, marks_key, ours, suspect, suspects, told)
    write_text((trace_json if output_format == "json" else trace_text)(found), None)
    if case is not None:
        write_text(accusation_text(found, case, suspect), evidence)
        common.say(f"{evidence}: evidence against {case.copy.recipient.name}")
    return ExitCode.FINDINGS if found.found and fail_on == "mark" else ExitCode.CLEAN
