"""Which keys' outputs trained this model, given the evidence of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.model import Evidence
from phalanx.watermark.audit.plan import Plan
from phalanx.watermark.audit.winners import Floats
from phalanx.watermark.rules import StudentOfMarkedOutputs

NULL_HYPOTHESIS = "The suspect was made without texts that this key has marked."

ASSUMPTIONS = (
    "Numbers of the scheme's keyed function cannot be told from random ones without the key.",
    "The plan, with its keys and prompts, was fixed before the suspect was asked.",
    "The reference, and whoever made the suspect, could not ask for scores under the key.",
    "Who trained on texts of the key may have got them from others than those they were served to.",
)
"""What must hold for the e-values to mean what they say, and what they do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVerdict:
    """What an audit says of one key."""

    key_id: str
    """Name of the key."""

    log10_e: float
    """Base-10 logarithm of its e-value."""

    decoys_ahead: int
    """Random keys whose e-value is at least as large."""

    named: bool
    """Whether the suspect was trained on texts of this key, at the level of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The outcome of an audit, whole: every key of the plan is in it."""

    plan: Plan
    """What was fixed before."""

    places: int
    """Tokens, or contexts, that counted."""

    keys: tuple[KeyVerdict, ...]
    """In the order of the plan."""

    needed_log10_e: float
    """e-value that names a key: keys asked about over the level, base-10 logarithm."""

    largest_decoy_log10_e: float | None
    """Largest e-value of a random key; null without decoys."""

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the evidence of each key."""
        return tuple(
            Evidence(
                rule_id=StudentOfMarkedOutputs.rule_id,
                name=StudentOfMarkedOutputs.name,
                family="watermark",
                null_hypothesis=NULL_HYPOTHESIS,
                observation=(
                    f"{self.places:,} places under key {each.key_id}; {each.decoys_ahead:,} of "
                    f"{self.plan.decoys:,} decoy keys lean as much; one of {len(self.keys):,} keys"
                ),
                log10_e=each.log10_e,
                reachable_log10_e=None,
                sample_size=self.places,
                reference_size=self.plan.decoys,
                method=self.plan.method,
                assumptions=ASSUMPTIONS,
                decisive=True,
            )
            for each in self.keys
        )


def conclude(plan: Plan, places: int, log10_e: Floats, decoys_log10_e: Floats) -> Audit:
    """Decide about all keys of a plan together.

    A key is named if its e-value reaches the number of keys over the level (Bonferroni; Markov's
    inequality makes 1/e a p-value), and no random key reaches as much. The second can only clear.

    Parameters:
        plan: The plan.
        places: Tokens or contexts that counted.
        log10_e: Of the plan's keys, in their order.
        decoys_log10_e: Of its random keys.

    Raises:
        ValueError: If the numbers of keys are not those of the plan.

    Examples:
        >>> from phalanx.watermark.audit import Plan
        >>> plan = Plan(
        ...     suspect="x", mode="weights", scheme="phalanx-gumbel-v1", key_ids=("a", "b"),
        ...     key_commitment="", prompts_digest="", reference="base", level=1e-3, decoys=2,
        ...     decoy_seed=0, made_at="2026-11-25T12:00:00Z",
        ... )
        >>> audit = conclude(plan, 900, np.array([9.0, -1.0]), np.array([0.2, -3.0]))
        >>> [each.named for each in audit.keys], round(audit.needed_log10_e, 2)
        ([True, False], 3.3)
    """
    if (log10_e.size, decoys_log10_e.size) != (len(plan.key_ids), plan.decoys):
        message = "the plan asks about other numbers of keys and decoys"
        raise ValueError(message)
    needed = float(np.log10(max(1, log10_e.size)) - np.log10(plan.level))
    ahead = (decoys_log10_e[None, :] >= log10_e[:, None]).sum(axis=1)
    return Audit(
        plan=plan,
        places=places,
        keys=tuple(
            KeyVerdict(
                key_id=key_id,
                log10_e=float(log10_e[at]),
                decoys_ahead=int(ahead[at]),
                named=bool(log10_e[at] >= needed and ahead[at] == 0),
            )
            for at, key_id in enumerate(plan.key_ids)
        ),
        needed_log10_e=needed,
        largest_decoy_log10_e=float(decoys_log10_e.max()) if decoys_log10_e.size else None,
    )
