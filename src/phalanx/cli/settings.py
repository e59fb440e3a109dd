"""Where the value of an option comes from: command line, environment, file, default.

An option `--fdr` of `phalanx scan` may be given, strongest first, as

- `--fdr 0.05` on the command line,
- `PHALANX_SCAN_FDR=0.05` in the environment,
- `fdr = 0.05` under `[scan]` in `phalanx.toml` (or the file that `--config` names).

Prices have a table of their own, `[prices]`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cyclopts import App, ArgumentCollection
from cyclopts.config import Dict, Env

from phalanx.errors import ConfigError

ENVIRONMENT_PREFIX = "PHALANX_"
DEFAULT_FILE = Path("phalanx.toml")
PRICES_TABLE = "prices"


@dataclass(frozen=True)
class SettingsSource:
    """Fills the options that the command line left open; cyclopts calls it."""

    commands: frozenset[str]
    """Names of all commands; each may have a table in the file."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where `PHALANX_CONFIG` is looked up."""

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Fill the open options of one command.

        Parameters:
            app: The command.
            commands: The words that name it.
            arguments: Its options, those of the command line already filled in.

        Raises:
            ConfigError: If the file cannot be read, or has a table of no command.
        """
        Env(ENVIRONMENT_PREFIX, source="environment")(app, commands, arguments)
        path = chosen_file(self.environment, _config_option(arguments))
        tables = read_config(path)
        known = self.commands | {PRICES_TABLE}
        unknown = tables.keys() - known
        source = str(path or DEFAULT_FILE)
        if unknown:
            listed = ", ".join(f"[{name}]" for name in sorted(known))
            message = f"{source}: unknown table [{min(unknown)}]; known are {listed}"
            raise ConfigError(message, next_step="Rename the table, or remove it.")
        options = {name: table for name, table in tables.items() if name in self.commands}
        Dict(options, source=source)(app, commands, arguments)


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
        message = f"{chosen}: not a readable TOML file: {error}"
        raise ConfigError(message, next_step="Mend the file; `phalanx config` shows it.") from error


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


def _config_option(arguments: ArgumentCollection) -> Path | None:
    """Return the path that `--config` was given on the command line or in the environment."""
    given = [token for each in arguments if each.name == "--config" for token in each.tokens]
    return Path(given[-1].value) if given else None
