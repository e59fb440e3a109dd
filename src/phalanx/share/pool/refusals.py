"""What the pool refuses with, and what that means to the member that asked."""

from __future__ import annotations

import msgspec

from phalanx.errors import PolicyError

IS_OVER = "the round is over"
SENT_BEFORE = "another batch of this round was taken before"
NOT_EVALUATED = "the round was not evaluated yet"
NO_SUCH_ROUND = "no such round"
NO_PART = "this member takes no part in the pool"
OF_ANOTHER = "the batch is another member's"
NOT_SIGNED = "the signature does not hold"

_MEANING = {
    IS_OVER: ("the round is over", "Submit in the next one, before it closes."),
    NOT_EVALUATED: (
        "the round was not evaluated yet",
        "Ask again later: its operator evaluates it when it is over.",
    ),
    NO_SUCH_ROUND: ("the pool has no such round", "Name it as the pool's operator does."),
    SENT_BEFORE: (
        "you have submitted in this round, which takes one batch of each member",
        "Wait for `phalanx share pool report`: what was taken first counts.",
    ),
    NO_PART: (
        "you take no part in the pool",
        "Give its operator what `phalanx share pool key` prints.",
    ),
    OF_ANOTHER: (
        "the batch names another member than your API key belongs to",
        "Name yourself with --member as the hub does.",
    ),
    NOT_SIGNED: (
        "the signing key is none that the pool knows of you",
        "Sign with the key whose public one its operator entered.",
    ),
}
_NEVER_TAKEN = frozenset({SENT_BEFORE, NO_PART, OF_ANOTHER, NOT_SIGNED})
"""What no attempt of several would have been spared; a round may end between two of them."""


class NotTakenError(PolicyError):
    """The pool has not taken the batch."""


class _Answer(msgspec.Struct, frozen=True):
    description: str


def refusal_of(said: str) -> PolicyError:
    """Return what a refusal means, by the words of this module.

    Examples:
        >>> refusal_of(IS_OVER).next_step
        'Submit in the next one, before it closes.'
    """
    message, next_step = _MEANING[said]
    kind = NotTakenError if said in _NEVER_TAKEN else PolicyError
    return kind(message, next_step=next_step)


def refusal_in(body: bytes) -> PolicyError | None:
    """Return what an answer means that is no success, or nothing where the pool did not say it.

    Parameters:
        body: Of the answer; it may be anything.

    Examples:
        >>> str(refusal_in(b'{"description": "the round is over"}'))
        'the round is over'
        >>> refusal_in(b"<html>") is None
        True
    """
    try:
        said = msgspec.json.decode(body, type=_Answer).description
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return refusal_of(said) if said in _MEANING else None
