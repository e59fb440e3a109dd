"""Find the opaque reasoning that a request hands back among its messages."""

from __future__ import annotations

from collections.abc import Mapping

from phalanx.logs.json_text import digest_of

_OPAQUE: Mapping[object, str] = {
    "thinking": "signature",
    "redacted_thinking": "data",
    "reasoning": "encrypted_content",
}
"""Kind of block -> its field that only the provider can read."""


def reasoning_signature(messages: object) -> str | None:
    """Return a digest of the last opaque reasoning block; null for none.

    Parameters:
        messages: A list of messages or of input items, in any state of repair. Blocks stand
            in the content, in `thinking_blocks`, or as items of their own.

    Examples:
        >>> block = {"type": "thinking", "thinking": "Hm", "signature": "EqQB"}
        >>> reasoning_signature([{"role": "assistant", "content": [block]}])
        '1f117bc94049c7872e4b5b9ce26cf42d'
        >>> reasoning_signature([{"role": "user", "content": "Hi"}]) is None
        True
    """
    for message in reversed(_listed(messages)):
        if not isinstance(message, dict):
            continue
        blocks = [
            message,
            *_listed(message.get("thinking_blocks")),
            *_listed(message.get("content")),
        ]
        for block in reversed(blocks):
            opaque = _opaque(block)
            if opaque:
                return digest_of(opaque)
    return None


def _opaque(block: object) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(kind, str):
        return None
    value = block.get(_OPAQUE.get(kind, ""))
    return value if isinstance(value, str) else None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
