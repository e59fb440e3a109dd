"""What every rule is given: the share, made ready once for many objects, and one object of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from phalanx.share.gate.agreement import Member
from phalanx.share.gate.findings import Context, Finding, Look, Words
from phalanx.share.gate.opaque import is_opaque_token
from phalanx.share.gate.policy import Policy, Role, Rule
from phalanx.share.gate.public import public_objects
from phalanx.share.gate.vocabulary import Lexicon, lexicon_of, run_together
from phalanx.share.wire import TLP_IDS, AccountFingerprint, Object
from phalanx.share.wire.markings import PAP_IDS, use_id

TEXT_RULES = ("A1", "A2", "A3", "A4", "A8", "A10")
"""Rules whose words refuse a text."""


class Share:
    """Policy and circumstances, and what follows from them whatever the objects are.

    Parameters:
        context: Who sends to whom, why, on which basis, when.
        policy: Rules and fields.
    """

    def __init__(self, context: Context, policy: Policy) -> None:
        """Find the rules that are in force."""
        self.context = context
        self.policy = policy
        self.rules: Mapping[str, Rule] = policy.in_force(context.now)
        self.looks: dict[str, Look] = {}
        self.words: dict[str, Words] = {}
        self.fields_of = cache(policy.fields_of)

    def find(self, rule_id: str, path: str, reason: str, **changes: Any) -> Finding:  # noqa: ANN401 - fields of Finding
        """Return a finding of a rule, with what the rule does unless told otherwise."""
        rule = self.rules[rule_id]
        values: dict[str, Any] = {
            "action": rule.action,
            "approvals": rule.approvals if rule.action == "hold" else (),
        }
        return Finding(
            rule_id=rule_id,
            title=rule.title,
            source=rule.source,
            path=path,
            reason=reason,
            **(values | changes),
        )

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """Parties to the agreement now, by identifier."""
        return self.context.agreement.members_at(self.context.now)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """By which a text would give a member away."""
        return tuple(name for each in self.context.agreement.members for name in each.names)

    @cached_property
    def lexicon(self) -> Lexicon:
        """Words that a text must not hold: of the rules on texts, companies, and members."""
        words = tuple((rule_id, self.rules[rule_id].words) for rule_id in (*TEXT_RULES, "A11"))
        return lexicon_of((*words, ("A16", self.names)))

    @cached_property
    def run_together(self) -> frozenset[str]:
        """Words of the same rules, as they stand in the name of a domain."""
        return run_together(
            word for rule_id in (*TEXT_RULES, "A11") for word in self.rules[rule_id].words
        )

    @cached_property
    def allowed_words(self) -> frozenset[str]:
        """Words that a text may hold."""
        return frozenset(self.rules["A15"].words)

    @cached_property
    def imperatives(self) -> frozenset[str]:
        """Words with which no sentence may begin."""
        return frozenset(self.rules["A15"].parameters["imperatives"])

    @cached_property
    def blinded(self) -> Mapping[str, str]:
        """Fields that name an account, and the kind of fingerprint that takes their place."""
        blinded: Mapping[str, str] = self.rules["A4"].parameters["blinded"]
        return blinded

    @cached_property
    def blinded_types(self) -> frozenset[str]:
        """Types that name an account."""
        return frozenset(name.partition(".")[0] for name in self.blinded)

    @cached_property
    def uses(self) -> frozenset[str]:
        """Markings of the permitted use on one of the legal bases."""
        return frozenset(use_id("defence-only", name) for name in self.context.legal_bases)

    @cached_property
    def markings(self) -> frozenset[str]:
        """Every marking that an object may have."""
        return self.uses.union(TLP_IDS.values(), PAP_IDS.values())

    @cached_property
    def public(self) -> Mapping[str, Object]:
        """Objects that are the same for everybody, by identifier."""
        return public_objects(self.context.legal_bases)

    def fingerprint_of(self, kind: str, raw: object) -> AccountFingerprint | None:
        """Return what takes the place of an account in clear, if it was blinded indeed."""
        token = self.context.tokens.get((kind, raw)) if isinstance(raw, str) else None
        return token if token is not None and is_opaque_token(token.value) else None


@dataclass(frozen=True, slots=True)
class Desk:
    """One object of a share before the rules."""

    share: Share
    item: Object
    approved: frozenset[Role]
    """Roles in which different persons approved this very object."""

    template_accounts: int = 0
    """On how many accounts its templates were seen, the rarest one's."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules in force."""
        return self.share.rules

    @property
    def context(self) -> Context:
        """The circumstances."""
        return self.share.context

    def find(self, rule_id: str, path: str, reason: str, **changes: Any) -> Finding:  # noqa: ANN401 - fields of Finding
        """Return a finding of a rule, with what the rule does unless told otherwise."""
        return self.share.find(rule_id, path, reason, **changes)

    def released(self, rule_id: str) -> bool:
        """Tell whether the approvals that a rule asks for are there."""
        if not self.approved:
            return False
        needed = self.rules[rule_id].approvals
        return bool(needed) and set(needed) <= self.approved
