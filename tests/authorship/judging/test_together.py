"""Many documents at once: their count keeps its level, however they are gathered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.judging import CONSISTENT, Judgement, judge
from phalanx.authorship.judging.together import Ranked, batch_of
from phalanx.authorship.reference import Calibrated, Cell

Author = Callable[..., list[Document]]

LEVEL = 0.01


def _ranked(scores: np.ndarray, cells: list[Cell]) -> list[Ranked]:
    """Return documents that were ranked in cells, by the largest p-value."""
    ranks = np.array([each.p_values(scores) for each in cells])
    found = []
    for at, worst in enumerate(ranks.argmax(axis=0)):
        document = Document(
            document_id=str(at), kind="text", content=str(at), language="en", group=str(at),
            source="x",
        )  # fmt: skip
        p = float(ranks[worst, at])
        said = Judgement(
            document=document, verdict=CONSISTENT if p <= LEVEL else "not told apart", reason="",
            size=90, whole_size=90, log10_p=float(np.log10(p)), domain=cells[worst].domain,
            reference_size=cells[worst].documents,
        )  # fmt: skip
        found.append(Ranked(said, str(at).encode(), tuple(cells)))
    return found


@pytest.mark.parametrize("sizes", [(400, 400, 400), (60, 300)])
def test_counts_keep_their_level_where_no_domain_is_named(sizes: tuple[int, ...]) -> None:
    """A hundred humans of the first domain, among domains that write alike, 1,000 times.

    Counted for the domain that each ranks worst in, 0.6 to 0.9 % of batches had a p-value of one in
    a thousand.
    """
    random = np.random.default_rng(3)
    logs = []
    for _ in range(1_000):
        cells = [
            Cell(str(at), "en", 60, random.normal(size=size), np.zeros((size, 2)))
            for at, size in enumerate(sizes)
        ]
        logs.append(batch_of(_ranked(random.normal(size=100), cells), LEVEL).log10_p)
    for level in (0.1, 0.01, 0.001):
        rate = (np.array(logs) <= np.log10(level)).mean()
        assert rate <= level + 3.0 * np.sqrt(level * (1 - level) / 1_000)


def test_counts_keep_their_level_where_documents_are_of_different_domains() -> None:
    """Half of them of one domain, half of another that lies higher, 500 times."""
    random = np.random.default_rng(4)
    logs = []
    for _ in range(500):
        cells = [
            Cell(str(at), "en", 60, at + random.normal(size=200), np.zeros((200, 2)))
            for at in (0, 1)
        ]
        humans = random.normal(size=100) + np.repeat([0, 1], 50)
        logs.append(batch_of(_ranked(humans, cells), LEVEL).log10_p)
    for level in (0.1, 0.01):
        rate = (np.array(logs) <= np.log10(level)).mean()
        assert rate <= level + 3.0 * np.sqrt(level * (1 - level) / 500)


def test_a_batch_of_models_is_found_where_no_domain_is_named() -> None:
    """A third of a hundred documents high above both domains."""
    random = np.random.default_rng(5)
    cells = [Cell(str(at), "en", 60, random.normal(size=300), np.zeros((300, 2))) for at in (0, 1)]
    scores = random.normal(size=100) + np.repeat([6.0, 0.0, 0.0, 0.0], 25)
    assert batch_of(_ranked(scores, cells), LEVEL).log10_p < -4


def test_copies_and_groups_are_one_piece_of_evidence(model: Calibrated, author: Author) -> None:
    """The same text fifteen times, or many texts of one group, count once; each keeps its word."""
    asked = author("model", 40, 42)
    found = judge(asked, {"text": model}, level=0.05)
    like = [each.document for each in found.judgements if each.verdict == CONSISTENT][:19]
    (alone,) = [judge(like[:1], {"text": model}, level=0.05).batch]
    copies = judge([like[0]] * 15, {"text": model}, level=0.05).batch
    assert (copies.judged, copies.consistent, copies.counted) == (15, 15, 1)
    assert copies.log10_p == pytest.approx(alone.log10_p)
    grouped = judge([replace(each, group="one") for each in like], {"text": model}, level=0.05)
    assert (grouped.batch.consistent, grouped.batch.counted) == (len(like), 1)
    apart = judge(like, {"text": model}, level=0.05).batch
    assert (apart.counted, apart.log10_p < -6) == (len(like), True)


def test_what_the_gate_turned_away_is_counted(model: Calibrated, author: Author) -> None:
    """It was asked about, so leaving it out would make few at the level look like many."""
    asked = [*author("human", 30, 50), *author("human", 5, 51, domain="xy")]
    found = judge(asked, {"text": model}, level=0.05).batch
    assert found.judged < found.counted == 35
