"""`phalanx config show`: every setting, its value, and where the value came from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from cyclopts import App, Argument, ArgumentCollection, CycloptsError, Parameter

from phalanx.cli.terminal import Common

config = App(name="config", help="Show settings.", help_format="markdown")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One option of one command."""

    command: str
    option: str
    value: str
    source: str
    """`option`, `environment`, the path of a file, or `default`."""


@config.command
def show(
    *words: Annotated[str, Parameter(allow_leading_hyphen=True)],
    output_format: Annotated[
        Literal["table", "json"], Parameter(name=["--format", "-f"])
    ] = "table",
    common: Common = Common(),
) -> None:
    """Show every setting and where its value came from.

    Parameters:
        words: A command line to look at, after `--`: `phalanx config show -- scan LOGS --fdr 0.05`.
            Without it, every option of every command is shown.
        output_format: How to print.
        common: Options of every command.
    """
    given = ["--config", str(common.config)] if common.config else []
    settings = list(_settings([*words, *given])) if words else list(_all_settings(given))
    if output_format == "json":
        json.dump([asdict(setting) for setting in settings], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("command", "option", "value", "from", box=None, pad_edge=False)
    for setting in settings:
        table.add_row(setting.command, setting.option, setting.value, setting.source)
    Console(soft_wrap=True).print(table)


def _all_settings(given: list[str]) -> Iterator[Setting]:
    from phalanx.cli.application import command_paths

    for path in command_paths():
        yield from _settings([*path, *given])


def _settings(words: list[str]) -> Iterator[Setting]:
    from phalanx.cli.application import build_app

    app = build_app()
    seen: list[tuple[tuple[str, ...], ArgumentCollection]] = []

    def remember(_: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        seen.append((commands, arguments))

    app.config = (*app.config, remember)
    # A required argument may be missing here: the sources have been applied by then.
    with suppress(CycloptsError):
        app.parse_args(words, exit_on_error=False, print_error=False)
    for commands, arguments in seen:
        for argument in arguments:
            if argument.show and argument.name.startswith("--"):
                yield _setting(" ".join(commands), argument)


def _setting(command: str, argument: Argument) -> Setting:
    if argument.tokens:
        value = " ".join(token.value or str(token.implicit_value) for token in argument.tokens)
        source = argument.tokens[-1].source
    else:
        default = argument.field_info.default
        value = "" if default is None else str(default)
        source = "default"
    return Setting(
        command=command,
        option=argument.name,
        value=value,
        source="option" if source == "cli" else source,
    )
