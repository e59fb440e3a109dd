"""A request for approval: what waits, who has answered, and who may still answer what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from phalanx.errors import PolicyError
from phalanx.share.gate.agreement import Agreement, same_person
from phalanx.share.gate.findings import Approval
from phalanx.share.gate.policy import Role
from phalanx.share.wire import Object

State = Literal["pending", "approved", "rejected", "expired"]

_ANOTHER = "Ask a person whom the agreement names."
_NO_LONGER = {
    "approved": "Run what submitted it again: it leaves then.",
    "rejected": "What was rejected is not asked for again: change the object, and submit that.",
    "expired": "Submit it again.",
}
"""State of a request that takes no answer -> what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An object that waits for approval, or did."""

    number: int
    object_hash: str
    item: Object
    submitter: str
    roles: tuple[Role, ...]
    """That have to approve."""

    rules: tuple[str, ...]
    """That hold it."""

    state: State
    created_at: datetime
    valid_until: datetime
    approvals: tuple[Approval, ...] = ()

    @property
    def missing(self) -> tuple[Role, ...]:
        """Roles that have not approved it."""
        given = {each.role for each in self.approvals}
        return tuple(role for role in self.roles if role not in given)

    @property
    def approved_by(self) -> str:
        """Who has approved it, in words; empty where nobody has."""
        return " and ".join(f"{each.person} as {each.role}" for each in self.approvals)


def refuse_wrong_answer(
    request: Request, person: str, role: Role, agreement: Agreement, *, is_yes: bool
) -> None:
    """Raise if a person may not answer a request in a role.

    Who has approved may still reject, and so may another person of a role that has approved: one
    voice is enough.

    Parameters:
        request: That is answered.
        person: Who answers.
        role: In which.
        agreement: Who holds which role.
        is_yes: Whether the answer approves.

    Raises:
        PolicyError: With what stands against it, and who is to be asked.
    """
    reason, next_step = _against(request, person, role, agreement)
    if not reason and is_yes:
        reason, next_step = _against_approving(request, person, role)
    if reason:
        message = f"request {request.number}: {reason}"
        raise PolicyError(message, next_step=next_step)


def _against(request: Request, person: str, role: Role, agreement: Agreement) -> tuple[str, str]:
    if request.state != "pending":
        by = f", by {request.approved_by}" if request.state == "approved" else ""
        return f"it is {request.state} already{by}", _NO_LONGER[request.state]
    if not agreement.holds_role(person, role):
        return f"{person} does not hold the role {role}", _ANOTHER
    if role not in request.roles:
        return f"it does not ask for {role}, but for {' and '.join(request.roles)}", _ANOTHER
    if same_person(person) == same_person(request.submitter):
        return f"{person} submitted it, and another person answers", _ANOTHER
    return "", ""


def _against_approving(request: Request, person: str, role: Role) -> tuple[str, str]:
    missing = " and ".join(request.missing)
    ask = f"Ask a person whom the agreement names as {missing}."
    for each in request.approvals:
        if same_person(each.person) == same_person(person):
            reason = f"{person} has approved it as {each.role}: {missing} is to be another person"
            return reason, ask
        if each.role == role:
            return f"{each.person} has approved it as {role}: it waits for {missing} now", ask
    return "", ""
