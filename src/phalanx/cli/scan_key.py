"""The pseudonym key: where a person's key is kept, and whether it is the one of a scan."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from phalanx.errors import InputError


def default_key_path(environment: Mapping[str, str]) -> Path:
    """Return where the pseudonym key of this person is kept.

    Examples:
        >>> default_key_path({"XDG_CONFIG_HOME": "/etc/x"}).as_posix()
        '/etc/x/phalanx/pseudonym.key'
    """
    home = environment.get("XDG_CONFIG_HOME")
    folder = Path(home) if home else Path.home() / ".config"
    return folder / "phalanx" / "pseudonym.key"


def load_or_create(path: Path | None) -> bytes:
    """Load a key for a new scan, making it on first use.

    Parameters:
        path: Key file; null takes the default place.

    Raises:
        ConfigError: If the file is no key.
    """
    from phalanx.logs.pseudonym import load_or_create_key

    return load_or_create_key(path or default_key_path(os.environ))


def key_of_scan(scan_folder: Path, path: Path | None) -> bytes | None:
    """Load the key that a scan was made with; it is never made here.

    Parameters:
        scan_folder: Folder that `phalanx scan` wrote.
        path: Key file; null takes the default place.

    Returns:
        The key, or null where the scan kept identifiers in clear.

    Raises:
        InputError: If the folder is no scan, or the key is absent or of another scan.
        ConfigError: If the file is no key.
    """
    from phalanx.logs.pseudonym import key_id, load_or_create_key

    used = _key_id_of(scan_folder)
    if not used:
        return None
    place = path or default_key_path(os.environ)
    if not place.exists():
        message = f"{place}: no such pseudonym key"
        raise InputError(message, next_step="Pass the key of the scan with --key.")
    key = load_or_create_key(place)
    if key_id(key) != used:
        message = f"{scan_folder}: scanned with key {used}, but {place} is {key_id(key)}"
        raise InputError(message, next_step="Pass the key of that scan with --key.")
    return key


def _key_id_of(scan_folder: Path) -> str:
    path = scan_folder / "run.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["key_id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: not the record of a scan"
        raise InputError(message, next_step="Pass the folder that phalanx scan wrote.") from error
