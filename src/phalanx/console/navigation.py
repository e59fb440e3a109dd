"""The menu, and which key leads where: g, then the letter."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.console.access import may
from phalanx.console.people.roles import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu."""

    title: str
    path: str
    key: str
    """Letter of the shortcut."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together."""

    title: str
    entries: tuple[Entry, ...]


MENU = (
    Section("", (Entry("Overview", "/", "o"),)),
    Section(
        "Detect",
        (
            Entry("Campaigns", "/campaigns", "c"),
            Entry("Other findings", "/findings", "f"),
            Entry("Accounts", "/accounts", "a"),
        ),
    ),
    Section(
        "Share",
        (
            Entry("Inbox", "/sharing/inbox", "i"),
            Entry("Outbox", "/sharing/outbox", "u"),
            Entry("Disclosures", "/sharing/disclosures", "d"),
            Entry("Audit log", "/sharing/audit", "t"),
        ),
    ),
    Section(
        "Mark and release", (Entry("Marks", "/marks", "m"), Entry("Releases", "/releases", "r"))
    ),
    Section(
        "Govern",
        (
            Entry("Cases", "/cases", "e"),
            Entry("Duties", "/duties", "y"),
            Entry("Controls", "/controls", "n"),
            Entry("Ledger", "/ledger", "l"),
        ),
    ),
    Section("Console", (Entry("People", "/people", "p"), Entry("Your account", "/me", "b"))),
)


def menu_of(role: Role) -> tuple[Section, ...]:
    """Return the menu without what is not for a role.

    Examples:
        >>> [each.title for each in menu_of(Role.RELEASE_MANAGER)]
        ['', 'Mark and release', 'Govern', 'Console']
    """
    sections = (
        Section(each.title, tuple(line for line in each.entries if may(role, "GET", line.path)))
        for each in MENU
    )
    return tuple(each for each in sections if each.entries)
