"""A plan that could not be held, or would say nothing, is refused."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.audit import Plan, decoy_keys, read_plan

PLAN = Plan(
    suspect="model-x",
    mode="weights",
    scheme="phalanx-gumbel-v1?context_width=2",
    key_ids=("a", "b"),
    key_commitment="00" * 32,
    prompts_digest="11" * 32,
    prompts=30,
    reference="base",
    reference_digest="22" * 32,
    level=1e-6,
    decoys=5,
    decoy_seed=7,
    candidates=64,
    places=900,
    made_at="2026-11-25T12:00:00Z",
)


WRONG: dict[str, tuple[Any, ...]] = {
    "level": (10.0, 1.0, 0.0, -1.0, math.nan, math.inf, True, "0.1", None),
    "decoys": (-1, 100_001, True, 2.0, None),
    "decoy_seed": (-1, 1 << 53, True, 1.0),
    "candidates": (0, 1, (1 << 20) + 1, True),
    "places": (0, -5, 10**13, True),
    "key_ids": ((), ("a", "a"), ("a", ""), ("a b",), ["a"], "ab", (1,)),
    "suspect": ("", "a\nb", "x" * 2_001, "\ud800", 7),
    "reference": ("", "\x1b[2J"),
    "mode": ("", "weight", [], None),
    "scheme": ("", "a b", 3),
    "prompts_digest": ("", "11", "AB" * 32, "zz" * 32),
    "key_commitment": ("00", None, 0),
    "reference_digest": ("22", None, False),
    "tokenizer_digest": ("11", None),
    "prompts": (0, 10_000_001, True, 2.0),
    "answers_each": (0, 2, 1_001, True),
    "least_read": (0.0, 1.1, 2, True, None, math.nan),
    "made_at": ("", "soon", "2026-11-25T12:00:00", 5),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, each) for name, values in WRONG.items() for each in values]
)
def test_what_is_out_of_range_is_refused(name: str, value: Any) -> None:
    """In a plan, and in its file."""
    with pytest.raises(ValueError, match="no plan of an audit"):
        replace(PLAN, **{name: value})
    said = PLAN.as_json() | {name: list(value) if isinstance(value, tuple) else value}
    if said == PLAN.as_json() | {name: ["a"]}:
        return  # JSON has lists only
    with pytest.raises(InputError, match="no plan of an audit"):
        read_plan(json.dumps(said).encode())


def test_every_seed_that_is_taken_can_be_written() -> None:
    """The largest as well."""
    assert len(replace(PLAN, decoy_seed=(1 << 53) - 1).digest()) == 64


def test_a_plan_binds_to_all_of_it() -> None:
    """Any other plan has another digest: numbers of candidates and places, and the reference."""
    others: dict[str, Any] = {
        "suspect": "y", "mode": "answers", "scheme": "z", "key_ids": ("a",), "reference": "other",
        "key_commitment": "", "prompts_digest": "33" * 32, "reference_digest": "33" * 32,
        "tokenizer_digest": "33" * 32, "prompts": 31, "least_read": 1.0,
        "level": 1e-5, "decoys": 6, "decoy_seed": 8, "candidates": 32, "places": 901,
        "made_at": "2026-11-25T12:00:01Z",
    }  # fmt: skip
    assert {*others, "marked_digest", "answers_each"} == {each.name for each in fields(Plan)}
    digests = {replace(PLAN, **{name: value}).digest() for name, value in others.items()}
    assert len(digests | {PLAN.digest()}) == len(others) + 1
    gathered = replace(PLAN, mode="weights-gathered")
    assert gathered.digest() != replace(gathered, marked_digest="33" * 32).digest()
    asked = replace(PLAN, mode="answers")
    assert asked.digest() != replace(asked, answers_each=2).digest()


@pytest.mark.parametrize("share", [1.0, 0.5, 1e-9])
def test_a_share_is_read_as_it_was_written(share: float) -> None:
    """All of it as well, which JSON writes as it writes a whole number."""
    plan = replace(PLAN, least_read=share)
    assert read_plan(plan.as_bytes()) == plan


def test_least_is_rounded_up() -> None:
    """A share of the answers that are asked for, and one at least."""
    for prompts, each, share, least in ((30, 1, 0.95, 29), (10, 2, 0.95, 19), (1, 1, 0.01, 1),
                                        (20, 5, 0.29, 29), (7, 1, 1.0, 7)):  # fmt: skip
        plan = replace(PLAN, mode="sums", prompts=prompts, answers_each=each, least_read=share)
        assert (plan.asked, plan.least) == (prompts * each, least)


def test_the_digest_is_that_of_the_file() -> None:
    """So that anybody can compute it without us."""
    assert hashlib.sha256(PLAN.as_bytes()).hexdigest() == PLAN.digest()
    assert read_plan(PLAN.as_bytes()) == PLAN


def test_a_plan_and_a_commitment_can_name_each_other() -> None:
    """What the commitment names does not depend on the commitment."""
    assert PLAN.digest_to_commit() == replace(PLAN, key_commitment="").digest() != PLAN.digest()


def test_there_is_one_way_to_write_a_plan() -> None:
    """Other bytes are another digest, and are refused."""
    text = PLAN.as_bytes().decode()
    for other in (text + "\n", text.replace(":", ": ", 1), text.replace("{", '{"level":1e-6,', 1)):
        with pytest.raises(InputError, match="as it was written"):
            read_plan(other.encode())
    for change in ({"version": 4.5}, {"method": "another"}, {"more": 1}):
        with pytest.raises(InputError):
            read_plan(rfc8785.dumps(PLAN.as_json() | change))


@pytest.mark.parametrize("version", [1, 2, 3, 5])
def test_plans_of_other_versions_are_refused_by_their_number(version: int) -> None:
    """What they fix is not what is fixed now, whatever else they say."""
    said = PLAN.as_json() | {"version": version}
    del said["marked_digest"]
    with pytest.raises(InputError, match=f"version {version}, and plans of version 4 are read"):
        read_plan(rfc8785.dumps(said))


@given(st.binary(max_size=200) | st.sampled_from([b"[" * 100_000, b"9" * 5_000, b"1e999"]))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    """With one error of ours."""
    with pytest.raises(InputError):
        read_plan(data)


def test_decoys_follow_from_the_plan() -> None:
    """The same plan gives the same keys; another seed, scheme or length others."""
    keys = decoy_keys(PLAN, 32)
    assert len(set(keys)) == 5
    assert {len(key) for key in keys} == {32}
    assert decoy_keys(PLAN, 32) == keys
    assert decoy_keys(replace(PLAN, decoys=3), 32) == keys[:3]
    assert not set(keys) & set(decoy_keys(replace(PLAN, decoy_seed=8), 32))
    assert keys[0][:7] != decoy_keys(PLAN, 7)[0]
    assert decoy_keys(replace(PLAN, decoys=0), 32) == []
