"""The canonical exchange table that every reader produces.

Users write the *native* table (`NATIVE_COLUMNS`). A reader turns whatever it reads
into batches of `EXCHANGE_SCHEMA`: prompts are split into the last user turn and what
came before it, times are UTC, identifiers are pseudonyms.
"""

from __future__ import annotations

import pyarrow as pa

REQUIRED_COLUMNS = ("timestamp", "account_id", "model", "prompt")
"""Columns without which a row cannot be used."""

OPTIONAL_COLUMNS = (
    "exchange_id",
    "organisation",
    "conversation_id",
    "system_prompt",
    "response",
    "input_tokens",
    "output_tokens",
    "status",
    "client_ip",
    "asn",
    "country",
    "user_agent",
    "tls_fingerprint",
    "payment_fingerprint",
    "email_domain",
    "account_created_at",
    "temperature",
    "top_p",
    "max_tokens",
    "n",
    "logprobs",
    "stream",
    "tools_hash",
    "endpoint",
    "reasoning_signature",
)
"""Columns that switch signals on."""

NATIVE_COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS

RESPONSE_CHARACTERS = "response_characters"
"""Accepted in place of `response` by those who keep response texts out of their logs."""

MAPPABLE_COLUMNS = (*NATIVE_COLUMNS, RESPONSE_CHARACTERS)
"""Columns that a mapping may name."""

HISTORY_TURN_START = "\x1e"
"""Begins every turn in `history`; the role follows."""

HISTORY_ROLE_END = "\x1f"
"""Stands between the role and the text of a turn in `history`."""

EXCHANGE_SCHEMA = pa.schema(
    [
        pa.field("exchange_id", pa.string()),
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("organisation", pa.string()),
        pa.field("conversation_id", pa.string()),
        pa.field("model", pa.string(), nullable=False),
        pa.field("system_prompt", pa.string()),
        # The last user turn, or the whole prompt where it is plain text.
        pa.field("prompt", pa.string(), nullable=False),
        # The turns before it (system turn excluded), one string; null for a first turn.
        pa.field("history", pa.string()),
        # Number of turns in `history`.
        pa.field("history_turns", pa.int32(), nullable=False),
        # Characters of the response (-1 where it was not logged); its text stays outside.
        pa.field("response_characters", pa.int32(), nullable=False),
        pa.field("input_tokens", pa.int64()),
        pa.field("output_tokens", pa.int64()),
        pa.field("status", pa.int32()),
        pa.field("client_ip", pa.string()),
        # /24 of an IPv4 address, /48 of an IPv6 one; a pseudonym like the address.
        pa.field("client_subnet", pa.string()),
        pa.field("asn", pa.string()),
        pa.field("country", pa.string()),
        pa.field("user_agent", pa.string()),
        pa.field("tls_fingerprint", pa.string()),
        pa.field("payment_fingerprint", pa.string()),
        pa.field("email_domain", pa.string()),
        pa.field("account_created_at", pa.timestamp("us", tz="UTC")),
        pa.field("temperature", pa.float64()),
        pa.field("top_p", pa.float64()),
        pa.field("max_tokens", pa.int64()),
        pa.field("n", pa.int32()),
        pa.field("logprobs", pa.bool_()),
        pa.field("stream", pa.bool_()),
        pa.field("tools_hash", pa.string()),
        pa.field("endpoint", pa.string()),
        # Of the latest opaque reasoning block that the request handed back.
        pa.field("reasoning_signature", pa.string()),
    ]
)
"""Columns, types and order of every batch that leaves `phalanx.logs`."""

EXCHANGE_SCHEMA_WITH_RESPONSES = EXCHANGE_SCHEMA.append(pa.field("response", pa.string()))
"""The same for the one reader that asks for the text of responses (`ReadOptions.responses`)."""
