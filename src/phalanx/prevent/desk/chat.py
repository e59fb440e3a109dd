"""The bodies of OpenAI-compatible interfaces: what a request says, and how it is made smaller.

Chat completions, completions and responses are read. A body that cannot be read is refused and
never let pass: whoever wants to pass unseen would send one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from phalanx.errors import InputError
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.asked import Asked

PATHS = ("/chat/completions", "/completions", "/responses")
"""Ends of the paths that ask for an answer."""

_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_SOFT_LABELS = ("logprobs", "top_logprobs")
_NEXT = "Send it as the OpenAI-compatible interface says."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a request, as whoever knows the keys of accounts says it."""

    account_id: str
    organisation: str | None = None
    """Declared owner of the account."""

    client_ip: str | None = None
    asn: str | None = None
    country: str | None = None
    user_agent: str | None = None
    email_domain: str | None = None
    account_created_at: datetime | None = None
    """With a time zone."""


def asks_for_answer(path: str) -> bool:
    """Tell whether a path is one of those that ask for an answer of a model.

    Examples:
        >>> asks_for_answer("/v1/chat/completions?beta=1"), asks_for_answer("/v1/embeddings")
        (True, False)
    """
    return path.partition("?")[0].rstrip("/").endswith(PATHS)


def read_body(content: bytes) -> dict[str, Any]:
    r"""Return what a body says.

    Raises:
        InputError: If it is no JSON object, or holds half of a character.

    Examples:
        >>> read_body(b'{"model": "large"}')
        {'model': 'large'}
    """
    try:
        body = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        message = "the body is no JSON"
        raise InputError(message, next_step=_NEXT) from error
    if not isinstance(body, dict):
        message = "the body is no JSON object"
        raise InputError(message, next_step=_NEXT)
    return body


def asked_of(body: Mapping[str, Any], sender: Sender, exchange_id: str, endpoint: str) -> Asked:
    """Return the request that a body makes.

    Parameters:
        body: Of a request for an answer.
        sender: Who sends it.
        exchange_id: By which it is settled.
        endpoint: Path that it was sent to.

    Raises:
        InputError: If it asks for nothing, or a field is of another type: which.

    Examples:
        >>> body = {"model": "large", "max_tokens": 9, "prompt": "Hi"}
        >>> asked = asked_of(body, Sender(account_id="a"), "r1", "/v1/completions")
        >>> asked.max_tokens, asked.tools
        (9, False)
    """
    limits = [body[name] for name in _LIMITS if body.get(name) is not None]
    said: dict[str, Any] = {
        **asdict(sender),
        "exchange_id": exchange_id,
        "endpoint": endpoint,
        "model": body.get("model"),
        **_turns(body),
        "max_tokens": limits[0] if limits else None,
        "n": body.get("n"),
        "temperature": body.get("temperature"),
        "logprobs": _wants_soft_labels(body),
        "stream": body.get("stream") or False,
        "tools": bool(body.get("tools") or body.get("functions")),
    }
    try:
        return Asked.model_validate(said, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = first["loc"][0] if first["loc"] else "body"
        message = f"{place}: {first['type']}"
        raise InputError(message, next_step=_NEXT) from error


def trimmed(body: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    """Return a body that asks for no more than a decision allows.

    Parameters:
        body: That was decided about.
        decision: Whose cuts are made: no log-probabilities, a shorter output for each answer.

    Examples:
        >>> from types import SimpleNamespace
        >>> cut = SimpleNamespace(drop_logprobs=True, most_output_tokens=100)
        >>> trimmed({"logprobs": True, "top_logprobs": 5, "max_tokens": 900}, cut)
        {'max_tokens': 100}
    """
    cut = dict(body)
    if decision.drop_logprobs:
        for name in _SOFT_LABELS:
            cut.pop(name, None)
        if isinstance(cut.get("include"), list):
            cut["include"] = [each for each in cut["include"] if "logprobs" not in str(each)]
    most = decision.most_output_tokens
    if most is not None:
        named = [name for name in _LIMITS if cut.get(name) is not None]
        for name in named or ["max_output_tokens" if "input" in cut else "max_tokens"]:
            cut[name] = min(cut.get(name) or most, most)
    return cut


def refusal_of(decision: Decision) -> dict[str, Any]:
    """Return what whoever was refused is told, in the form of errors of the interface.

    Parameters:
        decision: That does not serve.
    """
    is_step_up = decision.action == "verify"
    return {
        "error": {
            "message": (
                "The account has to be verified before this request is served."
                if is_step_up
                else "This request is not served."
            ),
            "type": "permission_error",
            "param": None,
            "code": "verification_required" if is_step_up else "request_blocked",
            "reasons": reasons_of(decision),
            "appeal": decision.appeal,
            "appeals": decision.appeals,
        }
    }


def reasons_of(decision: Decision) -> list[str]:
    """Return the codes of what acts, without the evidence, which is for the provider."""
    return sorted({each.code for each in decision.reasons if each.held in {"acts", None}})


def _wants_soft_labels(body: Mapping[str, Any]) -> bool:
    """Tell whether log-probabilities are asked for, as any of the interfaces says it."""
    wanted = body.get("logprobs")
    # Completions ask for a number of them, and 0 is one.
    asked = wanted is not None and wanted is not False
    included = body.get("include")
    return asked or (isinstance(included, list) and any("logprobs" in str(e) for e in included))


def _turns(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prompt, or the messages, that a body asks with."""
    if "messages" in body:
        return {"messages": body["messages"]}
    asked = body.get("prompt", body.get("input"))
    instructions = body.get("instructions")
    if isinstance(asked, list) and all(isinstance(each, dict) for each in asked):
        first = [] if instructions is None else [{"role": "system", "content": instructions}]
        # An item of the responses interface that is no turn, such as the output of a tool.
        turns = [each if "role" in each else {**each, "role": "tool"} for each in asked]
        return {"messages": first + turns}
    if isinstance(asked, list) and all(isinstance(each, str) for each in asked):
        asked = "\n".join(asked)
    return {"prompt": asked, "system_prompt": instructions}
