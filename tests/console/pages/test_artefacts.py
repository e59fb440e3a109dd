"""Audits, releases and packages as they lie in folders: verified, or told why not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.console.conftest import House
from tests.govern.packages.conftest import SIGNER as PACKER
from tests.govern.packages.conftest import Case, case  # noqa: F401 - a fixture
from tests.release.conftest import deal, write_tensors  # noqa: F401 - a fixture
from tests.watermark.audit.test_report import SIGNER, audit

from phalanx.console.access import API
from phalanx.console.people.roles import Role
from phalanx.release.open import Opener, open_release
from phalanx.release.seal import Sealing, seal_release
from phalanx.watermark.audit import sign_report

Make = Callable[..., House]


@pytest.fixture
def audits(tmp_path: Path) -> Path:
    """Return a folder with a report, one that was changed, and something else."""
    folder = tmp_path / "audits"
    folder.mkdir()
    good = sign_report(audit(), SIGNER)
    (folder / "student.json").write_bytes(good)
    (folder / "changed.json").write_bytes(good.replace(b'"named":true', b'"named":false', 1))
    (folder / "other.json").write_text("{}")
    public = SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "auditor.pem").write_bytes(public)
    return folder


def test_an_audit_is_concluded_again_and_its_signer_named(house_with: Make, audits: Path) -> None:
    """What a file claims beside its e-values does not count; whose key signed it is said."""
    signer = audits.parent / "auditor.pem"
    house = house_with(places={"audits": audits, "audit_signers": (signer,)})
    client = house.signed_in(Role.RELEASE_MANAGER)
    found = client.get(f"{API}/marks").json()
    by_name = {each["name"]: each for each in found["audits"]}
    assert by_name["student"]["signed_by"] == "auditor"
    assert by_name["changed"]["signed_by"] == ""
    assert [key["named"] for key in by_name["changed"]["keys"]] == [True, False]
    assert [each["name"] for each in found["unread"]] == ["other.json"]
    page = client.get("/marks/student").text
    assert "Outputs of 1 key went into this model" in page
    assert audit().plan.digest() in page
    assert "no key that was named" in client.get("/marks/changed").text
    assert client.get("/marks/none").status_code == 404
    assert client.get("/marks/..%2Fauditor").status_code == 404


def test_no_signer_is_believed_that_was_not_named(house_with: Make, audits: Path) -> None:
    """The key in the file itself proves nothing."""
    client = house_with(places={"audits": audits}).signed_in(Role.AUDITOR)
    found = client.get(f"{API}/marks").json()["audits"]
    assert {each["signed_by"] for each in found} == {""}


@pytest.fixture
def released(deal: Any, tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    """Return a folder with a release that was opened, and one that was not."""
    model = tmp_path / "model"
    write_tensors(model / "model.safetensors", {"a": b"weights" * 9})
    (model / "config.json").write_text('{"layers": 2}')
    sealing = Sealing(
        keys=deal.lab, recipient=deal.partner.identity, grant=deal.agreed, now=deal.now,
        random=random.Random(9).randbytes,
    )  # fmt: skip
    folder = tmp_path / "releases"
    folder.mkdir()
    for name in ("spring", "summer"):
        seal_release(model, folder / name, sealing)
    opener = Opener(
        keys=deal.partner, issuer=deal.lab.identity, memory=tmp_path / "memory", now=deal.now,
        without_roots=True,
    )  # fmt: skip
    open_release(folder / "spring", tmp_path / "opened", folder / "spring.receipt.json", opener)
    identities = tmp_path / "identities"
    identities.mkdir()
    for party in (deal.lab, deal.partner):
        said = json.dumps(party.identity.as_json())
        (identities / f"{party.identity.name}.json").write_text(said)
    return folder


def test_a_release_shows_its_grant_and_whether_it_was_opened(
    house_with: Make, released: Path
) -> None:
    """Verified under the identities that were named; the receipt as the recipient signed it."""
    places = {"releases": released, "identities": released.parent / "identities"}
    client = house_with(places=places).signed_in(Role.RELEASE_MANAGER)
    found = {each["name"]: each for each in client.get(f"{API}/releases").json()["releases"]}
    assert {name: each["problem"] for name, each in found.items()} == {"spring": "", "summer": ""}
    assert found["spring"]["recipient"] == "Partner"
    assert found["spring"]["receipt"]["opened_at"].startswith("2026-03-02T09:00")
    assert found["summer"]["receipt"] is None
    page = client.get("/releases/spring").text
    assert "keep the access log for a year" in page
    assert "verifies" in page
    record = released / "summer" / "record.json"
    record.write_text(record.read_text().replace("payload", "Payload", 1))
    assert "does not verify" in client.get("/releases/summer").text


def test_a_release_of_strangers_is_shown_and_not_believed(house_with: Make, released: Path) -> None:
    """Without identities nothing of it is verified, and the page says so."""
    client = house_with(places={"releases": released}).signed_in(Role.COUNSEL)
    page = client.get("/releases/spring").text
    assert "no identity of Lab and Partner is named" in page
    assert client.get("/releases/none").status_code == 404


def test_packages_are_verified_where_they_are_listed(
    house_with: Make,
    case: Case,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """One as it was signed, one of which a byte changed."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in ("good", "bad"):
        case.packed(folder / name)
    leaves = folder / "bad" / "leaves"
    content = bytearray(leaves.read_bytes())
    content[0] ^= 1
    leaves.write_bytes(bytes(content))
    policy = tmp_path / "believed.policy"
    keys = [PACKER.public.as_text(), case.ledgers.logs[0].as_text()]
    policy.write_text("".join(f"log {key}\n" for key in keys) + "quorum none\n")
    client = house_with(places={"packages": folder, "believed": policy}).signed_in(Role.COUNSEL)
    good, bad = sorted(
        client.get(f"{API}/cases").json()["packages"], key=lambda each: each["name"] != "good"
    )
    assert (good["problem"], good["case"], good["claims"]) == ("", "case-7", 3)
    assert "is not what was signed" in bad["problem"]
    unknown = house_with(places={"packages": folder}).signed_in(Role.COUNSEL)
    assert "no policy says" in unknown.get("/cases").text
