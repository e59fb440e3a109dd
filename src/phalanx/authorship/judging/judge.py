"""Judging: a rank in the right cell, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from phalanx.authorship.documents import Document
from phalanx.authorship.features import KINDS, Seen, see
from phalanx.authorship.judging.views_of import view_of
from phalanx.authorship.reference import Calibrated, Cell, needed_for
from phalanx.authorship.reference.calibrated import size_from
from phalanx.authorship.reference.cells import batch_log10_p, shift_log10_p
from phalanx.authorship.views import View

Verdict = Literal["consistent with a model's writing", "not told apart", "not evaluable"]

GATE_LEVEL = 0.02
"""Share of documents like the reference that the gate turns away by mistake, at most."""

BATCH_GATE_LEVEL = 1e-3
"""The same for all documents of a batch in one cell together."""

LEAST_BATCH = 20
"""Documents of one cell that are compared with the reference together."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What may be said of one document."""

    document: Document
    verdict: Verdict
    reason: str
    """Why it is not evaluable; empty otherwise."""

    size: int
    """Words or lines that were read."""

    whole_size: int
    """The same of all of the document."""

    log10_p: float | None
    """Rank among human documents; null where there is none."""

    domain: str | None
    """Domain of the cell that the rank is from: of several the one with the largest."""

    reference_size: int
    """Human documents of that cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What may be said of all documents together."""

    judged: int
    """Documents that are evaluable."""

    consistent: int
    """Those of them at or below the level."""

    expected: float
    """How many of them would be if humans had written all."""

    log10_p: float
    """How unlikely so many are then, Bonferroni over cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What may be said."""

    judgements: tuple[Judgement, ...]
    """In the order of the documents."""

    batch: Batch
    level: float


@dataclass(slots=True)
class _Asked:
    """A document under work: where it stands, and what each of its cells says."""

    at: int
    view: View
    seen: Seen
    cells: tuple[Cell, ...]
    p: float = 1.0
    strange_p: float = 1.0
    cell: Cell | None = None


def judge(
    documents: Sequence[Document],
    models: Mapping[str, Calibrated],
    *,
    level: float,
    domain: str | None = None,
    progress: Progress | None = None,
) -> Verdicts:
    """Judge documents.

    Null hypothesis of each: a human wrote it as the authors of the reference wrote theirs.

    Parameters:
        documents: Of any kind.
        models: Kind -> detector with its reference.
        level: Share of human documents that may be called consistent with a model's writing.
        domain: That all of them belong to; null takes the largest p-value of all domains, of the
            score less the margin of the reference.
        progress: Told the stage and the share that is done.
    """
    told = progress or (lambda _stage, _share: None)
    found: list[Judgement] = []
    asked: dict[str, list[_Asked]] = {}
    for at, document in enumerate(documents):
        if at % 64 == 0:
            told("reading", at / len(documents))
        judgement, work = _first(document, models.get(document.kind), at, level, domain)
        found.append(judgement)
        if work is not None:
            asked.setdefault(document.kind, []).append(work)
    told("ranking", 1.0)
    for kind, works in asked.items():
        model = models[kind]
        _rank(works, model, model.margin if domain is None else 0.0)
        turned_away = _shifted_together(works)
        for work in works:
            found[work.at] = _last(found[work.at], work, level, turned_away)
    return Verdicts(judgements=tuple(found), batch=_batch(found, level), level=level)


def _first(
    document: Document, model: Calibrated | None, at: int, level: float, domain: str | None
) -> tuple[Judgement, _Asked | None]:
    """Return what can be said of a document before its score is known."""
    view = view_of(document)
    kind = KINDS[document.kind]
    said = Judgement(
        document=document, verdict="not evaluable", reason="", size=view.size,
        whole_size=view.whole_size, log10_p=None, domain=None, reference_size=0,
    )  # fmt: skip
    if view.size < kind.least:
        reason = f"{view.size} {kind.unit} are too few: {kind.least} are needed"
        return replace(said, reason=reason), None
    if model is None:
        return replace(said, reason=f"no detector reads {document.kind}"), None
    if document.language not in model.detector.languages:
        known = ", ".join(model.detector.languages)
        reason = f"the detector was fitted on {known}, and not on {document.language}"
        return replace(said, reason=reason), None
    cells = model.cells_for(view.size, document.language, domain)
    needed = needed_for(level)
    enough = tuple(cell for cell in cells if cell.documents >= needed)
    if not enough:
        most = max((cell.documents for cell in cells), default=0)
        begins = size_from(kind, view.size)
        reason = (
            f"the reference has {most} human documents of this length (from {begins} {kind.unit}"
            f"{f', {domain}' if domain else ''}); level {level:g} needs {needed}"
        )
        return replace(said, reason=reason, reference_size=most), None
    return said, _Asked(at, view, see(view), enough)


