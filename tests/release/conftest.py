"""A lab, a partner, what they agree on, and a model that goes from one to the other."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from phalanx.release.grants.grant import accept_grant, issue_grant
from phalanx.release.grants.request import make_request
from phalanx.release.grants.terms import Asked, Export, Terms
from phalanx.release.open import Opener
from phalanx.release.parties.party_keys import new_keys
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.sealing.suite import CHUNK_BYTES


@pytest.fixture(scope="session")
def deal() -> Any:
    """Return both parties, a request, its terms, and the grant, signed by one and by both."""
    lab, partner, other = (
        new_keys(name, random.Random(name).randbytes) for name in ("Lab", "Partner", "Other")
    )
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    asked = Asked(
        model="m-1", purposes=("evaluation", "red teaming"), tier="white-box", environment="own"
    )
    terms = Terms(
        asked=asked.model_copy(update={"purposes": ("evaluation",)}),
        begins_at=now,
        expires_at=now.replace(month=6),
        delete_by=now.replace(month=7),
        derivatives="none",
        onward_transfer=False,
        incident_contact="security@lab.example",
        export=Export(
            jurisdiction="example", classification="none", basis="none", checked_on=now.date()
        ),
        evidence_duties=("keep the access log for a year",),
    )
    request = make_request(partner, asked, now, random.Random(4).randbytes)
    issued = issue_grant(request, partner.identity, lab, terms, now, commitment="0" * 64)
    return SimpleNamespace(
        lab=lab,
        partner=partner,
        other=other,
        now=now,
        asked=asked,
        terms=terms,
        request=request,
        issued=issued,
        agreed=accept_grant(issued, lab.identity, partner, request, now),
    )


def write_tensors(path: Path, tensors: dict[str, bytes]) -> None:
    """Write a safetensors file of bytes."""
    header, at = {}, 0
    for name, content in tensors.items():
        entry = {"dtype": "U8", "shape": [len(content)], "data_offsets": [at, at + len(content)]}
        header[name] = entry
        at += len(content)
    raw = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + b"".join(tensors.values()))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model of two shards, of which one has two chunks, settings and a tokenizer."""
    folder = tmp_path / "model"
    big = random.Random(1).randbytes(CHUNK_BYTES + 1000)
    write_tensors(folder / "model-00001-of-00002.safetensors", {"a": big[:500], "b": big})
    write_tensors(folder / "model-00002-of-00002.safetensors", {"c": b"weights" * 9})
    (folder / "config.json").write_text('{"layers": 2}')
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.txt").write_text("the\nand\n")
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    return folder


@pytest.fixture
def sealing(deal: Any) -> Sealing:
    """Return for whom the model is sealed."""
    return Sealing(
        keys=deal.lab,
        recipient=deal.partner.identity,
        grant=deal.agreed,
        now=deal.now,
        random=random.Random(9).randbytes,
    )


@pytest.fixture
def opener(deal: Any, tmp_path: Path) -> Opener:
    """Return who opens it."""
    return Opener(
        keys=deal.partner,
        issuer=deal.lab.identity,
        memory=tmp_path / "memory",
        now=deal.now,
        without_roots=True,
    )


@pytest.fixture
def release(model: Path, sealing: Sealing, tmp_path: Path) -> Path:
    """Return the folder of the sealed model."""
    seal_release(model, tmp_path / "release", sealing)
    return tmp_path / "release"
