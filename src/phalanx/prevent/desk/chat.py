"""The bodies of OpenAI-compatible interfaces: what a request says, and how it is made smaller.

Chat completions, completions and responses are read. A body that cannot be read is refused and
never let pass: whoever wants to pass unseen would send one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError
from pydantic_core import from_json

from phalanx.errors import InputError
from phalanx.json_text import has_key_twice
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.asked import Asked

PATHS = ("/chat/completions", "/completions", "/responses")
"""Ends of the paths that ask for an answer."""

_ASKING = ("messages", "prompt", "input")
"""Fields that a body asks with: chat completions, completions, responses. A server reads one."""

_OF_PATH = (("/chat/completions", "messages"), ("/completions", "prompt"), ("/responses", "input"))
_LIMITS = {
    "messages": ("max_tokens", "max_completion_tokens"),
    "prompt": ("max_tokens",),
    "input": ("max_output_tokens",),
}
"""How each interface names the most tokens of an answer, first what all servers know."""

_ALL_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_LABELS = ("logprobs", "prompt_logprobs")
"""Log-probabilities of the answer, and, as vLLM has it, of the prompt. 0 asks for some, too."""

_NUMBERS_OF_LABELS = ("top_logprobs", "n_probs", "return_logprob")
"""How many, as other servers have it: 0 asks for none."""

_SOFT_LABELS = (*_LABELS, *_NUMBERS_OF_LABELS)
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
        >>> asks_for_answer("/v1/chat%2F./x/../completions/")
        True
    """
    # Whoever serves may resolve dots and slashes that were encoded; what is not guarded passes.
    return any(_plain_path(each).endswith(PATHS) for each in (path, path.partition("?")[0]))


def _plain_path(path: str) -> str:
    """Return a path as the most helpful of servers would read it."""
    if "%" in path:
        path = unquote(unquote(path))
    return normpath(path.replace("\\", "/"))


def read_body(content: bytes) -> dict[str, Any]:
    r"""Return what a body says.

    Raises:
        InputError: If it is no JSON object, holds half of a character, or a key stands twice in it.

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
    # The gateway would look at the last, and a model may answer the first.
    if has_key_twice(content):
        message = "a key stands twice in the body"
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
    by = _asked_by(body, endpoint)
    limits = [body[name] for name in _LIMITS[by] if body.get(name) is not None]
    wrong = [each for each in limits if not _is_count(each)]
    said: dict[str, Any] = {
        **asdict(sender),
        "exchange_id": exchange_id,
        "endpoint": endpoint,
        "model": body.get("model"),
        **_turns(body, by),
        # Servers differ in which of two limits they take: what it may get at most is the larger.
        "max_tokens": wrong[0] if wrong else max(limits, default=None),
        "n": _choices(body, by),
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


def trimmed(body: Mapping[str, Any], decision: Decision, endpoint: str) -> dict[str, Any]:
    """Return a body that asks for no more than a decision allows.

    Parameters:
        body: That was decided about.
        decision: Whose cuts are made: no log-probabilities, a shorter output for each answer.
        endpoint: Path that it was sent to.

    Examples:
        >>> from types import SimpleNamespace
        >>> cut = SimpleNamespace(drop_logprobs=True, most_output_tokens=100)
        >>> body = {"prompt": "Hi", "logprobs": 5, "max_tokens": 900}
        >>> trimmed(body, cut, "/v1/completions")
        {'prompt': 'Hi', 'max_tokens': 100}
    """
    cut = dict(body)
    if decision.drop_logprobs:
        for name in _SOFT_LABELS:
            cut.pop(name, None)
        if isinstance(cut.get("include"), list):
            cut["include"] = [each for each in cut["include"] if "logprobs" not in str(each)]
    most = decision.most_output_tokens
    if most is not None:
        named = [name for name in _ALL_LIMITS if cut.get(name) is not None]
        own = _LIMITS[_asked_by(body, endpoint)]
        # A limit of another interface is none to this one.
        for name in named if set(named) & set(own) else [*named, own[0]]:
            cut[name] = min(cut[name], most) if _is_count(cut.get(name)) else most
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
    # Completions ask for a number of them, and 0 is one.
    asked = any(body.get(name) is not None and body[name] is not False for name in _LABELS)
    included = body.get("include")
    return (
        asked
        or any(body.get(name) for name in _NUMBERS_OF_LABELS)
        or (isinstance(included, list) and any("logprobs" in str(e) for e in included))
    )


def _asked_by(body: Mapping[str, Any], endpoint: str) -> str:
    """Return the field that a body asks with.

    A body that asks with two is refused: the gateway would look at one, and the model answer the
    other.
    """
    path = _plain_path(endpoint.partition("?")[0])
    of_path = next((name for end, name in _OF_PATH if path.endswith(end)), None)
    named = [name for name in _ASKING if body.get(name) is not None]
    if of_path == "input" and isinstance(body.get("prompt"), dict):
        named.remove("prompt")  # of the responses interface: a prompt that is kept at the server
    if len(named) > 1 or (of_path and named and named[0] != of_path):
        message = f"the body asks with {' and '.join(named)}"
        raise InputError(message, next_step=_NEXT)
    return of_path or (named[0] if named else _ASKING[0])


def _choices(body: Mapping[str, Any], by: str) -> Any:  # noqa: ANN401 - checked as all others are
    """Return how many answers are asked for: a list of prompts asks for each of them."""
    asked, several = body.get("n"), body.get("prompt")
    if by != "prompt" or not isinstance(several, list) or not (asked is None or _is_count(asked)):
        return asked
    return max(asked or 1, 1) * max(len(several), 1)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _turns(body: Mapping[str, Any], by: str) -> dict[str, Any]:
    """Return the prompt, or the messages, that a body asks with."""
    asked = body.get(by)
    if by == "messages":
        return {"messages": asked}
    instructions = body.get("instructions") if by == "input" else None
    if isinstance(asked, list) and all(isinstance(each, dict) for each in asked):
        first = [] if instructions is None else [{"role": "system", "content": instructions}]
        # An item of the responses interface that is no turn, such as the output of a tool.
        turns = [each if "role" in each else {**each, "role": "tool"} for each in asked]
        return {"messages": first + turns}
    if isinstance(asked, list) and all(isinstance(each, str) for each in asked):
        asked = "\n".join(asked)
    return {"prompt": asked, "system_prompt": instructions}
