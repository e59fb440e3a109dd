"""A request as the gateway passes it on, before the model sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_PROMPT_CHARACTERS = 4_000_000
"""Of a prompt, and of what stands before it, each."""

_Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
_Text = Annotated[str, StringConstraints(max_length=MOST_PROMPT_CHARACTERS)]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Request(BaseModel):
    """What is known of a request when it comes in. Names are those of the log that a scan reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    exchange_id: _Name
    """By which the answer, and an appeal, name it."""

    account_id: _Name
    """As the store and the grants name it."""

    model: _Name
    prompt: _Text
    """The last turn of the user."""

    history: _Text | None = None
    """The turns before it, in any form that stays the same."""

    history_turns: _Count | None = None
    system_prompt: _Text | None = None
    organisation: _Name | None = None
    """Declared owner of the account."""

    endpoint: _Name | None = None
    client_ip: _Name | None = None
    asn: _Name | None = None
    country: _Name | None = None
    user_agent: _Name | None = None
    email_domain: _Name | None = None
    account_created_at: Annotated[datetime | None, Field(strict=False)] = None
    """With a time zone."""

    max_tokens: _Count | None = None
    n: _Count | None = None
    """Answers that it asks for."""

    temperature: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    logprobs: bool | None = None
    stream: bool | None = None
    tools: bool | None = None
    """Whether tools are offered to the model."""

    fingerprints: Mapping[Annotated[str, StringConstraints(max_length=20)], _Name] = Field(
        default_factory=dict, max_length=8
    )
    """Blinded values of the account, `account`, `email`, `payment`, `phone` or `device` -> value,
    as the alliance's key server gave them."""

    fingerprint_epoch: _Count = 0
    """Epoch of the key server's key under which they were blinded."""
