"""A code's file is what was written, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.tracing import CodeFile, read_code_file

CODE = CodeFile(
    name="c", scheme="phalanx-gumbel-v1", epoch=1, accounts=("a", "b"), collusion=2,
    false_accusation=1e-6, code_id="wmk_1", slots_id="wmk_2",
)  # fmt: skip


def test_what_was_written_is_read() -> None:
    """With the plan that follows from it."""
    read = read_code_file(json.dumps(CODE.as_json()).encode())
    assert read == CODE
    assert (read.plan.accounts, read.plan.collusion) == (2, 2)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    """Whatever they are."""
    with pytest.raises(InputError):
        read_code_file(data)


@given(
    st.sampled_from(sorted(CODE.as_json())),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
)
def test_a_changed_field_is_refused_or_usable(name: str, value: Any) -> None:
    """Nothing but the named error is raised, and what is taken makes a plan."""
    try:
        read = read_code_file(json.dumps(CODE.as_json() | {name: value}).encode())
    except InputError:
        return
    assert read.plan.length > 0


@pytest.mark.parametrize(
    "change",
    [
        {"accounts": []}, {"accounts": ["a", "a"]}, {"collusion": 0}, {"collusion": 101},
        {"false_accusation": 0.0}, {"false_accusation": 1.0}, {"epoch": 0}, {"extra": 1},
        {"name": ""}, {"epoch": True}, {"accounts": "ab"},
    ],
)  # fmt: skip
def test_what_no_code_says_is_refused(change: dict[str, Any]) -> None:
    """With the command that makes one."""
    with pytest.raises(InputError) as told:
        read_code_file(json.dumps(CODE.as_json() | change).encode())
    assert "phalanx watermark code" in told.value.next_step


def test_the_names_of_keys_are_the_codes_own() -> None:
    """Two codes of one vault share no key."""
    assert not set(CODE.key_names) & set(replace(CODE, name="d").key_names)
