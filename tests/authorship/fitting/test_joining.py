"""Joining: readings that know something help, and others do no harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.features import Seen
from phalanx.authorship.features.readings import Reading
from phalanx.authorship.fitting import join_readings
from phalanx.authorship.judging import seen_of
from phalanx.authorship.reference import Calibrated
from phalanx.errors import InputError

Author = Callable[..., list[Document]]
IS_MODEL = np.arange(240) >= 120


class Tiny:
    """A reader of whom name and digest alone are asked."""

    name, digest = "tiny", "ab"

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Read nothing."""
        return [Reading(*[np.zeros(0)] * 4) for _ in texts]


def seen_by(author: Author, seed: int) -> list[Seen]:
    """Return short documents of 120 humans and 120 models."""
    documents = author("human", 120, seed, words=20) + author("model", 120, seed + 1, words=20)
    return [seen_of(each) for each in documents]


def readings_of(seed: int, above: float) -> list[Reading]:
    """Return readings in which models are so much likelier than humans, in nats a token."""
    random = np.random.default_rng(seed)
    return [
        Reading(
            random.normal(-3.0 + above * is_model, 1.0, 40), np.full(40, -3.0), np.ones(40),
            random.integers(1, 30, 40).astype(np.float64),
        )
        for is_model in IS_MODEL
    ]  # fmt: skip


def ordered(scores: np.ndarray) -> float:
    """Return the share of pairs in the right order."""
    return float((scores[120:, None] > scores[None, :120]).mean())


def test_readings_that_know_models_help(model: Calibrated, author: Author) -> None:
    """A fifth of a nat for each token: more pairs in order than by the detector alone."""
    joined = join_readings(
        model.detector, seen_by(author, 31), readings_of(1, 0.2), IS_MODEL, Tiny()
    )
    fresh, readings = seen_by(author, 33), readings_of(2, 0.2)
    assert (joined.reader, joined.reader_digest) == ("tiny", "ab")
    assert (joined.weights >= 0).all()
    assert ordered(joined.scores(fresh, readings)) > ordered(model.detector.scores(fresh)) + 0.02


def test_readings_that_know_nothing_do_no_harm(model: Calibrated, author: Author) -> None:
    """Noise gets next to no weight."""
    joined = join_readings(
        model.detector, seen_by(author, 41), readings_of(3, 0.0), IS_MODEL, Tiny()
    )
    fresh, readings = seen_by(author, 43), readings_of(4, 0.0)
    assert ordered(joined.scores(fresh, readings)) > ordered(model.detector.scores(fresh)) - 0.03


def test_readings_of_other_documents_are_refused(model: Calibrated, author: Author) -> None:
    """One reading for each document, and enough documents of both kinds."""
    seen, readings = seen_by(author, 51), readings_of(5, 0.2)
    with pytest.raises(ValueError, match="240 documents have 239 readings"):
        join_readings(model.detector, seen, readings[1:], IS_MODEL, Tiny())
    with pytest.raises(InputError, match="240 documents of humans and 0 of models"):
        join_readings(model.detector, seen, readings, np.zeros(240, dtype=np.bool_), Tiny())
