"""Turn one OpenTelemetry span into a row of the native table."""

from __future__ import annotations

from collections.abc import Mapping

from phalanx.logs.json_text import decoded, digest_of
from phalanx.logs.messages import Conversation, split_messages, text_of
from phalanx.logs.otel_content import conversation_of, response_of
from phalanx.logs.quality import Quality
from phalanx.logs.rows import Row, first_at

_MODEL_CALLS = {"chat", "text_completion", "generate_content", "completion", "embeddings"}

_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "exchange_id": ("gen_ai.response.id",),
    "account_id": ("enduser.id", "user.id", "enduser.pseudo.id"),
    "organisation": ("organization.id", "tenant.id"),
    "conversation_id": ("gen_ai.conversation.id", "session.id"),
    "model": ("gen_ai.request.model", "gen_ai.response.model"),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "client_ip": ("client.address", "client.socket.address", "http.client_ip"),
    "asn": ("client.as.number",),
    "country": ("geo.country.iso_code", "client.geo.country_iso_code"),
    "user_agent": ("user_agent.original", "http.user_agent"),
    "tls_fingerprint": ("tls.client.ja4", "tls.client.ja3"),
    "temperature": ("gen_ai.request.temperature",),
    "top_p": ("gen_ai.request.top_p",),
    "max_tokens": ("gen_ai.request.max_tokens",),
    "n": ("gen_ai.request.choice.count",),
    "stream": ("gen_ai.request.stream", "gen_ai.is_streaming"),
    "endpoint": ("http.route", "url.path", "gen_ai.operation.name"),
    "email_domain": ("user.email",),
}
_STATUS = ("http.response.status_code", "http.status_code", "error.type")
_FAILED = (2, "2", "STATUS_CODE_ERROR")
_DEPTH = 16


def exchange_of(
    span: Mapping[str, object],
    resource: Mapping[str, object],
    columns: Mapping[str, str],
    quality: Quality,
) -> Row | None:
    """Return the exchange that a span describes, or null when it is no model call.

    Parameters:
        span: The span as OTLP JSON.
        resource: Attributes of its resource.
        columns: Native column -> attribute, ahead of the usual attributes.
        quality: Takes notes on spans that are passed over and prompts that were not logged.

    Examples:
        >>> span = {"startTimeUnixNano": "1767322800000000000", "attributes": [
        ...     {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
        ...     {"key": "user.id", "value": {"stringValue": "a"}}]}
        >>> row = exchange_of(span, {}, {}, Quality())
        >>> row["account_id"], row["model"], row["timestamp"]
        ('a', 'm', 1767322800000000000)
    """
    own = flat_attributes(span)
    attributes = {**resource, **own}
    operation = attributes.get("gen_ai.operation.name")
    if not any(name.startswith("gen_ai.") for name in own):
        quality.note("span without generative-AI attributes, passed over")
        return None
    if isinstance(operation, str) and operation not in _MODEL_CALLS:
        quality.note("span that calls no model (agent, tool), passed over")
        return None
    events = [event for event in _listed(span.get("events")) if isinstance(event, dict)]
    content = [(str(event.get("name")), flat_attributes(event)) for event in events]
    row: dict[str, object] = {
        column: _first(attributes, names) for column, names in _ATTRIBUTES.items()
    }
    row["timestamp"] = _whole(span.get("startTimeUnixNano") or span.get("start_time_unix_nano"))
    row["exchange_id"] = row["exchange_id"] or _span_identifier(span)
    row["status"] = _status(span, attributes)
    row["response"] = response_of(attributes, content)
    row["tools_hash"] = digest_of(decoded(attributes.get("gen_ai.tool.definitions")))
    instructions = decoded(attributes.get("gen_ai.system_instructions"))
    row["system_prompt"] = text_of(instructions) or None
    row["prompt"] = conversation_of(attributes, content)
    if row["prompt"] is None and "prompt" not in columns:
        quality.note("prompt not logged, taken as empty")
        row["prompt"] = Conversation("")
    for column, name in columns.items():
        value = first_at(attributes, name)
        if value is not None:
            row[column] = _prompt(decoded(value)) if column == "prompt" else value
    return {name: value for name, value in row.items() if value is not None}


def flat_attributes(holder: Mapping[str, object]) -> dict[str, object]:
    """Return the attributes of a span, event or resource as plain values by key.

    Examples:
        >>> flat_attributes({"attributes": [{"key": "n", "value": {"intValue": "3"}}]})
        {'n': 3}
    """
    attributes = holder.get("attributes")
    if isinstance(attributes, dict):
        return dict(attributes)
    return {
        item["key"]: _plain(item.get("value"))
        for item in _listed(attributes)
        if isinstance(item, dict) and isinstance(item.get("key"), str)
    }


def _plain(value: object, depth: int = 0) -> object:
    """Unwrap a value of the OTLP kind `{"stringValue": ...}`."""
    if not isinstance(value, dict) or depth > _DEPTH:
        return value
    for name, inner in value.items():
        kind = name.replace("_", "").lower()
        if kind == "intvalue":
            return _whole(inner)
        if kind == "arrayvalue" and isinstance(inner, dict):
            return [_plain(item, depth + 1) for item in _listed(inner.get("values"))]
        if kind == "kvlistvalue" and isinstance(inner, dict):
            return {
                item["key"]: _plain(item.get("value"), depth + 1)
                for item in _listed(inner.get("values"))
                if isinstance(item, dict) and isinstance(item.get("key"), str)
            }
        if kind in ("stringvalue", "boolvalue", "doublevalue", "bytesvalue"):
            return inner
    return None


def _first(attributes: Mapping[str, object], names: tuple[str, ...]) -> object:
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def _whole(value: object) -> object:
    """Return a number that JSON had to write as text, as its 64 bits exceed a double."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _prompt(value: object) -> object:
    return value if isinstance(value, str) else split_messages(value) or value


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _span_identifier(span: Mapping[str, object]) -> str | None:
    trace, own = span.get("traceId"), span.get("spanId")
    return f"{trace}:{own}" if isinstance(trace, str) and isinstance(own, str) else None


def _status(span: Mapping[str, object], attributes: Mapping[str, object]) -> int:
    """Return the HTTP status, as logged or as the state of the span implies."""
    for name in _STATUS:
        value = str(attributes.get(name, ""))
        if value.isdigit() and len(value) == 3:
            return int(value)
    status = span.get("status")
    code = status.get("code") if isinstance(status, dict) else None
    return 500 if code in _FAILED or "error.type" in attributes else 200
