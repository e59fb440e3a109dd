"""How a report is held against what was published before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phalanx.cli.watermark_work import content_of, read_published
from phalanx.errors import VerificationError
from phalanx.signed import read_public_text
from phalanx.watermark.audit import Plan, read_plan, verify_report
from phalanx.watermark.audit.plan import MOST_BYTES


def verified(report: Path, signer: str, plan: Path, commitment: Path | None) -> dict[str, Any]:
    """Return a report that agrees with what was published.

    Parameters:
        report: The file.
        signer: Public key, base64.
        plan: File of the plan that was published.
        commitment: File of the commitment, if it was.

    Raises:
        InputError: If a file or the key is none.
        VerificationError: If anything does not agree.
    """
    public = read_public_text(signer)
    said = read_plan(content_of(plan, MOST_BYTES))
    found = verify_report(content_of(report, MOST_BYTES), public, said.digest())
    if commitment is not None:
        refuse_commitment(commitment, said)
    return found


def refuse_commitment(path: Path, plan: Plan) -> None:
    """Refuse a commitment to another plan, or to other keys.

    Raises:
        InputError: If it is none.
        VerificationError: If it is to others.
    """
    published = read_published(path)
    agreed = (published.plan, published.scheme, published.keys)
    if agreed != (plan.digest(), plan.scheme, len(plan.key_ids)):
        message = f"{path}: not a commitment to this plan and its keys"
        raise VerificationError(message, next_step="Commit to the plan: `keys commit --plan`.")
