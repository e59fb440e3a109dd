"""A request as a gateway asks about it: with a prompt, or with messages in its place."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from phalanx.prevent.request import Request


class Asked(Request):
    """A request about which a decision is asked for. Identifiers stand as the gateway has them."""

    prompt: Annotated[str, Field(max_length=4_000_000)] = ""
    """The last turn of the user; absent where `messages` are there."""

    messages: Annotated[list[dict[str, Any]], Field(max_length=100_000)] | None = None
    """All turns, each with `role` and `content`, as in the chat completions interface: in place of
    `prompt`, `history`, `history_turns` and `system_prompt`."""

    @model_validator(mode="after")
    def _says_once_what_is_asked(self) -> Asked:
        said = self.model_fields_set
        if (self.messages is None) == ("prompt" not in said):
            message = "name either the prompt or the messages"
            raise ValueError(message)
        split = said & {"history", "history_turns", "system_prompt"}
        if self.messages is not None and split:
            message = "messages hold all turns: leave the history and the system prompt out"
            raise ValueError(message)
        return self
