"""Find prompt and response in a span: in attributes or events, in any of their dialects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from phalanx.logs.json_text import decoded
from phalanx.logs.messages import ROLES, Conversation, conversation, split_messages, text_of

Events = Sequence[tuple[str, Mapping[str, object]]]
"""Name and attributes of each event of a span, in order."""

_INPUT = ("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.prompt_json")
_OUTPUT = ("gen_ai.output.messages", "gen_ai.completion")
_MESSAGE_EVENT = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message")
_NUMBERED = re.compile(r"gen_ai\.prompt\.(\d{1,6})\.(role|content)")
_CHOICE = "gen_ai.choice"


def conversation_of(attributes: Mapping[str, object], events: Events) -> Conversation | None:
    """Return the conversation that was sent, or null when it was not logged.

    Parameters:
        attributes: Attributes of the span.
        events: Its events.

    Examples:
        >>> messages = '[{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]'
        >>> conversation_of({"gen_ai.input.messages": messages}, []).prompt
        'Hi'
        >>> conversation_of({}, [("gen_ai.user.message", {"content": "Hi"})]).prompt
        'Hi'
    """
    for holder in (attributes, *(content for _, content in events)):
        for name in _INPUT:
            if holder.get(name) is not None:
                return _from_value(holder[name])
    turns = _numbered_turns(attributes)
    for name, content in events:
        match = _MESSAGE_EVENT.fullmatch(name)
        if match:
            turns.append((match.group(1), _event_text(content)))
    return conversation(turns) if turns else None


def response_of(attributes: Mapping[str, object], events: Events) -> str | None:
    """Return the text of the response, or null when it was not logged.

    Examples:
        >>> response_of({}, [("gen_ai.choice", {"message": '{"content": "Hello"}'})])
        'Hello'
    """
    for holder in (attributes, *(content for _, content in events)):
        for name in _OUTPUT:
            if holder.get(name) is not None:
                return text_of(decoded(holder[name]))
    texts = [_event_text(content) for name, content in events if name == _CHOICE]
    numbered = attributes.get("gen_ai.completion.0.content")
    if texts:
        return "\n".join(texts)
    return text_of(decoded(numbered)) if numbered is not None else None


def _from_value(value: object) -> Conversation:
    messages = decoded(value)
    if isinstance(messages, str):
        return Conversation(messages)
    return split_messages(messages) or Conversation(text_of(messages))


def _numbered_turns(attributes: Mapping[str, object]) -> list[tuple[str, str]]:
    """Collect `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, and so on."""
    found: dict[int, dict[str, object]] = {}
    for name, value in attributes.items():
        match = _NUMBERED.fullmatch(name)
        if match:
            found.setdefault(int(match.group(1)), {})[match.group(2)] = value
    return [
        (
            ROLES.get(str(found[index].get("role", "user")).lower(), "tool"),
            text_of(decoded(found[index].get("content"))),
        )
        for index in sorted(found)
    ]


def _event_text(content: Mapping[str, object]) -> str:
    for name in ("content", "gen_ai.event.content", "message", "body"):
        if content.get(name) is not None:
            return text_of(decoded(content[name]))
    return ""
