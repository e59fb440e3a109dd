"""Whether the parts of a document agree: a claim about all of it needs that they do.

A claim rests on the beginning of a document. If a human wrote a part of it, or wrote into all of
it, it is neither what the null hypothesis says nor its opposite, and one word for all of it is
wrong whichever it is. So who would be claimed is read again, window by window: where enough of the
windows rank as humans' do, nothing is said of the document as a whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from phalanx.authorship.documents import Document
from phalanx.authorship.documents.windows import windows_of
from phalanx.authorship.features import see
from phalanx.authorship.judging.views_of import view_of
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.calibrated import size_from

ORDINARY = 0.25
"""Rank from which on a window is as humans write: a quarter of them rank as high or higher."""

LEAST_SHARE = 0.05
"""Of the windows of a document that must be ordinary before it is mixed, and one at least: of the
windows of what models wrote some two in a thousand are."""


@dataclass(frozen=True, slots=True)
class Parts:
    """How the windows of a document rank."""

    ranked: int
    """Windows that are long enough and have human documents of their length."""

    ordinary: int
    """Those of them that rank as humans' do."""

    @property
    def disagree(self) -> bool:
        """Whether they are too many for one claim about all of the document."""
        return self.ordinary >= max(1, math.ceil(LEAST_SHARE * self.ranked))


def parts_of(document: Document, model: Calibrated, domain: str) -> Parts:
    """Rank the windows of a document that would be claimed.

    Null hypothesis of each window: as of the document. Nothing is claimed of it here: a rank above
    `ORDINARY` takes a claim back, and a false positive can only become rarer by it. The error is
    that a document by a model alone is called mixed.

    Parameters:
        document: With a rank at or below the level.
        model: Detector with its reference.
        domain: Among whose human documents it ranked, and its windows do. No margin is taken from
            them: it would make every window ordinary.
    """
    windows = windows_of(document.content, document.kind)
    if len(windows) < 2:
        return Parts(0, 0)
    views = [
        view_of(replace(document, content=document.content[each.start : each.stop]))
        for each in windows
    ]
    kind = model.detector.kind
    views = [each for each in views if each.size >= kind.least]
    if not views:
        return Parts(0, 0)
    scores = model.scores([see(each) for each in views], views)
    cells = {
        cell.size_from: cell
        for cell in model.cells
        if (cell.domain, cell.language) == (domain, document.language)
    }
    ranks = [
        float(cells[begins].p_values(scores[at : at + 1])[0])
        for at, view in enumerate(views)
        if (begins := size_from(kind, view.size)) in cells
    ]
    return Parts(len(ranks), sum(each >= ORDINARY for each in ranks))
