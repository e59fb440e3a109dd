"""Split a conversation into system prompt, last user turn and the turns around it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from phalanx.logs.schema import HISTORY_ROLE_END, HISTORY_TURN_START

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""Names of roles in the wild -> the four that Phalanx knows."""

_SYSTEM_SEPARATOR = "\n\n"
_TEXT_FIELDS = ("text", "content", "parts", "thinking", "reasoning", "response", "result", "output")
_CALL_FIELDS = ("name", "arguments", "input")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Conversation:
    """One prompt, taken apart."""

    prompt: str
    """The last user turn, or the last turn where no user speaks."""

    system_prompt: str | None = None
    """All system turns."""

    history: str | None = None
    """Every other turn in order, each as start mark, role, end mark, text."""

    history_turns: int = 0
    """Number of turns in `history`."""


def split_messages(messages: object) -> Conversation | None:
    """Take apart a list of messages.

    Parameters:
        messages: A list of mappings with `role` and `content` (text, a list of parts, or
            null) or `parts`.

    Returns:
        The conversation, or null when the value is no list of messages.

    Examples:
        >>> split = split_messages([
        ...     {"role": "system", "content": "Be brief."},
        ...     {"role": "user", "content": [{"type": "text", "text": "Why is it blue?"}]},
        ... ])
        >>> split.prompt, split.system_prompt, split.history
        ('Why is it blue?', 'Be brief.', None)
        >>> split_messages(["not", "messages"]) is None
        True
    """
    if not isinstance(messages, list) or not messages:
        return None
    turns: list[tuple[str, str]] = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str):
            return None
        turns.append((ROLES.get(role.strip().lower(), "tool"), message_text(message)))
    return conversation(turns)


def conversation(turns: Sequence[tuple[str, str]]) -> Conversation:
    """Take apart turns of known roles and text; see `Conversation` for the rules.

    Examples:
        >>> conversation([("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")]).history_turns
        2
    """
    spoken = [index for index, (role, _) in enumerate(turns) if role != "system"]
    asked = [index for index in spoken if turns[index][0] == "user"]
    last = (asked or spoken or [len(turns) - 1])[-1]
    system = [
        text for index, (role, text) in enumerate(turns) if role == "system" and index != last
    ]
    history = [
        f"{HISTORY_TURN_START}{turns[index][0]}{HISTORY_ROLE_END}{turns[index][1]}"
        for index in spoken
        if index != last
    ]
    return Conversation(
        prompt=turns[last][1],
        system_prompt=_SYSTEM_SEPARATOR.join(system) if system else None,
        history="".join(history) if history else None,
        history_turns=len(history),
    )


def split_prompt_text(text: str) -> Conversation:
    """Take apart a prompt given as text: plain, or a JSON list of messages.

    Examples:
        >>> split_prompt_text("[1] is a footnote").prompt
        '[1] is a footnote'
        >>> split_prompt_text('[{"role": "user", "content": "Hi"}]').prompt
        'Hi'
    """
    if text.lstrip()[:1] == "[" and '"role"' in text:
        try:
            messages = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return Conversation(text)
        return split_messages(messages) or Conversation(text)
    return Conversation(text)


def message_text(message: Mapping[str, object]) -> str:
    """Return the text of one message: its content, else its parts.

    Calls that stand beside the content (`tool_calls`) are left out: the results of the
    calls follow as turns of their own.

    Examples:
        >>> message_text({"role": "model", "parts": [{"text": "Hello"}]})
        'Hello'
    """
    return text_of(message.get("content")) or text_of(message.get("parts"))


def text_of(value: object, depth: int = 0) -> str:
    r"""Return the text inside a content value of any of the known shapes.

    Parameters:
        value: Text, a part, or a list of parts. Images and other data yield no text.
        depth: How deep in the value we are; what is nested deeper than 8 is left out.

    Examples:
        >>> text_of([{"type": "text", "text": "a"}, {"type": "image_url"}, "b"])
        'a\nb'
    """
    if isinstance(value, str):
        return value
    if depth > _DEPTH:
        return ""
    if isinstance(value, dict):
        return _text_of_part(value, depth)
    if isinstance(value, list):
        return _joined(text_of(part, depth + 1) for part in value)
    return ""


def _text_of_part(part: Mapping[str, object], depth: int) -> str:
    present = (part[name] for name in _TEXT_FIELDS if part.get(name) is not None)
    text = _joined(text_of(value, depth + 1) for value in present)
    if not isinstance(part.get("name"), str) or "role" in part:
        return text
    called = [_plain(part[name]) for name in _CALL_FIELDS if name in part]
    if text and len(called) == 1:
        return text  # a text with a name beside it calls nothing, and models read it
    # A call: what it calls and with what; and what else it says, which a name must not hide.
    return _joined((" ".join(called), text))


def _joined(pieces: Iterable[str]) -> str:
    return "\n".join(piece for piece in pieces if piece)


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return ""
