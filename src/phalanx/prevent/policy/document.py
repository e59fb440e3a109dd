"""A policy as a file says it: TOML, of one version, and nothing in it that is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model, model_validator

from phalanx.model.grant import GrantPurpose
from phalanx.prevent.facts import FACTS, FactKind
from phalanx.prevent.policy.actions import Action, Measures
from phalanx.prevent.policy.conditions import Capability, NumberTest, Part, SetTest, Test, TextTest
from phalanx.prevent.policy.stages import Stage, share_in_force
from phalanx.prevent.rules import FACTS_OF_REASON

POLICY_SCHEMA_ID = "phalanx.gateway-policy/1"
MOST_RULES = 200
CAMPAIGN_KEY = "campaign"
"""In place of a key: the key of the campaign that the account belongs to."""

_TESTS: Mapping[FactKind, Any] = {
    "number": NumberTest,
    "flag": bool,
    "text": TextTest,
    "set": SetTest,
}

Reason = Literal[
    "PHX-G001", "PHX-G002", "PHX-G003", "PHX-G004", "PHX-G005", "PHX-G006", "PHX-G007",
    "PHX-G008", "PHX-G009", "PHX-G010", "PHX-G011", "PHX-G012",
]  # fmt: skip
"""Those of `FACTS_OF_REASON`."""

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_Key = Annotated[str, StringConstraints(pattern=r"^(campaign|wmk_[0-9a-f]{32})$")]
_Percent = Annotated[float, Field(gt=0, lt=100)]
_Weight = Annotated[float, Field(ge=0, le=1_000)]


class Conditions(Part):
    """What a rule asks for: all of it must hold. Of a fact that is unknown, nothing holds."""

    @property
    def tests(self) -> Mapping[str, Test]:
        """Return what is asked: fact -> test, in the order of the facts."""
        asked = {fact.name: getattr(self, fact.name) for fact in FACTS}
        return {name: test for name, test in asked.items() if test is not None}


if TYPE_CHECKING:
    When = Conditions
else:
    When = create_model(
        "When",
        __base__=Conditions,
        __doc__=Conditions.__doc__,
        **{
            fact.name: (_TESTS[fact.kind] | None, Field(default=None, description=fact.meaning))
            for fact in FACTS
        },
    )
    """Conditions, with a field for each fact, which a type checker cannot know."""


class _Staged(Part):
    stage: Stage
    """`shadow`: nothing is done, all is told. `canary`: done to a share of accounts. `enforce`."""

    canary_percent: _Percent | None = None
    """Share of accounts, with `canary` only."""

    @model_validator(mode="after")
    def _share_fits(self) -> _Staged:
        if (self.canary_percent is not None) != (self.stage == "canary"):
            message = "canary_percent goes with the stage canary, and only with it"
            raise ValueError(message)
        return self

    @property
    def share(self) -> float:
        """Return on which share of accounts it acts."""
        return share_in_force(self.stage, self.canary_percent)


class PolicyRule(_Staged):
    """Conditions, and what is done where all of them hold."""

    name: _Name
    """Its own, by which decisions and replays name it."""

    reason: Reason
    """What it acts for, as `phalanx explain` tells it. The conditions have to ask about it."""

    action: Literal["allow", "mark", "slow", "trim", "verify", "block"]
    """What is done; `allow` only tells that the rule holds."""

    stage: Stage = "enforce"
    """As far as the policy as a whole allows: the earlier stage of both counts."""

    despite_grants: Annotated[tuple[GrantPurpose, ...], Field(strict=False)] = ()
    """Purposes of grants that do not hold the rule off. Decisions say that a grant was
    overruled."""

    key: _Key | None = None
    """With `mark`, or beside `slow` and `trim`: key id whose mark the output carries, or
    `campaign` for the key of the campaign that the account belongs to."""

    delay_seconds: Annotated[float, Field(gt=0, le=60)] | None = None
    """With `slow`, and only with it or `trim`."""

    drop_logprobs: bool = False
    """With `trim`: no log-probabilities."""

    summarise_reasoning: bool = False
    """With `trim`: a summary in place of the reasoning."""

    most_output_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """With `trim`: the output is not longer."""

    note: Annotated[str, StringConstraints(max_length=1_000)] = ""
    """Why the rule is there, for those who read the policy. Requests never see it."""

    when: When
    """What must hold."""

    @model_validator(mode="after")
    def _is_whole(self) -> PolicyRule:
        trims = self.drop_logprobs or self.summarise_reasoning or self.most_output_tokens
        wrong = ""
        if not self.tests:
            wrong = "when: ask for something"
        elif not set(FACTS_OF_REASON[self.reason]) & set(self.tests):
            facts = ", ".join(FACTS_OF_REASON[self.reason])
            wrong = f"{self.reason} is about {facts}: ask for one of them, or name another reason"
        elif (self.action == "mark") and self.key is None:
            wrong = "mark needs a key"
        elif self.key is not None and self.action not in {"mark", "slow", "trim"}:
            wrong = f"{self.action} marks nothing: leave the key out"
        elif (self.action == "slow") and self.delay_seconds is None:
            wrong = "slow needs delay_seconds"
        elif self.delay_seconds is not None and self.action not in {"slow", "trim"}:
            wrong = f"{self.action} does not slow: leave delay_seconds out"
        elif bool(trims) != (self.action == "trim"):
            wrong = (
                "trim, and only trim, says drop_logprobs, summarise_reasoning or most_output_tokens"
            )
        if wrong:
            raise ValueError(wrong)
        return self

    @property
    def tests(self) -> Mapping[str, Test]:
        """Return what is asked: fact -> test."""
        return self.when.tests

    @property
    def measures(self) -> Measures:
        """Return what is done where the rule holds and acts."""
        return Measures(
            action=Action.of(self.action),
            keys=() if self.key is None else (self.key,),
            delay_seconds=self.delay_seconds or 0.0,
            drops_logprobs=self.drop_logprobs,
            summarises_reasoning=self.summarise_reasoning,
            most_output_tokens=self.most_output_tokens,
        )


def _weights() -> dict[Capability, float]:
    """Return what tokens weigh if a policy does not say so: a choice, which nothing measures."""
    return {
        "reasoning": 1.0, "grading": 1.0, "task generation": 1.0, "rewriting": 1.0,
        "tool use": 1.0, "coding": 1.0, "translation": 0.25,
    }  # fmt: skip


class ValueWeights(Part):
    """What an output token of new content weighs, by what the prompt asks for."""

    capabilities: Mapping[Capability, _Weight] = Field(default_factory=_weights)
    """Capability -> weight. Of several that a prompt names, the heaviest counts; one that is not
    listed weighs as `other`."""

    other: _Weight = 0.25
    """Of a prompt that names none."""

    repeated: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Novelty of content that was answered before, where new content has 1: another sample of an
    answer teaches something too."""

    tokens_if_unsaid: Annotated[int, Field(ge=1, le=10_000_000)] = 1_024
    """Output tokens that a request under way counts for if it does not say `max_tokens`."""

    most_set_aside: Annotated[int, Field(ge=1, le=10_000_000)] = 8_192
    """Output tokens that each answer of a request under way counts for at most: many clients ask
    for all that a model can say, and get a part of it."""


class PolicyDocument(_Staged):
    """A policy of the gateway."""

    schema_id: Annotated[Literal["phalanx.gateway-policy/1"], Field(alias="schema")]
    """Identifier of this format with its major version."""

    name: _Name
    """Of the policy. It stays from one version to the next, and with it who is in a canary."""

    on_failure: Literal["open", "closed"]
    """Where the gateway cannot decide, requests pass (`open`) or are blocked (`closed`)."""

    appeals: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    """Where whoever was refused can ask why: an address that the answer names."""

    value: ValueWeights = Field(default_factory=ValueWeights)
    """How information value is counted."""

    rules: Annotated[
        tuple[PolicyRule, ...], Field(strict=False, min_length=1, max_length=MOST_RULES)
    ]
    """In the order in which decisions tell them. All that hold have a say."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> PolicyDocument:
        names = [rule.name for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            message = f"two rules are called {twice}"
            raise ValueError(message)
        return self
