"""What was said in prompts that are logged as lists of messages.

The quotation marks of JSON would otherwise mask every word of them. What the model answered is
left out: a template is what was asked.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BEGINS = "[{"


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None


_MESSAGES = msgspec.json.Decoder(list[_Message])


def spoken(prompts: pa.Array) -> pa.Array:
    r"""Return prompts with lists of messages replaced by what their users say.

    Parameters:
        prompts: String array in one chunk. A null becomes empty; what only looks like a list of
            messages stays what it is.

    Examples:
        >>> talk = '[{"role":"user","content":"Grade it."},{"role":"assistant","content":"A"}]'
        >>> spoken(pa.array([talk, "[{ a set }]", None])).to_pylist()
        ['Grade it.', '[{ a set }]', '']
    """
    prompts = prompts.fill_null("")
    lists = np.asarray(pc.starts_with(prompts, _BEGINS))
    if not lists.any():
        return prompts
    said = pa.array(map(_said, prompts.filter(pa.array(lists)).to_pylist()), prompts.type)
    return pc.replace_with_mask(prompts, pa.array(lists), said)


def _said(text: str) -> str:
    try:
        messages = _MESSAGES.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text
    return "\n".join(
        message.content
        if isinstance(message.content, str)
        else "\n".join(part.text for part in message.content or ())
        for message in messages
        if message.role == "user"
    )
