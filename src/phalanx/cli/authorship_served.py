"""`phalanx authorship index` and `lookup`: what we served, and whether a text shares with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

Key = Annotated[Path | None, Parameter(show_default=False)]
FailOn = Literal["finding", "never"]
Level = Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))]


def index(
    *logs: Annotated[Path, Parameter(required=True)],
    out: Annotated[Path, Parameter(name=["--output", "-o"])],
    column_map: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = (),
    key: Key = None,
    clear_identifiers: bool = False,
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> None:
    """Index the responses in logs, so that texts can be looked up among them.

    The index holds keyed numbers that stand for pairs of words, and for each part of a response the
    account and the time: no text. Logs are read once, in bounded memory. An index that is there is
    appended to; killed at any moment, it is what it was before.

    Parameters:
        logs: Files, globs and folders with exchanges, whose responses were logged.
        out: Folder of the index; made if it is missing.
        column_map: Native column and the field of the log that holds it, as `response=body.text`.
        key: File of the pseudonym key, which keys the index too; made on first use. Look-ups need
            the same.
        clear_identifiers: Keep account ids as they stand in the log: no pseudonyms.
        output_format: How to print what the index holds then.
        common: Options of every command.
    """
    from phalanx.cli.authorship_served_view import index_json, index_text
    from phalanx.cli.authorship_served_work import indexed
    from phalanx.cli.inputs import parse_columns

    with common.progress("index") as progress:
        made = indexed(logs, out, parse_columns(column_map), key, progress, clear=clear_identifiers)
    for warning in made.warnings:
        common.say(f"warning: {warning}")
    write_text((index_json if output_format == "json" else index_text)(made, out), None)


def lookup(
    *texts: Annotated[Path, Parameter(required=True, allow_leading_hyphen=True)],
    index: Path,
    level: Level = 0.01,
    key: Key = None,
    fail_on: FailOn = "finding",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Say which texts share more with what was served than their subject explains.

    Finds what was shortened, reworded in part, laid out anew or put into a longer text. The p-value
    counts every entry that shares a phrase, and every part of the text. `phalanx explain PHX-A004`
    says what a finding shows, and what not.

    Parameters:
        texts: Files, folders, `-` for standard input. Names that end in `.jsonl` have a document a
            line: `text`, or `code` with its `language`, and if known `id`.
        index: Folder that `phalanx authorship index` wrote.
        level: Share of texts that owe nothing to what was served and may be called consistent with
            it.
        key: File of the pseudonym key that the index was made with.
        fail_on: Least finding that makes the exit status 1.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.authorship_served_view import as_json, as_text
    from phalanx.cli.authorship_served_work import looked_up
    from phalanx.cli.authorship_work import told_rejects

    refuse_output(output)
    with common.progress("lookup") as progress:
        found = looked_up(texts, index, key, level, progress)
    told_rejects(found.rejects, common)
    write_text((as_json if output_format == "json" else as_text)(found), output)
    return ExitCode.FINDINGS if found.findings and fail_on != "never" else ExitCode.CLEAN
