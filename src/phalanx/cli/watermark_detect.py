"""`phalanx watermark detect`: are these texts marked, by which key, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_asked import (
    AskedOptions,
    LevelOptions,
    TextOptions,
    refuse_options,
)
from phalanx.cli.watermark_options import VAULT, By, SealOptions, VaultFolder

FailOn = Literal["mark", "undecided", "never"]


def detect(
    *texts: Annotated[Path, Parameter(required=True, allow_leading_hyphen=True)],
    asked: AskedOptions,
    reading: TextOptions = TextOptions(),
    levels: LevelOptions = LevelOptions(),
    corpus_only: bool = False,
    no_passages: bool = False,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    fail_on: FailOn = "mark",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Say whether texts carry the mark of a key, which, where, and how sure that is.

    Every key under every scheme by every tokenizer is one family of tests; the level is the chance
    of any false finding. Texts are tested together, and each by itself. What is too short to tell
    is "not evaluable", never "no mark". `phalanx explain PHX-W001` says what a finding shows, and
    what not.

    Parameters:
        texts: Files, `-` for standard input. Names that end in `.jsonl` have a document a line:
            `text` or `tokens`, and if known `id`, and `prompt` or `prompt_tokens`, which count
            nowhere.
        asked: Which keys are tried.
        reading: How texts are read.
        levels: How sure an answer has to be.
        corpus_only: Do not test each text by itself, which takes time.
        no_passages: Do not look where the marks that were found stand.
        folder: Of the vault.
        seal: What opens it.
        by: Who asks, for the log; the user of this machine if it is left out.
        fail_on: Least finding that makes the exit status 1; `undecided` counts what is not
            evaluable too.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_detect_view import as_json, as_text
    from phalanx.cli.watermark_detect_work import Question, answer
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys.vault import Vault

    refuse_options(texts, detect)
    refuse_output(output)
    question = Question(
        texts=texts,
        asked=asked,
        reading=reading,
        levels=levels,
        corpus_only=corpus_only,
        passages=not no_passages,
    )
    with common.progress("detect") as progress:
        found = answer(question, Vault(folder, seal.seal()), act(by), progress)
    for each in found.given.rejects[:5]:
        common.say(f"warning: {each.where}: {each.reason}; left out")
    if len(found.given.rejects) > 5:
        common.say(f"warning: {len(found.given.rejects):,} lines were left out in all")
    write_text((as_json if output_format == "json" else as_text)(found), output)
    failed = {
        "mark": found.is_found,
        "undecided": found.is_found or not found.is_decided,
        "never": False,
    }
    return ExitCode.FINDINGS if failed[fail_on] else ExitCode.CLEAN
