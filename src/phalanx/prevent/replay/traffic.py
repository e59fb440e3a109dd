"""Logged requests as columns: all that a policy and the state look at, and no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.prevent.facts import FACTS

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

OF_STATE = frozenset(fact.name for fact in FACTS if fact.source == "state") | {
    "continues_elsewhere"
}
"""Facts that follow from what came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Requests in the order of time; arrays of one length unless it is said otherwise."""

    row: Integers
    """Place in the logs, from 0."""

    at_us: Integers
    """When it came in, in microseconds since 1970."""

    tokens: Integers
    """Output tokens that it got."""

    turned_away: Flags
    """Whether the model was too busy for it, or a limit refused it."""

    account: Integers
    """Place in `accounts`."""

    organisation: Integers
    """Place in `organisations`; -1 where none was declared."""

    group: Words
    """Identity of its group, shape (requests, 2); see `has_group`."""

    has_group: Flags
    owner: Words
    """Hash of its declared owner; 0 where it declared none."""

    content: Words
    choices: Integers
    """Answers that it asked for, at least 1."""

    set_aside: Integers
    """Output tokens that it may get at most."""

    weight: Floats
    """Of a token of new content."""

    matches_template: Flags
    numbers: Floats
    """Facts that the policy asks for and that do not follow from the state, shape
    (requests, facts); not a number where unknown."""

    answers: Flags
    """To the policy's questions about texts, shape (requests, questions)."""

    grants: Integers
    """Purposes of the grants that cover the account, as masks."""

    columns: Integers
    """Column of each of the facts in `numbers`, as `facts.COLUMN` has it."""

    accounts: Sequence[str]
    identities: Words
    """Of each account, shape (accounts, 2)."""

    places: Floats
    """Of each account on the line from 0 to 1."""

    campaigns: Sequence[str | None]
    """Of each account."""

    campaign_keys: Flags
    """Of each account: whether its campaign has a key."""

    organisations: Sequence[str]
    unknown: Mapping[str, int]
    """Fact that the policy asks for -> requests of which it is not known."""

    estimated_tokens: int
    """Requests whose output tokens were estimated from characters."""

    @property
    def requests(self) -> int:
        """Return how many there are."""
        return int(self.at_us.size)
