"""What there is of a suspect, and what is computed of it.

A mode is fixed by the plan of an audit, before anything is asked.
"""

from __future__ import annotations

from typing import Literal

Mode = Literal["answers", "weights", "sums", "answers-gathered", "weights-gathered"]
"""What there is of the suspect: what it answers, or its weights (or all of its probabilities).
`sums` is of answers where nobody can say how likely their tokens were: it takes any scheme, and
far more text. What is `gathered` is so by context, over every time that one comes: it sees far more
where contexts come again, and needs prompts or documents that no key has marked."""

GATHERED = ("answers-gathered", "weights-gathered")
"""Modes that gather choices by context."""

RACED = ("weights", *GATHERED)
"""Modes where the marked model makes the races, so that their plans name it."""

_GATHERED = (
    "winners' excess over the reference, {of}, gathered by context, version {version}: the most "
    "usual contexts{but}, candidates likeliest where each first comes; strengths 1 to 32, "
    "doubling; half-weights 16, 64, 256; least expectation 0.001"
)

METHODS = {
    "answers": "mixture likelihood ratio of winners among answers, version 1",
    "weights": "mixture likelihood ratio of lean towards winners, version 2",
    "sums": "exact tail of the sum of scores of answers, calibrated, version 1",
    "answers-gathered": _GATHERED.format(
        of="counted, over its square root", version=2, but=" that an answer's own prompt lacks"
    ),
    "weights-gathered": _GATHERED.format(
        of="of probabilities, in proportion",
        version=2,
        but=", where each first comes in a document",
    ),
}
"""What each mode computes: another number of a statistic's own is another method."""
