"""The narrow table: integers only, keyed, and the same for what is the same."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from phalanx.detect.narrow import HASHED_COLUMNS, NARROW_SCHEMA, Narrowing
from phalanx.logs import ReadOptions, open_log

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
BEGUN = [
    {"role": "user", "content": "Prove that the sum is even, step by step please."},
    {"role": "assistant", "content": "First, consider two odd numbers."},
]


def narrowed(prompts: list[str], key: bytes | None = KEY) -> pa.RecordBatch:
    """Narrow one exchange a prompt, each of another account."""
    rows = [
        {"timestamp": "2026-03-01T00:00:00Z", "account_id": f"a{n}", "model": "m", "prompt": prompt}
        for n, prompt in enumerate(prompts)
    ]
    (batch,) = open_log(pa.Table.from_pylist(rows), ReadOptions()).batches()
    return Narrowing(key, keep_excerpts=False, step_hours=6)(batch).rows


def conversation(*turns: dict[str, str]) -> str:
    """Write a prompt as a list of messages."""
    return json.dumps(list(turns))


def test_a_conversation_that_goes_on_elsewhere_is_known_by_its_earlier_turns() -> None:
    """Two accounts that go on with the same turns share the prefix, whatever comes next."""
    ask, retry = {"role": "user", "content": "Go on."}, {"role": "user", "content": "And then?"}
    begun_otherwise = {"role": "user", "content": "Prove that the sum is odd."}
    prefix = narrowed(
        [
            conversation(*BEGUN, ask),
            conversation(*BEGUN, retry),
            conversation(begun_otherwise, BEGUN[1], ask),
            conversation(BEGUN[0]),
            "Go on.",
        ]
    )["prefix"].to_pylist()
    assert prefix[0] == prefix[1] != 0
    assert prefix[2] not in (0, prefix[0])
    assert prefix[3:] == [0, 0]


def test_hashes_depend_on_the_key() -> None:
    """Without the key nobody can look up what a hash stands for."""
    prompts = [conversation(*BEGUN, {"role": "user", "content": "Write ten of them, please, now."})]
    first, again, other = (narrowed(prompts, key) for key in (KEY, KEY, OTHER_KEY))
    assert first == again
    for column in ("account", "prefix", "exact", "opening", "band0"):
        if first[column][0].as_py():
            assert first[column] != other[column], column


def test_a_key_flips_the_same_signs_of_all_prompts() -> None:
    """What two prompts have in common does not depend on the key; what one is about does."""
    prompts = [f"Grade answer number {n} of this {w} by the rubric." for n, w in enumerate("abc")]
    plain, keyed = (narrowed([*prompts, "Hello"], key)["signs"].to_numpy() for key in (None, KEY))
    assert plain[3] == keyed[3] == 0
    assert (plain[:3] != keyed[:3]).all()
    assert np.unique(plain[:3] ^ keyed[:3]).size == 1


def test_no_engine_breaks_a_tie() -> None:
    """Two prompts of one moment and length are told apart, the same under every key."""
    prompts = ["Grade the first answer by the rubric.", "Grade the other answer by the rubric."]
    first, second = narrowed(prompts)["draw"].to_pylist()
    assert first != second
    assert narrowed(prompts, OTHER_KEY)["draw"].to_pylist() == [first, second]


def test_no_text_is_left() -> None:
    """Every column is an integer."""
    batch = narrowed(["Grade this answer by the rubric, from one to ten."])
    assert batch.schema == NARROW_SCHEMA
    assert all(pa.types.is_integer(field.type) for field in batch.schema)


def test_what_the_log_does_not_carry_is_zero() -> None:
    """Missing identifiers are no shared value."""
    batch = narrowed(["Hello there, how are you today?", "Hello"])
    present = {"account", "model"}
    for column in set(HASHED_COLUMNS) - present:
        assert set(batch[column].to_pylist()) == {0}, column
    assert all(value != 0 for column in present for value in batch[column].to_pylist())
