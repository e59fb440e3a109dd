"""The case: evidence is gathered, two people agree on what is claimed, and it is packed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from phalanx import __version__
from phalanx.cli.demo_full.acts import record
from phalanx.cli.demo_full.auditing import commitment_of, plan_of, report_of
from phalanx.cli.demo_full.chapter import Chapter, write_lines
from phalanx.cli.demo_full.claims import SIMULATED, found_claim, trained_claim
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.theft import SUSPECTS
from phalanx.cli.govern_packages import packed_with_report, signer_of, verified
from phalanx.govern.cases import (
    Approved,
    Cases,
    Claimed,
    Found,
    ItemKind,
    Joined,
    Opened,
    Packed,
    open_cases,
    records_of,
)
from phalanx.govern.ledger import Ledger, open_ledger
from phalanx.govern.packages import PersonRecord
from phalanx.govern.packages.layout import NOTE
from phalanx.store import place_of

CASE = "demo-1"
LEVEL = 0.01
"""Chance that any claim of the case is held although its null is true."""

_ADA = PersonRecord(id="ada", name="Ada Example", role="analyst")
_BO = PersonRecord(id="bo", name="Bo Example", role="counsel")
_SIGNER = "provider-a.example/cases"


def pack_case(places: Places) -> Chapter:
    """Work on a case, pack it, and write what believes it.

    Parameters:
        places: With the scan, the gateway's decisions, the reports and the ledger.
    """
    ledger = open_ledger(places.a.ledger)
    with open_cases(place_of(str(places.cases), None), lambda: datetime.now(UTC), ledger) as cases:
        _worked_on(cases, places)
        policy = _packed(cases, ledger, places)
    write_lines(places.case_policy, policy)
    believed = policy.partition("\n")[0] + "\n" + places.a.ledger_policy.read_text("utf-8")
    write_lines(places.a.folder / "believed.policy", believed)
    record(places.a, "report", "bo", f"package of case {CASE}", places.package / NOTE)
    said = verified(places.package, places.case_policy, places.a.ledger_policy)
    return Chapter(
        title="The case is packed: claims that two people agreed on, evidence, custody, proofs",
        lines=tuple(said.splitlines()[1:]),
        artefacts=(places.package, places.case_policy, places.cases),
        commands=(
            f"phalanx govern case open|join|add|claim|approve {CASE} ...",
            f"phalanx govern case pack {CASE} --key cases.key --signer {_SIGNER} --out PACKAGE",
        ),
        lacks="" if said.count(" holds at the level") == 2 else "a claim of the case is not held",
    )


def _worked_on(cases: Cases, places: Places) -> None:
    """Open the case, gather, and let one claim and another agree."""
    cases.open(
        CASE,
        Opened(
            title="A campaign that harvested two providers, and its student",
            provider=places.a.name,
            summary="Outputs were harvested by many accounts at two providers; what they were "
            f"still served was marked, and a student carries that mark. {SIMULATED}",
            level=LEVEL,
            person=_ADA,
            login=_ADA.id,
        ),
    )
    cases.act(CASE, _ADA.id, Joined(person=_BO, login=_BO.id))
    for found in _items(places):
        cases.gather(CASE, _ADA.id, found)
    for claim in (found_claim(places), trained_claim(places)):
        claimed = cases.act(CASE, _ADA.id, Claimed(claim=claim))
        cases.act(CASE, _BO.id, Approved(number=claimed.entries))


def _packed(cases: Cases, ledger: Ledger, places: Places) -> str:
    """Pack the case with every act of the ledger so far; return what believes its packages."""
    cases.refuse(CASE, _BO.id, Packed(root="0" * 64))
    case = cases.case(CASE)
    files = {name: cases.file(case, name) for name in case.items}
    proved = [ledger.prove(number).as_text() for number in range(ledger.state()[1].size)]
    signer = signer_of(places.a.folder / "cases.key", _SIGNER)
    packed_with_report(
        records_of(case, proved), files, places.package, signer,
        lambda made: cases.act(CASE, _BO.id, Packed(root=made.root.hex())),
    )  # fmt: skip
    return f"log {signer.public.as_text()}\nquorum none\n"


def _items(places: Places) -> Iterator[Found]:
    yield _found("scan", "campaign", "Campaigns of the scan of three weeks",
                 places.a.scan / "campaigns.json", "own logs")  # fmt: skip
    yield _found("decisions", "file", "What the gateway decided on one day",
                 places.gateway / "decisions.jsonl", "own gateway")  # fmt: skip
    for suspect in SUSPECTS:
        source = "own audit of the suspect's weights"
        yield _found(f"{suspect}-plan", "file", f"Plan of the audit of {suspect}",
                     plan_of(places, suspect), source)  # fmt: skip
        yield _found(f"{suspect}-commitment", "file", f"Commitment of the audit of {suspect}",
                     commitment_of(places, suspect), source)  # fmt: skip
        yield _found(f"{suspect}-report", "watermark-audit", f"Report of the audit of {suspect}",
                     report_of(places, suspect), source)  # fmt: skip


def _found(name: str, of: ItemKind, title: str, file: Path, source: str) -> Found:
    return Found(
        id=name,
        title=title,
        file=file,
        of=of,
        media_type="application/jsonl" if file.suffix == ".jsonl" else "application/json",
        source=source,
        tool=f"phalanx {__version__}",
        sensitivity="confidential",
        collected_at=datetime.now(UTC),
    )
