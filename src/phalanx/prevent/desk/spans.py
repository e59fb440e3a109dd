"""Decisions as events of OpenTelemetry spans, where `opentelemetry-api` is installed.

The event goes to the span that is open, as it is inside of an application that is traced. Where
none is, a span of its own is opened, below the one that the headers of the request carry on.
Nothing of the prompt and no account is told: traces go to other people than decisions do.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Protocol

from phalanx.prevent.desk.exchange import Exchange

EVENT = "phalanx.gateway.decision"
SPAN = "phalanx gateway decide"

Attributes = Mapping[str, str | bool | int | float | tuple[str, ...]]


class Spans(Protocol):
    """Where decisions are told to traces."""

    def decided(self, exchange: Exchange) -> None:
        """Tell a decision."""
        ...


class NoSpans:
    """Where nothing traces."""

    def decided(self, exchange: Exchange) -> None:
        """Tell nobody."""


def spans() -> Spans:
    """Return where decisions are told: OpenTelemetry if it is installed, else nowhere."""
    return OpenTelemetrySpans() if find_spec("opentelemetry") else NoSpans()


class OpenTelemetrySpans:
    """Tells decisions to the tracer that the process has set."""

    def __init__(self) -> None:
        """Ask for the tracer."""
        from opentelemetry import propagate, trace  # noqa: PLC0415 - an extra

        self._tracer = trace.get_tracer("phalanx.gateway")
        self._provider = trace.get_tracer_provider
        self._nobodys = trace.ProxyTracerProvider
        self._current_span = trace.get_current_span
        self._carried_on = propagate.extract

    def decided(self, exchange: Exchange) -> None:
        """Add the event to the span that is open, or to one of its own."""
        if isinstance(self._provider(), self._nobodys):
            return  # nobody set a tracer, and asking for spans costs as much as deciding
        current = self._current_span()
        if current.is_recording():
            current.add_event(EVENT, attributes_of(exchange))
            return
        context = self._carried_on(exchange.headers)
        with self._tracer.start_as_current_span(SPAN, context) as span:
            if span.is_recording():
                span.add_event(EVENT, attributes_of(exchange))


def attributes_of(exchange: Exchange) -> Attributes:
    """Return what an event says of a decision."""
    decision = exchange.decision
    said: dict[str, str | bool | int | float | tuple[str, ...]] = {
        "gen_ai.request.model": exchange.request.model,
        "phalanx.gateway.exchange_id": decision.exchange_id,
        "phalanx.gateway.action": decision.action,
        "phalanx.gateway.in_force": decision.in_force,
        "phalanx.gateway.stage": decision.stage,
        "phalanx.gateway.reasons": tuple(each.code for each in decision.reasons),
        "phalanx.gateway.rules": tuple(each.rule for each in decision.reasons if each.rule),
        "phalanx.gateway.policy": decision.policy,
        "phalanx.gateway.policy_digest": decision.policy_digest,
        "phalanx.gateway.delay_seconds": decision.delay_seconds,
        "phalanx.gateway.drop_logprobs": decision.drop_logprobs,
    }
    if decision.key_id is not None:
        said["phalanx.gateway.key_id"] = decision.key_id
    if decision.appeal:
        said["phalanx.gateway.appeal"] = decision.appeal
    if decision.most_output_tokens is not None:
        said["phalanx.gateway.most_output_tokens"] = decision.most_output_tokens
    return said
