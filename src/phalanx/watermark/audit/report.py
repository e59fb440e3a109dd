"""An audit as a signed file that anybody can check."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import asdict
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import VerificationError
from phalanx.watermark.audit.verdict import ASSUMPTIONS, NULL_HYPOTHESIS, Audit

FORMAT = "phalanx-watermark-audit-1"
_MOST_BYTES = 64_000_000


def sign_report(audit: Audit, signer: Ed25519PrivateKey) -> bytes:
    """Return the audit with its plan, canonical JSON (RFC 8785), signed by Ed25519 (RFC 8032)."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "null_hypothesis": NULL_HYPOTHESIS,
        "assumptions": list(ASSUMPTIONS),
        "plan": {**asdict(audit.plan)},
        "plan_digest": audit.plan.digest(),
        "method": audit.plan.method,
        "places": audit.places,
        "needed_log10_e": audit.needed_log10_e,
        "largest_decoy_log10_e": audit.largest_decoy_log10_e,
        "keys": [asdict(each) for each in audit.keys],
    }
    signature = signer.sign(rfc8785.dumps(content))
    signed: dict[str, Any] = {
        "report": content,
        "public_key": _text(signer.public_key().public_bytes_raw()),
        "signature": _text(signature),
    }
    return rfc8785.dumps(signed) + b"\n"


def verify_report(data: bytes, signer: Ed25519PublicKey) -> dict[str, Any]:
    """Check who signed a report, and that nothing in it was changed.

    Parameters:
        data: The file.
        signer: Who must have signed it; the key in the file itself proves nothing.

    Returns:
        The report.

    Raises:
        VerificationError: If it is no such file, or somebody else or nobody signed it.
    """
    if len(data) > _MOST_BYTES:
        message = f"a report has at most {_MOST_BYTES:,} bytes"
        raise VerificationError(message)
    try:
        signed = json.loads(data)
        content = signed["report"]
        signer.verify(base64.b64decode(signed["signature"], validate=True), rfc8785.dumps(content))
        known = content["format"] == FORMAT
    except InvalidSignature as error:
        message = "the report was changed, or signed by somebody else"
        raise VerificationError(message, next_step="Ask its author for the file.") from error
    except (
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
        binascii.Error,
        rfc8785.CanonicalizationError,
    ) as error:
        message = "this is no signed report of an audit"
        raise VerificationError(message, next_step="Pass the file that the audit wrote.") from error
    if not known:
        message = f"the report is not of the format {FORMAT}"
        raise VerificationError(message, next_step="Read it with the version that wrote it.")
    result: dict[str, Any] = content
    return result


def prompts_digest(documents: bytes) -> str:
    """Return what a plan says of the prompts: SHA-256 of their file, hexadecimal."""
    return hashlib.sha256(documents).hexdigest()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
