"""All that is counted of one document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.authorship.features import code_form as of_code
from phalanx.authorship.features import prose_form as of_prose
from phalanx.authorship.features.compression import bits_per_byte
from phalanx.authorship.features.tokens import (
    Hashes,
    Numbers,
    counted,
    letters_of,
    runs_of,
    tokens_of,
)
from phalanx.authorship.views import View

RUN_BUCKETS = 1 << 20
"""Buckets of runs of tokens."""

LETTER_BUCKETS = 1 << 19
"""Buckets of runs of bytes."""

Form = Callable[[npt.NDArray[np.uint8], Hashes, Numbers, Numbers], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What differs between prose and code."""

    name: str
    form: Form
    form_names: tuple[str, ...]
    unit: str
    """What its size is counted in."""

    least: int
    """Size below which nothing is said."""

    sizes: tuple[int, ...]
    """Where the cells of length begin."""


KINDS = {
    "text": Kind("text", of_prose.prose_form, of_prose.FORM_NAMES, "words", 30, (30, 60, 120, 250)),
    "code": Kind("code", of_code.code_form, of_code.FORM_NAMES, "lines", 10, (10, 20, 40)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was counted of one document."""

    runs: npt.NDArray[np.int32]
    """Bucket of the run of 1, 2, 3 tokens that ends at each token, shape (3, tokens)."""

    run_buckets: Numbers
    """Different buckets of runs, rising."""

    run_counts: Numbers
    letter_buckets: Numbers
    """Different buckets of runs of bytes, rising."""

    letter_counts: Numbers
    form: npt.NDArray[np.float64]
    """Numbers of the form, as its kind names them."""

    bits_per_byte: float
    size: int
    """Words, or lines of code."""


def see(view: View) -> Seen:
    """Count what is counted of a document.

    Examples:
        >>> seen = see(View("text", b"so it is, and so it was.", 7, 7))
        >>> seen.runs.shape, int(seen.run_counts.sum())
        ((3, 9), 24)
    """
    data = np.frombuffer(view.content, dtype=np.uint8)
    is_code = view.kind == "code"
    hashes, starts, kinds = tokens_of(data, is_code)
    runs = runs_of(hashes, RUN_BUCKETS)
    return Seen(
        runs,
        *counted(runs.ravel()),
        *counted(letters_of(data, LETTER_BUCKETS)),
        KINDS[view.kind].form(data, hashes, starts, kinds),
        bits_per_byte(view.content),
        view.size,
    )
