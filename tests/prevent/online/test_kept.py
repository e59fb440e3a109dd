"""A watch outlives its process."""

from __future__ import annotations

from pathlib import Path

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
