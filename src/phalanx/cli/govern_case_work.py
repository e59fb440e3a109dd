"""What the commands about cases do."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from phalanx.cli.databases import made_before
from phalanx.cli.govern_case_options import CaseOptions
from phalanx.errors import InputError
from phalanx.govern.cases import Act, Case, Cases, Claimed, Opened, open_cases
from phalanx.govern.checked_toml import read_checked
from phalanx.govern.ledger import open_ledger
from phalanx.govern.packages import ClaimRecord
from phalanx.store import place_of

_ACT: TypeAdapter[Act] = TypeAdapter(Annotated[Act, Field(discriminator="act")])
_OPEN = "`phalanx govern case open` makes it with the first case."


@contextmanager
def cases_of(options: CaseOptions, *, may_make: bool = False) -> Iterator[Cases]:
    """Open the cases that the options name.

    Raises:
        InputError: If there are none, and none may be made.
    """
    place = place_of(options.cases, options.files)
    if not may_make:
        made_before(options.cases, "database of cases", _OPEN)
    ledger = None if options.ledger is None else open_ledger(options.ledger)
    with open_cases(place, lambda: datetime.now(UTC), ledger) as cases:
        yield cases


def login() -> str:
    """Return who is signed in on this machine."""
    return getpass.getuser()


def opened(
    name: str, said: Mapping[str, object], person: Mapping[str, str], options: CaseOptions
) -> str:
    """Open a case."""
    act = _act({"act": "opened", "person": dict(person), "login": login(), **said})
    assert isinstance(act, Opened)  # noqa: S101 - its tag says so
    with cases_of(options, may_make=True) as cases:
        case = cases.open(name, act)
    return f"{name}: opened by {case.opened_by}, at a level of {case.level:g} for all its claims"


def did(name: str, said: Mapping[str, object], options: CaseOptions) -> str:
    """Do something in a case, and say which act it became.

    Raises:
        InputError: If it is no act, or there is nothing to do it to.
        PolicyError: If who is signed in may not do it.
    """
    act = _act({key: value for key, value in said.items() if value is not None})
    with cases_of(options) as cases:
        return _said(cases.act(name, login(), act), act)


def asked(name: str, wish: str, about: str | None, reason: str, options: CaseOptions) -> str:
    """Ask for what a second person has to agree to."""
    said = {"act": "asked", "wish": wish, "about": about, "reason": reason}
    return f"{did(name, said, options)}; it waits for another person"


def claimed(name: str, path: Path, options: CaseOptions) -> str:
    """Put a claim of a file forward."""
    record, _ = read_checked(path, ClaimRecord, "claim")
    with cases_of(options) as cases:
        case = cases.act(name, login(), Claimed(claim=record))
    return f"{_said(case, Claimed(claim=record))}; it waits for another person"


def checked(options: CaseOptions) -> str:
    """Verify all cases, and say how many there are."""
    with cases_of(options) as cases:
        number, acts, files = cases.check()
    by = "" if options.ledger is None else "; the ledger has no act more"
    return f"{number:,} cases, {acts:,} acts and {files:,} files are as they were kept{by}"


def _act(said: Mapping[str, object]) -> Act:
    try:
        return _ACT.validate_python(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"][1:])
        message = f"{where}: {first['msg']}"
        raise InputError(message, next_step="`phalanx govern case` has a page.") from error


def _said(case: Case, act: Act) -> str:
    return f"{case.id}: act {case.entries}, {act.act}"
