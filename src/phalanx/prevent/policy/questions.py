"""Tests of texts, answered beforehand: patterns are no work for a kernel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import translate

from phalanx.prevent.facts import MOST_TEXT_CHARACTERS

_MOST_REMEMBERED = 65_536
"""Answers about texts that are kept: who makes up ever new names of a client only costs time."""


@dataclass(slots=True)
class TextQuestion:
    """One test of a text, whose answers are remembered."""

    column: int
    """Of the text, see `TEXT_COLUMN`."""

    one_of: re.Pattern[str] | None
    none_of: re.Pattern[str] | None
    _answers: dict[str, bool] = field(default_factory=dict)

    def holds(self, text: str | None) -> bool:
        """Tell whether it holds of a text; of one that is unknown it does not."""
        if text is None:
            return False
        known = self._answers.get(text)
        if known is None:
            looked_at = text[:MOST_TEXT_CHARACTERS]
            known = (self.one_of is None or self.one_of.match(looked_at) is not None) and (
                self.none_of is None or self.none_of.match(looked_at) is None
            )
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            if len(text) <= MOST_TEXT_CHARACTERS:
                self._answers[text] = known
        return known


def any_like(patterns: Sequence[str] | None) -> re.Pattern[str] | None:
    """Return what matches a text that is like one of some patterns; none for no patterns."""
    if patterns is None:
        return None
    # Brackets stand for themselves: a class of characters has no place in a name.
    return re.compile("|".join(translate(each.replace("[", "[[]")) for each in patterns))
