"""Who may do what in a case, and when.

Two people are two logins: whoever asks for something cannot agree to it. Releasing a hold, closing
a case and destroying the file of an item take counsel as the second of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from phalanx.errors import InputError, PolicyError
from phalanx.govern.cases.acts import (
    Act,
    Approved,
    Asked,
    Claimed,
    Gathered,
    Handled,
    Joined,
    Left,
    Opened,
    Rejected,
    Wish,
)
from phalanx.govern.cases.case import Case, Person, Request, RequestState
from phalanx.govern.packages.records import Role

Roles = frozenset[Role]

EVERYBODY: Roles = frozenset(
    ("analyst", "counsel", "release manager", "auditor", "administrator", "expert")
)
DOES: Mapping[str, Roles] = {
    "joined": frozenset({"counsel", "administrator"}),
    "left": frozenset({"counsel", "administrator"}),
    "gathered": frozenset({"analyst", "counsel", "release manager", "expert"}),
    "handled": frozenset({"analyst", "counsel", "release manager", "expert"}),
    "claimed": frozenset({"analyst", "counsel", "expert"}),
    "noted": EVERYBODY,
    "held": frozenset({"counsel", "administrator"}),
    "packed": frozenset({"analyst", "counsel"}),
}
"""Act -> roles that may do it. Who opened a case may also let people join it."""

ASKS: Mapping[Wish, Roles] = {
    "claim": DOES["claimed"],
    "release-hold": frozenset({"counsel", "administrator"}),
    "close": frozenset({"analyst", "counsel"}),
    "destroy": frozenset({"analyst", "counsel", "administrator"}),
}
"""What needs two people -> roles of the first."""

AGREES: Mapping[Wish, Roles] = {
    "claim": DOES["claimed"],
    "release-hold": frozenset({"counsel"}),
    "close": frozenset({"counsel"}),
    "destroy": frozenset({"counsel"}),
}
"""What needs two people -> roles of the second."""

_WHEN_CLOSED = frozenset({"noted", "held", "asked", "approved", "rejected", "packed", "left"})
_TAKEN = ("custody-", "event-", "approval-")
"""Ids begin with these where packages give them."""


def may_answer(request: Request, person: Person) -> bool:
    """Tell whether somebody may agree to a request."""
    return request.login != person.login and person.record.role in AGREES[request.wish]


def refuse(case: Case, person: Person, act: Act) -> None:
    """Refuse an act that this person may not do now.

    Parameters:
        case: As it is.
        person: Who takes part in it.
        act: What is to be done.

    Raises:
        PolicyError: If the role of the person, the state of the case or a hold forbids it.
        InputError: If it is about something that is not there, or is there already.
    """
    if isinstance(act, Opened):
        message = f"{case.id} is open already"
        raise InputError(message, next_step="Choose another id.")
    if case.closed_at is not None and act.act not in _WHEN_CLOSED:
        message = f"{case.id} is closed"
        raise PolicyError(message, next_step="Open another case that refers to it.")
    _refuse_role(case, person, act)
    check = _CHECKS.get(type(act))
    if check is not None:
        check(case, person, act)


def _refuse_role(case: Case, person: Person, act: Act) -> None:
    allowed = ASKS[act.wish] if isinstance(act, Asked) else DOES.get(act.act, EVERYBODY)
    is_opener = isinstance(act, Joined) and person.record.id == case.opened_by
    if person.record.role not in allowed and not is_opener:
        what = act.wish if isinstance(act, Asked) else act.act
        message = f"{person.record.id} is {person.record.role}, who may not do this: {what}"
        raise PolicyError(message, next_step=f"Ask {_listed(allowed)}.")


def _joined(case: Case, _: Person, act: Joined) -> None:
    _refuse_taken(case, act.person.id)
    if case.person_of(act.login) is not None:
        message = f"{act.login} takes part in {case.id} already"
        raise InputError(message, next_step="Give each person a login of their own.")


def _left(case: Case, _: Person, act: Left) -> None:
    there = case.people.get(act.person)
    if there is None or there.has_left:
        raise _missing(case, act.person)
    if sum(not each.has_left for each in case.people.values()) == 1:
        message = f"{act.person} is the last one of {case.id}"
        raise PolicyError(message, next_step="Let somebody join first.")


def _gathered(case: Case, person: Person, act: Gathered) -> None:
    _refuse_taken(case, act.item.id)
    if act.item.collector != person.record.id:
        message = f"{act.item.id} is put forward by {person.record.id} for {act.item.collector}"
        raise PolicyError(message, next_step="Let the collector do it.")


def _handled(case: Case, _: Person, act: Handled) -> None:
    _item(case, act.item)


def _claimed(case: Case, _: Person, act: Claimed) -> None:
    _refuse_taken(case, act.claim.id)
    for name in act.claim.items:
        _item(case, name)


def _asked(case: Case, _: Person, act: Asked) -> None:
    if act.wish == "release-hold":
        _open_hold(case, act.about)
    elif act.wish == "close":
        if case.closed_at is not None or act.about is not None:
            message = f"{case.id} is closed, or something else was named"
            raise InputError(message, next_step="Name the case alone.")
        _refuse_held(case)
    else:
        _refuse_destroying(case, act.about)
    for each in case.pending:
        if (each.wish, each.about) == (act.wish, act.about):
            message = f"act {each.number} of {case.id} asks for it already"
            raise InputError(message, next_step="Wait until somebody has agreed.")


def _approved(case: Case, person: Person, act: Approved) -> None:
    request = _pending(case, act.number)
    if request.login == person.login:
        message = f"{person.record.id} asked for it, and cannot agree to it"
        raise PolicyError(message, next_step=f"Ask {_listed(AGREES[request.wish])}.")
    if person.record.role not in AGREES[request.wish]:
        message = f"{person.record.id} is {person.record.role}, who may not agree to this"
        raise PolicyError(message, next_step=f"Ask {_listed(AGREES[request.wish])}.")
    if request.wish == "close":
        _refuse_held(case)
        _refuse_changed(case, request)
    elif request.wish == "destroy":
        _refuse_destroying(case, request.about)
    elif request.wish == "claim" and case.closed_at is not None:
        message = f"{case.id} is closed"
        raise PolicyError(message, next_step="Reject the claim.")


def _rejected(case: Case, person: Person, act: Rejected) -> None:
    request = _pending(case, act.number)
    if request.login != person.login and person.record.role not in AGREES[request.wish]:
        message = f"{person.record.id} is {person.record.role}, who has no voice in this"
        raise PolicyError(message, next_step=f"Ask {_listed(AGREES[request.wish])}.")


def _refuse_changed(case: Case, request: Request) -> None:
    """Whoever agrees to close agrees to what the first person saw."""
    newest = max(
        (
            *(each.custody[0].number for each in case.items.values()),
            *(each.number for each in case.requests.values() if each.wish == "claim"),
            0,
        )
    )
    if newest > request.number:
        message = f"{case.id} has changed since it was asked to close it"
        raise PolicyError(message, next_step="Reject it, and ask again.")
    if any(each.wish == "claim" for each in case.pending):
        message = f"a claim of {case.id} waits for a second person"
        raise PolicyError(message, next_step="Approve or reject it first.")


def _refuse_destroying(case: Case, name: str | None) -> None:
    if case.closed_at is None:
        message = f"{case.id} is open: its evidence stays"
        raise PolicyError(message, next_step="Close the case first.")
    _refuse_held(case)
    _item(case, name or "")


def _refuse_held(case: Case) -> None:
    if case.is_held:
        message = f"{case.id} is under a legal hold"
        raise PolicyError(message, next_step="Two people release a hold: see `release-hold`.")


def _open_hold(case: Case, about: str | None) -> None:
    hold = case.holds.get(int(about)) if about is not None and about.isdecimal() else None
    if hold is None or hold.released_at is not None or str(hold.number) != about:
        message = f"{case.id} has no hold {about}"
        raise InputError(message, next_step=f"`phalanx govern case show {case.id}` lists them.")


def _pending(case: Case, number: int) -> Request:
    request = case.requests.get(number)
    if request is None or request.state is not RequestState.PENDING:
        message = f"act {number} of {case.id} waits for nobody"
        raise InputError(message, next_step=f"`phalanx govern case show {case.id}` lists them.")
    return request


def _item(case: Case, name: str) -> None:
    item = case.items.get(name)
    if item is None:
        raise _missing(case, name)
    if item.is_destroyed:
        message = f"the file of {name} was destroyed"
        raise PolicyError(message, next_step="Name another item.")


def _refuse_taken(case: Case, name: str) -> None:
    is_taken = name == case.id or name in case.people or name in case.items or name in case.claims
    if is_taken or name.startswith(_TAKEN):
        message = f"{name} names something in {case.id} already"
        raise InputError(message, next_step="Choose another id.")


def _missing(case: Case, name: str) -> InputError:
    message = f"{case.id} has no {name!r}"
    return InputError(message, next_step=f"`phalanx govern case show {case.id}` lists what is.")


def _listed(roles: Roles) -> str:
    return " or ".join(sorted(roles))


_CHECKS: Mapping[type, Callable[[Case, Person, Any], None]] = {
    Joined: _joined, Left: _left, Gathered: _gathered, Handled: _handled, Claimed: _claimed,
    Asked: _asked, Approved: _approved, Rejected: _rejected,
}  # fmt: skip
