"""The policy: rules, legal bases and fields as data that counsel can read.

What a file says is checked when it is read, so that a slip of the pen stops the gate and does
not open it.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal, get_args

from phalanx.errors import ConfigError, reason_of

Action = Literal["allow", "bucket", "aggregate", "blind", "delay", "hold", "refuse"]
"""What becomes of an object, gentlest first."""

Role = Literal["analyst", "counsel"]
"""Who may approve; nobody from sales, pricing or other commercial work."""

RULE_IDS = tuple(f"A{number}" for number in range(18))
"""Every rule that must be in force."""

_SHAPE = re.compile(
    r"attribution|author|boolean|bucket|domain|end|exemplar|past|pattern|pseudonym|reference|text"
    r"|token|volume|(?:since|until|end):[1-9][0-9]{0,3}|address:[46]|identifier(?::[a-z-]+)?|word(?::.+)?|hexadecimal:[0-9]+:[0-9]+"
    r"|integer:-?[0-9]+:-?[0-9]+|number:-?[0-9.]+:-?[0-9.]+"
)
"""Kinds of value that a field may hold; `values` judges them."""

SHIPPED = Path(__file__).with_name("policy.toml")
"""The policy that comes with Phalanx."""

MAXIMUM_BYTES = 1_000_000
"""Of a policy that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the policy."""

    id: str
    title: str
    text: str
    source: str
    """Of law or practice."""

    action: Action
    """What it does to what it meets."""

    valid_from: datetime
    valid_until: datetime | None = None
    """First moment at which it holds no longer."""

    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def approvals(self) -> tuple[Role, ...]:
        """Who together may release what the rule holds; nobody where it is empty."""
        return tuple(self.parameters.get("approvals", ()))

    @property
    def words(self) -> tuple[str, ...]:
        """Words that it looks for, or that it allows."""
        return tuple(self.parameters.get("words", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A legal basis, with the days on which it holds."""

    id: str
    jurisdictions: frozenset[str]
    title: str
    source: str
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policy at one version."""

    version: str
    dated: date
    rules: tuple[Rule, ...] = field(repr=False)
    bases: tuple[Basis, ...] = field(repr=False)
    fields: Mapping[str, Mapping[str, str]] = field(repr=False)
    """For each type of object its fields, and what they may hold."""

    sha256: str
    """Of the file."""

    def in_force(self, now: datetime) -> Mapping[str, Rule]:
        """Return the rule of each id that holds at a moment; of several the newest."""
        holding = [rule for rule in self.rules if _holds(rule, now)]
        return {rule.id: rule for rule in sorted(holding, key=lambda rule: rule.valid_from)}

    def bases_in_force(self, now: datetime) -> Mapping[str, Basis]:
        """Return the legal bases that hold at a moment."""
        return {basis.id: basis for basis in self.bases if _holds(basis, now)}

    def allows(self, kind: str) -> bool:
        """Tell whether an object of a type may leave at all."""
        return kind in self.fields and kind not in {"all", "versioned", "pattern"}

    def fields_of(self, kind: str) -> Mapping[str, str] | None:
        """Return the fields that an object of a type may have, or nothing for no such type."""
        if not self.allows(kind):
            return None
        versioned = {} if kind in _UNVERSIONED else self.fields["versioned"]
        return {**self.fields["all"], **versioned, **self.fields[kind]}


_UNVERSIONED = frozenset(
    {
        "llm-account-fingerprint", "prompt-template-sketch", "ipv4-addr", "ipv6-addr",
        "domain-name", "autonomous-system",
    }
)  # fmt: skip


def load_policy(path: Path = SHIPPED) -> Policy:
    """Read a policy.

    Parameters:
        path: Of a TOML file.

    Raises:
        ConfigError: If it is no policy, with what is wrong.

    Examples:
        >>> rules = load_policy().in_force(datetime(2026, 12, 1, tzinfo=UTC))
        >>> rules["A6"].parameters["contributors"]
        5
    """
    try:
        read, sha256 = read_toml(path)
        return _policy(read, sha256)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else reason_of(error)
        message = f"{path}: no disclosure policy: {said}"
        raise ConfigError(
            message, next_step="Compare it with the policy that comes with Phalanx."
        ) from error


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """Return what a TOML file says, and the SHA-256 of its bytes.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is too long, or no TOML.
    """
    with path.open("rb") as file:
        raw = file.read(MAXIMUM_BYTES + 1)
    if len(raw) > MAXIMUM_BYTES:
        message = f"longer than {MAXIMUM_BYTES:,} bytes"
        raise ValueError(message)
    return tomllib.loads(raw.decode()), hashlib.sha256(raw).hexdigest()


def _policy(read: Mapping[str, Any], sha256: str) -> Policy:
    if read["schema"] != "phalanx.disclosure/1":
        message = "`schema` is not phalanx.disclosure/1"
        raise ValueError(message)
    policy = Policy(
        version=str(read["version"]),
        dated=read["dated"],
        rules=tuple(_rule(each) for each in read["rule"]),
        bases=tuple(
            Basis(
                id=str(each["id"]),
                jurisdictions=frozenset(each["jurisdictions"]),
                title=str(each["title"]),
                source=str(each["source"]),
                **_dates(each),
            )
            for each in read["basis"]
        ),
        fields=read["fields"],
        sha256=sha256,
    )
    for kind, named in policy.fields.items():
        for name, shape in named.items():
            if not _SHAPE.fullmatch(shape):
                message = f"fields.{kind}: {name}: {shape!r} is no kind of value"
                raise ValueError(message)
    for missing in {"all", "versioned", "pattern"} - set(policy.fields):
        raise KeyError(f"fields.{missing}")  # noqa: EM102 - turned into a message above
    return policy


_PARAMETERS: Mapping[str, Mapping[str, type]] = {
    "A4": {"blinded": dict},
    "A6": {"contributors": int, "largest_share": float, "contribution_cap": int, "epsilon": float},
    "A7": {"days": int},
    "A8": {"names": list, "template_accounts": int},
    "A9": {"lifetime_days": dict},
    "A11": {"types": list, "relations": list},
    "A12": {"purposes": list},
    "A15": {"characters": int, "imperatives": list},
    "A17": {"period_hours": int, "sizes": list},
}
"""What the code asks of a rule, besides words and approvals; numbers are positive."""


def _rule(read: Mapping[str, Any]) -> Rule:
    unknown = set(read) - {
        "id", "title", "text", "source", "action", "from", "until", "parameters",
    }  # fmt: skip
    parameters = read.get("parameters", {})
    wrong = {
        f"rule {read['id']!r} is not one of A0 to A17": read["id"] not in RULE_IDS,
        f"rule {read['id']}: action {read['action']!r} is none": read["action"]
        not in get_args(Action),
        f"rule {read['id']}: {sorted(unknown)} is not known": bool(unknown),
        f"rule {read['id']}: only {get_args(Role)} approve": not set(
            parameters.get("approvals", ())
        )
        <= set(get_args(Role)),
        f"rule {read['id']}: it allows": read["action"] == "allow"
        or (read["id"] == "A0" and read["action"] != "refuse"),
        f"rule {read['id']}: a parameter is missing or none": not all(
            isinstance(value := parameters.get(name), kind)
            and value
            and (not isinstance(value, int | float) or value > 0)
            for name, kind in _PARAMETERS.get(read["id"], {}).items()
        ),
        f"rule {read['id']}: words are texts": not all(
            isinstance(word, str) and word.strip() for word in parameters.get("words", ())
        ),
    }
    for reason, is_wrong in wrong.items():
        if is_wrong:
            raise ValueError(reason)
    return Rule(
        **{name: str(read[name]) for name in ("id", "title", "text", "source")},  # type: ignore[arg-type] # four texts
        action=read["action"],
        parameters=parameters,
        **_dates(read),
    )


def _dates(read: Mapping[str, Any]) -> dict[str, Any]:
    until = read.get("until")
    return {"valid_from": _midnight(read["from"]), "valid_until": until and _midnight(until)}


def _midnight(day: object) -> datetime:
    if isinstance(day, datetime) or not isinstance(day, date):
        message = f"{day!r} is no day"
        raise TypeError(message)
    return datetime.combine(day, time(), UTC)


def _holds(dated: Rule | Basis, now: datetime) -> bool:
    return dated.valid_from <= now and (dated.valid_until is None or now < dated.valid_until)
