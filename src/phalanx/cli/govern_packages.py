"""What the commands about packages do."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx import __version__
from phalanx.cli.govern_work import policy_of
from phalanx.cli.recording import Recorder
from phalanx.errors import ConfigError
from phalanx.govern.packages import (
    ApprovalRecord,
    ClaimRecord,
    CustodyRecord,
    DocumentRecord,
    EventRecord,
    ItemRecord,
    Package,
    PersonRecord,
    Record,
    pack,
    redact,
    verify_package,
)
from phalanx.govern.packages.agreeing import refuse_disagreement
from phalanx.govern.packages.case_file import read_case
from phalanx.govern.packages.case_uco import case_uco_document
from phalanx.govern.packages.court import MEDIA_TYPE, court_report
from phalanx.govern.packages.layout import ITEMS, NOTE
from phalanx.owned import read_or_make_secret
from phalanx.printable import printable, printable_json
from phalanx.transparency.checkpoints import Checkpoint
from phalanx.transparency.note_keys import NoteSigner, is_key_name


def is_package(path: Path) -> bool:
    """Tell whether a folder is a package."""
    return (path / NOTE).exists()


def packed(case: Path, key: Path, name: str, out: Path, recorded: Recorder) -> str:
    """Pack a case, and return a policy that believes its packages.

    Parameters:
        case: TOML file of it.
        key: File of the secret that signs; made if it is missing.
        name: Who signs.
        out: New folder.
        recorded: Where it is recorded, before it is there.

    Raises:
        ConfigError: If the name is none, or others may read the key.
        InputError: If the case is none, or the package cannot be written.
    """
    written = read_case(case)
    signer = signer_of(key, name)
    subject = f"case {written.records[0].id}"
    packed_with_report(
        written.records, written.files, out, signer,
        lambda made: recorded.record(
            "report", subject, {"act": "packed", "root": made.root.hex()}
        ),
    )  # fmt: skip
    return f"log {signer.public.as_text()}\nquorum none\n"


def packed_with_report(
    records: Sequence[Record],
    files: Mapping[str, Path],
    out: Path,
    signer: NoteSigner,
    recorded: Callable[[Checkpoint], object],
) -> Checkpoint:
    """Pack records with their files, and with a report of them for people, under one signature.

    Parameters:
        records: The case first.
        files: Of items, by their id.
        out: New folder.
        signer: Who stands for the package.
        recorded: Is told what was signed before the package is there; where it fails there is none.

    Raises:
        InputError: If they do not agree, or cannot be written.
    """
    now, tool = datetime.now(UTC), f"phalanx {__version__}"
    refuse_disagreement(records, missing=0)
    report = court_report(records, signer=signer.name, at=now, tool=tool)
    document = DocumentRecord(
        id="report-of-package", title="Report of the package", media_type=MEDIA_TYPE,
        sha256=hashlib.sha256(report).hexdigest(), size_bytes=len(report), made_with=tool,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="phalanx-") as folder:
        path = Path(folder) / "report.pdf"
        path.write_bytes(report)
        return pack(
            [*records, document], {**files, document.id: path}, out, signer,
            random=secrets.token_bytes, time=int(now.timestamp()), recorded=recorded,
        )  # fmt: skip


def report_of(package: Package, folder: Path) -> Path | None:
    """Return where the report of a package for people is; null where a copy has none."""
    found = (each for each in package.records if isinstance(each, DocumentRecord))
    return next(
        (folder / ITEMS / e.sha256 for e in found if e.id not in package.missing_files), None
    )


def signer_of(key: Path, name: str) -> NoteSigner:
    """Return who signs packages; the key is made if it is missing.

    Raises:
        ConfigError: If the name is none, or others may read the key.
    """
    if not is_key_name(name):
        message = f"{name[:80]!r} is no name of who signs packages"
        raise ConfigError(message, next_step="Name it like lab.example/cases, without spaces.")
    secret = read_or_make_secret(key, "key of packages", 32)
    return NoteSigner(name=name, key=Ed25519PrivateKey.from_private_bytes(secret))


def redacted(
    package: Path,
    out: Path,
    policy: Path,
    ledgers: Path | None,
    *,
    gone: tuple[Sequence[str], Sequence[str]],
    recorded: Recorder,
) -> str:
    """Copy a package without some records and some files, and say what the copy holds."""
    records, files = gone
    copy = redact(
        package,
        out,
        policy_of(policy),
        records=records,
        files=files,
        ledgers=None if ledgers is None else policy_of(ledgers),
        recorded=lambda made: recorded.record(
            "disclosure", f"case {made.case.id}",
            {
                "act": "redacted", "records-missing": made.missing_records,
                "files-missing": len(made.missing_files),
            },
        ),
    )  # fmt: skip
    return _said(out, copy)


def exported(folder: Path, policy: Path, ledgers: Path | None) -> str:
    """Verify a package, and return it as CASE/UCO."""
    believed = None if ledgers is None else policy_of(ledgers)
    package = verify_package(folder, policy_of(policy), believed)
    said = json.dumps(case_uco_document(package.records), indent=2, ensure_ascii=False)
    return printable_json(said) + "\n"


def verified(folder: Path, policy: Path | None, ledgers: Path | None) -> str:
    """Verify a package, and say what it holds.

    Raises:
        ConfigError: If no policy is named: whoever packs can sign with any key.
        VerificationError: If it does not hold, or the policy does not believe it.
    """
    if policy is None:
        message = f"{folder}: whose packages are believed was not said"
        raise ConfigError(message, next_step="Name the policy that you were handed, with --policy.")
    believed = None if ledgers is None else policy_of(ledgers)
    return _said(folder, verify_package(folder, policy_of(policy), believed))


def _said(folder: Path, package: Package) -> str:
    case = package.case
    lines = [
        f"{folder}: as {package.signer} signed it",
        f"  {case.id}: {case.title} ({case.provider}, opened {case.opened_at.date().isoformat()})",
    ]
    kinds = (
        (PersonRecord, "people"), (ItemRecord, "items"), (CustodyRecord, "records of custody"),
        (EventRecord, "events of a ledger"), (ClaimRecord, "claims"), (ApprovalRecord, "approvals"),
    )  # fmt: skip
    counts = ", ".join(
        f"{sum(isinstance(each, kind) for each in package.records)} {name}" for kind, name in kinds
    )
    lines.append(f"  {counts}")
    if package.missing_records:
        lines.append(f"  {package.missing_records} records were taken away from this copy")
    if (report := report_of(package, folder)) is not None:
        lines.append(f"  report for people: {report}")
    if package.missing_files:
        lines.append(f"  without the files of: {', '.join(package.missing_files)}")
    for each in package.claims:
        held = "holds" if each.holds else "does not hold"
        lines.append(
            f"  {each.claim.id} {held} at the level {case.level:g} of the case: "
            f"p = 10^{each.log10_p_of_case:.1f} among {case.claims_put_forward} claims"
        )
        lines.append(f"    {each.claim.statement}")
    return printable("\n".join(lines), keep="\n")
