"""Locating: windows that rank high among humans, so many that few of them are wrong.

A window is ranked as a document of its own length is. All windows of a document are one family: the
Benjamini-Hochberg procedure takes so many of them that the expected share of wrong ones is at most
the level, which holds for ranks that share one reference. Where no number of windows could pass,
because the reference is too small for so many of them, nothing is said. A document that was told as
mixed has been at the level already; its windows are told each by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phalanx.authorship.documents import Document
from phalanx.authorship.documents.windows import Window, windows_of
from phalanx.authorship.judging import Judgement, judge
from phalanx.authorship.reference import Calibrated, needed_for
from phalanx.evidence import benjamini_hochberg

LEAST_WINDOWS = 2
"""Of a document: with one window there is nothing to locate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Neighbouring windows that are consistent with a model's writing."""

    start: int
    """First character."""

    stop: int
    """Character after the last."""

    windows: int
    log10_p: float
    """Of the window that ranks lowest among them, before any correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What is said of the passages of one document."""

    document_id: str
    windows: int
    evaluable: int
    passages: tuple[Passage, ...]
    reason: str
    """Why nothing is located; empty where passages are told, or none was found."""


def locate(
    document: Document,
    models: Mapping[str, Calibrated],
    *,
    level: float,
    domain: str | None = None,
    is_mixed: bool = False,
) -> Located:
    """Locate passages that are consistent with a model's writing.

    Null hypothesis of each window: a human wrote it as the authors of the reference wrote theirs.

    Parameters:
        document: Of two windows or more.
        models: Kind -> detector with its reference.
        level: Expected share of wrong windows among those that are told, at most.
        domain: That the document belongs to; null takes the largest p-value of all domains.
        is_mixed: Whether the document was told as mixed, and so is at the level as a whole: of
            humans alone hardly any is. Each window is held against the level by itself then, which
            tells at most that share of a human's windows.

    References:
        Benjamini & Hochberg, JRSS B 57 (1995); Bates, Candès, Lei, Romano & Sesia, "Testing for
        outliers with conformal p-values", Annals of Statistics 51 (2023), theorem 2.
    """
    windows = windows_of(document.content, document.kind)
    said = Located(
        document_id=document.document_id, windows=len(windows), evaluable=0, passages=(), reason=""
    )
    if len(windows) < LEAST_WINDOWS:
        return replace(said, reason="one window: there is nothing to locate")
    pieces = [
        replace(document, content=document.content[each.start : each.stop]) for each in windows
    ]
    judged = judge(pieces, models, level=level, domain=domain, by_parts=False).judgements
    ranked = [at for at, each in enumerate(judged) if each.log10_p is not None]
    if not ranked:
        return replace(said, reason=f"no window is evaluable: {judged[0].reason}")
    said = replace(said, evaluable=len(ranked))
    # A domain that is too small for the level may have the largest rank, and has none so small.
    enough = [judged[at].reference_size for at in ranked]
    smallest = 1.0 / (1.0 + max(needed_for(level), *enough))
    p_values = np.array([10.0 ** (judged[at].log10_p or 0.0) for at in ranked])
    if is_mixed:
        taken = p_values <= level + 1e-12
        if not taken.any():
            said = replace(said, reason=f"none of {len(ranked)} windows is at the level by itself")
        return replace(said, passages=_joined(windows, judged, ranked, taken))
    taken = benjamini_hochberg(p_values, level)
    needed = int(np.ceil(smallest * len(ranked) / level - 1e-9))
    if not taken.any() and needed > 1:
        reason = (
            f"none, and fewer than {needed} of {len(ranked)} windows could not be told: the "
            "reference is too small"
        )
        said = replace(said, reason=reason)
    return replace(said, passages=_joined(windows, judged, ranked, taken))


def _joined(
    windows: Sequence[Window],
    judged: Sequence[Judgement],
    ranked: Sequence[int],
    taken: npt.NDArray[np.bool_],
) -> tuple[Passage, ...]:
    """Join neighbours among the windows that were taken."""
    chosen = [at for at, is_taken in zip(ranked, taken, strict=True) if is_taken]
    passages: list[Passage] = []
    before = -2
    for at in chosen:
        log10_p = judged[at].log10_p or 0.0
        if at - 1 == before:
            last = passages[-1]
            passages[-1] = replace(
                last, stop=windows[at].stop, windows=last.windows + 1,
                log10_p=max(last.log10_p, log10_p),
            )  # fmt: skip
        else:
            passages.append(
                Passage(start=windows[at].start, stop=windows[at].stop, windows=1, log10_p=log10_p)
            )
        before = at
    return tuple(passages)
