"""The lists of the alliance folder: made by a pull, held against logs and records by a match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from phalanx.cli.inputs import parse_columns
from phalanx.cli.share_exchange_records import read_records
from phalanx.cli.share_exchange_work import hub_of, key_server_of
from phalanx.cli.terminal import Common
from phalanx.detect.attribution.profile_text import profile_toml
from phalanx.errors import InputError
from phalanx.formats.notation import plural
from phalanx.logs import ReadOptions, open_log
from phalanx.model import ActorProfile
from phalanx.owned import written_whole
from phalanx.share.blinding.carriers import Identifiers
from phalanx.share.blinding.identifiers import KINDS
from phalanx.share.exchange.house import House
from phalanx.share.exchange.match_list import MATCH_LIST_FILE, MatchList, read_match_list
from phalanx.share.exchange.matching import (
    LogMatcher,
    Matches,
    epochs_in,
    in_force,
    match_identifiers,
)
from phalanx.share.exchange.profiles import profiles
from phalanx.share.exchange.pulling import (
    HeardOf,
    PulledIn,
    acknowledge_removals,
    heard_of,
    pull_in,
)
from phalanx.share.exchange.standing import Standing
from phalanx.share.exchange.templates import ListedTemplates
from phalanx.share.exchange.tokens import blinded
from phalanx.sketches.templates import read_group_keys

PROFILES_FOLDER = "profiles"
"""Of the alliance folder; `phalanx scan --profiles` reads it."""

_PROFILE = "campaign-*.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledAll:
    """What a pull came to, and where its lists are."""

    pulled: PulledIn
    acknowledged: int
    heard: tuple[HeardOf, ...]
    match_list: Path
    profiles: Path

    @property
    def new(self) -> tuple[Counter[str], int]:
        """What came in, by type, and how many fingerprints of it are padding or of no campaign."""
        grouped = self.pulled.standing.grouped()
        taken = self.pulled.received.taken
        told = [
            each.type
            for each in taken
            if each.type != "llm-account-fingerprint" or each.id in grouped
        ]
        return Counter(told), len(taken) - len(told)


def pull_all(house: House, *, from_start: bool) -> PulledAll:
    """Take what is new, write the lists, and tell the hub what was removed."""
    folder = house.folder.folder

    def write(stands: Standing, listed: MatchList) -> None:
        made = profiles(stands, listed.table, house.agreement)
        write_profiles(made, folder / PROFILES_FOLDER)

    with hub_of(house) as collection:
        pulled = pull_in(house, collection, from_start=from_start, also=write)
        acknowledged = acknowledge_removals(house, collection)
        heard = heard_of(house, collection)
    return PulledAll(
        pulled=pulled,
        acknowledged=acknowledged,
        heard=heard,
        match_list=folder / MATCH_LIST_FILE,
        profiles=folder / PROFILES_FOLDER,
    )


def write_profiles(made: dict[str, ActorProfile], folder: Path) -> None:
    """Write profiles, each whole, and remove those of campaigns that no longer stand.

    Raises:
        InputError: If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, profile in made.items():
            with written_whole(folder / f"{name}.toml") as aside:
                aside.write_text(profile_toml(profile), encoding="utf-8")
        for path in folder.glob(_PROFILE):
            if path.stem not in made:
                path.unlink()
    except OSError as error:
        message = f"{folder}: cannot be written: {error.strerror}"
        raise InputError(message, next_step="Make room, or name another folder.") from error


def match_all(
    house: House,
    logs: Sequence[str],
    column_map: tuple[str, ...],
    identifiers: Path | None,
    common: Common,
) -> pa.Table:
    """Return all matches of logs and records with the match list.

    Parameters:
        house: The member.
        logs: As named by a person.
        column_map: Mapping of the logs' fields.
        identifiers: The member's records.
        common: Says what is left out.

    Raises:
        InputError: If there is nothing to match, or no list.
    """
    if not logs and identifiers is None:
        message = "neither logs nor identifiers were named"
        raise InputError(message, next_step="Name logs, or a table with --identifiers.")
    listed = in_force(read_match_list(house.folder.folder), house.now)
    found = Matches()
    if identifiers is not None:
        _match_records(house, listed, read_records(identifiers, common), found, common)
    elif count := _listed(listed, KINDS):
        common.say(f"not compared: {plural(count, 'listed identifier')}, for want of --identifiers")
    if logs:
        matcher = LogMatcher(listed, _listed_templates(house, common))
        log = open_log(list(logs), ReadOptions(columns=parse_columns(column_map)))
        for batch in log.batches():
            matcher.match(batch, found)
    table = found.table()
    count = _listed(listed, ["template"])
    if logs and count and not _listed(table, ["template"]):
        common.say(
            f"{plural(count, 'listed template')}: none was found. Under another group key none "
            "ever is: compare yours (`phalanx share sketches keys`) with the other members"
        )
    return table


def _listed(table: pa.Table, kinds: Iterable[str]) -> int:
    """Count the rows of some kinds."""
    return int(pc.sum(pc.is_in(table["kind"], pa.array(list(kinds), pa.string()))).as_py() or 0)


def _listed_templates(house: House, common: Common) -> ListedTemplates | None:
    if house.settings.group_keys is None:
        common.say("no group keys: templates were not compared")
        return None
    keys = read_group_keys(house.settings.group_keys)
    found = ListedTemplates(house.folder.folder, keys, house.now)
    for epoch in found.unread_epochs:
        common.say(f"no group key of epoch {epoch}: its templates were not compared")
    return found


def _match_records(
    house: House, listed: pa.Table, records: Identifiers, found: Matches, common: Common
) -> None:
    needed = epochs_in(listed)
    if not needed:
        return
    with key_server_of(house) as (server, epochs):
        for number in sorted(needed):
            epoch = epochs.get(number)
            if epoch is None or not epoch.evaluates_at(house.now):
                why = "is not pinned" if epoch is None else "is over: its key was destroyed"
                common.say(f"epoch {number} {why}; its tokens were not compared")
                continue
            made = blinded(server, epoch, records.carriers)
            tokens = {carried: token.value for carried, token in made.items()}
            match_identifiers(listed, records, tokens, number, found)
