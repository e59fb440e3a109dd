"""A signed report follows the plan that was published, and nothing in it can be changed."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import VerificationError
from phalanx.watermark.audit import Audit, Plan, conclude, sign_report, verify_report
from phalanx.watermark.audit.plan import MOST_BYTES

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PLAN = Plan(
    suspect="model-x",
    mode="answers",
    scheme="phalanx-gumbel-v1",
    key_ids=("a", "b"),
    key_commitment="00" * 32,
    prompts_digest="11" * 32,
    prompts=40,
    reference="base",
    reference_digest="22" * 32,
    level=1e-6,
    decoys=3,
    decoy_seed=1,
    candidates=64,
    places=500,
    made_at="2026-11-25T12:00:00Z",
)
Path = tuple[str | int, ...]


def audit() -> Audit:
    """Return an audit that names one key of two."""
    return conclude(PLAN, 500, np.array([9.0, 0.1]), np.array([0.0, 0.3, -1.0]), read=40)


def signed(content: Any) -> bytes:
    """Sign anything as a report is signed."""
    signature = SIGNER.sign(rfc8785.dumps(content))
    file = {
        "report": content,
        "public_key": base64.b64encode(SIGNER.public_key().public_bytes_raw()).decode(),
        "signature": base64.b64encode(signature).decode(),
    }
    return rfc8785.dumps(file) + b"\n"


def stated() -> Any:
    """Return what the report of the audit states."""
    return json.loads(sign_report(audit(), SIGNER))["report"]


def verified(data: bytes, plan: Plan = PLAN) -> Any:
    """Verify a report against the plan."""
    return verify_report(data, SIGNER.public_key(), plan.digest())


def places_of(value: Any, path: Path = ()) -> list[Path]:
    """Return the way to every value of some JSON."""
    inside: Any = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    return [path, *(way for at, each in inside for way in places_of(each, (*path, at)))]


def replaced(value: Any, path: Path, other: Any) -> Any:
    """Return some JSON with another value at one place."""
    if not path:
        return other
    changed = value.copy()
    changed[path[0]] = replaced(value[path[0]], path[1:], other) if path[1:] else other
    return changed


def test_what_was_signed_is_read_again() -> None:
    """The report says which plan it followed, and what was found for every key."""
    report = verified(sign_report(audit(), SIGNER))
    assert report["plan_digest"] == PLAN.digest()
    assert [(each["key_id"], each["named"]) for each in report["keys"]] == [
        ("a", True),
        ("b", False),
    ]
    assert signed(report) == sign_report(audit(), SIGNER)


def test_the_same_audit_gives_the_same_bytes() -> None:
    """Canonical JSON and Ed25519 leave nothing to chance."""
    assert sign_report(audit(), SIGNER) == sign_report(audit(), SIGNER)


def test_a_changed_number_is_noticed() -> None:
    """A report with another e-value is not what was signed."""
    file = json.loads(sign_report(audit(), SIGNER))
    file["report"]["keys"][1]["log10_e"] = 12.0
    with pytest.raises(VerificationError, match="changed"):
        verified(rfc8785.dumps(file) + b"\n")


def test_somebody_else_cannot_sign() -> None:
    """The key that the file itself holds proves nothing, and it is the one that signed."""
    other = Ed25519PrivateKey.generate()
    with pytest.raises(VerificationError, match="somebody else"):
        verified(sign_report(audit(), other))
    file = json.loads(sign_report(audit(), SIGNER))
    file["public_key"] = base64.b64encode(other.public_key().public_bytes_raw()).decode()
    with pytest.raises(VerificationError, match="somebody else"):
        verified(rfc8785.dumps(file) + b"\n")


def test_a_plan_beside_the_digest_of_another_is_refused() -> None:
    """Who signs cannot put the published digest beside a plan that is easier to meet."""
    easier = Plan(**{**{f: getattr(PLAN, f) for f in PLAN.__slots__}, "level": 0.5})
    lenient = conclude(easier, 500, np.array([9.0, 0.9]), np.array([0.0, 0.3, -1.0]), read=40)
    assert all(each.named for each in lenient.keys)
    data = sign_report(lenient, SIGNER)
    assert verified(data, easier)["plan"]["level"] == 0.5
    with pytest.raises(VerificationError, match="another plan"):
        verified(data)
    content = json.loads(data)["report"] | {"plan_digest": PLAN.digest()}
    with pytest.raises(VerificationError, match="does not follow"):
        verified(signed(content))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("keys", 1, "named"), True),
        (("keys", 0, "named"), False),
        (("keys", 1, "key_id"), "c"),
        (("keys", 1, "log10_e"), 7.0),
        (("keys", 1, "log10_e"), "9"),
        (("keys", 0, "decoys_ahead"), 1),
        (("decoys_log10_e", 1), 9.5),
        (("decoys_log10_e",), [0.0, 0.3]),
        (("needed_log10_e",), -5.0),
        (("needed_log10_e",), 6.301),
        (("largest_decoy_log10_e",), None),
        (("places",), 501),
        (("places",), 0),
        (("places",), True),
        (("read",), 41),
        (("read",), 39),
        (("read",), True),
        (("asked",), 41),
        (("evaluable",), False),
        (("plan", "prompts"), 41),
        (("plan", "least_read"), 0.5),
        (("plan", "decoy_seed"), 2),
        (("plan", "version"), 1),
        (("method",), "another"),
        (("assumptions",), []),
        (("null_hypothesis",), "none"),
        (("note",), "unknown"),
    ],
)
def test_a_signature_does_not_make_it_right(path: Path, value: Any) -> None:
    """Whatever does not follow from plan and e-values is refused, whoever signed it."""
    with pytest.raises(VerificationError, match="does not follow"):
        verified(signed(replaced(stated(), path, value)))


def test_another_last_digit_of_a_logarithm_is_no_lie() -> None:
    """Machines differ there."""
    content = stated()
    content["needed_log10_e"] = float(np.nextafter(content["needed_log10_e"], 9.0))
    assert verified(signed(content)) == content


def test_there_is_one_way_to_write_a_report() -> None:
    """Names that come twice, neighbours without a signature and other spaces are refused."""
    data = sign_report(audit(), SIGNER)
    text = data.decode()
    others = [
        '{"report":{"verdict":"nobody"},' + text[1:],
        '{"note":"both keys are named",' + text[1:],
        text.replace('"named":false', '"named":true,"named":false'),
        text.replace('"named":false', '"named": false'),
        text.rstrip(),
        text + "\n",
        text.replace('"model-x"', '"\\u006dodel-x"'),
        rfc8785.dumps(json.loads(data) | {"note": "named"}).decode() + "\n",
    ]
    for other in others:
        assert json.loads(other)["report"]["plan_digest"] == PLAN.digest()
        with pytest.raises(VerificationError, match="as it was written"):
            verified(other.encode())


def test_a_signature_has_one_way_to_be_written() -> None:
    """Spare bits of base64 say nothing, and are not free."""
    file = json.loads(sign_report(audit(), SIGNER))
    other = file["signature"][:-3] + chr(ord(file["signature"][-3]) + 1) + "=="
    assert base64.b64decode(other) == base64.b64decode(file["signature"])
    with pytest.raises(VerificationError, match="as it was written"):
        verified(rfc8785.dumps(file | {"signature": other}) + b"\n")


def test_a_large_file_is_not_read() -> None:
    """Its size is looked at first."""
    with pytest.raises(VerificationError, match="has at most"):
        verified(b" " * (MOST_BYTES + 1))


@given(st.data())
def test_no_byte_can_be_changed(data: Any) -> None:
    """Put in, taken out or replaced."""
    whole = sign_report(audit(), SIGNER)
    at = data.draw(st.integers(0, len(whole)))
    other = (
        whole[:at]
        + data.draw(st.binary(max_size=3))
        + whole[at + data.draw(st.sampled_from([0, 1, 2])) :]
    )
    if other == whole:
        assert verified(other)
        return
    with pytest.raises(VerificationError):
        verified(other)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, (1 << 53) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(places_of(stated())), JSON)
def test_whatever_is_signed_is_refused_or_the_same(path: Path, value: Any) -> None:
    """Any value at any place: one error of ours, or it was there before."""
    content = replaced(stated(), path, value)
    try:
        found = verified(signed(content))
    except VerificationError:
        return
    needed = found.pop("needed_log10_e")
    assert needed == pytest.approx(stated()["needed_log10_e"])
    # Which e-value a key that nobody names has is the auditor's to say.
    if path[:1] in {("keys",), ("decoys_log10_e",), ("answers_digest",), ("places",), ("read",)}:
        assert [each["named"] for each in found["keys"]] == [
            each["log10_e"] >= needed and each["decoys_ahead"] == 0 for each in found["keys"]
        ]
    else:
        assert found | {"needed_log10_e": needed} == stated() | {"needed_log10_e": needed}


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    """With a message, never a traceback of something else."""
    with pytest.raises(VerificationError):
        verified(data)


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5_000, b"1e999", b'"\\ud800"']
)
def test_hostile_json_is_refused(data: bytes) -> None:
    """Deep, long, infinite, and letters that are none."""
    with pytest.raises(VerificationError):
        verified(data)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_other_json_is_refused(content: object) -> None:
    """Signed or not, of whatever shape."""
    data = json.dumps({"report": content, "signature": "AAAA"}).encode()
    with pytest.raises(VerificationError):
        verified(data)
