"""A decision in headers, for whoever serves what was decided."""

from __future__ import annotations

from collections.abc import Mapping

from phalanx.prevent.decide.decision import Decision

PREFIX = "x-phalanx-"
"""How headers begin that only the gateway may set."""

EXCHANGE = f"{PREFIX}exchange"
ACTION = f"{PREFIX}action"
KEY_ID = f"{PREFIX}key-id"
DROP_LOGPROBS = f"{PREFIX}drop-logprobs"
SUMMARISE_REASONING = f"{PREFIX}summarise-reasoning"
MOST_OUTPUT_TOKENS = f"{PREFIX}most-output-tokens"

TOLD = (EXCHANGE, ACTION, KEY_ID, DROP_LOGPROBS, SUMMARISE_REASONING, MOST_OUTPUT_TOKENS)
"""All of them, each of which is always set: one that a client sent never stays."""

NONE = "none"
"""In place of what a decision does not say."""


def headers_of(decision: Decision) -> Mapping[str, str]:
    """Return the headers by which a decision is told to whoever serves.

    They are not for whoever asks: a mark that is announced is no mark.

    Parameters:
        decision: That serves.
    """
    most = decision.most_output_tokens
    return {
        EXCHANGE: decision.exchange_id,
        ACTION: decision.action,
        KEY_ID: decision.key_id or NONE,
        DROP_LOGPROBS: str(decision.drop_logprobs).lower(),
        SUMMARISE_REASONING: str(decision.summarise_reasoning).lower(),
        MOST_OUTPUT_TOKENS: NONE if most is None else str(most),
    }
