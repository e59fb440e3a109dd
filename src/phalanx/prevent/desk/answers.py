"""How much an answer holds, read while it passes: tokens where it says them, else characters.

Memory is bounded whatever passes: of an answer that is too long to be read whole, bytes are counted
as characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import from_json

from phalanx.logs.messages import text_of

MOST_BYTES = 16_777_216
"""Of an answer that is read as a whole, or of one event of a stream."""

_DATA = b"data:"


class AnswerMeter:
    r"""Measures one answer of an OpenAI-compatible interface.

    Parameters:
        content_type: Of the answer; events are read as they come, anything else at the end.

    Examples:
        >>> meter = AnswerMeter("text/event-stream")
        >>> meter.take(b'data: {"choices":[{"delta":{"content":"Hel')
        >>> meter.take(b'lo"}}]}\n\ndata: [DONE]\n\n')
        >>> meter.end(), meter.tokens, meter.characters
        (None, None, 5)
    """

    def __init__(self, content_type: str) -> None:
        """Begin before the first byte."""
        self._streams = content_type.lower().startswith("text/event-stream")
        self._held = bytearray()
        self.tokens: int | None = None
        """Output tokens that the answer says, of all choices; null where it does not."""

        self.characters = 0
        """Of all choices, as far as they were seen."""

    def take(self, part: bytes) -> None:
        """Read what passes."""
        self._held += part
        if self._streams and b"\n" in part:
            *lines, rest = self._held.split(b"\n")
            self._held = bytearray(rest)
            for line in lines:
                self._line(bytes(line))
        if len(self._held) > MOST_BYTES:
            self.characters += len(self._held)
            self._held.clear()

    def end(self) -> None:
        """Read what is left."""
        if self._streams:
            self._line(bytes(self._held))
        else:
            self._read(bytes(self._held))
        self._held.clear()

    def _line(self, line: bytes) -> None:
        if line.startswith(_DATA):
            self._read(line[len(_DATA) :])

    def _read(self, content: bytes) -> None:
        try:
            said = from_json(content)
        except ValueError:
            # Neither an object nor an event of one: the mark of the end, or something for people.
            return
        if isinstance(said, dict):
            self.characters += sum(len(text) for text in _texts(said))
            tokens = tokens_of(said)
            self.tokens = self.tokens if tokens is None else tokens


def tokens_of(said: Mapping[str, Any]) -> int | None:
    """Return the output tokens that an answer, or an event of one, says; null for none.

    Examples:
        >>> tokens_of({"usage": {"completion_tokens": 7}})
        7
        >>> tokens_of({"response": {"usage": {"output_tokens": 3}}}), tokens_of({"usage": None})
        (3, None)
    """
    inner = said.get("response")
    usage = said.get("usage") or (inner.get("usage") if isinstance(inner, dict) else None)
    if not isinstance(usage, dict):
        return None
    for name in ("completion_tokens", "output_tokens"):
        count = usage.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            return min(count, 1_000_000_000)
    return None


def _texts(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of an answer, or of an event of one."""
    choices = said.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        spoken = choice.get("delta") or choice.get("message") or choice.get("text")
        if isinstance(spoken, dict):
            yield text_of(spoken.get("content"))
            yield text_of(spoken.get("reasoning_content"))
            yield text_of(spoken.get("tool_calls"))
        else:
            yield text_of(spoken)
    if isinstance(said.get("delta"), str):
        yield said["delta"]
    if said.get("object") == "response":
        yield text_of(said.get("output"))
