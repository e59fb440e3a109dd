"""Options of the store, checked where they are given."""

from __future__ import annotations

from pathlib import Path

from phalanx.errors import ConfigError


def check_store(store: str | None, folder: Path | None, since: str) -> None:
    """Refuse options that say nothing without `--store`.

    Raises:
        ConfigError: If one was given.

    Examples:
        >>> check_store("days.store", None, "last")
    """
    given = "--since last" if since == "last" else "--store-folder" if folder else ""
    if given and store is None:
        message = f"{given} needs a store"
        raise ConfigError(message, next_step="Name it with --store.")
