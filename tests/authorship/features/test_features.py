"""What is counted: every number has its place, and is what its name says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.authorship.features import KINDS, see
from phalanx.authorship.features.code_form import FORM_NAMES as CODE_NAMES
from phalanx.authorship.features.prose_form import FORM_NAMES as PROSE_NAMES
from phalanx.authorship.views import View, code_view, prose_view


def test_the_form_of_prose_is_what_its_names_say() -> None:
    """Counted by hand in two sentences of nine words."""
    seen = see(prose_view("The dog didn't bark, really. It was 12 to 13."))
    form = dict(zip(PROSE_NAMES, seen.form, strict=True))
    assert form["sign ,"] == pytest.approx(1 / 8)
    assert form["sign ."] == pytest.approx(2 / 8)
    assert form["numbers"] == pytest.approx(2 / 8)
    assert form["contractions"] == pytest.approx(1 / 8)
    assert form["ends ly"] == pytest.approx(1 / 8)
    assert form["sentence length"] == pytest.approx(5.0)
    assert form["words: the"] == form["words: not"] == form["words: is"] == pytest.approx(1 / 8)
    assert form["words once"] == pytest.approx(1.0)
    assert form["bigrams again"] == 0.0


def test_the_form_of_code_is_what_its_names_say() -> None:
    """Counted by hand in three lines."""
    seen = see(code_view("def a_b(x, y):\n    z = x\n    return zZ(z)", "python"))
    form = dict(zip(CODE_NAMES, seen.form, strict=True))
    names = 9
    assert form["names with underscores"] == pytest.approx(1 / names)
    assert form["names with capitals inside"] == pytest.approx(1 / names)
    assert form["names of one letter"] == pytest.approx(5 / names)
    assert form["depth"] == pytest.approx(2 / 3)
    assert form["space before equals"] == form["space after comma"] == 1.0
    assert form["longest line"] == len("def a_b(x, y):")


@given(st.text(max_size=400), st.sampled_from(sorted(KINDS)))
def test_anything_is_counted(text: str, kind: str) -> None:
    """All numbers are finite, all buckets in range, all counts positive."""
    view = View("text", text.encode(errors="replace"), 1, 1)
    seen = see(View(kind, view.content, 1, 1))
    assert np.isfinite(seen.form).all()
    assert seen.form.size == len(KINDS[kind].form_names)
    assert seen.run_counts.sum() == (seen.runs >= 0).sum()
    assert (np.diff(seen.letter_buckets) > 0).all()
    assert (seen.letter_counts > 0).all()
