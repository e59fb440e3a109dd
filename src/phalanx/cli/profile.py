"""`phalanx profile`: profiles of known actors, which scans compare groups with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from phalanx.cli.terminal import Common
from phalanx.errors import InputError

if TYPE_CHECKING:
    from phalanx.detect.result import ScanResult
    from phalanx.model import Attribution

profile = App(
    name="profile",
    help="Draft a profile of a known actor, or check one.",
    help_format="markdown",
)

_SCAN_FOLDER = Path("phalanx-scan")
_COMMENT = """\
Draft of a profile, made from {group} of {folder}. Before a scan takes it:
- write the name by which the actor is known, and aliases = ["..."] if there are any;
- add at least one source, which says on what the name rests:
  [[sources]]
  title = "..."
  date = 2026-01-31
  url = "..." (may be left out)
- drafted_from and drafted_until keep a match with this very group from naming anybody: leave them;
- take out what strangers may share, and what is not yours to keep;
- set persistence of a trait where you know how often the actor shows it again (0.5 otherwise).
Values under `hashes` work only in scans with the key that made them; values in clear in all."""


@profile.command
def new(
    group_id: str,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    scan: Path = _SCAN_FOLDER,
    log: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    column_map: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = (),
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    common: Common = Common(),
) -> None:
    """Draft a profile from a campaign or pool that a scan listed.

    The draft has no name and no source: a person completes it. With `--log` it holds values in
    clear (prompts of the accounts under suspicion among them), so that scans under other keys
    can use it; keep it as you keep the log.

    Parameters:
        group_id: Identifier of a campaign or pool, or its beginning.
        output: File to write, TOML, or JSON if it ends in .json.
        scan: Folder that `phalanx scan` wrote.
        log: Log that was scanned, to read values in clear from; may be repeated.
        column_map: Mapping of the log's fields, as for `phalanx scan`.
        key: Pseudonym key of the scan; the one in your configuration folder when left out.
        common: Options of every command.
    """
    from phalanx.cli.inputs import parse_columns
    from phalanx.cli.rendering import write_text
    from phalanx.cli.scan_key import key_of_scan
    from phalanx.detect.attribution.draft import draft_profile, unresolved, with_clear_values
    from phalanx.detect.attribution.profile_text import profile_json, profile_toml
    from phalanx.formats.folder import read_scan
    from phalanx.logs import ReadOptions, open_log

    result = read_scan(scan)
    found, attribution, active = _attribution(result, group_id, scan)
    draft = draft_profile(attribution, result.run.key_id, active)
    if log:
        options = ReadOptions(columns=parse_columns(column_map))
        secret = key_of_scan(scan, key)
        draft = with_clear_values(draft, open_log(log, options).batches(), secret)
    comment = _COMMENT.format(group=found, folder=scan)
    text = profile_json(draft) if output.suffix == ".json" else profile_toml(draft, comment)
    write_text(text, output)
    if unresolved(draft):
        common.say(f"{unresolved(draft)} values work only under key {draft.key_id or '(none)'}")
    common.say(f"complete it before use: {output}")


@profile.command
def check(profiles: Path, /, *, common: Common = Common()) -> None:
    """Check that profiles can be used by a scan.

    Parameters:
        profiles: Folder of profiles, or one file.
        common: Options of every command.
    """
    from phalanx.cli.profile_files import read_profiles

    for each in read_profiles(profiles):
        common.say(f"{each.name}: {len(each.traits)} families, {len(each.sources)} sources")


def _attribution(
    result: ScanResult, group_id: str, folder: Path
) -> tuple[str, Attribution, tuple[date, date]]:
    """Find the one campaign or pool whose identifier begins so, and its first and last day."""
    from phalanx.cli.group_view import find_groups
    from phalanx.formats.groups import group_id as id_of
    from phalanx.model import Campaign, UndeclaredPool

    groups = [
        group
        for group in find_groups(result, group_id)
        if isinstance(group, Campaign | UndeclaredPool)
    ]
    if len(groups) != 1:
        message = f"{folder}: {len(groups)} campaigns and pools are called {group_id!r}"
        raise InputError(message, next_step=f"`phalanx campaigns {folder}` lists all.")
    (group,) = groups
    if group.judgement.attribution is None:
        message = f"{folder}: the scan holds no attribution of {id_of(group)}"
        raise InputError(message, next_step="Scan again with this version.")
    active = (_day(group.facts.first_seen), _day(group.facts.last_seen))
    return id_of(group), group.judgement.attribution, active


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
