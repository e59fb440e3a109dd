"""Commands of `phalanx govern case` about people, and about what two of them have to agree to."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.govern_case_options import CASES, Case, CaseOptions
from phalanx.cli.terminal import Common

Person = Annotated[str, Parameter(name="PERSON")]


def case_join(
    name: Case,
    person: Person,
    /,
    *,
    login: str,
    person_name: str,
    role: str,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Let somebody take part in a case.

    Parameters:
        name: Of the case.
        person: Id that the person gets in it.
        login: Under which this machine, or the console, knows the person; one for each person.
        person_name: The person's name.
        role: `analyst`, `counsel`, `release manager`, `auditor`, `administrator` or `expert`.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    record = {"id": person, "name": person_name, "role": role}
    common.say(did(name, {"act": "joined", "person": record, "login": login}, options))


def case_leave(
    name: Case, person: Person, /, *, options: CaseOptions = CASES, common: Common = Common()
) -> None:
    """Let somebody take part no longer; what was done stays under that name.

    Parameters:
        name: Of the case.
        person: Id in it.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    common.say(did(name, {"act": "left", "person": person}, options))


def case_note(
    name: Case,
    text: Annotated[str, Parameter(name="TEXT")],
    /,
    *,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Write a remark for those who take part. It is in no package.

    Parameters:
        name: Of the case.
        text: The remark.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    common.say(did(name, {"act": "noted", "text": text}, options))


def case_hold(
    name: Case, /, *, reason: str, options: CaseOptions = CASES, common: Common = Common()
) -> None:
    """Put a legal hold on a case: it cannot be closed, and nothing of it destroyed.

    Parameters:
        name: Of the case.
        reason: Why.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    common.say(did(name, {"act": "held", "reason": reason}, options))


def case_release_hold(
    name: Case,
    hold: Annotated[int, Parameter(name="HOLD")],
    /,
    *,
    reason: str,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Ask to release a hold; it is released when counsel, another person, has approved it.

    Parameters:
        name: Of the case.
        hold: Its number, as `case show` lists it.
        reason: Why.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import asked

    common.say(asked(name, "release-hold", str(hold), reason, options))


def case_close(
    name: Case, /, *, reason: str, options: CaseOptions = CASES, common: Common = Common()
) -> None:
    """Ask to close a case; it is closed when counsel, another person, has approved it.

    Parameters:
        name: Of the case.
        reason: Why.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import asked

    common.say(asked(name, "close", None, reason, options))


def case_destroy(
    name: Case,
    item: Annotated[str, Parameter(name="ITEM")],
    /,
    *,
    reason: str,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Ask to destroy the file of an item of a closed case; counsel has to approve it.

    What it was, and that it was destroyed, stays known.

    Parameters:
        name: Of the case.
        item: Its id.
        reason: Why.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import asked

    common.say(asked(name, "destroy", item, reason, options))


def case_reject(
    name: Case,
    number: Annotated[int, Parameter(name="NUMBER")],
    /,
    *,
    reason: str,
    options: CaseOptions = CASES,
    common: Common = Common(),
) -> None:
    """Reject a claim or what was asked for, or take back what you asked for yourself.

    Parameters:
        name: Of the case.
        number: Of the act, as `case show` lists it.
        reason: Why.
        options: Where cases are kept.
        common: Options of every command.
    """
    from phalanx.cli.govern_case_work import did

    common.say(did(name, {"act": "rejected", "number": number, "reason": reason}, options))
