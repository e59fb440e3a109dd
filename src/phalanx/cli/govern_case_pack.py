"""A case becomes a package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from phalanx.cli.govern_case_options import CaseOptions
from phalanx.cli.govern_case_work import cases_of, login
from phalanx.cli.govern_packages import packed_with_report, signer_of
from phalanx.errors import InputError
from phalanx.govern.cases import Case, Cases, Packed, records_of


def packed(
    name: str,
    key: Path,
    signer_name: str,
    out: Path,
    without: Sequence[str],
    *,
    options: CaseOptions,
) -> str:
    """Pack a case, and return a policy that believes its packages.

    Raises:
        InputError: If there is no such case or item, or the package cannot be written.
        PolicyError: If who is signed in may not.
    """
    signer = signer_of(key, signer_name)
    with cases_of(options) as cases:
        case = cases.case(name)
        if unknown := sorted(set(without) - case.items.keys()):
            message = f"{name} has no item {unknown[0]!r}"
            raise InputError(message, next_step=f"`phalanx govern case show {name}` lists them.")
        cases.refuse(name, login(), Packed(root="0" * 64))
        files = {
            each.record.id: cases.file(case, each.record.id)
            for each in case.items.values()
            if not each.is_destroyed and each.record.id not in without
        }
        records = records_of(case, _proved(cases, case))
        packed_with_report(
            records, files, out, signer,
            lambda made: cases.act(name, login(), Packed(root=made.root.hex())),
        )  # fmt: skip
    return f"log {signer.public.as_text()}\nquorum none\n"


def _proved(cases: Cases, case: Case) -> list[str]:
    if cases.ledger is None:
        return []
    cases.log()
    events = cases.events(case.id, cases.ledger.key.name)
    return [cases.ledger.prove(events[number]).as_text() for number in range(1, case.entries + 1)]
