"""Counts of the hub as a whole, for Prometheus; none of a single member or collection.

How much one provider shares, and when, would tell its competitors about its traffic.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response


class Gauges:
    """What is counted."""

    def __init__(self) -> None:
        """Begin at zero, apart from other hubs of this process."""
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "phalanx_hub_answers",
            "Answers, by method, endpoint and status.",
            ["method", "endpoint", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "phalanx_hub_seconds",
            "From the head of a request to the head of its answer.",
            ["endpoint"],
            registry=self._registry,
            buckets=(0.005, 0.02, 0.05, 0.2, 1.0, 5.0, 30.0),
        )
        self._objects = Counter(
            "phalanx_hub_objects",
            "Objects that were stored, refused or served.",
            ["what"],
            registry=self._registry,
        )

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(method, endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def counted(self, what: str, objects: int) -> None:
        """Count objects: stored, refused or served."""
        self._objects.labels(what).inc(objects)

    def page(self) -> Response:
        """Return all counts as Prometheus reads them."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
