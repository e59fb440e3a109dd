"""The disclosure gate: nothing leaves that no line of the policy allows.

`decide` is pure. The queue of approvals and the audit log are the only parts that write.
"""

from __future__ import annotations

from phalanx.share.gate.aggregation import discrete_laplace, noisy_total, suppressed_because
from phalanx.share.gate.agreement import Agreement, Approver, Group, Member, load_agreement
from phalanx.share.gate.batches import BatchPlan, decoy, plan_batch, slot_at_or_after
from phalanx.share.gate.decide import Decision, Gate, decide
from phalanx.share.gate.findings import Approval, Batch, Context, Finding
from phalanx.share.gate.policy import SHIPPED, Action, Basis, Policy, Role, Rule, load_policy

__all__ = [
    "SHIPPED",
    "Action",
    "Agreement",
    "Approval",
    "Approver",
    "Basis",
    "Batch",
    "BatchPlan",
    "Context",
    "Decision",
    "Finding",
    "Gate",
    "Group",
    "Member",
    "Policy",
    "Role",
    "Rule",
    "decide",
    "decoy",
    "discrete_laplace",
    "load_agreement",
    "load_policy",
    "noisy_total",
    "plan_batch",
    "slot_at_or_after",
    "suppressed_because",
]
