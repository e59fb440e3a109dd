"""Joining a detector and the readings of a language model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from phalanx.authorship.detector import Detector, WithReadings
from phalanx.authorship.detector.with_readings import joined
from phalanx.authorship.features import Seen
from phalanx.authorship.features.reader import Reader
from phalanx.authorship.features.readings import Reading
from phalanx.authorship.fitting.fit import LEAST_OF_EACH
from phalanx.authorship.fitting.logistic import fit_logistic
from phalanx.errors import InputError

_RIDGE = 1.0


def join_readings(
    detector: Detector,
    documents: Sequence[Seen],
    readings: Sequence[Reading],
    is_model: npt.NDArray[np.bool_],
    reader: Reader,
) -> WithReadings:
    """Fit how much the readings of a model count beside a detector.

    Parameters:
        detector: That was fitted on none of the documents.
        documents: Of both kinds of author, of the kind of the detector.
        readings: Of the same documents.
        is_model: Whether a model wrote each document.
        reader: Who read.

    Raises:
        InputError: If there are too few documents of humans or of models.
    """
    models = int(is_model.sum())
    if min(models, is_model.size - models) < LEAST_OF_EACH:
        message = (
            f"{is_model.size - models:,} documents of humans and {models:,} of models cannot be "
            f"joined with readings: {LEAST_OF_EACH} of each are needed"
        )
        raise InputError(message, next_step="Hand in more documents that were not fitted on.")
    said = joined(detector.scores(documents), readings)
    centre = said.mean(axis=0)
    spread = np.maximum(said.std(axis=0), 1e-9)
    weights, intercept = fit_logistic(
        (said - centre) / spread, is_model, _RIDGE, rising=centre.size
    )
    return WithReadings(detector, reader.name, reader.digest, centre, spread, weights, intercept)
