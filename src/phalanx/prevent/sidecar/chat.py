"""The endpoint for adapters that hold the body of an OpenAI-compatible request.

They are told what to change in it and what to answer, so that all of them do the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.chat import Sender, asked_of, refusal_of, trimmed
from phalanx.prevent.desk.desk import Desk
from phalanx.prevent.desk.headers import headers_of
from phalanx.prevent.policy.actions import Action

_Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ChatSender(_Message):
    """Who sends a request."""

    account_id: _Name
    organisation: _Name | None = None
    client_ip: _Name | None = None
    asn: _Name | None = None
    country: _Name | None = None
    user_agent: _Name | None = None
    email_domain: _Name | None = None
    account_created_at: Annotated[datetime | None, Field(strict=False)] = None


class ChatRequest(_Message):
    """The body of a request for an answer, and who sends it."""

    exchange_id: _Name
    endpoint: _Name = "/v1/chat/completions"
    sender: ChatSender
    body: dict[str, Any]
    """Of chat completions, completions or responses, as far as decisions look at it."""


class ChatDecision(BaseModel):
    """A decision, and how it is carried out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    decision: Decision
    changes: dict[str, Any]
    """Fields of the body and their new values; null takes one out."""

    headers: dict[str, str]
    """That whoever serves is sent; not for whoever asks."""

    refusal: dict[str, Any] | None
    """What whoever asks is answered with 403; null where he is served."""


def decide_chat(desk: Desk, asked: ChatRequest, headers: dict[str, str]) -> ChatDecision:
    """Decide a request, and say how the decision is carried out.

    Parameters:
        desk: That decides.
        asked: With the body as it came.
        headers: In which a trace may be carried on.

    Raises:
        InputError: If the body is no request for an answer.
    """
    sender = Sender(**asked.sender.model_dump())
    request = asked_of(asked.body, sender, asked.exchange_id, asked.endpoint)
    decision = desk.decide(request, headers).decision
    if not Action.of(decision.action).serves:
        return ChatDecision(decision=decision, changes={}, headers={}, refusal=refusal_of(decision))
    changes: dict[str, Any] = {}
    if decision.action == "trim":
        cut = trimmed(asked.body, decision, asked.endpoint)
        changes = {name: None for name in asked.body if name not in cut}
        changes |= {name: each for name, each in cut.items() if asked.body.get(name) != each}
    return ChatDecision(
        decision=decision, changes=changes, headers=dict(headers_of(decision)), refusal=None
    )
