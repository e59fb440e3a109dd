"""A comparison as a signed file that anybody can check."""

from __future__ import annotations

from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import VerificationError
from phalanx.provenance.verdict.record import FORMAT, Record, content_of, record_of
from phalanx.signed import sign, signed_by

_WHAT = "report of a comparison"


def sign_report(record: Record, signer: Ed25519PrivateKey) -> bytes:
    """Return a comparison as a file that its signer stands for."""
    return sign(content_of(record), signer)


def verify_report(data: bytes, signer: Ed25519PublicKey) -> Record:
    """Check who signed a report, and that its conclusions follow from the evidence in it.

    What each family says, which blocks are kin, how the suspect was made and every sentence are
    computed again from the evidence, the layer map and the counts that the report states. The
    evidence itself takes the models.

    Parameters:
        data: The file.
        signer: Who must have signed it; the key in the file itself proves nothing.

    Raises:
        VerificationError: If it is no such file, somebody else or nobody signed it, or it does
            not follow from what it states.
    """
    content = signed_by(data, signer, _WHAT)
    if content.get("schema") != FORMAT:
        message = f"the report is not of the format {FORMAT}"
        raise VerificationError(message, next_step="Read it with the version that wrote it.")
    try:
        record = record_of(content)
        follows = _canonical(content_of(record)) == _canonical(content)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise _inconsistent() from error
    if not follows:
        raise _inconsistent()
    return record


def _canonical(content: dict[str, Any]) -> bytes:
    return rfc8785.dumps(content)


def _inconsistent() -> VerificationError:
    message = "the report does not follow from its own evidence"
    return VerificationError(message, next_step="Do not trust it: who signed it states too much.")
