"""`phalanx release log`: what was handed out, in a log that can only grow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common

log = App(
    name="log",
    help="Keep a log of grants and releases that can only grow, and prove what is in it.",
    help_format="markdown",
)

Folder = Annotated[Path, Parameter(name="FOLDER")]


@log.command(name="init")
def log_init(folder: Folder, /, *, origin: str, common: Common = Common()) -> None:
    """Begin a log, and print the line of a policy that believes it.

    Serve `FOLDER/public` as files.

    Parameters:
        folder: New one, for the log and what opens its entries.
        origin: Its name, such as `lab.example/releases`.
        common: Options of every command.
    """
    from phalanx.cli.release_log_work import begin_log

    write_text(begin_log(folder, origin), None)
    common.say(f"{folder}: begun")


@log.command(name="add")
def log_add(folder: Folder, files: list[Path], /, *, common: Common = Common()) -> None:
    """Enter signed statements, such as receipts: each as a salted digest.

    Parameters:
        folder: Of the log.
        files: Statements.
        common: Options of every command.
    """
    from phalanx.cli.release_log_work import add_to_log

    for name, index in add_to_log(folder, files):
        common.say(f"{name}: entry {index:,}")


@log.command(name="prove")
def log_prove(
    folder: Folder,
    release: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    common: Common = Common(),
) -> None:
    """Enter a sealed release, and put proofs beside its files; again, under a newer checkpoint.

    Parameters:
        folder: Of the log.
        release: Folder of the release.
        common: Options of every command.
    """
    from phalanx.cli.release_log_work import prove

    common.say(f"{release}: proved in a log of {prove(folder, release):,} entries")


@log.command(name="cosign")
def log_cosign(
    place: str,
    /,
    *,
    log_key: str,
    name: str,
    key: Path,
    memory: Path,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Witness a log: cosign its checkpoint, if it is what was seen before and more.

    Parameters:
        place: Folder or URL of the log.
        log_key: Verifier key of the log, as its keeper read it to you.
        name: Of the witness, such as `forum.example/w1`.
        key: File of the witness's secret, for its owner alone; made if it is missing.
        memory: Folder of what this witness saw; keep it.
        output: File to write the cosigned checkpoint into instead.
        common: Options of every command.
    """
    from phalanx.cli.release_log_work import cosigned

    refuse_output(output)
    note, public = cosigned(place, log_key, name, key, memory)
    write_text(note, output)
    common.say(f"witness key: {public}")


@log.command(name="cosigned")
def log_cosigned(
    folder: Folder, file: Path, /, *, witness: list[str], common: Common = Common()
) -> None:
    """Take over what witnesses signed. Then prove the releases again.

    Parameters:
        folder: Of the log.
        file: The cosigned checkpoint.
        witness: Verifier key of a witness; may be given several times.
        common: Options of every command.
    """
    from phalanx.cli.release_log_work import take_cosigned

    common.say(f"{folder}: {take_cosigned(folder, file, witness)} new signatures")


@log.command(name="check")
def log_check(folder: Folder, /, *, common: Common = Common()) -> None:
    """Verify that the log is what its checkpoint says, and every opening that of its entry.

    Parameters:
        folder: Of the log.
        common: Options of every command.
    """
    from phalanx.cli.release_log_work import check_log

    write_text(f"{check_log(folder):,} entries are as the checkpoint says\n", None)
    common.detail(f"{folder}: verified")
