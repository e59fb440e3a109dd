"""What a request may get, from the mildest to the most severe, and how several come together.

Every rule that holds has a say. What is done is the join of all: the most severe action, with the
longest delay, the shortest answer and every cut that one of them asked for. So the order of rules
changes nothing of what is done, and a rule that is added never makes a decision milder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Action(IntEnum):
    """What a request gets; a larger one is more severe.

    Examples:
        >>> max(Action.MARK, Action.SLOW).word
        'slow'
        >>> Action.of("verify") > Action.TRIM
        True
    """

    ALLOW = 0
    """It is served as it is."""

    MARK = 1
    """It is served, and its output carries the mark of a key."""

    SLOW = 2
    """It is served after a delay."""

    TRIM = 3
    """It is served with less: no log-probabilities, summarised reasoning, a shorter output."""

    VERIFY = 4
    """It is not served until the account has shown who it is."""

    BLOCK = 5
    """It is not served."""

    @property
    def word(self) -> str:
        """What the action is called in files and answers."""
        return self.name.lower()

    @property
    def serves(self) -> bool:
        """Whether there is an output."""
        return self <= Action.TRIM

    @classmethod
    def of(cls, word: str) -> Action:
        """Return the action of a word.

        Raises:
            KeyError: If there is none.
        """
        return cls[word.upper()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How an action is carried out. Of what is not served, nothing is to be done."""

    action: Action = Action.ALLOW
    keys: tuple[str, ...] = ()
    """Keys whose mark the output should carry, as rules name them, in order. An output carries one
    mark: the first that there is."""

    delay_seconds: float = 0.0
    drops_logprobs: bool = False
    summarises_reasoning: bool = False
    most_output_tokens: int | None = None
    """Null: as many as were asked for."""


def joined(several: Iterable[Measures]) -> Measures:
    """Return what is done where several have a say.

    Parameters:
        several: In the order of their rules, which decides whose key comes first, and nothing else.

    Examples:
        >>> both = joined([
        ...     Measures(action=Action.SLOW, delay_seconds=2.0),
        ...     Measures(action=Action.MARK, keys=("campaign",)),
        ... ])
        >>> both.action.word, both.delay_seconds, both.keys
        ('slow', 2.0, ('campaign',))
        >>> joined([both, Measures(action=Action.BLOCK)])
        Measures(action=<Action.BLOCK: 5>, keys=(), delay_seconds=0.0, drops_logprobs=False,
                 summarises_reasoning=False, most_output_tokens=None)
    """
    parts = tuple(several)
    action = max((each.action for each in parts), default=Action.ALLOW)
    if not action.serves:
        return Measures(action=action)
    limits = [each.most_output_tokens for each in parts if each.most_output_tokens is not None]
    return Measures(
        action=action,
        keys=tuple(dict.fromkeys(key for each in parts for key in each.keys)),
        delay_seconds=max((each.delay_seconds for each in parts), default=0.0),
        drops_logprobs=any(each.drops_logprobs for each in parts),
        summarises_reasoning=any(each.summarises_reasoning for each in parts),
        most_output_tokens=min(limits, default=None),
    )
