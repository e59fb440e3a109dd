"""What a campaign took, and which steps the evidence supports."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from phalanx.model import Action, GroupFacts, Harm, Judgement

KNOWN_SETS: Mapping[str, int] = MappingProxyType(
    {
        "Alpaca (52 thousand)": 52_002,
        "OpenThoughts (114 thousand)": 113_957,
        "UltraChat (1.47 million)": 1_468_352,
    }
)
"""Public sets that students were trained on -> examples in them."""

SURE_LOG10_E = 6.0
"""Above this, steps that a customer notices are proportionate."""


def estimate_harm(facts: GroupFacts, prices: Mapping[str, tuple[float, float]]) -> Harm:
    """Estimate what a group took.

    Parameters:
        facts: What it did.
        prices: Model name or glob -> US dollars per million tokens (input, output); the
            first match in order counts, models without a match cost nothing.

    Returns:
        Tokens, their price, and its exchanges against well-known sets. Tokens per model
        are taken in proportion to its exchanges.
    """
    cost = 0.0
    for model, exchanges in facts.models.items():
        share = exchanges / max(facts.exchanges, 1)
        for pattern, (price_in, price_out) in prices.items():
            if fnmatchcase(model, pattern):
                tokens = facts.input_tokens * price_in + facts.output_tokens * price_out
                cost += share * tokens / 1e6
                break
    return Harm(
        output_tokens=facts.output_tokens,
        estimated_cost_usd=round(cost, 2),
        share_of_known_sets={
            name: round(facts.exchanges / size, 4) for name, size in KNOWN_SETS.items()
        },
    )


def recommend_actions(
    facts: GroupFacts, judgement: Judgement, granted: frozenset[str] = frozenset()
) -> tuple[Action, ...]:
    """Recommend steps, mildest first; the harder ones only where the evidence bears them.

    Parameters:
        facts: What the group did.
        judgement: How sure the scan is of it.
        granted: Members that a grant covers; nothing that they would notice is proposed.
    """
    everyone = len(facts.members)
    others = [member for member in facts.members if member.account_id not in granted]
    sure = sum(member.role == "harvester" and member.confidence >= 0.99 for member in others)
    mixed = sum(member.role == "mixed" for member in others)
    spared = f" Not the {everyone - len(others)} that grants cover." if granted else ""
    actions = [
        Action(
            kind="observe",
            accounts=everyone,
            reason="Keep the logs of these accounts; costs honest members nothing.",
        ),
        Action(
            kind="verify",
            accounts=len(others),
            reason="Ask for identity and purpose; an honest operator can clear itself or "
            f"be given a grant.{spared}",
        ),
        Action(
            kind="mark",
            accounts=everyone,
            reason="Serve with a watermark key of its own, so that a student can be traced.",
        ),
    ]
    if sure:
        actions.append(
            Action(
                kind="rate-limit",
                accounts=sure,
                reason="Accounts whose traffic is the campaign's own content, at a "
                f"membership probability of at least 99 %.{spared}",
            )
        )
    if sure and judgement.log10_e >= SURE_LOG10_E:
        note = f"; not the {mixed} that also carry other traffic" if mixed else ""
        actions.append(
            Action(
                kind="suspend",
                accounts=sure,
                reason=f"Evidence beyond 10^{SURE_LOG10_E:.0f} on both nulls, after review "
                f"by a person{note}.{spared}",
            )
        )
    return tuple(actions)
