"""Whether a member may submit to the pool at all, as its disclosure policy has it.

Evidence goes to the pool blinded and filled up, and no rule on the fields of an object applies. The
purpose, the parties and the legal basis do, as they do for what is published.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from phalanx.errors import PolicyError
from phalanx.share.exchange.settings import MemberSettings
from phalanx.share.gate import Context, load_agreement, load_policy
from phalanx.share.gate.audit import PROGRAM, AuditLog, circumstance_facts
from phalanx.share.gate.circumstances import against_sharing


def lawful_facts(
    settings: MemberSettings, log: AuditLog, now: datetime, about: dict[str, Any]
) -> dict[str, Any]:
    """Return what the audit log says of a submission; one that may not leave is noted there.

    Parameters:
        settings: Of the member in the alliance: agreement, policy, bases, purpose.
        log: Of its gate.
        now: When.
        about: What the log says of the submission itself.

    Raises:
        PolicyError: If no legal basis is in force, or another rule stands against it.
        ConfigError: If agreement or policy cannot be read.
    """
    agreement, policy = load_agreement(settings.agreement), load_policy(settings.policy)
    member = settings.member_id
    context = Context(
        member=member,
        # Whoever takes part in a round hears of it: the law of all of them has to allow it.
        recipients=agreement.circles(member, now)["all"],
        purpose=settings.purpose,
        legal_bases=settings.bases,
        agreement=agreement,
        now=now,
    )
    facts = {**circumstance_facts(context, policy), **about}
    against = against_sharing(context, policy)
    if against:
        rules = [{"rule": each.rule_id, "reason": each.reason} for each in against]
        log.append(now, "pooled", PROGRAM, {**facts, "action": "refuse", "rules": rules})
        message = f"nothing may be submitted ({against[0].rule_id}): {against[0].reason}"
        next_step = "Correct `bases` and `purpose` in the alliance settings, or ask counsel."
        raise PolicyError(message, next_step=next_step)
    return facts
