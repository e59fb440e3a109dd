"""A signed report holds the plan, and nothing in it can be changed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import VerificationError
from phalanx.watermark.audit import Audit, Plan, conclude, sign_report, verify_report

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PLAN = Plan(
    suspect="model-x",
    mode="answers",
    scheme="phalanx-gumbel-v1",
    key_ids=("a", "b"),
    key_commitment="00",
    prompts_digest="11",
    reference="base",
    level=1e-6,
    decoys=3,
    decoy_seed=1,
    made_at="2026-11-25T12:00:00Z",
)


def audit() -> Audit:
    """Return an audit that names one key of two."""
    return conclude(PLAN, 500, np.array([9.0, 0.1]), np.array([0.0, 0.3, -1.0]))


def test_what_was_signed_is_read_again() -> None:
    """The report says which plan it followed, and what was found for every key."""
    report = verify_report(sign_report(audit(), SIGNER), SIGNER.public_key())
    assert report["plan_digest"] == PLAN.digest()
    assert [(each["key_id"], each["named"]) for each in report["keys"]] == [
        ("a", True),
        ("b", False),
    ]


def test_the_same_audit_gives_the_same_bytes() -> None:
    """Canonical JSON and Ed25519 leave nothing to chance."""
    assert sign_report(audit(), SIGNER) == sign_report(audit(), SIGNER)


def test_a_changed_number_is_noticed() -> None:
    """A report with another e-value is not what was signed."""
    signed = json.loads(sign_report(audit(), SIGNER))
    signed["report"]["keys"][1]["log10_e"] = 12.0
    with pytest.raises(VerificationError, match="changed"):
        verify_report(json.dumps(signed).encode(), SIGNER.public_key())


def test_somebody_else_cannot_sign() -> None:
    """The key that the file itself holds proves nothing."""
    other = Ed25519PrivateKey.generate()
    with pytest.raises(VerificationError, match="somebody else"):
        verify_report(sign_report(audit(), other), SIGNER.public_key())


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    """With a message, never a traceback of something else."""
    with pytest.raises(VerificationError):
        verify_report(data, SIGNER.public_key())


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_other_json_is_refused(content: object) -> None:
    """Signed or not, of whatever shape."""
    data = json.dumps({"report": content, "signature": "AAAA"}).encode()
    with pytest.raises(VerificationError):
        verify_report(data, SIGNER.public_key())


def test_a_decoy_that_reaches_as_much_clears() -> None:
    """Then something other than the key explains the evidence."""
    found = conclude(PLAN, 500, np.array([9.0, 0.1]), np.array([0.0, 9.5, -1.0]))
    assert not any(each.named for each in found.keys)


def test_a_plan_binds_to_all_of_it() -> None:
    """Any other plan has another digest."""
    fewer = Plan(**{**{f: getattr(PLAN, f) for f in PLAN.__slots__}, "key_ids": ("a",)})
    assert fewer.digest() != PLAN.digest()
    with pytest.raises(ValueError, match="other numbers"):
        conclude(fewer, 500, np.array([9.0, 0.1]), np.array([0.0, 0.3, -1.0]))


def test_every_key_has_its_evidence() -> None:
    """Also the one that is cleared."""
    assert [each.log10_p for each in audit().evidence()] == [-9.0, -0.1]
