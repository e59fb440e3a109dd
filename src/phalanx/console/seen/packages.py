"""Packages of evidence in a folder, each verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, PhalanxError, reason_of
from phalanx.govern.packages import verify_package
from phalanx.scratch import PREFIX
from phalanx.transparency.policy import MOST_BYTES, Policy, parse_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLine:
    """A package in a list."""

    name: str
    """Of its folder."""

    problem: str
    """Why it does not verify; empty where it does."""

    signer: str = ""
    case: str = ""
    title: str = ""
    claims: int = 0
    claims_that_hold: int = 0
    missing_records: int = 0
    missing_files: int = 0


def read_packages(folder: Path, believed: Path | None) -> tuple[PackageLine, ...]:
    """Verify all packages of a folder.

    Parameters:
        folder: With a folder for each.
        believed: Policy that names whose packages and ledgers are believed.

    Raises:
        InputError: If the folder or the policy cannot be read.
        VerificationError: If the policy is none.
    """
    try:
        # Without those that somebody is making now.
        names = sorted(
            each.name
            for each in folder.iterdir()
            if each.is_dir() and not each.name.startswith(PREFIX)
        )
    except OSError as error:
        message = f"{folder}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name another folder with --packages.") from error
    policy = None if believed is None else read_policy(believed)
    return tuple(_line(folder / name, policy) for name in names)


def read_policy(path: Path) -> Policy:
    """Read which signers and ledgers are believed.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name another policy with --believed.") from error
    return parse_policy(content, str(path))


def _line(folder: Path, policy: Policy | None) -> PackageLine:
    if policy is None:
        problem = "not verified: no policy says whose packages are believed (--believed)"
        return PackageLine(name=folder.name, problem=problem)
    try:
        found = verify_package(folder, policy, policy)
    except PhalanxError as error:
        return PackageLine(name=folder.name, problem=str(error))
    return PackageLine(
        name=folder.name,
        problem="",
        signer=found.signer,
        case=found.case.id,
        title=found.case.title,
        claims=len(found.claims),
        claims_that_hold=sum(each.holds for each in found.claims),
        missing_records=found.missing_records,
        missing_files=len(found.missing_files),
    )
