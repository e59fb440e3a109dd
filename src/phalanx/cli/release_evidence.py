"""Evidence of a leak, verified by whoever holds the grant."""

from __future__ import annotations

from pathlib import Path

from phalanx.cli.release_work import lines_of, read_identity
from phalanx.errors import ConfigError
from phalanx.release.accusation import verify_accusation
from phalanx.release.packages.package import read_envelope


def evidence_text(
    path: Path, issuer: Path, recipient: Path | None, grant: Path, receipt: Path | None
) -> str:
    """Verify evidence, and return what it says, in words.

    Raises:
        ConfigError: If no recipient is named.
        VerificationError: If it is not signed, or of another grant, receipt or codeword.
        InputError: If a file cannot be read.
    """
    if recipient is None:
        message = "evidence is verified against a recipient"
        raise ConfigError(message, next_step="Name his identity with --recipient.")
    signer, party = read_identity(issuer), read_identity(recipient)
    received = None if receipt is None else read_envelope(receipt)
    said, root = verify_accusation(
        read_envelope(path), signer, party, read_envelope(grant), received
    )
    of = said.measured
    return lines_of(
        f"{signer.name} signed: the copy of {party.name} is in the suspect with the root {root}",
        f"null hypothesis: {of.null_hypothesis}",
        f"p 10^{of.log10_p:.1f} after correction, over {of.recipients_planned:,} recipients and "
        f"{of.suspects:,} suspects",
        f"chance that anyone at all is named falsely: {of.false_accusation:g}",
        f"the grant {said.grant}, signed by both, commits to the codeword that was found",
        *([] if received is None else [f"the receipt is of this grant: {said.receipt}"]),
        "not checked: the figures, for which the suspect, the original and the key are needed",
        "not said: who gave the copy away",
    )
