"""`phalanx watermark trace`: which account or campaign was this text served to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_asked import TextOptions, refuse_options
from phalanx.cli.watermark_options import VAULT, By, SealOptions, VaultFolder


def trace(
    *suspect: Annotated[Path, Parameter(required=True, allow_leading_hyphen=True)],
    register: Annotated[Path | None, Parameter(show_default=False)] = None,
    code: Annotated[Path | None, Parameter(show_default=False)] = None,
    level: Annotated[
        float | None, Parameter(show_default=False, validator=validators.Number(gt=0, lt=1))
    ] = None,
    decoys: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=1_000_000))] = 999,
    seen_at: Annotated[datetime | None, Parameter(show_default=False)] = None,
    reading: TextOptions = TextOptions(),
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    fail_on: Literal["account", "never"] = "account",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Say to which account or campaign texts were served, with the chance of any false accusation.

    The texts are searched together: for the key of every row of a register, or for the codewords
    of a code. Who published them is another question, and who is not accused is not cleared:
    `phalanx explain PHX-W003`.

    Parameters:
        suspect: Files, `-` for standard input. Names that end in `.jsonl` have a document a line:
            `text` or `tokens`, and if known `prompt` or `prompt_tokens`, which count nowhere.
        register: That `phalanx watermark register` wrote.
        code: Instead of a register: file that `phalanx watermark code` wrote.
        level: Chance that anyone at all is accused falsely, over the whole register: 0.000001 if it
            is left out. That of a code stands in its file, and cannot be chosen afterwards.
        decoys: Random keys that the scheme's law is held against; of a register.
        seen_at: When the texts were there already: keys of later first use are not tried; of a
            register. Without a time zone it is in UTC.
        reading: How texts are read.
        folder: Of the vault.
        seal: What opens it.
        by: Who asks, for the log; the user of this machine if it is left out.
        fail_on: Least finding that makes the exit status 1.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_trace_view import code_json, code_text, keys_json, keys_text
    from phalanx.cli.watermark_trace_work import refuse_unclear, trace_code, trace_register
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys.vault import Vault

    refuse_options(suspect, trace)
    refuse_output(output)
    refuse_unclear(register, code, level, seen_at)
    vault, who = Vault(folder, seal.seal()), act(by)
    with common.progress("trace") as progress:
        progress("reading", 0.1)
        if code is not None:
            coded = trace_code(suspect, reading, code, vault, who)
            text = (code_json if output_format == "json" else code_text)(coded)
            given, accused = coded.given, bool(coded.accused)
        else:
            assert register is not None  # noqa: S101 - one of both was required
            found = trace_register(
                suspect, reading, register, vault, who, level or 1e-6, decoys, seen_at
            )
            text = (keys_json if output_format == "json" else keys_text)(found)
            given, accused = found.given, bool(found.trace.accused)
    for each in given.rejects[:5]:
        common.say(f"warning: {each.where}: {each.reason}; left out")
    if len(given.rejects) > 5:
        common.say(f"warning: {len(given.rejects):,} documents were left out in all")
    write_text(text, output)
    return ExitCode.FINDINGS if accused and fail_on == "account" else ExitCode.CLEAN
