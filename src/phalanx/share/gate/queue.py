"""The queue of approvals: two persons where the rule asks for two, and none of them the sender.

A request is of one object, by its hash: another version is another request. It is pending until
every role has approved it, or one has rejected it, or its time is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

import msgspec
from sqlalchemy import Connection, select, update

from phalanx.errors import InputError, PolicyError
from phalanx.share.gate.agreement import Agreement, same_person
from phalanx.share.gate.audit import PROGRAM, person_named, record
from phalanx.share.gate.decide import Decision
from phalanx.share.gate.findings import Approval
from phalanx.share.gate.policy import Role
from phalanx.share.gate.requests import Request, State, refuse_wrong_answer
from phalanx.share.gate.tables import APPROVALS, REQUESTS, GateDatabase
from phalanx.share.wire import Object, content_hash

WAITS = timedelta(days=7)
"""How long a request waits for its approvals."""

HOLDS = timedelta(days=30)
"""How long an approval holds."""


class ApprovalQueue:
    """Requests and approvals, in the file of a gate.

    Parameters:
        database: Where they are kept.
        agreement: Who may approve in which role.
    """

    def __init__(self, database: GateDatabase, agreement: Agreement) -> None:
        """Keep the two."""
        self._database = database
        self._agreement = agreement

    def submit(self, item: Object, decision: Decision, submitter: str, now: datetime) -> Request:
        """Ask for approval of an object that a rule holds.

        Parameters:
            item: The object as it was decided on.
            decision: That holds it.
            submitter: Who asks, and may not approve.
            now: When.

        Returns:
            The request; that of before, where this object waits already or was rejected: who was
            told no does not ask another person the same.

        Raises:
            PolicyError: If nobody may approve it: it is refused, or was not held.
        """
        if decision.action != "hold" or not decision.approvals:
            message = f"{decision.action}: no approval lets this object leave"
            raise PolicyError(message, next_step="Mend what the findings name.")
        if content_hash(item) != decision.before:
            message = "the decision is of another object"
            raise PolicyError(message, next_step="Decide on the object that is submitted.")
        rules = sorted({each.rule_id for each in decision.findings if each.action == "hold"})
        with self._database.writing() as connection:
            self._expire(connection, now)
            chosen = select(REQUESTS.c.number).where(
                REQUESTS.c.object_hash == decision.before,
                REQUESTS.c.state.in_(["pending", "rejected"]),
            )
            if (before := connection.execute(chosen).scalar()) is not None:
                return self._request(connection, before)
            result = connection.execute(
                REQUESTS.insert().values(
                    object_hash=decision.before,
                    raw=msgspec.json.encode(item),
                    submitter=submitter,
                    roles=" ".join(decision.approvals),
                    rules=" ".join(rules),
                    state="pending",
                    created_at=now.isoformat(),
                    valid_until=(now + WAITS).isoformat(),
                )
            )
            (number,) = result.inserted_primary_key or (0,)
            record(
                connection, now, "submitted", person_named(submitter),
                {"request": number, "object": decision.before, "rules": rules,
                 "roles": list(decision.approvals), "policy": decision.policy_version},
            )  # fmt: skip
            return self._request(connection, number)

    def approve(self, number: int, person: str, role: Role, now: datetime) -> Request:
        """Approve a request in a role.

        Raises:
            InputError: If there is no such request.
            PolicyError: If this person may not: no such role, own request, a second time, too late.
        """
        return self._answer(number, person, role, now, is_yes=True)

    def reject(self, number: int, person: str, role: Role, now: datetime) -> Request:
        """Reject a request in a role; one voice is enough.

        Raises:
            InputError: If there is no such request.
            PolicyError: If this person may not.
        """
        return self._answer(number, person, role, now, is_yes=False)

    def requests(self, now: datetime, state: State | None = None) -> tuple[Request, ...]:
        """Return requests in order, after ending those whose time is over."""
        with self._database.writing() as connection:
            self._expire(connection, now)
            numbers = connection.execute(select(REQUESTS.c.number).order_by(REQUESTS.c.number))
            found = [self._request(connection, number) for number in numbers.scalars().all()]
        return tuple(each for each in found if state in {None, each.state})

    def approvals_of(self, item: Object, now: datetime) -> tuple[Approval, ...]:
        """Return the approvals of an object that was approved as a whole: for `Context`."""
        wanted = content_hash(item)
        return tuple(
            approval
            for request in self.requests(now, "approved")
            if request.object_hash == wanted
            for approval in request.approvals
            if now < approval.valid_until
        )

    def _answer(
        self, number: int, person: str, role: Role, now: datetime, *, is_yes: bool
    ) -> Request:
        with self._database.writing() as connection:
            self._expire(connection, now)
            request = self._request(connection, number)
            refuse_wrong_answer(request, person, role, self._agreement, is_yes=is_yes)
            record(
                connection, now, "approved" if is_yes else "rejected", person_named(person),
                {"request": number, "object": request.object_hash, "role": role},
            )  # fmt: skip
            if is_yes:
                connection.execute(
                    APPROVALS.insert().values(
                        request=number,
                        person=same_person(person),
                        role=role,
                        approved_at=now.isoformat(),
                        valid_until=(now + HOLDS).isoformat(),
                    )
                )
            given = {each.role for each in request.approvals} | {role}
            state: State = "rejected"
            if is_yes:
                state = "approved" if given >= set(request.roles) else "pending"
            chosen = update(REQUESTS).where(REQUESTS.c.number == number)
            connection.execute(chosen.values(state=state))
            return self._request(connection, number)

    def _expire(self, connection: Connection, now: datetime) -> None:
        late = connection.execute(
            select(REQUESTS.c.number).where(
                REQUESTS.c.state == "pending", REQUESTS.c.valid_until <= now.isoformat()
            )
        )
        for number in late.scalars().all():
            chosen = update(REQUESTS).where(REQUESTS.c.number == number)
            connection.execute(chosen.values(state="expired"))
            record(connection, now, "expired", PROGRAM, {"request": number})

    def _request(self, connection: Connection, number: int) -> Request:
        chosen = select(REQUESTS).where(REQUESTS.c.number == number)
        row = connection.execute(chosen).mappings().one_or_none()
        if row is None:
            message = f"request {number}: there is none"
            raise InputError(message, next_step="List the requests that wait.")
        approvals = connection.execute(
            select(APPROVALS).where(APPROVALS.c.request == number).order_by(APPROVALS.c.approved_at)
        ).mappings()
        return Request(
            number=row["number"],
            object_hash=row["object_hash"],
            item=msgspec.json.decode(row["raw"]),
            submitter=row["submitter"],
            roles=cast("tuple[Role, ...]", tuple(row["roles"].split())),
            rules=tuple(row["rules"].split()),
            state=row["state"],
            created_at=datetime.fromisoformat(row["created_at"]),
            valid_until=datetime.fromisoformat(row["valid_until"]),
            approvals=tuple(
                Approval(
                    person=each["person"],
                    role=each["role"],
                    object_hash=row["object_hash"],
                    approved_at=datetime.fromisoformat(each["approved_at"]),
                    valid_until=datetime.fromisoformat(each["valid_until"]),
                )
                for each in approvals
            ),
        )
