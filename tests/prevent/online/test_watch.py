"""The watch, answer by answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from phalanx.errors import ConfigError
from phalanx.prevent.knowledge.pools import NO_POOLS, Pools
from phalanx.prevent.online.alerts import Alert
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.signs import Watched
from phalanx.prevent.online.watch import DAY_US, Watch
from phalanx.prevent.state.layout import identity_of

from .conftest import BUDGET, VALUE, Answers, MakeReference, draw

KEY = bytes(32)
START = 1_780_000_000_000_000
HARVESTERS = tuple(f"harvester-{each}" for each in range(60))
HONEST = tuple(f"honest-{each}" for each in range(300))


def _watch(make_reference: MakeReference, budget: Budget = BUDGET) -> tuple[Watch, list[Alert]]:
    alerts: list[Alert] = []
    return Watch(make_reference(budget=budget), VALUE, alerts.append), alerts


def _feed(
    watch: Watch, names: tuple[str, ...], answers: Answers, pools: Pools, start: int = START,
    span_us: int = 3 * DAY_US,
) -> None:  # fmt: skip
    step = span_us // answers.account.size
    for row, who in enumerate(answers.account.tolist()):
        name = names[who]
        kept = Watched(
            name, identity_of(name, KEY), int(answers.signs[row]), int(answers.asked[row]),
            float(answers.weight[row]),
        )  # fmt: skip
        tokens, value = int(answers.tokens[row]), float(answers.value[row])
        watch.observe(kept, tokens, value, start + row * step, pools)


def _harvest(seed: int = 1) -> Answers:
    return draw(np.random.default_rng(seed), len(HARVESTERS), 0.8, answers=100.0)


def _honest(seed: int = 2) -> Answers:
    return draw(np.random.default_rng(seed), len(HONEST))


def _standing(watch: Watch, name: str, pools: Pools) -> tuple[float, float | None, bool]:
    found = watch.standing(name, identity_of(name, KEY), pools)
    return found.log10_e, found.group_log10_e, found.is_raised


POOLS = Pools(3, {"pool-1": HARVESTERS, "pool-2": HONEST[:40]})


def test_a_pool_that_harvests_is_raised_once_and_an_honest_one_is_not(
    make_reference: MakeReference,
) -> None:
    """The alert says which pool, on how many answers, by which scan, at which level."""
    watch, alerts = _watch(make_reference)
    _feed(watch, HONEST, _honest(), POOLS)
    _feed(watch, HARVESTERS, _harvest(), POOLS, START + 3 * DAY_US)
    (alert,) = alerts
    assert (alert.kind, alert.name, alert.accounts, alert.scan) == ("pool", "pool-1", 60, 3)
    assert alert.log10_e >= alert.level_log10_e
    assert 0 < alert.answers < _harvest().account.size
    assert alert.at < datetime.fromtimestamp((START + 6 * DAY_US) / 1e6, tz=UTC)
    assert alert.reference == make_reference(budget=BUDGET).digest
    assert _standing(watch, HARVESTERS[0], POOLS)[2]
    assert not _standing(watch, HONEST[0], POOLS)[2]
    assert watch.counts().raised_pools == 1


def test_evidence_never_falls_within_an_epoch(make_reference: MakeReference) -> None:
    """Neither of an account nor of its pool, whoever looks and however often."""
    watch, _ = _watch(make_reference)
    answers = _harvest()
    before = (0.0, 0.0)
    for begin in range(0, 600, 20):
        part = slice(begin, begin + 20)
        _feed(watch, HARVESTERS, Answers(
            answers.account[part], answers.signs[part], answers.asked[part], answers.tokens[part],
            answers.value[part], answers.weight[part],
        ), POOLS, START + begin * DAY_US // 200, DAY_US // 10)  # fmt: skip
        own, pool, _ = _standing(watch, HARVESTERS[0], POOLS)
        assert pool is not None
        assert (own >= before[0], pool >= before[1]) == (True, True)
        before = own, pool


def test_what_came_before_the_scan_does_not_count_against_the_pool(
    make_reference: MakeReference,
) -> None:
    """A scan may have formed the pool on it."""
    watch, alerts = _watch(make_reference)
    _feed(watch, HARVESTERS, _harvest(), NO_POOLS)
    _feed(watch, HONEST[:1], draw(np.random.default_rng(4), 1), POOLS)
    assert _standing(watch, HARVESTERS[0], POOLS)[1] == 0.0
    assert not alerts


def test_a_pool_that_the_last_scan_does_not_list_is_not_raised(
    make_reference: MakeReference,
) -> None:
    """That it is one operator was the scan's finding."""
    watch, _ = _watch(make_reference)
    _feed(watch, HONEST, _honest(), POOLS)
    _feed(watch, HARVESTERS, _harvest(), POOLS)
    assert _standing(watch, HARVESTERS[0], NO_POOLS)[1:] == (None, False)


