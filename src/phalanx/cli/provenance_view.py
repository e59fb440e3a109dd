"""How a verdict leaves the command line: printed, signed, as an exit status."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.provenance_options import ReportOptions
from phalanx.cli.recording import Facts, recorder
from phalanx.cli.rendering import refuse_output
from phalanx.cli.signing import signer_of, write_signed
from phalanx.cli.terminal import Common
from phalanx.errors import InputError, reason_of
from phalanx.formats import provenance_html, provenance_json, provenance_text
from phalanx.provenance.verdict import Record, sign_report, verify_report
from phalanx.signed import MOST_BYTES

_RENDERS = {
    "table": provenance_text.render,
    "json": provenance_json.render,
    "html": provenance_html.render,
}


def render(record: Record, output_format: str) -> str:
    """Write a verdict for people or programs."""
    return _RENDERS[output_format](record)


def refuse_reports(options: ReportOptions) -> None:
    """Say before any work that a report could not be signed or written.

    Raises:
        InputError: If file and key are not named together, or the file cannot be written.
        ConfigError: If others may read the key, or it is none.
    """
    if (options.report is None) != (options.key is None):
        message = "a report is signed: its file and the key go together"
        raise InputError(message, next_step="Name both --report and --key.")
    if options.key is not None:
        refuse_output(options.report)
        signer_of(options.key)


def conclude(record: Record, options: ReportOptions, common: Common, fail_on: str) -> ExitCode:
    """Write the signed report, if it is asked for, and return the exit status."""
    if options.report is not None and options.key is not None:
        recorded = recorder(options.ledger)
        signer = signer_of(options.key)
        public = write_signed(sign_report(record, signer), signer, options.report)
        facts: Facts = {"act": "provenance report", "accuses": record.verdict.accuses}
        name = f"report {options.report.name}"
        recorded.record("report", name, facts, artefact=options.report)
        common.say(f"{options.report}: signed; the public key that verifies it is {public}")
    accuses = record.verdict.accuses and fail_on == "accusation"
    return ExitCode.FINDINGS if accuses else ExitCode.CLEAN


def read_report(path: Path, signer: Ed25519PublicKey) -> Record:
    """Read a signed report and check it.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none, or does not follow from what it states.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the file that was signed.") from error
    return verify_report(data, signer)
