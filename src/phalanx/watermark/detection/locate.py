"""Where in a text the mark is: mixed, quoted or shortened texts carry it in part."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import calibrate_p_mixed
from phalanx.model import ExactEvidence
from phalanx.watermark.draws import draw
from phalanx.watermark.rules import MarkedPassage
from phalanx.watermark.schemes.scheme import Scheme, Setting

SHORTEST = 16
"""Draws of the smallest window."""

METHOD = "exact tail of the sum of scores in a window, times the windows, version 2"

_SHARP = "Ends are those of windows: the mark may begin or end an eighth of the length away."
_SHIFTS = 8
"""Windows that start within the length of one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a document that carries the mark."""

    document: int
    """Which of the documents, from 0."""

    start: int
    """Its first token."""

    stop: int
    """The token after its last."""

    draws: int
    """Tokens that counted."""

    log10_p: float
    """p-value after correction over every window that was tried, base-10 logarithm."""

    windows: int
    """Windows that were tried."""

    def evidence(self, setting: Setting, key_id: str, tests: int) -> ExactEvidence:
        """Return the passage as evidence.

        Parameters:
            setting: Of the scheme.
            key_id: Name of the key.
            tests: Keys, schemes and tokenizers that passages may have been picked from; p-value
                and e-value are corrected for them.
        """
        return ExactEvidence(
            rule_id=MarkedPassage.rule_id,
            name=MarkedPassage.name,
            family="watermark",
            null_hypothesis="No token of this passage was written with the key.",
            observation=(
                f"{self.draws:,} draws of {setting.name} under key {key_id} in tokens "
                f"{self.start:,} to {self.stop:,}; the best of {self.windows:,} windows, one of "
                f"{tests:,} tests"
            ),
            log10_e=float(calibrate_p_mixed([self.log10_p])[0]) - math.log10(tests),
            reachable_log10_e=None,
            sample_size=self.draws,
            reference_size=self.windows,
            method=METHOD,
            assumptions=(*setting.assumptions, _SHARP),
            decisive=True,
            exact_log10_p=min(0.0, self.log10_p + math.log10(tests)),
        )


def locate(  # noqa: PLR0913 - each is one choice of who asks
    documents: Sequence[npt.ArrayLike],
    scheme: Scheme,
    key: bytes,
    *,
    level: float = 1e-3,
    shortest: int = SHORTEST,
    known: Sequence[npt.ArrayLike] = (),
) -> tuple[Stretch, ...]:
    """Find the stretches of documents that carry a mark.

    Null hypothesis of each window: its tokens were written without the key. Windows of 16, 32,
    64... draws, eight starts within the length of each, are tried in every document, and each
    p-value is multiplied by their number, which the key has no part in. So the chance that any
    stretch is named in which no token was marked is at most the level. The most significant is
    taken, then the next that does not overlap it, by the law of so many draws; it is named if the
    law given its draws agrees. Ends are those of windows: as sharp as an eighth of the length.

    Parameters:
        documents: Token numbers of each.
        scheme: The scheme.
        key: The key.
        level: Chance of any false stretch that is accepted. If the key was one of many that were
            tried, divide by their number first.
        shortest: Draws of the smallest window.
        known: Documents of which nothing counts: prompts.

    Returns:
        Stretches in the order of the documents, none overlapping.

    Raises:
        ValueError: If the shortest window has no draw.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> locate([list(b"a note that nobody marked")], PhalanxGumbel(), bytes(32))
        ()
    """
    if shortest < 1:
        message = f"shortest must be at least 1, not {shortest}"
        raise ValueError(message)
    setting = scheme.setting
    packed = np.frombuffer(key, dtype=np.uint8)[None]
    drawn = draw(
        documents,
        setting.context_width,
        setting.unit,
        known=known,
        before_first=setting.before_first,
    )
    before = sum(np.asarray(each).size for each in known)
    # What stands before a document in the stream is none of its tokens.
    filled = 0 if setting.before_first is None else setting.context_width
    sums = np.concatenate([[0.0], np.cumsum(scheme.scores(drawn, key))])
    starts = before + np.cumsum([0, *(np.asarray(each).size + filled for each in documents)])
    bounds = np.searchsorted(drawn.positions, starts)
    windows = _windows(bounds, shortest)
    if not windows.size:
        return ()
    log10_p = np.empty(len(windows))
    lengths = windows[:, 1] - windows[:, 0]
    for length in np.unique(lengths):
        chosen = lengths == length
        totals = sums[windows[chosen, 1]] - sums[windows[chosen, 0]]
        log10_p[chosen] = setting.law_of_count(totals, int(length))
    windows_log10 = float(np.log10(len(windows)))
    free = np.ones(drawn.count, dtype=bool)
    found = []
    for at in np.argsort(log10_p, kind="stable"):
        if log10_p[at] + windows_log10 > np.log10(level):
            break
        first, last = int(windows[at, 0]), int(windows[at, 1])
        if not free[first:last].all():
            continue
        # The law given the draws takes its time: it is asked of windows that may be named.
        part = drawn.part(first, last)
        value = float(setting.law(scheme.totals(part, packed), part)[0]) + windows_log10
        if value > np.log10(level):
            continue
        free[first:last] = False
        found.append((first, last, min(value, 0.0)))
    stretches = []
    for first, last, value in sorted(found):
        document = int(np.searchsorted(bounds, first, side="right")) - 1
        at_first = starts[document] + filled
        begin, stop = drawn.positions[first] - at_first, drawn.positions[last - 1] - at_first + 1
        stretches.append(
            Stretch(document, int(begin), int(stop), last - first, value, len(windows))
        )
    return tuple(stretches)


def _windows(bounds: npt.NDArray[np.int64], shortest: int) -> npt.NDArray[np.int64]:
    """Return the first draw and the one after the last of every window, shape (windows, 2).

    Of a document that is no multiple of a step, a last window ends where it ends; the whole
    document is one as well.
    """
    parts = []
    for first, last in itertools.pairwise(bounds):
        size = int(last - first)
        if size < shortest:
            continue
        length = shortest
        while length < size:
            step = max(length // _SHIFTS, 1)
            starts = np.unique(np.append(np.arange(0, size - length + 1, step), size - length))
            parts.append(np.stack([starts, starts + length], axis=1) + first)
            length *= 2
        parts.append(np.array([[first, last]]))
    return np.concatenate(parts) if parts else np.empty((0, 2), np.int64)
