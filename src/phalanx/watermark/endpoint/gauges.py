"""Counts of the endpoint for Prometheus, of all clients together."""

from __future__ import annotations

from fastapi import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from phalanx.watermark.endpoint.answering import Answer

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Gauges:
    """Counts of one endpoint, in a registry of its own."""

    def __init__(self) -> None:
        """Start at zero."""
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "phalanx_check_answers",
            "Questions that were answered.",
            ["answer"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "phalanx_check_seconds",
            "Time to answer.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._refused = Counter(
            "phalanx_check_refused",
            "Questions that were refused.",
            ["status"],
            registry=self._registry,
        )
        self._filled = Gauge(
            "phalanx_check_tables_filled",
            "Part of the tables of used evidence that is taken; near 1, fresh texts seem used.",
            registry=self._registry,
        )

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(answer=answer).inc()
        self._seconds.observe(seconds)

    def refused(self, status: int) -> None:
        """Count a question that was not answered."""
        self._refused.labels(status=str(status)).inc()

    def page(self, filled: float) -> Response:
        """Return what Prometheus reads."""
        self._filled.set(filled)
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
