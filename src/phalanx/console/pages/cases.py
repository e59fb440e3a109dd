"""Cases that people work on, and packages that were made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.seen.packages import PackageLine, read_packages
from phalanx.errors import InputError
from phalanx.govern.cases import Approved, Case, Cases, Listed, Rejected, Request, open_cases
from phalanx.govern.cases.rules import may_answer
from phalanx.govern.ledger import open_ledger

_MOST_REASON = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """All cases, and packages."""

    are_cases_named: bool
    cases: tuple[Listed, ...]
    are_packages_named: bool
    packages: tuple[PackageLine, ...]


def case_list(asked: Asked) -> Shown:
    """Look up all cases, and verify all packages."""
    listed: tuple[Listed, ...] = ()
    if asked.places.cases is not None:
        with cases_of(asked) as cases:
            listed = cases.list()
    folder = asked.places.packages
    data = CaseList(
        are_cases_named=asked.places.cases is not None,
        cases=listed,
        are_packages_named=folder is not None,
        packages=() if folder is None else read_packages(folder, asked.places.believed),
    )
    return Shown(data)


def case(asked: Asked) -> Shown:
    """Look up one case."""
    with cases_of(asked) as cases:
        found = cases.case(asked.path["name"])
    person = found.person_of(asked.visitor.user.name)
    answerable = frozenset(
        each.number for each in found.pending if person is not None and may_answer(each, person)
    )
    return Shown(
        found,
        {"person": person, "answerable": answerable, "waiting": {r.about for r in found.pending}},
    )


def answer(asked: Asked, reason: str, *, is_yes: bool) -> Case:
    """Agree to what waits for a second person in a case, or not, as `phalanx govern case` does.

    Parameters:
        asked: With the case and the number of the act in its path.
        reason: Why not; unused where it is agreed to.
        is_yes: Whether it is agreed to.

    Raises:
        PolicyError: If the visitor may not.
        InputError: If there is no such case or act, or no reason is given.
    """
    number = asked.number("number")
    if not is_yes and not reason.strip():
        message = "who does not agree says why"
        raise InputError(message, next_step="Go back, and write a reason.")
    act = (
        Approved(number=number)
        if is_yes
        else Rejected(number=number, reason=reason.strip()[:_MOST_REASON])
    )
    # The room of cases brings the act into the ledger itself.
    with cases_of(asked) as cases:
        return cases.act(asked.path["name"], asked.visitor.user.name, act)


def waiting_for(asked: Asked) -> tuple[tuple[str, Request], ...]:
    """Return what waits for the visitor in all cases, with the ids of these."""
    if asked.places.cases is None:
        return ()
    with cases_of(asked) as cases:
        found = cases.pending(asked.visitor.user.name)
    return tuple((each.case.id, each.request) for each in found)


@contextmanager
def cases_of(asked: Asked) -> Iterator[Cases]:
    """Open the cases.

    Raises:
        InputError: If none were named.
    """
    place = asked.places.cases
    if place is None:
        message = "no cases are named"
        raise InputError(message, next_step="Start the console with --cases DATABASE.")
    ledger = None if asked.places.ledger is None else open_ledger(asked.places.ledger)
    with open_cases(place, asked.desk.clock, ledger) as cases:
        yield cases


PAGES = (
    Page(
        path="/cases",
        template="cases_page.html.j2",
        view=case_list,
        summary="Cases that people work on, and packages that were made",
    ),
    Page(
        path="/cases/{name}",
        template="case_page.html.j2",
        view=case,
        summary="One case: people, items and their custody, claims under one budget, requests",
    ),
)
