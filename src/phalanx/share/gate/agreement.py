"""The agreement: who is a member and from when, which groups receive, who may approve.

Beside the policy, because it names the members and so never leaves the house.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, get_args

from phalanx.errors import ConfigError, reason_of
from phalanx.share.gate.policy import Role, read_toml
from phalanx.share.wire import member_id

_KEY = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""32 bytes in base64url; the last character has bits that must be 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A party to the agreement."""

    pseudonym: str
    """Under which it appears to the others."""

    names: tuple[str, ...] = ()
    """By which a text would give it away; they never leave."""

    jurisdictions: frozenset[str]
    """Whose law has to allow that it sends and receives."""

    keys: tuple[str, ...] = ()
    """Public keys (Ed25519, base64url) that its objects are signed with, but those withdrawn."""

    valid_from: datetime
    valid_until: datetime | None = None

    @property
    def id(self) -> str:
        """Identifier of the identity under which it appears."""
        return member_id(self.pseudonym)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Members that a criterion picks out."""

    name: str
    criterion: str
    """Which does not discriminate: in words that every member agreed to."""

    pseudonyms: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """A person who may approve, in one role."""

    person: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Members, groups and approvers."""

    version: str
    members: tuple[Member, ...]
    groups: tuple[Group, ...] = ()
    approvers: tuple[Approver, ...] = ()

    def members_at(self, now: datetime) -> Mapping[str, Member]:
        """Return the members at a moment, by identifier."""
        return {
            each.id: each
            for each in self.members
            if each.valid_from <= now and (each.valid_until is None or now < each.valid_until)
        }

    def circles(self, sender: str, now: datetime) -> Mapping[str, frozenset[str]]:
        """Return whom a member may send to: everybody else, or a group, each as identifiers."""
        present = self.members_at(now)
        named = {
            group.name: frozenset(map(member_id, group.pseudonyms)) & set(present) - {sender}
            for group in self.groups
        }
        return {"all": frozenset(present) - {sender}, **named}

    def holds_role(self, person: str, role: Role) -> bool:
        """Tell whether a person may approve in a role."""
        return any(
            (same_person(each.person), each.role) == (same_person(person), role)
            for each in self.approvers
        )


def same_person(name: str) -> str:
    """Return a name by which a person is one person, however it is written.

    Examples:
        >>> same_person(" Ada ")
        'ada'
    """
    return name.strip().casefold()


def load_agreement(path: Path) -> Agreement:
    """Read an agreement.

    Parameters:
        path: Of a TOML file.

    Raises:
        ConfigError: If it is none, with what is wrong.
    """
    try:
        read, _ = read_toml(path)
        return _agreement(read)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else reason_of(error)
        message = f"{path}: no agreement: {said}"
        raise ConfigError(message, next_step="See docs/how-to/disclosure-policy.md.") from error


def _agreement(read: Mapping[str, Any]) -> Agreement:
    if read["schema"] != "phalanx.agreement/1":
        message = "`schema` is not phalanx.agreement/1"
        raise ValueError(message)
    approvers = tuple(
        Approver(person=str(each["person"]), role=each["role"]) for each in read.get("approver", ())
    )
    for each in approvers:
        if each.role not in get_args(Role):
            message = f"role {each.role!r}: only {get_args(Role)} approve"
            raise ValueError(message)
    return Agreement(
        version=str(read["version"]),
        members=tuple(
            Member(
                pseudonym=str(each["pseudonym"]),
                names=tuple(map(str, each.get("names", ()))),
                jurisdictions=frozenset(map(str, each["jurisdictions"])),
                keys=tuple(_public_key(str(key)) for key in each.get("keys", ())),
                valid_from=_midnight(each["from"]),
                valid_until=_midnight(each["until"]) if "until" in each else None,
            )
            for each in read["member"]
        ),
        groups=tuple(
            Group(
                name=str(each["name"]),
                criterion=str(each["criterion"]),
                pseudonyms=frozenset(map(str, each["members"])),
            )
            for each in read.get("group", ())
        ),
        approvers=approvers,
    )


def _public_key(text: str) -> str:
    if not _KEY.fullmatch(text):
        message = "a public key is 32 bytes in base64url, 43 characters"
        raise ValueError(message)
    return text


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
