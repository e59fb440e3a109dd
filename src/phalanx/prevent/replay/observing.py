"""Logged requests as online detection would have seen them end.

They go through the gateway of a replay, under a policy that touches nobody, so that information
value and failover are what a gateway would have counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.pools import Pools
from phalanx.prevent.online.signs import (
    CHARACTERS_PER_TOKEN,
    ELICITS,
    FIRST_TURN,
    TARGETED,
    UNUSUAL,
    Watched,
)
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.policy.document import PolicyDocument, ValueWeights
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import compiled
from phalanx.prevent.policy.walking import Held
from phalanx.prevent.replay.columns import counts_of
from phalanx.prevent.replay.gathering import Gatherer
from phalanx.prevent.replay.reading import read_prompts
from phalanx.prevent.replay.running import TOKENS_PER_SECOND, replay, room_for
from phalanx.sketches.prompts import ELICITATION_MASK, TARGETED_MASK

Integers = npt.NDArray[np.int64]
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Answers in the order in which they ended; arrays of one length unless it is said."""

    account: Integers
    """Place in `accounts`."""

    signs: Integers
    asked_tokens: Integers
    tokens: Integers
    value: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    end_us: Integers
    is_granted: npt.NDArray[np.bool_]
    """Whether a grant covered the request."""

    row: Integers
    """Place in the logs."""

    accounts: Sequence[str]
    identities: npt.NDArray[np.uint64]
    """Of each account, shape (accounts, 2)."""

    organisation: Integers
    """Of each account, its declared owner; -1 for none."""

    has_grant: npt.NDArray[np.bool_]
    """Of each account: whether a grant covered one of its requests."""

    begins_us: int
    ends_us: int
    """First and last request of the logs."""


def observing_policy(value: ValueWeights) -> Policy:
    """Return a policy that touches nobody, and tells which requests were turned away elsewhere."""
    said: dict[str, Any] = {
        "schema": "phalanx.gateway-policy/1", "name": "observing", "stage": "shadow",
        "on_failure": "open", "appeals": "none", "value": value.model_dump(),
        "rules": [
            {
                "name": "continues", "reason": "PHX-G007", "action": "allow",
                "when": {"continues_elsewhere": True},
            }
        ],
    }  # fmt: skip
    document = PolicyDocument.model_validate(said)
    return Policy(document, "", compiled(document), tuple(rule.measures for rule in document.rules))


def ended(  # noqa: PLR0913, PLR0917 - all that answers follow from
    batches: Iterable[pa.RecordBatch],
    value: ValueWeights,
    knowledge: Knowledge,
    key: bytes,
    progress: Callable[[float], None],
    tokens_per_second: float = TOKENS_PER_SECOND,
) -> Ended:
    """Return the answers of logged exchanges.

    Parameters:
        batches: Of `EXCHANGE_SCHEMA`, at least one.
        value: How information value is counted.
        knowledge: For grants and templates.
        key: Secret of the deployment.
        progress: Told the share that is decided.
        tokens_per_second: With which answers are taken to come.
    """
    policy = observing_policy(value)
    gatherer = Gatherer(policy, knowledge, key)
    parts: list[tuple[Integers, Integers]] = []
    for batch in batches:
        gatherer.take(batch)
        parts.append(_signs_of(batch))
    traffic = gatherer.traffic()
    made = replay(traffic, policy, room_for(traffic), progress, tokens_per_second)
    signs, asked = (np.concatenate(each)[traffic.row] for each in zip(*parts, strict=True))
    is_unusual = (made.held[:, 0] >= Held.WATCHED) | traffic.matches_template
    signs |= UNUSUAL * is_unusual.astype(np.int64)
    took = np.ceil(made.tokens / tokens_per_second * _MICROSECONDS).astype(np.int64)
    end_us = traffic.at_us + took
    order = np.argsort(end_us, kind="stable")
    order = order[made.tokens[order] > 0]
    organisation = np.full(len(traffic.accounts), -1, dtype=np.int64)
    is_declared = traffic.organisation >= 0
    organisation[traffic.account[is_declared]] = traffic.organisation[is_declared]
    has_grant = np.zeros(len(traffic.accounts), dtype=np.bool_)
    has_grant[traffic.account[traffic.grants > 0]] = True
    return Ended(
        account=traffic.account[order],
        signs=signs[order],
        asked_tokens=asked[order],
        tokens=made.tokens[order],
        value=made.value[order],
        weight=traffic.weight[order],
        end_us=end_us[order],
        is_granted=traffic.grants[order] > 0,
        row=traffic.row[order],
        accounts=traffic.accounts,
        identities=traffic.identities,
        organisation=organisation,
        has_grant=has_grant,
        begins_us=int(traffic.at_us[0]),
        ends_us=int(traffic.at_us[-1]),
    )


def feed(watch: Watch, answers: Ended, pools: Pools) -> None:
    """Let a watch see the answers to requests that no grant covers, one after the other.

    Parameters:
        watch: That sees them.
        answers: From `ended`.
        pools: That are watched.
    """
    identities = [(int(first), int(second)) for first, second in answers.identities]
    columns = (
        answers.account, answers.signs, answers.asked_tokens, answers.weight, answers.tokens,
        answers.value, answers.end_us, answers.is_granted,
    )  # fmt: skip
    for who, signs, asked, weight, tokens, value, end_us, is_granted in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        if not is_granted:
            kept = Watched(answers.accounts[who], identities[who], signs, asked, weight)
            watch.observe(kept, tokens, value, end_us, pools)


def _signs_of(batch: pa.RecordBatch) -> tuple[Integers, Integers]:
    """Return what follows from each request alone: its signs, and the length of what it sends."""
    capabilities, _ = read_prompts(batch.column("prompt"), batch.column("system_prompt"))
    lengths = [
        pc.utf8_length(batch.column(name).fill_null("")).to_numpy(zero_copy_only=False)
        for name in ("prompt", "history", "system_prompt")
    ]
    turns = batch.column("history_turns").fill_null(0).to_numpy(zero_copy_only=False)
    logprobs = batch.column("logprobs").cast(pa.int8()).fill_null(0)
    asks_logprobs = logprobs.to_numpy(zero_copy_only=False) == 1
    signs = (
        FIRST_TURN * ((lengths[1] == 0) & (turns == 0))
        | ELICITS * ((capabilities & ELICITATION_MASK) != 0)
        | TARGETED * ((capabilities & TARGETED_MASK) != 0)
        | UNUSUAL * (asks_logprobs | (counts_of(batch.column("n")) > 1))
    )
    asked = np.stack(lengths).astype(np.int64).sum(axis=0) // CHARACTERS_PER_TOKEN
    return signs.astype(np.int64), asked
