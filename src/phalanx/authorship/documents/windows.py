"""Cutting a document into windows that follow each other and end where sentences or lines do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

WINDOW_WORDS = 120
"""Of a window of prose, about: the shortest length at which most of what a model wrote is found."""

WINDOW_LINES = 40
"""Of a window of code."""

MOST_WINDOWS = 2_000
"""Of one document; what comes after is not looked at."""

_WORD = re.compile(r"\S+")
_ENDS = (".", "!", "?", ".\u201d", '."', "\u3002")


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a document."""

    start: int
    """First character."""

    stop: int
    """Character after the last."""


def windows_of(content: str, kind: str) -> tuple[Window, ...]:
    """Cut a document.

    Windows do not overlap, so that no word is counted for two of them. What is left in the end goes
    to the last one if it is shorter than half a window.

    Parameters:
        content: Of the document.
        kind: `text` or `code`.

    Examples:
        >>> text = "It is so. " * 100
        >>> [(each.start, each.stop) for each in windows_of(text, "text")]
        [(0, 399), (400, 799), (800, 999)]
    """
    return _of_lines(content) if kind == "code" else _of_words(content)


def _of_words(content: str) -> tuple[Window, ...]:
    words = [(match.start(), match.end()) for match in _WORD.finditer(content)]
    cuts = [0]
    while len(words) - cuts[-1] > WINDOW_WORDS and len(cuts) <= MOST_WINDOWS:
        cut = cuts[-1] + WINDOW_WORDS
        # The nearest end of a sentence within a quarter of a window, if there is one.
        near = sorted(
            range(cut - WINDOW_WORDS // 4, min(cut + WINDOW_WORDS // 4, len(words))),
            key=lambda at: (abs(at - cut), at),
        )
        ends = (at for at in near if content[slice(*words[at - 1])].endswith(_ENDS))
        cuts.append(next(ends, cut))
    if len(cuts) > 1 and len(words) - cuts[-1] < WINDOW_WORDS // 2:
        cuts.pop()
    bounds = [*cuts, len(words)][: MOST_WINDOWS + 1]
    return tuple(
        Window(words[first][0], words[last - 1][1])
        for first, last in pairwise(bounds)
        if last > first
    )


def _of_lines(content: str) -> tuple[Window, ...]:
    lines = content.splitlines(keepends=True)
    ends = [0]
    for line in lines:
        ends.append(ends[-1] + len(line))
    cuts = list(range(0, len(lines), WINDOW_LINES))
    if len(cuts) > 1 and len(lines) - cuts[-1] < WINDOW_LINES // 2:
        cuts.pop()
    bounds = [*cuts, len(lines)][: MOST_WINDOWS + 1]
    return tuple(
        Window(ends[first], ends[last]) for first, last in pairwise(bounds) if last > first
    )
