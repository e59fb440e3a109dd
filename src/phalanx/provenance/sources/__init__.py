"""What a model says of texts: log-probabilities and answers, from wherever it stands."""

from __future__ import annotations

from phalanx.provenance.sources.endpoint import CompletionsEndpoint
from phalanx.provenance.sources.recorded import RecordedAnswers, record
from phalanx.provenance.sources.source import LogprobSource
from phalanx.provenance.sources.transformers_folder import TransformersFolder

__all__ = [
    "CompletionsEndpoint",
    "LogprobSource",
    "RecordedAnswers",
    "TransformersFolder",
    "record",
]
