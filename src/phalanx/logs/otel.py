"""Reader of OpenTelemetry spans of generative-AI clients and servers, as OTLP JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phalanx.logs.chunk import NativeChunk
from phalanx.logs.content import LogFile
from phalanx.logs.json_head import first_keys, looks_like_json
from phalanx.logs.json_records import Record, read_records
from phalanx.logs.options import ReadOptions
from phalanx.logs.otel_span import exchange_of, flat_attributes
from phalanx.logs.quality import Quality
from phalanx.logs.rows import PlacedRow, chunks_of

_RESOURCES = ("resourceSpans", "resource_spans")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
_ENVELOPES = {*_RESOURCES, *_SCOPES}
_SPAN_KEYS = {"traceId", "spanId", "startTimeUnixNano"}


class OtelReader:
    """Reads OTLP JSON: whole exports, one export a line, or one span a line."""

    name = "otel"

    def recognises(self, head: bytes) -> float:
        """Look for the envelope of an export, or the keys of a span."""
        if not looks_like_json(head):
            return 0.0
        keys = set(first_keys(head))
        return 0.9 if keys & _ENVELOPES or keys >= _SPAN_KEYS else 0.0

    def read(self, file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
        """Yield the spans that are calls of a model."""
        rows = _rows(read_records(file, quality), options, quality)
        yield from chunks_of(rows, options.batch_rows, quality, responses=options.responses)


def _rows(records: Iterator[Record], options: ReadOptions, quality: Quality) -> Iterator[PlacedRow]:
    number = 0
    for record in records:
        characters = record.characters
        for resource, span in _spans(record.value):
            number += 1
            row = exchange_of(span, resource, options.columns, quality)
            if row is not None:
                yield PlacedRow("span", number, characters, row)
                characters = 0  # counted with the first span of the record


def _spans(
    record: Mapping[str, object],
) -> Iterator[tuple[Mapping[str, object], Mapping[str, object]]]:
    """Yield each span of an export with the attributes of its resource."""
    for resource_spans in _objects(record, *_RESOURCES):
        resource = resource_spans.get("resource")
        attributes = flat_attributes(resource) if isinstance(resource, dict) else {}
        for scope_spans in _objects(resource_spans, *_SCOPES):
            for span in _objects(scope_spans, "spans"):
                yield attributes, span
    for scope_spans in _objects(record, *_SCOPES):
        for span in _objects(scope_spans, "spans"):
            yield {}, span
    if "spanId" in record:
        yield {}, record


def _objects(record: Mapping[str, object], *names: str) -> Iterator[Mapping[str, object]]:
    for name in names:
        values = record.get(name)
        if isinstance(values, list):
            yield from (value for value in values if isinstance(value, dict))
