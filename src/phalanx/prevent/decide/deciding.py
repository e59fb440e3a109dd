"""The decision: a pure function of a request, what is known of it, a policy and a moment."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
import numpy.typing as npt

from phalanx.prevent.decide.decision import (
    ActionWord,
    Decision,
    DecisionReason,
    FactValue,
    HeldWord,
    RuleTrace,
    Seen,
)
from phalanx.prevent.decide.known_of import Found, numbers_of, texts_of
from phalanx.prevent.decide.reading import Reading
from phalanx.prevent.facts import COLUMN, FACT, TEXT_COLUMN
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.document import CAMPAIGN_KEY
from phalanx.prevent.policy.judging import failed, judge, purposes_mask
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.outcome import Outcome
from phalanx.prevent.policy.stages import place_of
from phalanx.prevent.policy.walking import Held
from phalanx.prevent.policy.wording import in_words
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import Standing
from phalanx.sketches.prompts import names_of

_HELD: dict[Held, HeldWord] = {
    Held.ACTS: "acts",
    Held.WATCHED: "watched",
    Held.BY_GRANT: "held off by grant",
}
_WORDS = {action: cast("ActionWord", action.word) for action in Action}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision rests on."""

    numbers: npt.NDArray[np.float64]
    texts: Sequence[str | None]

    def value(self, name: str) -> FactValue:
        """Return a fact as people read it; null where it is unknown."""
        fact = FACT[name]
        if fact.kind == "text":
            return self.texts[TEXT_COLUMN[name]]
        number = float(self.numbers[COLUMN[name]])
        if math.isnan(number):
            return None
        if fact.kind == "set":
            return names_of(int(number))
        return bool(number) if fact.kind == "flag" else number


def facts_of(
    request: Request, reading: Reading, found: Found, standing: Standing | None, now: datetime
) -> Facts:
    """Return what a decision rests on; parameters are those of `decide`."""
    return Facts(
        numbers_of(request, reading, found, standing, now), texts_of(request, reading, found)
    )


def decide(  # noqa: PLR0913, PLR0917 - all that a decision rests on
    request: Request,
    reading: Reading,
    found: Found,
    standing: Standing | None,
    policy: Policy,
    knowledge: Knowledge,
    key: bytes,
    now: datetime,
) -> Decision:
    """Decide what a request gets. There is a decision for every request.

    Parameters:
        request: That comes in.
        reading: Of what it says, see `Reader`.
        found: What is known of it, see `look_up`.
        standing: Of its account, this request included; null where the state could not say it,
            and then the policy says whether it passes.
        policy: Of the provider.
        knowledge: For the names of keys.
        key: Secret of the deployment, 16 to 64 bytes, for canaries and handles.
        now: With a time zone.
    """
    facts = facts_of(request, reading, found, standing, now)
    document = policy.document
    place = 0.0
    if policy.program.asks_for_place:
        place = place_of(request.account_id, document.name, key)
    if standing is None:
        outcome = failed(policy, place)
    else:
        grants = purposes_mask(each.purpose for each in found.grants) if found.grants else 0
        outcome = judge(policy, facts.numbers, facts.texts, grants, place)
    measures = outcome.measures
    action, key_id, lacks_key = measures.action, None, False
    reasons: tuple[DecisionReason, ...] = ()
    if outcome.rules or outcome.failed:
        campaign = None if found.membership is None else found.membership.campaign
        key_id = _key_of(measures.keys, campaign, knowledge)
        lacks_key = bool(measures.keys) and key_id is None
        if action == Action.MARK and lacks_key:
            action = Action.ALLOW
        reasons = (
            *_of_rules(policy, outcome, facts),
            *_of_gateway(policy, outcome, found, campaign, lacks_key=lacks_key),
        )
    return Decision(
        exchange_id=request.exchange_id,
        action=_WORDS[action],
        key_id=key_id,
        delay_seconds=measures.delay_seconds,
        drop_logprobs=measures.drops_logprobs,
        summarise_reasoning=measures.summarises_reasoning,
        most_output_tokens=measures.most_output_tokens,
        in_force=_WORDS[outcome.in_force.action],
        reasons=reasons,
        grants=tuple(each.grant_id for each in found.grants) if found.grants else (),
        appeal="" if action == Action.ALLOW else appeal_handle(request, policy.digest, key, now),
        appeals=document.appeals,
        policy=document.name,
        policy_digest=policy.digest,
        stage=document.stage,
        decided_at=now,
    )


