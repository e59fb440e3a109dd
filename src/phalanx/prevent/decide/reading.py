"""What a request says, read while it waits: one pass over its texts, in one call of a kernel.

Capabilities, the hash of what it sends, and the sketches that are compared with shared templates
all follow from the same tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.prevent.decide.kernel import Words, read_alone, read_prompt
from phalanx.prevent.knowledge.templates import MESSAGES_BEGIN, TemplateMatch, Templates
from phalanx.prevent.request import Request
from phalanx.prevent.state.contents import content_keys
from phalanx.sketches.prompts.lexicon import compiled_lexicon

_MOST_REMEMBERED = 1_024
"""System prompts that are kept: few differ, and each is read once."""

_MOST_REMEMBERED_CHARACTERS = 16_384
"""Of a system prompt that is kept."""

_NO_TEMPLATES = Templates((), ())


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request says."""

    capabilities: int
    """That prompt and system prompt name, as a mask, see `phalanx.sketches.prompts`."""

    quotes_code: bool
    """Whether the prompt does."""

    content: int
    """64 bits that stand for what it sends, as `contents.contents_of` has it."""

    template: TemplateMatch | None
    """Shared template that the prompt is most alike."""


class Reader:
    """Reads requests, as the scan reads them.

    Parameters:
        key: Secret of the deployment, 16 to 64 bytes.
        templates: That prompts are compared with; none where none are held.

    Examples:
        >>> from phalanx.sketches.prompts import names_of
        >>> asked = Request(exchange_id="r", account_id="a", model="m",
        ...                 prompt="Grade the following answer.",
        ...                 system_prompt="Think step by step.")
        >>> names_of(Reader(bytes(32), None).read(asked, now_us=0).capabilities)
        ('reasoning', 'grading')
    """

    def __init__(self, key: bytes, templates: Templates | None) -> None:
        """Put the keys together."""
        self.templates = templates
        self._held = templates or _NO_TEMPLATES
        of_content = np.array(content_keys(key), dtype=np.uint64)
        self._keys = np.concatenate([of_content, self._held.keys])
        self._without_epochs = of_content
        lexicon = compiled_lexicon()
        self._lexicon = (lexicon.slots, lexicon.phrases, lexicon.lengths, lexicon.bits)
        self._remembered: dict[str, tuple[int, Words]] = {}
        self._no_system_prompt = self._read_system_prompt("", said=False)

    def read(self, request: Request, now_us: int) -> Reading:
        """Read a request.

        Parameters:
            request: That comes in.
            now_us: Microseconds since 1970. Templates that end by then match nothing.
        """
        templates, prompt, history = self._held, request.prompt, request.history
        of_system, before = self._system_prompt(request.system_prompt)
        try:
            text = sent = prompt.encode()
        except UnicodeEncodeError:
            # Half surrogates: read as what stands for them, and hashed as what they are.
            text, sent = prompt.encode("utf-8", "replace"), prompt.encode("utf-8", "surrogatepass")
        said, start = sent, 0
        if history is not None:
            earlier = history.encode("utf-8", "surrogatepass")
            said, start = earlier + sent, len(earlier)
        sent_bytes = np.frombuffer(said or b"\0", np.uint8)
        text_bytes, begin = (
            (sent_bytes, start) if text is sent else (np.frombuffer(text, np.uint8), 0)
        )
        is_messages = bool(templates.epochs) and prompt.startswith(MESSAGES_BEGIN)
        views, counts = templates.no_views()
        mask, code, content = read_prompt(
            text_bytes, begin, begin + len(text), sent_bytes, start, start + len(sent),
            history is not None, before, self._without_epochs if is_messages else self._keys,
            *self._lexicon, views, counts,
        )  # fmt: skip
        template = None
        if is_messages:
            template = templates.best(prompt, now_us)
        elif templates.epochs:
            template = templates.best_of(views, counts, now_us)
        return Reading(mask | of_system, code, int(content), template)

    def _system_prompt(self, text: str | None) -> tuple[int, Words]:
        """Return what a system prompt names, and its hash."""
        if text is None:
            return self._no_system_prompt
        known = self._remembered.get(text)
        if known is None:
            known = self._read_system_prompt(text, said=True)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            if len(text) <= _MOST_REMEMBERED_CHARACTERS:
                self._remembered[text] = known
        return known

    def _read_system_prompt(self, text: str, *, said: bool) -> tuple[int, Words]:
        sent = text.encode("utf-8", "surrogatepass")
        read = text.encode("utf-8", "replace")
        mask, hashed = read_alone(
            np.frombuffer(read or b"\0", np.uint8), len(read),
            np.frombuffer(sent or b"\0", np.uint8), len(sent), self._keys, *self._lexicon,
        )  # fmt: skip
        return mask, np.array([hashed, said], dtype=np.uint64)
