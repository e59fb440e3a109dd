"""What is kept of a request until it ends, to be counted for its account then."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import Identity
from phalanx.sketches.prompts import ELICITATION_MASK, TARGETED_MASK

FIRST_TURN, ELICITS, TARGETED, UNUSUAL = 1, 2, 4, 8
"""Signs of a request: nothing was said before it; its prompt asks for training material; it names
what students are trained for; it asks for soft labels, was turned away elsewhere moments before, or
matches a shared template."""

CHARACTERS_PER_TOKEN = 4
"""Of what is asked, where an answer is compared with it in length."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A request under way, as the watch looks at it."""

    account_id: str
    account: Identity
    signs: int
    asked_tokens: int
    """Length of all that it sends, in tokens of four characters."""

    weight: float
    """Of a token of new content, with which its value is counted."""


def signs_of(  # one argument for each thing that is looked at
    capabilities: int,
    *,
    is_first_turn: bool,
    asks_soft_labels: bool,
    continues: bool,
    matches: bool,
) -> int:
    """Return the signs of a request, as a mask.

    Parameters:
        capabilities: That its prompt names, as a mask of `phalanx.sketches.prompts`.
        is_first_turn: Whether nothing was said before.
        asks_soft_labels: Whether it asks for log-probabilities or several answers.
        continues: Whether another account was turned away with the same moments before.
        matches: Whether it matches a shared template.

    Examples:
        >>> signs_of(0, is_first_turn=True, asks_soft_labels=False, continues=True, matches=False)
        9
    """
    return (
        FIRST_TURN * is_first_turn
        | ELICITS * bool(capabilities & ELICITATION_MASK)
        | TARGETED * bool(capabilities & TARGETED_MASK)
        | UNUSUAL * (asks_soft_labels or continues or matches)
    )


def watched(  # noqa: PLR0913 - what a request and its lookups say
    request: Request,
    account: Identity,
    capabilities: int,
    weight: float,
    *,
    continues: bool,
    matches: bool,
) -> Watched:
    """Return what is kept of a request.

    Parameters:
        request: That was let in.
        account: What stands for its account.
        capabilities: That its prompt names.
        weight: Of a token of new content.
        continues: Whether another account was turned away with the same moments before.
        matches: Whether it matches a shared template.
    """
    said = (request.prompt, request.history, request.system_prompt)
    signs = signs_of(
        capabilities,
        is_first_turn=not request.history and not request.history_turns,
        asks_soft_labels=bool(request.logprobs) or (request.n or 1) > 1,
        continues=continues,
        matches=matches,
    )
    asked = sum(len(each) for each in said if each) // CHARACTERS_PER_TOKEN
    return Watched(request.account_id, account, signs, asked, weight)