def trace(policy: Policy, facts: Facts) -> tuple[RuleTrace, ...]:
    """Return every rule with every test of it, whether it holds or not, in the order of the policy.

    Parameters:
        policy: Of the provider.
        facts: What is known of the request.
    """
    return tuple(
        RuleTrace(rule.name, _evidence(policy, number, facts))
        for number, rule in enumerate(policy.document.rules)
    )


def appeal_handle(request: Request, policy_digest: str, key: bytes, now: datetime) -> str:
    """Return the handle by which whoever was refused can ask why.

    It tells nothing by itself, and nobody without the key can make one up.
    """
    keyed = hashlib.blake2b(digest_size=12, key=key, person=b"phalanx appeal")
    for part in (request.account_id, request.exchange_id, policy_digest, now.isoformat()):
        text = part.encode("utf-8", "surrogatepass")
        keyed.update(len(text).to_bytes(8, "little") + text)
    return f"apl_{keyed.hexdigest()}"


def _key_of(keys: Sequence[str], campaign: str | None, knowledge: Knowledge) -> str | None:
    """Return the first key that there is."""
    for each in keys:
        if each != CAMPAIGN_KEY:
            return each
        if campaign is not None and campaign in knowledge.keys:
            return knowledge.keys[campaign]
    return None


def _of_rules(policy: Policy, outcome: Outcome, facts: Facts) -> Iterator[DecisionReason]:
    for each in outcome.rules:
        rule = policy.document.rules[each.rule]
        yield DecisionReason(
            rule.reason, rule.name, _HELD[each.held], rule.action,
            _evidence(policy, each.rule, facts),
        )  # fmt: skip


def _of_gateway(
    policy: Policy, outcome: Outcome, found: Found, campaign: str | None, *, lacks_key: bool
) -> Iterator[DecisionReason]:
    grants = ", ".join(each.grant_id for each in found.grants)
    names = [policy.document.rules[each.rule].name for each in outcome.rules]
    held_off = [
        n for n, each in zip(names, outcome.rules, strict=True) if each.held == Held.BY_GRANT
    ]
    overruling = [n for n, each in zip(names, outcome.rules, strict=True) if each.overrules_grant]
    if held_off:
        yield _own("PHX-G101", f"{grants} holds off {', '.join(held_off)}")
    if overruling:
        yield _own("PHX-G102", f"{', '.join(overruling)} in spite of {grants}")
    if outcome.failed:
        is_open = policy.document.on_failure == "open"
        yield _own("PHX-G103" if is_open else "PHX-G104", "the state could not be asked")
    if lacks_key:
        yield _own("PHX-G105", f"campaign {campaign}" if campaign else "no campaign is known")


def _own(code: str, detail: str) -> DecisionReason:
    return DecisionReason(code, None, None, None, (), detail)


def _evidence(policy: Policy, rule: int, facts: Facts) -> tuple[Seen, ...]:
    program = policy.program
    numbers, answers = facts.numbers, program.answers(facts.texts)
    begin = int(program.starts[rule])
    return tuple(
        Seen(
            name, in_words(name, test), facts.value(name),
            program.test_holds(begin + place, numbers, answers),
        )
        for place, (name, test) in enumerate(policy.document.rules[rule].tests.items())
    )  # fmt: skip
