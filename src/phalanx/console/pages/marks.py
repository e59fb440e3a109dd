"""Marks: audits that say whether a model holds what was marked."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.seen.audits import (
    AuditReport,
    UnreadReport,
    read_audit,
    read_audits,
    read_signers,
)
from phalanx.errors import InputError
from phalanx.watermark.audit.verdict import NULL_HYPOTHESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """All audits."""

    is_named: bool
    audits: tuple[AuditReport, ...] = ()
    unread: tuple[UnreadReport, ...] = ()


def marks(asked: Asked) -> Shown:
    """Look up all audits."""
    folder = asked.places.audits
    if folder is None:
        return Shown(Marks(is_named=False))
    audits, unread = read_audits(folder, read_signers(asked.places.audit_signers))
    return Shown(Marks(is_named=True, audits=audits, unread=unread))


def mark(asked: Asked) -> Shown:
    """Look up one audit."""
    folder, name = asked.places.audits, asked.path["name"]
    known = set() if folder is None else {each.stem for each in folder.glob("*.json")}
    if folder is None or name not in known:
        message = "there is no such audit"
        raise InputError(message, next_step="See the list of audits.")
    found = read_audit(folder / f"{name}.json", read_signers(asked.places.audit_signers))
    return Shown(found, {"null_hypothesis": NULL_HYPOTHESIS})


PAGES = (
    Page(path="/marks", template="marks_page.html.j2", view=marks, summary="Audits of marks"),
    Page(
        path="/marks/{name}",
        template="mark_page.html.j2",
        view=mark,
        summary="One audit: which keys' outputs a model holds, and how sure that is",
    ),
)