def test_a_new_epoch_begins_with_nobody_and_keeps_who_was_raised(
    make_reference: MakeReference,
) -> None:
    """And after the last epoch nobody is watched."""
    watch, alerts = _watch(make_reference, replace(BUDGET, epochs=2))
    _feed(watch, HONEST, _honest(), POOLS)
    _feed(watch, HARVESTERS, _harvest(), POOLS)
    assert watch.counts().accounts == len(HONEST) + len(HARVESTERS)
    _feed(watch, HONEST[:1], draw(np.random.default_rng(4), 1), POOLS, START + 7 * DAY_US)
    assert (watch.counts().epoch, watch.counts().accounts) == (1, 1)
    assert _standing(watch, HARVESTERS[0], POOLS)[1:] == (0.0, True)
    before = len(alerts)
    _feed(watch, HARVESTERS, _harvest(), POOLS, START + 14 * DAY_US)
    assert watch.counts().is_over
    assert len(alerts) == before == 1


def test_a_clock_that_was_set_ahead_ends_one_epoch_and_no_more(
    make_reference: MakeReference,
) -> None:
    """Set right again, time goes on: the other epochs are used as they come."""
    watch, _ = _watch(make_reference, replace(BUDGET, epochs=3))
    one = draw(np.random.default_rng(4), 1)
    _feed(watch, HONEST[:1], one, POOLS)
    _feed(watch, HONEST[:1], one, POOLS, START + 3_650 * DAY_US, DAY_US)
    assert (watch.counts().epoch, watch.counts().is_over) == (1, False)
    _feed(watch, HONEST[:1], one, POOLS, START + 4 * DAY_US, DAY_US)
    assert (watch.counts().epoch, watch.counts().is_over) == (1, False)
    _feed(watch, HONEST[:1], one, POOLS, START + 12 * DAY_US, DAY_US)
    assert (watch.counts().epoch, watch.counts().is_over) == (2, False)


def test_nobody_is_raised_where_everybody_is_unlike_the_reference(
    make_reference: MakeReference,
) -> None:
    """As after a release that moves all accounts; it is told."""
    watch, alerts = _watch(make_reference)
    moved = draw(np.random.default_rng(8), len(HONEST), harvesting=0.5)
    _feed(watch, HONEST, moved, POOLS)
    _feed(watch, HARVESTERS, _harvest(), POOLS)
    assert not watch.counts().fits
    assert not alerts
    for each in (*HONEST, *HARVESTERS):
        standing = watch.standing(each, identity_of(each, KEY), POOLS)
        assert standing.log10_e == 0
        assert not standing.group_log10_e


def test_accounts_beyond_the_number_that_was_fixed_are_not_watched_and_counted(
    make_reference: MakeReference,
) -> None:
    """More hypotheses than the level was made for would break its promise."""
    watch, _ = _watch(make_reference, replace(BUDGET, accounts=50, pools=1))
    _feed(watch, HONEST, _honest(), POOLS)
    counts = watch.counts()
    assert (counts.accounts, counts.pools, counts.unwatched_pools) == (50, 1, 1)
    assert counts.unwatched_answers > 0


def test_an_answer_of_no_tokens_is_none(make_reference: MakeReference) -> None:
    """What was refused taught nothing."""
    watch, _ = _watch(make_reference)
    watch.observe(Watched("a", identity_of("a", KEY), 15, 1, 1.0), 0, 0.0, START, POOLS)
    assert watch.counts().accounts == 0


def test_another_way_to_count_value_is_refused(make_reference: MakeReference) -> None:
    """A reference compares what was counted alike."""
    with pytest.raises(ConfigError, match="otherwise than the policy"):
        Watch(make_reference(), VALUE | {"repeated": 0.5}, lambda _alert: None)


def test_an_account_takes_at_most_64_bytes(make_reference: MakeReference) -> None:
    """Index included."""
    watch, _ = _watch(make_reference, replace(BUDGET, accounts=1 << 16))
    assert watch.rows.bytes_per_account <= 64
