"""A policy applied to one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from phalanx.model.grant import GrantPurpose
from phalanx.prevent.policy.actions import Action, Measures
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.outcome import Outcome
from phalanx.prevent.policy.program import PURPOSE_BIT


def judge(
    policy: Policy,
    numbers: npt.NDArray[np.float64],
    texts: Sequence[str | None],
    grants: int,
    place: float,
) -> Outcome:
    """Apply a policy to one request. There is an outcome for every request.

    Parameters:
        policy: Of the provider.
        numbers: Facts, shape (`len(COLUMN)`,); what is unknown is not a number.
        texts: Facts, in the order of `TEXT_COLUMN`; what is unknown is None.
        grants: Purposes of the grants that cover the account now, see `purposes_mask`.
        place: Where the account stands on the line from 0 to 1, see `stages.place_of`.
    """
    program = policy.program
    held = program.run(numbers, program.answers(texts), grants, place)
    return policy.outcome(held, has_grant=grants != 0)


def failed(policy: Policy, place: float) -> Outcome:
    """Return what is done where the gateway cannot decide.

    A policy in shadow does nothing then either, and a canary no more than to its accounts.

    Parameters:
        policy: Of the provider.
        place: Where the account stands on the line from 0 to 1.
    """
    if policy.document.on_failure == "open":
        return Outcome(Measures(), Measures(), (), failed=True)
    blocked = Measures(action=Action.BLOCK)
    acts = place < policy.document.share
    return Outcome(blocked if acts else Measures(), blocked, (), failed=True)


def purposes_mask(purposes: Iterable[GrantPurpose]) -> int:
    """Return the mask of purposes of grants.

    Examples:
        >>> purposes_mask(["evaluation", "reseller", "evaluation"])
        5
    """
    return sum(PURPOSE_BIT[each] for each in set(purposes))
