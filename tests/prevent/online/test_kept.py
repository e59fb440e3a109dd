"""A watch outlives its process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.errors import ConfigError, InputError
from phalanx.prevent.knowledge.pools import Pools
from phalanx.prevent.online.kept import read_watch, write_watch
from phalanx.prevent.online.rows import USED
from phalanx.prevent.online.signs import Watched
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.state.layout import identity_of

from .conftest import VALUE, MakeReference

KEY = bytes(32)
START = 1_780_000_000_000_000
NAMES = tuple(f"account-{each}" for each in range(12))
POOLS = Pools(1, {"pool-1": NAMES[:5]})


def _new(make_reference: MakeReference, seed: int = 1) -> Watch:
    return Watch(make_reference(seed), VALUE, lambda _alert: None)


def _seen(watch: Watch, answers: int, start: int = START) -> None:
    for number in range(answers):
        name = NAMES[number % len(NAMES)]
        kept = Watched(name, identity_of(name, KEY), 7 if number % 3 else 1, 100, 1.0)
        watch.observe(kept, 300, 300.0, start + number, POOLS)


def test_a_watch_goes_on_as_if_it_had_never_stopped(
    make_reference: MakeReference, tmp_path: Path
) -> None:
    """Evidence of accounts and pools, epoch and counts are those of a watch that ran on."""
    stopped, ran_on = _new(make_reference), _new(make_reference)
    for each in (stopped, ran_on):
        _seen(each, 400)
    write_watch(stopped, "key", tmp_path / "watch")
    again = _new(make_reference)
    read_watch(again, "key", tmp_path / "watch")
    for each in (again, ran_on):
        _seen(each, 300, START + 10**6)
    assert again.counts() == ran_on.counts()
    assert again.rows.tally[USED] == len(NAMES)
    for name in NAMES:
        identity = identity_of(name, KEY)
        assert again.standing(name, identity, POOLS) == ran_on.standing(name, identity, POOLS)
    assert max(again.standing(n, identity_of(n, KEY), POOLS).log10_e for n in NAMES) > 0


def test_a_watch_is_not_continued_with_another_reference_or_key(
    make_reference: MakeReference, tmp_path: Path
) -> None:
    """Its evidence would be of something else."""
    watch = _new(make_reference)
    _seen(watch, 20)
    write_watch(watch, "key", tmp_path / "watch")
    with pytest.raises(ConfigError, match="another reference"):
        read_watch(_new(make_reference, seed=2), "key", tmp_path / "watch")
    with pytest.raises(ConfigError, match="another key"):
        read_watch(_new(make_reference), "other", tmp_path / "watch")


@pytest.mark.parametrize("damage", ["empty", "short", "text", "array"])
def test_a_damaged_file_is_refused(
    make_reference: MakeReference, tmp_path: Path, damage: str
) -> None:
    """And no part of it is taken for a watch."""
    path = tmp_path / "watch"
    watch = _new(make_reference)
    _seen(watch, 20)
    write_watch(watch, "key", path)
    content = path.read_bytes()
    if damage == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        path.write_bytes({"empty": b"", "short": content[:200], "text": b"watch"}[damage])
    with pytest.raises(InputError, match="no watch of the gateway"):
        read_watch(_new(make_reference), "key", path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("began_us", "x"), ("latest_us", -1), ("latest_us", 10**30), ("epoch", 10**30),
        ("epoch", -1), ("pools", [3]), ("pools", None), ("raised_accounts", [["a", 0, True, {}]]),
        ("raised_accounts", [["a", 0, True, []]]), ("raised_pools", 7),
    ],
)  # fmt: skip
def test_a_head_that_says_what_cannot_be_is_refused(
    make_reference: MakeReference, tmp_path: Path, name: str, value: object
) -> None:
    """Whatever the mistake raises where it is read."""
    path = tmp_path / "watch"
    watch = _new(make_reference)
    _seen(watch, 20)
    write_watch(watch, "key", path)
    with np.load(path) as file:
        arrays: dict[str, Any] = {each: file[each] for each in file.files}
    head = json.loads(arrays["head"].tobytes()) | {name: value}
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    with path.open("wb") as written:
        np.savez(written, **arrays)
    with pytest.raises(InputError, match="no watch of the gateway"):
        read_watch(_new(make_reference), "key", path)


def test_a_file_with_any_byte_wrong_is_read_or_refused(
    make_reference: MakeReference, tmp_path: Path
) -> None:
    """Archives, heads of arrays and texts each fail in ways of their own."""
    path = tmp_path / "watch"
    watch = _new(make_reference)
    _seen(watch, 20)
    write_watch(watch, "key", path)
    content = path.read_bytes()
    dice = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[int(dice.integers(len(content)))] = int(dice.integers(256))
        path.write_bytes(damaged)
        try:
            read_watch(_new(make_reference), "key", path)
        except (InputError, ConfigError):
            refused += 1
    assert refused > 200


def test_a_clock_set_back_while_nothing_ran_is_caught_up_with(
    make_reference: MakeReference, tmp_path: Path
) -> None:
    """Else time would stand still until it is where it was."""
    watch = _new(make_reference)
    _seen(watch, 20)
    write_watch(watch, "key", tmp_path / "watch")
    again = _new(make_reference)
    read_watch(again, "key", tmp_path / "watch")
    _seen(again, 20, START - 10**12)
    assert watch.latest_us < again.latest_us < watch.latest_us + 10**3
