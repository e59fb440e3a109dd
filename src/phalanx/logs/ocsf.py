"""Reader of OCSF events: API Activity (class 6003) with the profile `ai_operation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phalanx.logs.chunk import NativeChunk
from phalanx.logs.content import LogFile
from phalanx.logs.json_head import first_keys, first_records, looks_like_json
from phalanx.logs.json_records import Record, read_records
from phalanx.logs.json_text import decoded
from phalanx.logs.messages import Conversation, split_messages
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality
from phalanx.logs.rows import PlacedRow, Row, chunks_of, first_at

_CLASS = 6003
_PROFILE_KEYS = ("ai_model", "ai_agent", "message_context")
_SUCCESS, _FAILURE = 1, 2

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "exchange_id": ("metadata.uid", "api.request.uid"),
    "timestamp": ("time", "time_dt", "start_time"),
    "account_id": (
        "actor.user.uid",
        "actor.user.credential_uid",
        "actor.user.account.uid",
        "actor.user.name",
        "actor.app_uid",
    ),
    "organisation": (
        "actor.user.org.uid",
        "actor.user.org.name",
        "actor.user.account.uid",
        "metadata.tenant_uid",
    ),
    "conversation_id": (
        "message_context.uid",
        "actor.session.uid",
        "metadata.correlation_uid",
    ),
    "model": (
        "ai_model.name",
        "ai_model.model_name",
        "ai_agent.ai_model.name",
        "ai_agent.ai_model.model_name",
        "ai_model.uid",
    ),
    "input_tokens": ("message_context.prompt_tokens",),
    "output_tokens": ("message_context.completion_tokens",),
    "response": ("message_context.response_text",),
    "client_ip": ("src_endpoint.ip", "src_endpoint.intermediate_ips.0"),
    "asn": ("src_endpoint.autonomous_system.number",),
    "country": ("src_endpoint.location.country",),
    "user_agent": ("http_request.user_agent",),
    "tls_fingerprint": (
        "tls.ja4_fingerprint_list.0.value",
        "tls.ja3_hash.value",
        "tls.ja3_fingerprint.value",
    ),
    "email_domain": ("actor.user.email_addr",),
    "account_created_at": ("actor.user.created_time", "actor.user.account.created_time"),
    "endpoint": ("api.operation", "http_request.url.path"),
}


class OcsfReader:
    """Reads events as JSON lines or as an array."""

    name = "ocsf"

    def recognises(self, head: bytes) -> float:
        """Look for the class number, or for the keys of the profile."""
        if not looks_like_json(head):
            return 0.0
        if any(event.get("class_uid") == _CLASS for event in first_records(head)):
            return 0.95
        keys = set(first_keys(head))
        return 0.9 if "class_uid" in keys and keys & set(_PROFILE_KEYS) else 0.0

    def read(self, file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
        """Yield the events that are calls of a model."""
        rows = _rows(read_records(file, quality), options, quality)
        yield from chunks_of(rows, options.batch_rows, quality, responses=options.responses)


def _rows(records: Iterator[Record], options: ReadOptions, quality: Quality) -> Iterator[PlacedRow]:
    for unit, position, characters, event in records:
        if is_model_call(event):
            row = exchange_of(event, options.columns, quality)
            yield PlacedRow(unit, position, characters, row)
        else:
            quality.note("event that calls no model, passed over")


def is_model_call(event: Mapping[str, object]) -> bool:
    """Say whether an event is API activity that names a model or a message.

    Examples:
        >>> is_model_call({"class_uid": 6003, "ai_model": {"name": "m"}})
        True
        >>> is_model_call({"class_uid": 3002})
        False
    """
    return event.get("class_uid") in (_CLASS, str(_CLASS)) and any(
        event.get(key) for key in _PROFILE_KEYS
    )


def exchange_of(event: Mapping[str, object], columns: Mapping[str, str], quality: Quality) -> Row:
    """Return the exchange that an event describes.

    Parameters:
        event: One event of class 6003.
        columns: Native column -> field, ahead of the usual fields.
        quality: Takes a note on prompts that were not logged.

    Examples:
        >>> event = {"class_uid": 6003, "time": 1767322800000, "status_id": 1,
        ...     "actor": {"user": {"uid": "a"}}, "ai_model": {"name": "m"},
        ...     "message_context": {"uid": "c", "prompt_text": "Hi"}}
        >>> row = exchange_of(event, {}, Quality())
        >>> row["account_id"], row["status"], row["prompt"]
        ('a', 200, 'Hi')
    """
    row: dict[str, object] = {column: first_at(event, *paths) for column, paths in _FIELDS.items()}
    row["status"] = _status(event)
    prompt = decoded(first_at(event, "message_context.prompt_text"))
    row["prompt"] = split_messages(prompt) or prompt
    if prompt is None and "prompt" not in columns:
        quality.note("prompt not logged, taken as empty")
        row["prompt"] = Conversation("")
    for column, path in columns.items():
        value = first_at(event, path)
        if value is not None:
            row[column] = value
    return {name: value for name, value in row.items() if value is not None}


def _status(event: Mapping[str, object]) -> int | None:
    """Return the HTTP status, as logged or as the outcome implies."""
    for path in ("http_response.code", "api.response.code", "status_code"):
        code = str(first_at(event, path) or "")
        if code.isdigit() and len(code) == 3:
            return int(code)
    if event.get("status_id") == _SUCCESS:
        return 200
    return 500 if event.get("status_id") == _FAILURE else None
