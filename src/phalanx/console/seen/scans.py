"""Scans in folders, read once and kept until their folder changes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from phalanx.detect.result import ScanResult
from phalanx.errors import InputError, PhalanxError
from phalanx.formats.charts import charts_of, static_svg
from phalanx.formats.folder import FILES, read_scan
from phalanx.formats.groups import Group, accounts_of, group_id, groups_of
from phalanx.formats.report_view import CampaignOverview, Totals, overviews_of, totals_of
from phalanx.printable import printable

Made = TypeVar("Made")
_STYLES = re.compile(r' style="[^"]*"')


class Scan:
    """A scan that was read.

    Parameters:
        name: Under which pages find it: that of its folder.
        folder: Where it lies.
        result: What was found.
    """

    def __init__(self, name: str, folder: Path, result: ScanResult) -> None:
        """Keep them."""
        self.name = name
        self.folder = folder
        self.result = result
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def kept(self, what: tuple[str, str], make: Callable[[], Made]) -> Made:
        """Return something that follows from this scan alone, made once.

        Parameters:
            what: Kind and name.
            make: Makes it.
        """
        with self._lock:
            if what not in self._made:
                self._made[what] = make()
            made: Made = self._made[what]
            return made

    @cached_property
    def overviews(self) -> tuple[CampaignOverview, ...]:
        """Campaigns, strongest first."""
        return overviews_of(self.result)

    @cached_property
    def totals(self) -> Totals:
        """Sums over all campaigns."""
        return totals_of(self.result)

    @cached_property
    def charts(self) -> dict[str, str]:
        """Charts by name, as SVG that needs no script.

        Styles that stand in an element are left out: the policy of the page would refuse them.
        """
        drawn = {name: static_svg(spec) for name, spec in charts_of(self.result).items()}
        return {name: _STYLES.sub("", printable(svg, keep="\n\t")) for name, svg in drawn.items()}

    @cached_property
    def groups(self) -> dict[str, Group]:
        """All groups of all lists, by identifier."""
        return {group_id(each): each for each in groups_of(self.result)}

    @cached_property
    def accounts(self) -> dict[str, str]:
        """Accounts of groups -> the group."""
        # Campaigns last, so that an account of several groups is found in its campaign.
        return {
            account: name
            for name, each in reversed(self.groups.items())
            for account in accounts_of(each)
        }

    def group(self, name: str) -> Group:
        """Return a group.

        Raises:
            InputError: If there is none.
        """
        found = self.groups.get(name)
        if found is None:
            message = f"the scan {self.name} has no group {printable(name)[:80]!r}"
            raise InputError(message, next_step="See the list of its campaigns.")
        return found

    def number_of(self, name: str) -> int | None:
        """Return the place of a campaign in the list, from 1, as the report numbers it."""
        places = (each.number for each in self.overviews if each.campaign.campaign_id == name)
        return next(places, None)


@dataclass(frozen=True, slots=True)
class Unread:
    """A folder that could not be read."""

    name: str
    reason: str


@dataclass(slots=True)
class _Kept:
    stamp: tuple[int, ...] = ()
    scan: Scan | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Scans:
    """Scans of some folders.

    Parameters:
        folders: That `phalanx scan` wrote. Two of one name are told apart by a number.

    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read nothing yet."""
        self._folders = dict(_named(folders))
        self._kept = {name: _Kept() for name in self._folders}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all folders."""
        return tuple(self._folders)

    def all(self) -> tuple[tuple[Scan, ...], tuple[Unread, ...]]:
        """Return the scans that can be read, the newest first, and the others with the reason."""
        scans, unread = [], []
        for name in self._folders:
            try:
                scans.append(self.scan(name))
            except PhalanxError as error:
                unread.append(Unread(name, error.diagnostics()))
        scans.sort(key=lambda each: each.result.run.started_at, reverse=True)
        return tuple(scans), tuple(unread)

    def scan(self, name: str) -> Scan:
        """Return a scan, as its folder is now.

        Raises:
            InputError: If there is none of that name, or it cannot be read.
        """
        folder = self._folders.get(name)
        if folder is None:
            message = f"there is no scan {printable(name)[:80]!r}"
            raise InputError(message, next_step="Name its folder with --scan.")
        kept = self._kept[name]
        with kept.lock:
            stamp = _stamp(folder)
            if kept.scan is None or stamp != kept.stamp:
                kept.scan = Scan(name, folder, read_scan(folder))
                kept.stamp = stamp
            return kept.scan

    def warm(self) -> None:
        """Read all scans and draw their charts, so that the first page has them."""
        for scan in self.all()[0]:
            _ = scan.charts, scan.accounts


def _named(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    taken: set[str] = set()
    for folder in folders:
        start = folder.resolve().name or "scan"
        name, number = start, 1
        while name in taken:
            number += 1
            name = f"{start}-{number}"
        taken.add(name)
        yield name, folder


def _stamp(folder: Path) -> tuple[int, ...]:
    """Return what changes when a scan is written into a folder; nothing where none is there.

    The first file and the last that take their places: a scan that is read in between is read
    again.
    """
    try:
        states = [(folder / name).stat() for name in (FILES[0], FILES[-1])]
    except OSError:
        return ()
    return tuple(part for each in states for part in (each.st_ino, each.st_mtime_ns, each.st_size))
