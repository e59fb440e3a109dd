"""Counts of the key server for Prometheus.

Whoever may scrape a server learns these. So they speak of all members together: what a single
one asks would tell its traffic to the others.
"""

from __future__ import annotations

from fastapi import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)

_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Gauges:
    """Counts of one server, in a registry of its own."""

    def __init__(self) -> None:
        """Start at zero."""
        self._registry = CollectorRegistry()
        self._elements = Counter(
            "phalanx_keys_elements", "Elements that were evaluated.", registry=self._registry
        )
        self._seconds = Histogram(
            "phalanx_keys_evaluation_seconds",
            "Time to answer a batch.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._refused = Counter(
            "phalanx_keys_refused",
            "Requests that were refused.",
            ["status"],
            registry=self._registry,
        )

    def evaluated(self, elements: int, seconds: float) -> None:
        """Count a batch that was answered."""
        self._elements.inc(elements)
        self._seconds.observe(seconds)

    def refused(self, status: int) -> None:
        """Count a request that was not."""
        self._refused.labels(status=str(status)).inc()

    def page(self) -> Response:
        """Return what Prometheus reads."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