def _rank(works: Sequence[_Asked], model: Calibrated, margin: float) -> None:
    """Rank each document in its cells: the largest p-value of all counts."""
    seen = [work.seen for work in works]
    scores = model.scores(seen, [work.view for work in works]) - margin
    strange = model.detector.strangeness(seen)
    rows_of: dict[int, tuple[Cell, list[int]]] = {}
    for row, work in enumerate(works):
        for cell in work.cells:
            rows_of.setdefault(id(cell), (cell, []))[1].append(row)
    for work in works:
        work.p = work.strange_p = 0.0
    for cell, rows in rows_of.values():
        ranks = cell.p_values(scores[rows])
        unlike = cell.strange_p_values(strange[rows])
        for row, p, strange_p in zip(rows, ranks, unlike, strict=True):
            work = works[row]
            if p > work.p:
                work.p, work.cell = float(p), cell
            work.strange_p = max(work.strange_p, float(strange_p))


def _shifted_together(works: Sequence[_Asked]) -> frozenset[int]:
    """Return documents that, taken together with others of their cells, are unlike the reference.

    Where the domain is not named, a document counts as strange if it is to every domain.
    """
    together: dict[tuple[int, ...], list[_Asked]] = {}
    for work in works:
        together.setdefault(tuple(id(cell) for cell in work.cells), []).append(work)
    turned_away: set[int] = set()
    for of_cells in together.values():
        if len(of_cells) < LEAST_BATCH:
            continue
        ranks = np.array([work.strange_p for work in of_cells])
        least = min(cell.documents for cell in of_cells[0].cells)
        if shift_log10_p(ranks, least) <= math.log10(BATCH_GATE_LEVEL):
            turned_away.update(work.at for work in of_cells)
    return frozenset(turned_away)


def _last(said: Judgement, work: _Asked, level: float, turned_away: frozenset[int]) -> Judgement:
    """Return what is said of a document whose rank is known."""
    assert work.cell is not None  # noqa: S101 - p-values are positive
    ranked = replace(said, domain=work.cell.domain, reference_size=work.cell.documents)
    if work.strange_p <= GATE_LEVEL:
        reason = "its words or form are unlike those of the human documents of the reference"
        return replace(ranked, reason=reason)
    if work.at in turned_away:
        reason = (
            "the documents of its length, taken together, are unlike the human documents of the "
            "reference: calibrate on some of their domain"
        )
        return replace(ranked, reason=reason)
    verdict: Verdict = (
        "consistent with a model's writing" if work.p <= level + 1e-12 else "not told apart"
    )
    return replace(ranked, verdict=verdict, log10_p=math.log10(work.p))


def _batch(found: Sequence[Judgement], level: float) -> Batch:
    judged = [each for each in found if each.log10_p is not None]
    cells: dict[tuple[str, str | None, int, int], list[float]] = {}
    for each in judged:
        begins = size_from(KINDS[each.document.kind], each.size)
        key = each.document.kind, each.domain, begins, each.reference_size
        cells.setdefault(key, []).append(10.0 ** (each.log10_p or 0.0))
    logs = [batch_log10_p(np.array(each), key[-1], level) for key, each in cells.items()]
    smallest = min(logs, default=0.0) + math.log10(max(len(logs), 1))
    return Batch(
        judged=len(judged),
        consistent=sum(each.verdict == "consistent with a model's writing" for each in judged),
        expected=level * len(judged),
        log10_p=min(0.0, smallest),
    )
