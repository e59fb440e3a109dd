"""A log of any format that `phalanx scan` reads, as the native table that it could have been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect.simulate.columns import NATIVE_SCHEMA
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.schema import HISTORY_ROLE_END, HISTORY_TURN_START, RESPONSE_CHARACTERS

_LONGEST = 100_000_000
"""Nothing is cut: the log is written again, not looked at."""


def read_any(log: Path) -> pa.Table:
    """Read a log through the readers of a scan, with identifiers in clear.

    Rows that cannot be read are left out, as in a scan.

    Parameters:
        log: File or folder.

    Returns:
        The native columns that the log carries. Conversations are JSON lists of messages; where
        responses were logged, their lengths stand for them.

    Raises:
        InputError: If nothing can be read.
    """
    found = open_log([log], ReadOptions(maximum_prompt_characters=_LONGEST))
    parts = [_native(batch) for batch in found.batches()]
    table = pa.concat_tables(parts)
    carried = [
        name for name in table.column_names if table.column(name).null_count < table.num_rows
    ]
    return table.select(carried)


def _native(batch: pa.RecordBatch) -> pa.Table:
    columns = {
        name: batch.column(name).cast(NATIVE_SCHEMA.field(name).type)
        for name in NATIVE_SCHEMA.names
        if name in batch.schema.names
    }
    columns["prompt"] = pa.array(_prompts(batch), pa.string())
    length = batch.column(RESPONSE_CHARACTERS)
    columns[RESPONSE_CHARACTERS] = pc.if_else(pc.less(length, 0), None, length)
    return pa.table(columns)


def _prompts(batch: pa.RecordBatch) -> Iterator[str]:
    histories, prompts = (batch.column(name).to_pylist() for name in ("history", "prompt"))
    for history, prompt in zip(histories, prompts, strict=True):
        yield written_prompt(history, prompt)


def written_prompt(history: str | None, prompt: str) -> str:
    r"""Write a conversation as the native table holds it.

    Parameters:
        history: Earlier turns as `EXCHANGE_SCHEMA` has them; null for a first turn.
        prompt: The last user turn.

    Returns:
        The prompt as it is, or a JSON list of messages where there are earlier turns, or where
        the prompt itself could be taken for one.

    Examples:
        >>> written_prompt(None, "Hi")
        'Hi'
        >>> written_prompt("\x1euser\x1fHi\x1eassistant\x1fHello", "Bye")
        '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, ...'
    """
    if history is None and not prompt.lstrip().startswith(("[", "{")):
        return prompt
    turns = (history or "").split(HISTORY_TURN_START)[1:]
    messages = [
        {"role": role, "content": text}
        for role, _, text in (turn.partition(HISTORY_ROLE_END) for turn in turns)
    ]
    messages.append({"role": "user", "content": prompt})
    return json.dumps(messages, ensure_ascii=False)
