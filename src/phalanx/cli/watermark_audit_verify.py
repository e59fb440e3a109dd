"""How a report is held against what was published before."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from phalanx.cli.watermark_audit_prompts import MOST_PROMPTS_BYTES
from phalanx.cli.watermark_work import content_of, read_published
from phalanx.errors import VerificationError
from phalanx.signed import read_public_text
from phalanx.watermark.audit import (
    Plan,
    commitment_digest,
    read_plan,
    refuse_other_prompts,
    verify_report,
)
from phalanx.watermark.audit.plan import MOST_BYTES
from phalanx.watermark.texts.tokenizer import MOST_FILE_BYTES


def verified(
    report: Path,
    signer: str,
    plan: Path,
    commitment: Path | None,
    *,
    prompts: Path | None = None,
    tokenizer: Path | None = None,
) -> dict[str, Any]:
    """Return a report that agrees with what was published.

    Parameters:
        report: The file.
        signer: Public key, base64.
        plan: File of the plan that was published.
        commitment: File of the commitment, if it was.
        prompts: File of the prompts, likewise.
        tokenizer: `tokenizer.json` that cut texts, likewise.

    Raises:
        InputError: If a file or the key is none.
        VerificationError: If anything does not agree.
    """
    public = read_public_text(signer)
    said = read_plan(content_of(plan, MOST_BYTES))
    found = verify_report(content_of(report, MOST_BYTES), public, said.digest())
    if commitment is not None:
        refuse_commitment(commitment, said)
    if prompts is not None:
        refuse_other_prompts(said, content_of(prompts, MOST_PROMPTS_BYTES))
    if tokenizer is not None:
        content = content_of(tokenizer, MOST_FILE_BYTES)
        if hashlib.sha256(content).hexdigest() != said.tokenizer_digest:
            message = f"{tokenizer}: not the tokenizer of the plan"
            raise VerificationError(message, next_step="Ask for the one that was planned with.")
    return found


def refuse_commitment(path: Path, plan: Plan) -> None:
    """Refuse a commitment to another plan, or to other keys.

    Raises:
        InputError: If it is none.
        VerificationError: If it is to others.
    """
    published = read_published(path)
    agreed = (published.plan, published.scheme, published.keys)
    named = plan.key_commitment in {"", commitment_digest(published)}
    if not named or agreed != (plan.digest_to_commit(), plan.scheme, len(plan.key_ids)):
        message = f"{path}: not a commitment to this plan and its keys"
        raise VerificationError(message, next_step="Commit to the plan: `keys commit --plan`.")
