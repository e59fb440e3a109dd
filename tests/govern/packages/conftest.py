"""A case to pack: two files, two people, three claims, an event of a ledger."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.govern.ledger import begin_ledger
from phalanx.govern.packages import (
    CaseRecord,
    ClaimRecord,
    CustodyRecord,
    EventRecord,
    ItemRecord,
    PersonRecord,
    Record,
    pack,
)
from phalanx.model.event import Event
from phalanx.transparency.note_keys import NoteSigner
from phalanx.transparency.policy import Policy

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
SIGNER = NoteSigner(name="lab.example/cases", key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
POLICY = Policy(logs=(SIGNER.public,))


@dataclass(frozen=True, slots=True)
class Case:
    """Records and files that are packed, and what believes their ledger."""

    records: list[Record]
    files: dict[str, Path]
    ledgers: Policy

    def packed(self, folder: Path, **said: Any) -> Path:
        """Pack it, always under the same salts."""
        random = Random(3).randbytes
        pack(self.records, self.files, folder, SIGNER, random=random, time=1, **said)
        return folder


def claim(name: str, **said: object) -> ClaimRecord:
    """Return a claim on the first item."""
    base: dict[str, object] = {
        "id": name, "statement": "The suspect was trained on what campaign C-7 was served.",
        "null_hypothesis": "The suspect never saw it.", "method": "radioactivity/4",
        "sample_size": 1_000, "reference_size": 1_000, "assumptions": ("Keys are secret.",),
        "limits": "It does not say who trained it.", "items": ("report",),
    }  # fmt: skip
    return ClaimRecord(**base | said)  # type: ignore[arg-type]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case as people would put it together."""
    files = {"report": tmp_path / "report.json", "log": tmp_path / "log.jsonl"}
    files["report"].write_bytes(b'{"found": true}\n')
    files["log"].write_bytes(b'{"prompt": "secret"}\n' * 20)
    ledger = begin_ledger(tmp_path / "ledger", "lab.example/ledger", 1)
    ledger.record([Event(kind="report", at=AT, actor="ana", subject="case-7")], os.urandom, 1)
    items = [
        ItemRecord(
            id=name, title=f"The {name}", sha256=sha256(path.read_bytes()).hexdigest(),
            media_type="application/json", size_bytes=path.stat().st_size, source="own gateway",
            collected_at=AT, collector="ana", tool="phalanx 0.1.0", sensitivity="confidential",
        )
        for name, path in files.items()
    ]  # fmt: skip
    first = CustodyRecord(id="custody-1", item="log", action="collected", by="ana", at=AT)
    second = CustodyRecord(
        id="custody-2", item="log", action="handed over", by="lee", at=AT + timedelta(hours=1),
        previous=sha256(first.payload()).hexdigest(),
    )  # fmt: skip
    records: list[Record] = [
        CaseRecord(
            id="case-7", title="Lab against Example", provider="Lab", opened_at=AT,
            summary="Outputs were harvested by many accounts, and a student was trained.",
            claims=3, level=0.01,
        ),
        PersonRecord(id="ana", name="Ana", role="analyst"),
        PersonRecord(id="lee", name="A. Lee", role="counsel"),
        *items,
        first,
        second,
        claim("claim-strong", log10_p=-12.5),
        claim("claim-e", log10_e=2.6),
        claim("claim-weak", log10_p=-0.4),
        EventRecord(id="event-1", proved=ledger.prove(0).as_text()),
    ]  # fmt: skip
    return Case(records, files, Policy(logs=(ledger.key,)))
