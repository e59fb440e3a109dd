"""`phalanx config show`: every setting, its value, and where the value came from."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import (
    App,
    Argument,
    ArgumentCollection,
    CycloptsError,
    MissingArgumentError,
    Parameter,
)

from phalanx.cli.inputs import check_prices
from phalanx.cli.rendering import TableOrJson
from phalanx.cli.settings import (
    DEFAULT_FILE,
    PRICES_TABLE,
    chosen_file,
    config_option,
    read_config,
)
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError

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
    output_format: TableOrJson = "table",
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
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except MissingArgumentError:
        # What is required may be missing here: the sources have been applied by then.
        pass
    except CycloptsError as error:
        raise ConfigError(str(error), next_step="Correct it where it was set.") from error
    for commands, arguments in seen:
        for argument in arguments:
            if argument.show and argument.name.startswith("--"):
                yield _setting(" ".join(commands), argument)
        if commands == ("scan",):
            yield from _prices(chosen_file(os.environ, config_option(arguments)))


def _prices(settings_file: Path | None) -> Iterator[Setting]:
    """Return the price list in force, one setting a model."""
    from phalanx.detect.config import DEFAULT_PRICES

    table = read_config(settings_file).get(PRICES_TABLE)
    source = "default" if table is None else str(settings_file or DEFAULT_FILE)
    prices = DEFAULT_PRICES if table is None else check_prices(table, f"{source} [{PRICES_TABLE}]")
    for model, (sent, received) in prices.items():
        yield Setting(
            command=f"[{PRICES_TABLE}]",
            option=model,
            value=f"{sent:g} in, {received:g} out (USD per million tokens)",
            source=source,
        )


def _checked(argument: Argument) -> None:
    """Refuse a value that does not fit, which a missing argument would hide."""
    try:
        argument.convert_and_validate()
    except CycloptsError as error:
        token = argument.tokens[-1]
        message = f"{token.source}: {argument.name} cannot be {token.value!r}"
        raise ConfigError(message, next_step="Correct it where it was set.") from error


def _setting(command: str, argument: Argument) -> Setting:
    if argument.tokens:
        _checked(argument)
        value = " ".join(token.value or str(token.implicit_value) for token in argument.tokens)
        source = argument.tokens[-1].source
    else:
        default = argument.field_info.default
        value = "" if default is None else str(default)
        if default is inspect.Parameter.empty:
            value = "(required)"
        source = "default"
    return Setting(
        command=command,
        option=argument.name,
        value=value,
        source="option" if source == "cli" else source,
    )
