"""The text of responses leaves a log for whoever asks for it, and for nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.logs.exchange_log import open_log
from phalanx.logs.options import ReadOptions
from phalanx.logs.schema import EXCHANGE_SCHEMA, EXCHANGE_SCHEMA_WITH_RESPONSES

ROWS: list[dict[str, object]] = [
    {"timestamp": "2026-01-01T00:00:00Z", "account_id": "a", "model": "m", "prompt": "Hi",
     "response": "Hello there"},
    {"timestamp": "2026-01-01T00:00:01Z", "account_id": "a", "model": "m", "prompt": "Bye",
     "response": None},
]  # fmt: skip


def _responses(source: object, **options: object) -> list[str | None]:
    log = open_log(source, ReadOptions(responses=True, **options))  # type: ignore[arg-type]
    return [each for batch in log.batches() for each in batch.column("response").to_pylist()]


def test_batches_carry_no_responses_unless_they_are_asked_for() -> None:
    """A scan never sees them."""
    (batch,) = open_log(pa.Table.from_pylist(ROWS)).batches()
    assert batch.schema == EXCHANGE_SCHEMA
    (batch,) = open_log(pa.Table.from_pylist(ROWS), ReadOptions(responses=True)).batches()
    assert batch.schema == EXCHANGE_SCHEMA_WITH_RESPONSES


@pytest.mark.parametrize("form", ["parquet", "jsonl", "json", "csv"])
def test_every_form_of_the_native_table_has_responses(tmp_path: Path, form: str) -> None:
    """Whether it is read by columns, by Arrow, or row by row."""
    path = tmp_path / f"log.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif form == "csv":
        path.write_text(
            "timestamp,account_id,model,prompt,response\n"
            "2026-01-01T00:00:00Z,a,m,Hi,Hello there\n2026-01-01T00:00:01Z,a,m,Bye,\n"
        )
    else:
        lines = "\n".join(json.dumps(row) for row in ROWS)
        path.write_text(lines if form == "jsonl" else json.dumps(ROWS))
    found = _responses([str(path)])
    assert found[0] == "Hello there"
    assert not found[1]


def test_a_row_that_needs_care_keeps_its_response(tmp_path: Path) -> None:
    """One response in parts makes its block be read row by row."""
    parts = [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]
    rows = [ROWS[0], {**ROWS[1], "response": parts}]
    (tmp_path / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert _responses([str(tmp_path / "log.jsonl")]) == ["Hello there", "Hello\nthere"]


def test_a_gateways_log_has_responses(tmp_path: Path) -> None:
    """LiteLLM logs the answer as the chat completions interface gives it."""
    payload = {
        "id": "1", "startTime": 1767322800.5, "model": "m", "end_user": "u", "call_type": "x",
        "messages": [{"role": "user", "content": "Hi"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "Hello there"}}]},
    }  # fmt: skip
    (tmp_path / "log.jsonl").write_text(json.dumps(payload) + "\n")
    assert _responses([str(tmp_path / "log.jsonl")]) == ["Hello there"]


def test_responses_are_read_where_their_lengths_stand_beside_them() -> None:
    """A scan would read the lengths only."""
    rows = [{**row, "response_characters": 11} for row in ROWS]
    assert _responses(pa.Table.from_pylist(rows)) == ["Hello there", None]


def test_a_long_response_is_cut_as_prompts_are() -> None:
    """And counted."""
    log = open_log(
        pa.Table.from_pylist(ROWS), ReadOptions(responses=True, maximum_prompt_characters=5)
    )
    (batch,) = log.batches()
    assert batch.column("response").to_pylist() == ["Hello", None]
    assert log.notes["response: truncated to 5 characters"] == 1


def test_rejected_rows_take_their_responses_with_them() -> None:
    """Rows and responses stay side by side."""
    rows = [{**ROWS[0], "model": None, "response": "lost"}, ROWS[0]]
    assert _responses(pa.Table.from_pylist(rows)) == ["Hello there"]
