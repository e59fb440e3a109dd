"""Facts of a batch of exchanges that are numbers, flags or sets, and what it got."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.prevent.facts import ONLINE
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.replay.looking_up import Seen

CHARACTERS_PER_TOKEN = 4
"""Where a log has the length of an answer in characters only."""

_MOST_COUNT = 1_000_000_000
_MOST_TEMPERATURE = 100
_MICROSECONDS = 1_000_000
_DAY_SECONDS = 86_400.0

Floats = npt.NDArray[np.float64]


def asked_numbers(  # noqa: PLR0913, PLR0917 - all that facts follow from
    batch: pa.RecordBatch,
    at_us: npt.NDArray[np.int64],
    capabilities: npt.NDArray[np.int64],
    code: npt.NDArray[np.bool_],
    seen: Seen,
    knowledge: Knowledge,
    asked: Sequence[str],
) -> Mapping[str, Floats]:
    """Return facts of each exchange; what is unknown is not a number.

    Parameters:
        batch: Of `EXCHANGE_SCHEMA`.
        at_us: When each came in.
        capabilities: That each prompt names, as masks.
        code: Whether each prompt quotes code.
        seen: What is known of them.
        knowledge: Whose campaigns count.
        asked: Names of the facts, none of which follows from the state.
    """
    made: Mapping[str, Callable[[], npt.NDArray[np.generic]]] = {
        "prompt_characters": lambda: _numbers(pc.utf8_length(batch.column("prompt"))),
        "history_turns": lambda: _numbers(batch.column("history_turns")),
        "max_tokens": lambda: _within(batch.column("max_tokens"), _MOST_COUNT),
        "choices": lambda: _within(batch.column("n"), _MOST_COUNT),
        "temperature": lambda: _within(batch.column("temperature"), _MOST_TEMPERATURE),
        "account_age_days": lambda: _age_days(batch.column("account_created_at"), at_us),
        "logprobs": lambda: _numbers(batch.column("logprobs")),
        "stream": lambda: _numbers(batch.column("stream")),
        "tools": lambda: _tools(batch.column("tools_hash")),
        "code": lambda: code,
        "capabilities": lambda: capabilities,
        "campaign_member": lambda: ~np.isnan(_evidence(batch, knowledge)),
        "campaign_log10_e": lambda: _evidence(batch, knowledge),
        "indicator_confidence": lambda: seen.indicator_confidence,
        "template_jaccard": lambda: seen.template_jaccard,
        **dict.fromkeys(ONLINE, lambda: np.full(batch.num_rows, np.nan)),
    }
    return {name: made[name]().astype(np.float64) for name in asked}


def counts_of(column: pa.Array, otherwise: int = 0) -> npt.NDArray[np.int64]:
    """Return counts; what is unknown or out of range as something else.

    Examples:
        >>> counts_of(pa.array([3, None, -1]), otherwise=7).tolist()
        [3, 7, 7]
    """
    values = column.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where((values >= 0) & (values <= _MOST_COUNT), values, otherwise)


def tokens_of(batch: pa.RecordBatch) -> tuple[npt.NDArray[np.int64], int]:
    """Return the output tokens of each exchange, and how many were estimated from characters."""
    logged = batch.column("output_tokens")
    is_logged = logged.is_valid().to_numpy(zero_copy_only=False)
    characters = batch.column("response_characters").to_numpy(zero_copy_only=False)
    estimated = ~is_logged & (characters >= 0)
    from_characters = np.maximum(characters, 0).astype(np.int64) // CHARACTERS_PER_TOKEN
    return np.where(is_logged, counts_of(logged), from_characters), int(estimated.sum())


def _numbers(column: pa.Array) -> Floats:
    values = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _within(column: pa.Array, most: float) -> Floats:
    values = _numbers(column)
    return np.where((values >= 0) & (values <= most), values, np.nan)


def _tools(column: pa.Array) -> Floats:
    """Return 1 where tools were logged; where they were not, there may have been some."""
    return np.where(column.is_valid().to_numpy(zero_copy_only=False), 1.0, np.nan)


def _age_days(column: pa.Array, at_us: npt.NDArray[np.int64]) -> Floats:
    created = column.cast(pa.int64())
    known = created.is_valid().to_numpy(zero_copy_only=False)
    since = at_us - created.fill_null(0).to_numpy(zero_copy_only=False)
    return np.where(known, since / _MICROSECONDS / _DAY_SECONDS, np.nan)


def _evidence(batch: pa.RecordBatch, knowledge: Knowledge) -> Floats:
    encoded = batch.column("account_id").dictionary_encode()
    members = map(knowledge.campaigns.of_account.get, encoded.dictionary.to_pylist())
    of_each = [np.nan if each is None else each.log10_e for each in members]
    return np.asarray(np.array(of_each)[encoded.indices.to_numpy(zero_copy_only=False)])
