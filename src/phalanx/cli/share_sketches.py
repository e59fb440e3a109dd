"""`phalanx share sketches`: the keys of the group, under which templates are sketched."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cyclopts import App

from phalanx.cli.rendering import write_text
from phalanx.cli.terminal import Common

sketches = App(
    name="sketches",
    help="Make, list and drop the group keys of template sketches.",
    help_format="markdown",
)


@sketches.command
def new_key(file: Path, /, *, begins: date | None = None, common: Common = Common()) -> None:
    """Make the group key of the next epoch.

    One member makes it and passes the file on to the others, as secrets are passed on. All members
    compare the fingerprint. The key is not printed.

    Parameters:
        file: Of group keys, for its owner alone; made if it is missing.
        begins: First day (UTC) of its use; today if none is given. Give the others time to get it.
        common: Options of every command.
    """
    import secrets
    from datetime import UTC, datetime

    from phalanx.sketches.templates.keys import add_group_key

    key = add_group_key(file, begins or datetime.now(UTC).date(), secrets.token_bytes)
    common.detail(f"wrote {file}")
    write_text(f"epoch {key.epoch} from {key.begins}, fingerprint {key.fingerprint}\n", None)


@sketches.command
def keys(file: Path, /, *, common: Common = Common()) -> None:
    """List the epochs of a file of group keys, with their fingerprints.

    Parameters:
        file: Of group keys.
        common: Options of every command.
    """
    from phalanx.sketches.templates.keys import read_group_keys

    common.detail(f"reading {file}")
    for key in read_group_keys(file).keys:
        write_text(f"epoch {key.epoch} from {key.begins}, fingerprint {key.fingerprint}\n", None)


@sketches.command
def drop_keys(file: Path, /, *, before: int, common: Common = Common()) -> None:
    """Drop the keys of past epochs, once no sketch of theirs is valid any more.

    Parameters:
        file: Of group keys.
        before: Number of the oldest epoch that is kept.
        common: Options of every command.
    """
    from phalanx.sketches.templates.keys import drop_group_keys

    gone = drop_group_keys(file, before)
    common.say(f"{file}: dropped {len(gone)} of its keys")
