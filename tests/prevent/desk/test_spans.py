"""Decisions as events of spans, by the tracer of OpenTelemetry's own SDK."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.desk.spans import EVENT, SPAN, NoSpans, OpenTelemetrySpans, spans

ASKED = {"exchange_id": "r1", "account_id": "harvester", "model": "large", "prompt": "secret-4711"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Keep spans in memory; other tests have no tracer."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", provider.get_tracer)
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    return exporter


def test_a_decision_goes_to_the_trace_that_the_request_carries_on(
    exported: InMemorySpanExporter, serve: Callable[..., Any]
) -> None:
    """In a span of its own, with what was done and why, and nothing of whom or what."""
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    serve().running.desk.decide(Asked.model_validate(ASKED), headers)
    (span,) = exported.get_finished_spans()
    assert span.name == SPAN
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    (event,) = span.events
    assert event.name == EVENT
    said = dict(event.attributes or {})
    assert said["phalanx.gateway.action"] == "mark"
    assert said["phalanx.gateway.reasons"] == ("PHX-G001",)
    assert said["phalanx.gateway.key_id"] == "wmk_" + "0" * 32
    assert not any("4711" in str(each) or "harvester" in str(each) for each in said.values())


def test_over_http_the_event_is_in_the_same_trace(
    exported: InMemorySpanExporter, serve: Callable[..., Any]
) -> None:
    """Once, whichever span of the server takes it."""
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    assert serve().client.post("/v1/decide", json=ASKED, headers=headers).is_success
    spans_of_it = [span for span in exported.get_finished_spans() if span.events]
    assert [event.name for span in spans_of_it for event in span.events] == [EVENT]
    assert all(
        span.context is not None and f"{span.context.trace_id:032x}" == TRACE
        for span in spans_of_it
    )


def test_a_span_that_is_open_takes_the_event(
    exported: InMemorySpanExporter, serve: Callable[..., Any]
) -> None:
    """As inside of an application that is traced."""
    served = serve()
    with trace.get_tracer("app").start_as_current_span("chat"):
        served.running.desk.decide(Asked.model_validate(ASKED))
    (span,) = exported.get_finished_spans()
    assert (span.name, [each.name for each in span.events]) == ("chat", [EVENT])


def test_without_opentelemetry_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a tracer is used where it is installed."""
    assert isinstance(spans(), OpenTelemetrySpans)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setattr("phalanx.prevent.desk.spans.find_spec", lambda _: None)
    assert isinstance(spans(), NoSpans)
