"""Judging: a rank in the right cell, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from phalanx.authorship.documents import Document
from phalanx.authorship.features import KINDS, Seen, see
from phalanx.authorship.judging.judgement import CONSISTENT, Judgement, Verdicts
from phalanx.authorship.judging.parts import parts_of
from phalanx.authorship.judging.together import Ranked, batch_of
from phalanx.authorship.judging.views_of import view_of
from phalanx.authorship.reference import Calibrated, Cell, needed_for
from phalanx.authorship.reference.calibrated import size_from
from phalanx.authorship.reference.cells import shift_log10_p
from phalanx.authorship.views import View

GATE_LEVEL = 0.02
"""Share of documents like the reference that the gate turns away by mistake, at most."""

BATCH_GATE_LEVEL = 1e-3
"""The same for all documents of a batch in one cell together."""

LEAST_BATCH = 20
"""Documents of one cell that are compared with the reference together."""

Progress = Callable[[str, float], None]


@dataclass(slots=True)
class _Asked:
    """A document under work: where it stands, and what each of its cells says."""

    at: int
    view: View
    seen: Seen
    cells: tuple[Cell, ...]
    """Large enough for the level."""

    objecting: tuple[Cell, ...]
    """Of other domains that it may be of, too small for the level."""

    score: float = 0.0
    p: float = 1.0
    strange_p: float = 1.0
    cell: Cell | None = None


def judge(  # noqa: PLR0913 - what is asked, of whom, and how sure
    documents: Sequence[Document],
    models: Mapping[str, Calibrated],
    *,
    level: float,
    domain: str | None = None,
    by_parts: bool = True,
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
        by_parts: Whether who would be claimed is read again, window by window, and mixed if the
            windows disagree.
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
    ranked: list[Ranked] = []
    for kind, works in asked.items():
        model = models[kind]
        _rank(works, model, model.margin if domain is None else 0.0)
        turned_away = _shifted_together(works)
        for work in works:
            said = _last(found[work.at], work, level, turned_away)
            found[work.at] = _agreed(said, model) if by_parts else said
            cells = (*work.cells, *work.objecting)
            ranked.append(Ranked(found[work.at], work.view.content, cells))
    return Verdicts(judgements=tuple(found), batch=batch_of(ranked, level), level=level)


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
    few = tuple(cell for cell in cells if cell.documents < needed)
    return said, _Asked(at, view, see(view), enough, few)


def _rank(works: Sequence[_Asked], model: Calibrated, margin: float) -> None:
    """Rank each document in its cells: the largest p-value of all counts.

    A domain that is too small for the level cannot rank a document so low, but it objects: where
    one of its humans scores as high, its rank counts. Without it a smaller level would leave more
    domains out, and could claim what a larger one does not.
    """
    seen = [work.seen for work in works]
    scores = model.scores(seen, [work.view for work in works]) - margin
    strange = model.detector.strangeness(seen)
    rows_of: dict[int, tuple[Cell, list[int]]] = {}
    for row, work in enumerate(works):
        for cell in work.cells:
            rows_of.setdefault(id(cell), (cell, []))[1].append(row)
    for work, score in zip(works, scores, strict=True):
        work.score = float(score)
        work.p = work.strange_p = 0.0
    for cell, rows in rows_of.values():
        ranks = cell.p_values(scores[rows])
        unlike = cell.strange_p_values(strange[rows])
        for row, p, strange_p in zip(rows, ranks, unlike, strict=True):
            work = works[row]
            if p > work.p:
                work.p, work.cell = float(p), cell
            work.strange_p = max(work.strange_p, float(strange_p))
    for row, work in enumerate(works):
        for cell in work.objecting:
            p = float(cell.p_values(scores[row : row + 1])[0])
            if p > max(work.p, 1.5 / (cell.documents + 1)):
                work.p, work.cell = p, cell


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
    if not math.isfinite(work.score):
        return replace(ranked, reason="what the detector makes of it is no number")
    if work.strange_p <= GATE_LEVEL:
        reason = "its words or form are unlike those of the human documents of the reference"
        return replace(ranked, reason=reason)
    if work.at in turned_away:
        reason = (
            "the documents of its length, taken together, are unlike the human documents of the "
            "reference: calibrate on some of their domain"
        )
        return replace(ranked, reason=reason)
    verdict = CONSISTENT if work.p <= level + 1e-12 else "not told apart"
    return replace(ranked, verdict=verdict, log10_p=math.log10(work.p))


def _agreed(said: Judgement, model: Calibrated) -> Judgement:
    """Return the same, or "mixed" where a claim would be made and the parts do not agree."""
    if said.verdict != CONSISTENT or said.domain is None:
        return said
    parts = parts_of(said.document, model, said.domain)
    if not parts.disagree:
        return said
    reason = (
        f"its parts disagree: {parts.ordinary} of {parts.ranked} windows score as humans do (a "
        f"quarter or more of the documents of {said.domain} as high), its beginning does not"
    )
    return replace(said, verdict="mixed", reason=reason, log10_p=None)
