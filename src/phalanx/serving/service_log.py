"""The log of a server: one JSON object a line, on standard error."""

from __future__ import annotations

import sys

import structlog


def log_as_json() -> None:
    """Write what a server logs as JSON lines, each with its level and its moment in UTC."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=_on_standard_error,
    )


def _on_standard_error(*_names: str) -> structlog.PrintLogger:
    """Return a logger on what is standard error now, which may be another than at the start."""
    return structlog.PrintLogger(sys.stderr)
