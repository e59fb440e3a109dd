"""An audit as a signed file that anybody can check, against the plan that was published."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import VerificationError
from phalanx.signed import sign, signed_by
from phalanx.watermark.audit.plan import plan_of
from phalanx.watermark.audit.verdict import NULL_HYPOTHESIS, Audit, decide, needed_log10_e
from phalanx.watermark.audit.winners import Floats

FORMAT = "phalanx-watermark-audit-4"

_ROUNDING = 1e-9
"""Two machines may differ in the last digit of a logarithm."""


def sign_report(audit: Audit, signer: Ed25519PrivateKey) -> bytes:
    """Return the audit with its plan, canonical JSON (RFC 8785), signed by Ed25519 (RFC 8032)."""
    return sign(_content(audit), signer)


def verify_report(data: bytes, signer: Ed25519PublicKey, plan_digest: str) -> dict[str, Any]:
    """Check who signed a report, that it follows the plan that was published, and its conclusions.

    A signature says who stands for a report, not that it is right. So the digest of the plan, how
    much evidence names a key, and which keys are named are computed again from the report's own
    plan and e-values. The e-values themselves take the keys and the models.

    Parameters:
        data: The file. Only the bytes that `sign_report` writes are taken: other ways to write the
            same JSON are read in more than one way.
        signer: Who must have signed it; the key in the file itself proves nothing.
        plan_digest: Of the plan, as it was published before the audit, hexadecimal.

    Returns:
        The report.

    Raises:
        VerificationError: If it is no such file, somebody else or nobody signed it, it follows
            another plan, or does not follow from what it states.
    """
    content = signed_by(data, signer, "report of an audit")
    if content.get("format") != FORMAT:
        message = f"the report is not of the format {FORMAT}"
        raise VerificationError(message, next_step="Read it with the version that wrote it.")
    try:
        audit = audit_of(content)
        follows = rfc8785.dumps(_content(audit)) == rfc8785.dumps(content)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise _inconsistent() from error
    if not follows:
        raise _inconsistent()
    if audit.plan.digest() != plan_digest:
        message = "the report follows another plan than the one that was published"
        raise VerificationError(message, next_step="Do not trust it: its plan was not first.")
    return content


def _content(audit: Audit) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "null_hypothesis": NULL_HYPOTHESIS,
        "assumptions": list(audit.assumptions),
        "plan": audit.plan.as_json(),
        "plan_digest": audit.plan.digest(),
        "method": audit.plan.method,
        "places": audit.places,
        "asked": audit.plan.asked,
        "read": audit.read,
        "evaluable": audit.evaluable,
        "answers_digest": audit.answers_digest,
        "needed_log10_e": audit.needed_log10_e,
        "decoys_log10_e": list(audit.decoys_log10_e),
        "largest_decoy_log10_e": audit.largest_decoy_log10_e,
        "keys": [asdict(each) for each in audit.keys],
    }


def audit_of(content: dict[str, Any]) -> Audit:
    """Conclude again from what a report states: its plan, its places and its e-values.

    Parameters:
        content: Of a report, as `verify_report` returns it.

    Raises:
        ValueError, TypeError, KeyError: If it states something else.
    """
    plan = plan_of(content["plan"])
    places, needed, answers, read = (
        content[name] for name in ("places", "needed_log10_e", "answers_digest", "read")
    )
    if not (type(places) is type(read) is int and isinstance(answers, str)):
        message = "places, and what was read, are whole numbers, and a digest is a text"
        raise ValueError(message)
    if abs(_numbers([needed])[0] - needed_log10_e(plan)) > _ROUNDING:
        message = "another e-value names a key of this plan"
        raise ValueError(message)
    found = _numbers([each["log10_e"] for each in content["keys"]])
    decoys = _numbers(content["decoys_log10_e"])
    return decide(plan, places, found, decoys, needed, read=read, answers_digest=answers)


def _numbers(values: object) -> Floats:
    if not (isinstance(values, list) and all(type(each) in {int, float} for each in values)):
        message = "an e-value is no number"
        raise ValueError(message)
    return np.array(values, dtype=np.float64)


def _inconsistent() -> VerificationError:
    message = "the report does not follow from its own plan and e-values"
    return VerificationError(message, next_step="Do not trust it: who signed it states too much.")
