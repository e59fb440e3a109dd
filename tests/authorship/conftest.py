"""Made-up authors: humans draw words evenly, models have favourites."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.features import KINDS
from phalanx.authorship.fitting import Labelled, fit_detector
from phalanx.authorship.judging import seen_of
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.calibrated import cells_of

Author = Callable[..., list[Document]]

WORDS = [f"{first}{middle}{last}" for first in "bdgklm" for middle in "aeiou" for last in "nrst"]
COMMON = ["the", "of", "and", "to", "in", "is", "it", "that"]


def documents_of(
    author: str, count: int, seed: int, *, words: int = 80, domain: str = ""
) -> list[Document]:
    """Return texts of one author; a model writes a tenth of the words more often than others."""
    random = np.random.default_rng(seed)
    weights = np.ones(len(WORDS))
    if author == "model":
        weights[:12] = 3.0
    weights /= weights.sum()
    found = []
    for at in range(count):
        drawn = random.choice(WORDS, words, p=weights)
        common = random.choice(COMMON, words)
        pairs = " ".join(f"{a} {domain}{b}" for a, b in zip(common, drawn, strict=True))
        name = f"{author}-{seed}-{at}"
        found.append(
            Document(
                document_id=name,
                kind="text",
                content=pairs[: pairs.rindex(" ")] + ".",
                language="en",
                group=name,
                source=author,
            )
        )
    return found


@pytest.fixture(scope="session")
def author() -> Author:
    """Return the writer of made-up texts."""
    return documents_of


@pytest.fixture(scope="session")
def labelled(author: Author) -> Labelled:
    """Return 200 documents of each kind of author, from two collections."""
    documents = author("human", 200, 1) + author("model", 200, 2)
    is_model = np.array([each.source == "model" for each in documents])
    return Labelled(
        [seen_of(each) for each in documents], is_model, np.arange(400), np.arange(400) % 2
    )


@pytest.fixture(scope="session")
def model(labelled: Labelled, author: Author) -> Calibrated:
    """Return a detector of these authors with a reference of 400 other human documents."""
    detector = fit_detector(labelled, KINDS["text"], ("en",), "made-up texts")
    held_out = [seen_of(each) for each in author("human", 400, 3)]
    cells = cells_of(detector, held_out, ["en"] * 400, ["made up"] * 400)
    return Calibrated(detector, cells, "400 made-up texts")
