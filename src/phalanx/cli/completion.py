"""`phalanx completion`: words that the shell can finish."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.terminal import Common
from phalanx.errors import InputError

Shell = Literal["bash", "zsh", "fish"]


def completion(
    shell: Annotated[Shell | None, Parameter(show_default=False)] = None,
    /,
    *,
    install: bool = False,
    common: Common = Common(),
) -> None:
    """Print or install completion for a shell.

    Parameters:
        shell: The shell; taken from `$SHELL` when left out.
        install: Put the script where the shell looks for it, and change the shell's startup
            file if it needs that.
        common: Options of every command.
    """
    from phalanx.cli.application import build_app

    app = build_app()
    chosen = shell or _shell_of(os.environ.get("SHELL", ""))
    if install:
        path = app.install_completion(shell=chosen)
        common.say(f"wrote {path}; it works in the next {chosen} that you open")
    else:
        sys.stdout.write(app.generate_completion(shell=chosen))


def _shell_of(path: str) -> Shell:
    match Path(path).name:
        case "bash" | "zsh" | "fish" as shell:
            return shell
        case name:
            message = f"no completion for the shell {name!r}" if name else "no shell in $SHELL"
            raise InputError(message, next_step="Name one: bash, zsh or fish.")
