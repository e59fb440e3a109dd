"""A policy, an agreement of six members, and the circumstances of an ordinary share."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from phalanx.share.gate import (
    Agreement,
    Approval,
    Approver,
    Batch,
    Context,
    Group,
    Member,
    Policy,
    load_policy,
)
from phalanx.share.wire import (
    AccountFingerprint,
    Authorship,
    Handling,
    Object,
    content_hash,
    member_id,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PSEUDONYMS = (
    "member-amber-falcon", "member-quiet-river", "member-grey-heron", "member-stone-bridge",
    "member-north-star", "member-green-field",
)  # fmt: skip
BASES = ("us-rule-of-reason", "eu-gdpr-6-1-f")


def token(name: str) -> str:
    """Return a blinded value of a name."""
    return base64.urlsafe_b64encode(hashlib.sha512(name.encode()).digest()).decode().rstrip("=")


def _beside(name: str) -> ModuleType:
    """Return a module from a file beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def corpus() -> ModuleType:
    """Return how objects are made that may leave, and many that must not."""
    return _beside("corpus")


@pytest.fixture(scope="session")
def drawn() -> ModuleType:
    """Return how objects are drawn from others, and decisions recorded."""
    return _beside("drawn")


@pytest.fixture(scope="session")
def forbidden(corpus: ModuleType, by: Authorship) -> list[tuple[str, str, Object]]:
    """Return all that must not leave as it is: a name, the rule expected, the object."""
    return [*corpus.forbidden(by), *_beside("attacks").attacks(corpus, by)]


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Return the policy that is shipped."""
    return load_policy()


@pytest.fixture(scope="session")
def context() -> Context:
    """Return circumstances in which an object of the first member may leave."""
    agreement = Agreement(
        version="1",
        members=tuple(
            Member(
                pseudonym=name,
                names=("Northwind Labs",) if place == 0 else (),
                jurisdictions=frozenset({"eu" if place % 3 == 0 else "us"}),
                valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            )
            for place, name in enumerate(PSEUDONYMS)
        ),
        groups=(
            Group(
                name="affected",
                criterion="members that saw the campaign",
                pseudonyms=frozenset(PSEUDONYMS[:3]),
            ),
        ),
        approvers=(
            Approver(person="ada", role="analyst"),
            Approver(person="bo", role="counsel"),
            Approver(person="cy", role="analyst"),
            Approver(person="cy", role="counsel"),
        ),
    )
    return Context(
        member=member_id(PSEUDONYMS[0]),
        recipients=frozenset(map(member_id, PSEUDONYMS[1:])),
        purpose="detect",
        legal_bases=BASES,
        agreement=agreement,
        now=NOW,
        template_accounts=50,
        batch=Batch(objects=64, slot=NOW, previous_objects=64),
        tokens={
            (kind, name): AccountFingerprint(kind=kind, epoch=7, value=token(name))  # type: ignore[arg-type] # two kinds
            for kind, name in (
                ("account", "acct_17"),
                ("account", "acct_18"),
                ("email", "a@b.example"),
            )
        },
    )


@pytest.fixture(scope="session")
def by(context: Context) -> Authorship:
    """Return the authorship of an ordinary object."""
    return Authorship(
        member=context.member,
        created=NOW - timedelta(days=1),
        modified=NOW - timedelta(hours=1),
        handling=Handling(tlp="amber", pap="amber", legal_basis=BASES[0]),
        confidence=80,
        techniques=("AML.T0024.002",),
    )


@pytest.fixture(scope="session")
def approve() -> Callable[..., Context]:
    """Return a way to have an object approved by persons in roles."""

    def approve(context: Context, item: Object, *who: tuple[str, Any]) -> Context:
        return replace(
            context,
            approvals=tuple(
                Approval(
                    person=person,
                    role=role,
                    object_hash=content_hash(item),
                    approved_at=NOW - timedelta(hours=2),
                    valid_until=NOW + timedelta(days=2),
                )
                for person, role in who
            ),
        )

    return approve
