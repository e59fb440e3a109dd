"""How unlikely so many documents at the level are, if humans wrote all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phalanx.authorship.judging.judgement import CONSISTENT, Batch, Judgement
from phalanx.authorship.reference import Cell
from phalanx.authorship.reference.cells import count_log10_p


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document that was ranked, whatever was said of it then."""

    said: Judgement
    content: bytes
    """What of it is read."""

    cells: tuple[Cell, ...]
    """All that it may belong to."""


def batch_of(ranked: Sequence[Ranked], level: float) -> Batch:
    """Return what may be said of all documents together.

    Which domain a document that names none is of is not known. Counting it for the domain among
    which it ranks worst would choose the count by the ranks: near its tail one of two domains that
    are alike is always the worse one. So all of one length are one count, and of the laws of all
    domains that they may be of the one that makes it least surprising holds.

    Null hypothesis: humans wrote all, each document by itself and as the authors of one domain of
    the reference wrote theirs.

    Parameters:
        ranked: Documents with their cells, in the order in which they were handed in. Those that
            were turned away count among them, since that may depend on how high they rank.
        level: Of claims.
    """
    judged = [each for each in ranked if each.said.log10_p is not None]
    counts: dict[tuple[int, ...], list[Ranked]] = {}
    counted = 0
    for each in _different(ranked):
        counts.setdefault(tuple(id(cell) for cell in each.cells), []).append(each)
        counted += 1
    logs = [_count_log10_p(each, level) for each in counts.values()]
    return Batch(
        judged=len(judged),
        consistent=sum(each.said.verdict == CONSISTENT for each in judged),
        expected=level * len(judged),
        counted=counted,
        log10_p=min(0.0, min(logs, default=0.0) + math.log10(max(len(logs), 1))),
    )


def _different(ranked: Sequence[Ranked]) -> Iterator[Ranked]:
    """Yield the first document of each content, and of each group that was named."""
    seen: set[object] = set()
    for each in ranked:
        document = each.said.document
        marks: set[object] = {each.content}
        if document.group != document.document_id:
            marks.add(document.group)
        if not marks & seen:
            yield each
        seen |= marks


def _count_log10_p(ranked: Sequence[Ranked], level: float) -> float:
    limit = math.log10(level) + 1e-9
    small = sum(each.said.log10_p is not None and each.said.log10_p <= limit for each in ranked)
    # Of a cell that is too small for the level, whoever is claimed scores above all.
    return max(
        count_log10_p(
            small, len(ranked), max(1, math.floor(round(level * (cell.documents + 1), 9))),
            cell.documents,
        )
        for cell in ranked[0].cells
    )  # fmt: skip
