"""Looking at the policy of the gateway: which of its rules act, and on what."""

from __future__ import annotations

from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.looking.looked import Looked, some
from phalanx.govern.controls.observed import Observed
from phalanx.prevent.policy.document import CAMPAIGN_KEY, PolicyDocument, PolicyRule

_NO_POLICY = Looked(None, "No policy of the gateway was named.")
_VALUE = frozenset(
    f"{whose}value_per_{span}" for whose in ("", "group_") for span in ("hour", "day", "month")
)
_ALLOWANCE = ("at_least", "above")
_NARROWS = frozenset({"slow", "trim", "verify", "block"})


def value_is_limited(_: Control, seen: Observed) -> Looked:
    """Ask whether a rule that acts on all accounts limits by information value."""
    policy = seen.gateway_policy
    if policy is None:
        return _NO_POLICY
    found = [each for each in policy.rules if each.action in _NARROWS and _is_capped(each)]
    return _told(policy, found, "limit by information value")


def campaigns_are_marked(_: Control, seen: Observed) -> Looked:
    """Ask whether a rule that acts on all accounts marks campaigns under keys of their own."""
    policy = seen.gateway_policy
    if policy is None:
        return _NO_POLICY
    found = [
        each
        for each in policy.rules
        if each.key == CAMPAIGN_KEY and each.when.tests == {"campaign_member": True}
    ]
    return _told(policy, found, "mark every member of a campaign under the campaign's key")


def _is_capped(rule: PolicyRule) -> bool:
    """Tell whether a rule holds where information value is more than it allows."""
    caps = [test for name, test in rule.when.tests.items() if name in _VALUE]
    return any(getattr(test, side) is not None for test in caps for side in _ALLOWANCE)


def _told(policy: PolicyDocument, found: list[PolicyRule], what: str) -> Looked:
    if not found:
        return Looked(is_so=False, said=f"No rule of the policy {policy.name} would {what}.")
    acting = [each.name for each in found if min(policy.share, each.share) >= 1]
    if acting:
        return Looked(is_so=True, said=f"Of the policy {policy.name}, {what}: {some(acting)}.")
    names = some([each.name for each in found])
    said = f"Rules of the policy {policy.name} that {what} do not act on all accounts yet: {names}."
    return Looked(is_so=False, said=said)
