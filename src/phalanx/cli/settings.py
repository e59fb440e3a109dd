"""Where the value of an option comes from: command line, environment, file, default.

An option `--fdr` of `phalanx scan` may be given, strongest first, as

- `--fdr 0.05` on the command line,
- `PHALANX_SCAN_FDR=0.05` in the environment,
- `fdr = 0.05` under `[scan]` in `phalanx.toml` (or the file that `--config` names).

What commands of one group share may be given once: `PHALANX_SHARE_HUB_DATABASE`, or `database`
under `[share.hub]`, holds for each command of `phalanx share hub` that has `--database` and is
not told otherwise.

`ledger` at the top of the file holds for every command that has `--ledger`.

Prices have a table of their own, `[prices]`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from cyclopts import App, ArgumentCollection
from cyclopts.config import Dict, Env

from phalanx.errors import ConfigError, reason_of

ENVIRONMENT_PREFIX = "PHALANX_"
DEFAULT_FILE = Path("phalanx.toml")
PRICES_TABLE = "prices"
LEDGER_KEY = "ledger"


@dataclass(frozen=True)
class SettingsSource:
    """Fills the options that the command line left open; cyclopts calls it."""

    commands: frozenset[str]
    """Names of all commands; each may have a table in the file."""

    options_below: Callable[[tuple[str, ...]], frozenset[str]]
    """Returns the options of all commands of a group."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where `PHALANX_CONFIG` is looked up."""

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Fill the open options of one command.

        Parameters:
            app: The command.
            commands: The words that name it.
            arguments: Its options, those of the command line already filled in.

        Raises:
            ConfigError: If the file cannot be read, or the file or the environment names a table
                or an option that does not exist.
        """
        _refuse_unknown_variables(self.environment, app, commands, arguments)
        groups = [commands[:length] for length in range(len(commands) - 1, 0, -1)]
        for words in (commands, *groups):
            _Variables(ENVIRONMENT_PREFIX, source="environment")(app, words, arguments)
        path = chosen_file(self.environment, config_option(arguments))
        tables = read_config(path)
        known = self.commands | {PRICES_TABLE}
        shared_by_all = {LEDGER_KEY: tables.pop(LEDGER_KEY)} if LEDGER_KEY in tables else {}
        unknown = tables.keys() - known
        source = str(path or DEFAULT_FILE)
        if unknown:
            listed = ", ".join(f"[{name}]" for name in sorted(known))
            message = f"{source}: unknown table [{min(unknown)}]; known are {listed}"
            raise ConfigError(message, next_step="Rename the table, or remove it.")
        _refuse_unknown_keys(tables, source, app, commands, arguments)
        options = {name: table for name, table in tables.items() if name in self.commands}
        Dict(options, source=source)(app, commands, arguments)
        for words in groups:
            shared = _shared_options(options, words, source, arguments, self.options_below)
            Dict(shared, source=source, use_commands_as_keys=False)(app, commands, arguments)
        if "--ledger" in _option_names(arguments):
            Dict(shared_by_all, source=source, use_commands_as_keys=False)(app, commands, arguments)


class _Variables(Env):
    """Variables of the environment, which have no hyphens where commands do."""

    def _prefix(self, commands: tuple[str, ...]) -> str:
        return self.prefix + "".join(f"{_shouted(word)}_" for word in commands)


def read_config(path: Path | None) -> dict[str, object]:
    """Read a configuration file.

    Parameters:
        path: The file; null takes `phalanx.toml` of the working directory, if there is one.

    Returns:
        Its tables; empty if there is no file.

    Raises:
        ConfigError: If the file was named and does not exist, or is not TOML.
    """
    chosen = DEFAULT_FILE if path is None else path
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if path is None:
            return {}
        message = f"{path}: no such configuration file"
        raise ConfigError(message, next_step="Correct --config.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{chosen}: not a readable TOML file: {reason_of(error)}"
        raise ConfigError(
            message, next_step="Mend the file, or name another with --config."
        ) from error


def chosen_file(environment: Mapping[str, str], option: Path | None) -> Path | None:
    """Return the file that `--config` or `PHALANX_CONFIG` names, or null.

    Examples:
        >>> chosen_file({"PHALANX_CONFIG": "a.toml"}, None).name
        'a.toml'
        >>> chosen_file({}, None) is None
        True
    """
    named = environment.get(f"{ENVIRONMENT_PREFIX}CONFIG")
    return option or (Path(named) if named else None)


def config_option(arguments: ArgumentCollection) -> Path | None:
    """Return the path that `--config` was given on the command line or in the environment."""
    given = [token for each in arguments if each.name == "--config" for token in each.tokens]
    return Path(given[-1].value) if given else None


def _refuse_unknown_variables(
    environment: Mapping[str, str],
    app: App,
    commands: tuple[str, ...],
    arguments: ArgumentCollection,
) -> None:
    """Refuse a variable of this command that names none of its options.

    One that begins like this program's and names no command may belong to somebody else.
    """
    prefix = ENVIRONMENT_PREFIX + "".join(f"{_shouted(word)}_" for word in commands)
    known = {_shouted(name): name for name in _option_names(arguments)}
    nested = tuple(f"{_shouted(name)}_" for name in app)
    for variable in environment:
        option = variable.removeprefix(prefix)
        if not commands or option == variable or option in known or option.startswith(nested):
            continue
        message = f"environment: {variable} names no option of phalanx {' '.join(commands)}"
        close = [prefix + name for name in get_close_matches(option, known, 1)]
        raise ConfigError(message, next_step=_advice(close, "variable"))


def _refuse_unknown_keys(
    tables: Mapping[str, object],
    source: str,
    app: App,
    commands: tuple[str, ...],
    arguments: ArgumentCollection,
) -> None:
    table: object = tables
    for word in commands:
        table = table.get(word) if isinstance(table, Mapping) else None
    known = _keys(_option_names(arguments))
    for key in table if commands and isinstance(table, Mapping) else ():
        if key.replace("-", "_") not in known and key not in app:
            message = f"{source}: [{'.'.join(commands)}] has no option {key!r}"
            close = get_close_matches(key, known, 1)
            raise ConfigError(message, next_step=_advice(close, "option"))


def _shared_options(
    tables: Mapping[str, object],
    words: tuple[str, ...],
    source: str,
    arguments: ArgumentCollection,
    options_below: Callable[[tuple[str, ...]], frozenset[str]],
) -> dict[str, object]:
    """Return what the table of a group says that one of its commands has as an option."""
    table: object = tables
    for word in words:
        table = table.get(word) if isinstance(table, Mapping) else None
    given = table if isinstance(table, Mapping) else {}
    said = {key: value for key, value in given.items() if not isinstance(value, Mapping)}
    known = _keys(_option_names(arguments))
    strange = {key for key in said if key.replace("-", "_") not in known}
    if strange:
        below = _keys(options_below(words))
        for key in sorted(strange):
            if key.replace("-", "_") not in below:
                message = f"{source}: no command of [{'.'.join(words)}] has an option {key!r}"
                close = get_close_matches(key, below, 1)
                raise ConfigError(message, next_step=_advice(close, "option"))
    return {key: value for key, value in said.items() if key not in strange}


def _keys(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.removeprefix("--").replace("-", "_") for name in names)


def _option_names(arguments: ArgumentCollection) -> list[str]:
    return [name for each in arguments for name in each.names if name.startswith("--")]


def _shouted(name: str) -> str:
    return name.upper().replace("-", "_").lstrip("_")


def _advice(close: Sequence[str], what: str) -> str:
    if close:
        return f"Did you mean {close[0]}?"
    return f"Correct or remove the {what}; `phalanx config show` lists all options."
