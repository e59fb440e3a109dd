"""Accounts: looked up by name, and the page that answers an appeal."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from phalanx.console.access import may
from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.pages.scan_lines import scan_of
from phalanx.console.seen.scans import Scan
from phalanx.detect.appeals import appeal
from phalanx.formats.appeal_html import shown
from phalanx.formats.groups import KINDS

MOST_FOUND = 50
_LEAST_LETTERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that a search found."""

    kind: str
    """`account`, or what a group is called."""

    name: str
    scan: str
    group_id: str | None
    """Of an account: the group that it stands in, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was looked for, and what was found."""

    query: str
    found: tuple[Found, ...]
    is_cut: bool
    """Whether there is more than is listed."""


def search(asked: Asked) -> Shown:
    """Look for groups and accounts whose name begins with a text."""
    text = asked.query.get("q", "").strip()[:200]
    found: list[Found] = []
    if len(text) >= _LEAST_LETTERS and may(asked.visitor.user.role, "GET", "/accounts"):
        for scan in asked.desk.scans.all()[0]:
            found += _found_in(scan, text)
    return Shown(
        Search(query=text, found=tuple(found[:MOST_FOUND]), is_cut=len(found) > MOST_FOUND)
    )


def account_page(asked: Asked) -> Shown:
    """Answer an appeal: what one account was judged on, and what would clear it."""
    scan = scan_of(asked)
    account = asked.path["account"]
    found = appeal(scan.result, account)
    return Shown(found, {"scan": scan.name, "group": scan.accounts.get(account), **shown(found)})


def _found_in(scan: Scan, text: str) -> list[Found]:
    short = {f"c{number}": each for number, each in enumerate(scan.result.campaigns, 1)}
    groups = [
        Found(kind=KINDS[type(group)], name=name, scan=scan.name, group_id=name)
        for name, group in scan.groups.items()
        if name.startswith(text) or short.get(text.casefold()) is group
    ]
    column = scan.result.accounts.column("account_id")
    names = column.filter(pc.starts_with(column, text)).slice(0, MOST_FOUND + 1).to_pylist()
    accounts = [
        Found(kind="account", name=name, scan=scan.name, group_id=scan.accounts.get(name))
        for name in names
    ]
    return groups + accounts


PAGES = (
    Page(
        path="/search",
        template="search_page.html.j2",
        view=search,
        summary="Groups and accounts whose name begins with `?q=`",
    ),
    Page(
        path="/accounts",
        template="search_page.html.j2",
        view=search,
        summary="Accounts whose name begins with `?q=`",
    ),
    Page(
        path="/accounts/{scan}/{account}",
        template="account_page.html.j2",
        view=account_page,
        summary="One account: what it was judged on, and what would clear it",
    ),
)
