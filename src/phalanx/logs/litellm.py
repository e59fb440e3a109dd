"""Reader of LiteLLM logs: one `StandardLoggingPayload` an exchange."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phalanx.logs.chunk import NativeChunk
from phalanx.logs.content import LogFile
from phalanx.logs.json_head import first_keys, looks_like_json
from phalanx.logs.json_records import read_records
from phalanx.logs.json_text import digest_of
from phalanx.logs.messages import Conversation, split_messages, text_of
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality
from phalanx.logs.reasoning import reasoning_signature
from phalanx.logs.rows import PlacedRow, Row, chunks_of, first_at

_NEEDED = {"startTime", "model"}
_TYPICAL = {"call_type", "model_group", "model_parameters", "hidden_params", "request_tags"}
_REDACTED = "redacted-by-litellm"

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "exchange_id": ("id",),
    "timestamp": ("startTime",),
    "account_id": (
        "metadata.user_api_key_hash",
        "metadata.user_api_key_user_id",
        "end_user",
        "metadata.user_api_key_alias",
    ),
    "organisation": ("metadata.user_api_key_org_id", "metadata.user_api_key_team_id"),
    "conversation_id": ("session_id", "metadata.session_id", "trace_id"),
    "model": ("model", "model_group"),
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "client_ip": ("requester_ip_address", "metadata.requester_ip_address"),
    "user_agent": ("metadata.user_agent",),
    "email_domain": ("metadata.user_api_key_user_email",),
    "temperature": ("model_parameters.temperature",),
    "top_p": ("model_parameters.top_p",),
    "max_tokens": ("model_parameters.max_tokens", "model_parameters.max_completion_tokens"),
    "n": ("model_parameters.n",),
    "logprobs": ("model_parameters.logprobs",),
    "stream": ("stream", "model_parameters.stream"),
    "endpoint": ("metadata.user_api_key_request_route", "call_type"),
}


class LiteLLMReader:
    """Reads payloads as JSON lines or as an array; the account is the virtual key."""

    name = "litellm"

    def recognises(self, head: bytes) -> float:
        """Look for the keys that only these payloads have together."""
        if not looks_like_json(head):
            return 0.0
        keys = set(first_keys(head))
        return 0.9 if keys >= _NEEDED and keys & _TYPICAL else 0.0

    def read(self, file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
        """Yield the payloads as rows."""
        rows = (
            PlacedRow(unit, position, characters, exchange_of(value, options.columns, quality))
            for unit, position, characters, value in read_records(file, quality)
        )
        yield from chunks_of(rows, options.batch_rows, quality, responses=options.responses)


def exchange_of(payload: Mapping[str, object], columns: Mapping[str, str], quality: Quality) -> Row:
    """Return the exchange that a payload describes.

    Parameters:
        payload: One `StandardLoggingPayload`.
        columns: Native column -> field, ahead of the usual fields.
        quality: Takes a note on prompts that were not logged.

    Examples:
        >>> payload = {"id": "1", "startTime": 1767322800.5, "model": "m", "end_user": "u",
        ...     "messages": [{"role": "user", "content": "Hi"}], "status": "failure",
        ...     "error_information": {"error_code": "429"}}
        >>> row = exchange_of(payload, {}, Quality())
        >>> row["account_id"], row["status"], row["prompt"].prompt
        ('u', 429, 'Hi')
    """
    row: dict[str, object] = {
        column: first_at(payload, *paths) for column, paths in _FIELDS.items()
    }
    row["user_agent"] = row["user_agent"] or _tagged_agent(payload.get("request_tags"))
    row["status"] = _status(payload)
    row["tools_hash"] = digest_of(first_at(payload, "model_parameters.tools"))
    row["response"] = _response(payload.get("response"))
    messages = payload.get("messages")
    row["prompt"] = _prompt(messages)
    if isinstance(messages, dict):
        messages = messages.get("messages")
    row["reasoning_signature"] = reasoning_signature(messages)
    if row["prompt"] is None and "prompt" not in columns:
        quality.note("prompt not logged, taken as empty")
        row["prompt"] = Conversation("")
    for column, path in columns.items():
        value = first_at(payload, path)
        if value is not None:
            row[column] = value
    return {name: value for name, value in row.items() if value is not None}


def _prompt(messages: object) -> Conversation | None:
    """Return the conversation; null where LiteLLM was told not to log it."""
    if isinstance(messages, dict):
        messages = messages.get("messages", text_of(messages))
    if not messages or (isinstance(messages, str) and _REDACTED in messages):
        return None
    if isinstance(messages, str):
        return Conversation(messages)
    split = split_messages(messages) or Conversation(text_of(messages))
    return None if _REDACTED in split.prompt else split


def _response(response: object) -> str | None:
    """Return the text of a response in the form of the chat completions interface."""
    if response is None:
        return None
    if isinstance(response, dict) and isinstance(response.get("choices"), list):
        choices = [choice for choice in response["choices"] if isinstance(choice, dict)]
        messages = [choice.get("message") or choice.get("text") for choice in choices]
        text = "\n".join(text_of(message) for message in messages)
    else:
        text = text_of(response)
    return None if _REDACTED in text else text


def _status(payload: Mapping[str, object]) -> int | None:
    """Return the HTTP status of the call."""
    if payload.get("status") == "success":
        return 200
    code = str(first_at(payload, "error_information.error_code", "error_code") or "")
    if code.isdigit() and len(code) == 3:
        return int(code)
    return 500 if payload.get("status") == "failure" else None


def _tagged_agent(tags: object) -> str | None:
    """Find the user agent among the tags, the longest of them being the whole one."""
    prefix = "User-Agent: "
    agents = [
        tag.removeprefix(prefix)
        for tag in (tags if isinstance(tags, list) else [])
        if isinstance(tag, str) and tag.startswith(prefix)
    ]
    return max(agents, key=len, default=None)
