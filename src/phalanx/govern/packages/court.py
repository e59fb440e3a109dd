"""The report of a package for people who read paper: a PDF that follows from the records alone.

Its bytes follow from the records, the signer and a moment: whoever renders them again with the
same program gets the same file. Fonts are those that come with the typesetter, so that no machine
renders it otherwise.

References:
    PDF/A-2a (ISO 19005-2), for archives; typst, which sets the page.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phalanx.errors import InputError
from phalanx.govern.ledger import parse_proved_event
from phalanx.govern.packages.judging import JudgedClaim, judged
from phalanx.govern.packages.records import (
    ApprovalRecord,
    CaseRecord,
    ClaimRecord,
    CustodyRecord,
    EventRecord,
    ItemRecord,
    PersonRecord,
    Record,
)

TEMPLATE = Path(__file__).with_name("court.typ")
MEDIA_TYPE = "application/pdf"

_UNBROKEN = re.compile(r"\S{48}")
_SHOWN = (
    (0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x17F), (0x391, 0x3A1), (0x3A3, 0x3C9), (0x401, 0x45F),
    (0x1E80, 0x1E85), (0x2013, 0x2014), (0x2018, 0x201A), (0x201C, 0x201E), (0x2020, 0x2022),
    (0x2026, 0x2026), (0x20AC, 0x20AC), (0x2122, 0x2122), (0x2212, 0x2212),
)  # fmt: skip
"""Characters that both fonts have, first and last of each run."""


def court_report(records: Sequence[Record], *, signer: str, at: datetime, tool: str) -> bytes:
    """Return the report of a case as PDF.

    Parameters:
        records: Of the package, the case first.
        signer: Who signs it.
        at: When it is rendered, with a time zone.
        tool: What renders it, and its version.

    Raises:
        InputError: If the records do not begin with a case, or cannot be set.
    """
    import typst  # noqa: PLC0415 - 30 MB that only a report needs

    case = records[0] if records else None
    if not isinstance(case, CaseRecord):
        message = "a report is of a case"
        raise InputError(message, next_step="Begin with the record of the case.")
    moment = at.astimezone(UTC).replace(microsecond=0)
    said = _said(case, records, signer, moment, tool)
    shown = _shown(said)
    shown["escaped"] = "\\u{" in json.dumps(shown).replace("\\\\", "\\")
    try:
        made = typst.compile(
            TEMPLATE.read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"said": json.dumps(shown)},
            pdf_standards=["a-2a"],
            timestamp=moment,
        )
    except typst.TypstError as error:
        message = f"the report of {case.id} cannot be set: {str(error)[:200]}"
        raise InputError(message, next_step="Pack it without a report.") from error
    assert isinstance(made, bytes)  # noqa: S101 - as PDF is one file
    return made


def _said(
    case: CaseRecord, records: Sequence[Record], signer: str, moment: datetime, tool: str
) -> dict[str, Any]:
    claims = [each for each in records if isinstance(each, ClaimRecord)]
    approved = {e.claim: e.approved_by for e in records if isinstance(e, ApprovalRecord)}
    found = judged(claims, family=case.claims_put_forward, level=case.level)
    return {
        "case": case.id,
        "title": case.title,
        "provider": case.provider,
        "opened": _moment(case.opened_at),
        "summary": case.summary,
        "level": f"{case.level:g}",
        "family": f"{case.claims_put_forward:,}",
        "signer": signer,
        "tool": tool,
        "made": _moment(moment),
        "moment": {
            name: getattr(moment, name)
            for name in ("year", "month", "day", "hour", "minute", "second")
        },
        "claims": [_claim(each, approved) for each in found],
        "items": [_item(each) for each in records if isinstance(each, ItemRecord)],
        "custody": [
            [_moment(each.at), each.item, each.action, each.by, each.note or ""]
            for each in records
            if isinstance(each, CustodyRecord)
        ],
        "people": [
            [each.id, each.name, each.role] for each in records if isinstance(each, PersonRecord)
        ],
        "events": [_event(each) for each in records if isinstance(each, EventRecord)],
    }


def _claim(each: JudgedClaim, approved: dict[str, str]) -> dict[str, Any]:
    claim = each.claim
    raw = (
        ["p", _power(claim.log10_p)]
        if claim.log10_p is not None
        else ["e", _power(claim.log10_e or 0.0)]
    )
    return {
        "id": claim.id,
        "holds": each.holds,
        "statement": claim.statement,
        "null": claim.null_hypothesis,
        "p": _power(each.log10_p_of_case),
        "raw": raw,
        "method": claim.method,
        "sample": f"{claim.sample_size:,}",
        "reference": f"{claim.reference_size:,}",
        "assumptions": list(claim.assumptions),
        "limits": claim.limits,
        "items": list(claim.items),
        "approved": approved.get(claim.id, "nobody: the records hold no approval"),
    }


def _item(each: ItemRecord) -> dict[str, str]:
    return {
        "id": each.id,
        "title": each.title,
        "sha256": each.sha256,
        "size": f"{each.size_bytes:,} bytes",
        "media": each.media_type,
        "source": each.source,
        "collected": _moment(each.collected_at),
        "collector": each.collector,
        "tool": each.tool,
        "sensitivity": each.sensitivity,
    }


def _event(each: EventRecord) -> list[str]:
    event = parse_proved_event(each.proved.encode(), each.id).event
    return [_moment(event.at), event.kind, event.actor, event.subject]


def _power(log10: float) -> str:
    return f"{log10:.1f}".replace("-", "\u2212")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _shown(said: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(said, str):
        return _UNBROKEN.sub(lambda found: found[0] + "\u200b", shown_text(said))
    if isinstance(said, list):
        return [_shown(each) for each in said]
    if isinstance(said, dict):
        return {name: _shown(value) for name, value in said.items()}
    return said


def shown_text(text: str) -> str:
    r"""Return a text with what the fonts lack, or what steers a reader, written by its number.

    Examples:
        >>> shown_text("Zoë & Söhne, “x”"), shown_text("a\u202eb\t\u4e00")
        ('Zoë & Söhne, “x”', 'a\\u{202E}b\\u{9}\\u{4E00}')
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        each if each == "\n" or any(a <= ord(each) <= b for a, b in _SHOWN)
        else f"\\u{{{ord(each):X}}}"
        for each in composed
    )  # fmt: skip
