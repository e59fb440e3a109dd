"""Logs are watched, and calibrated from, as a gateway would have watched them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from phalanx.errors import ConfigError, PhalanxError
from phalanx.logs.schema import EXCHANGE_SCHEMA
from phalanx.model.grant import Grant
from phalanx.prevent.decide.gateway import Gateway, UnderWay
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.knowledge.grants import grant_index
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.pools import Pools
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import Reference, fitted
from phalanx.prevent.online.rows import USED
from phalanx.prevent.online.statistics import ANSWERS, STATISTICS
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.policy.document import ValueWeights
from phalanx.prevent.replay.calibrating import calibrated
from phalanx.prevent.replay.observing import Ended, ended, feed, observing_policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import OnlineState

KEY = bytes(range(32))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
VALUE = ValueWeights()
SPEED = 100.0
BUDGET = Budget(false_discovery_rate=0.5, share=0.9, epochs=1, accounts=100, pools=1)
PROMPTS = ("Think step by step, then grade the following answer.", "What time is it?", "Hm \u00e4")
GRANT = Grant(
    grant_id="g1", purpose="evaluation", accounts=("a1",), issued_by="counsel",
    valid_from=NOW, valid_until=NOW + timedelta(days=1),
)  # fmt: skip
KNOWN = Knowledge(
    campaigns=Campaigns(1, {"a2": Membership("c1", 9.0)}),
    pools=Pools(1, {"pool-1": ("a3", "a4", "a5")}),
    grants=grant_index([GRANT]),
)


def _rows(count: int, accounts: int, hours: float) -> list[dict[str, Any]]:
    generator = np.random.default_rng(count)
    moments = np.sort(generator.uniform(0, hours, count))
    rows = []
    for number in range(count):
        history = None if generator.random() < 0.6 else "\x1euser\x1fHi"
        rows.append(
            dict.fromkeys(EXCHANGE_SCHEMA.names)
            | {
                "exchange_id": f"r{number}",
                "timestamp": NOW + timedelta(hours=float(moments[number])),
                "account_id": f"a{generator.integers(accounts)}",
                "organisation": None,
                "model": "large-1",
                "prompt": PROMPTS[generator.integers(len(PROMPTS))] + str(number % 50),
                "system_prompt": [None, "Be brief."][generator.integers(2)],
                "history": history,
                "history_turns": 0 if history is None else 1,
                "output_tokens": int(generator.integers(0, 400)),
                "response_characters": -1,
                "max_tokens": 1_000,
                "n": [None, 1, 3][generator.integers(3)],
                "logprobs": [None, False, True][generator.integers(3)],
                "status": [200, 429][int(generator.random() < 0.2)],
            }
        )
    return rows


def _ended(rows: list[dict[str, Any]]) -> Ended:
    half = len(rows) // 2
    batches = [
        pa.RecordBatch.from_pylist(part, schema=EXCHANGE_SCHEMA)
        for part in (rows[:half], rows[half:])
    ]
    return ended(batches, VALUE, KNOWN, KEY, lambda _share: None, SPEED)


def _reference() -> Reference:
    largest = np.random.default_rng(1).uniform(0.0, 0.4, (80, len(STATISTICS)))
    value = VALUE.model_dump(mode="json")
    return fitted(largest, NOW, NOW + timedelta(days=1), 1, value, BUDGET, {})


def _watch() -> Watch:
    return Watch(_reference(), VALUE.model_dump(mode="json"), lambda _alert: None)


def _fail(error: PhalanxError) -> None:
    pytest.fail(str(error))


def test_logs_are_watched_as_a_gateway_watches_what_it_serves() -> None:
    """Sums and ranks of each account and each pool are the same, to the last bit."""
    rows = _rows(300, 8, hours=1.0)
    of_logs, served = _watch(), _watch()
    feed(of_logs, _ended(rows), KNOWN.pools)

    policy = observing_policy(VALUE)
    gateway = Gateway(lambda: policy, lambda: KNOWN, OnlineState(64, 16), KEY, _fail, served)
    under_way: list[tuple[datetime, int, UnderWay, dict[str, Any]]] = []

    def end_until(moment: datetime | None) -> None:
        under_way.sort(key=lambda each: each[:2])
        while under_way and (moment is None or under_way[0][0] <= moment):
            at, _, one, row = under_way.pop(0)
            gateway.settle(one, row["output_tokens"], at, turned_away=row["status"] == 429)

    names = ("exchange_id", "account_id", "model", "prompt", "history", "history_turns",
             "system_prompt", "max_tokens", "n", "logprobs")  # fmt: skip
    for place, row in enumerate(rows):
        end_until(row["timestamp"])
        request = Request.model_validate({name: row[name] for name in names})
        decided = gateway.check(request, row["timestamp"])
        assert decided.under_way is not None
        took = timedelta(microseconds=int(np.ceil(row["output_tokens"] / SPEED * 1e6)))
        under_way.append((row["timestamp"] + took, place, decided.under_way, row))
    end_until(None)

    used = int(served.rows.tally[USED])
    assert used == 7, "all but the account of the grant"
    np.testing.assert_array_equal(of_logs.rows.tally, served.rows.tally)
    for one, other in (
        (of_logs.rows, served.rows),
        (of_logs.pools["pool-1"], served.pools["pool-1"]),
    ):
        np.testing.assert_array_equal(one.sums[:used], other.sums[:used])
        np.testing.assert_array_equal(one.rank[:used], other.rank[:used])
    assert served.rows.rank[:used].min() < served.reference.thresholds.shape[1]


def test_logs_of_several_gateways_are_watched_as_those_of_one() -> None:
    """Read together, whatever their order; a watch of a part has less against each account."""
    rows = _rows(300, 8, hours=1.0)
    parts = rows[::2], rows[1::2]
    whole, together = _watch(), _watch()
    feed(whole, _ended(rows), KNOWN.pools)
    feed(together, _ended([*parts[1], *parts[0]]), KNOWN.pools)
    ranks, sums = _of_accounts(whole)
    assert _of_accounts(together) == (ranks, sums)
    assert whole.pools["pool-1"].answers == together.pools["pool-1"].answers > 0

    answers = sum(each[ANSWERS] for each in sums.values())
    for part in parts:
        alone = _watch()
        feed(alone, _ended(part), KNOWN.pools)
        seen = _of_accounts(alone)[1]
        assert all(seen[who][ANSWERS] < sums[who][ANSWERS] for who in seen)
        assert sum(each[ANSWERS] for each in seen.values()) < answers
        assert alone.pools["pool-1"].answers < whole.pools["pool-1"].answers


def _of_accounts(watch: Watch) -> tuple[dict[bytes, list[int]], dict[bytes, list[float]]]:
    """Return the ranks and the sums of each account that is watched."""
    used = int(watch.rows.tally[USED])
    names = [identity.tobytes() for identity in watch.rows.identity[:used]]
    ranks = watch.rows.rank[:used].tolist()
    sums = watch.rows.sums[:used].tolist()
    return dict(zip(names, ranks, strict=True)), dict(zip(names, sums, strict=True))


def test_a_reference_leaves_out_who_is_listed_or_granted_and_all_but_one_of_an_owner() -> None:
    """And says how many they were."""
    rows = _rows(3_000, 120, hours=49.0)
    for row in rows:
        if int(row["account_id"][1:]) >= 100:
            row["organisation"] = "acme"
    made = calibrated(_ended(rows), KNOWN, VALUE, BUDGET)
    assert made.size == 120 - 1 - 4 - 19
    assert made.epoch_days == 2
    assert made.left_out == {
        "listed by a scan": 4, "granted": 1, "of an owner that another account stands for": 19,
        "without an answer": 0,
    }  # fmt: skip


def test_logs_of_less_than_a_day_are_refused() -> None:
    """An epoch of a day would see more than they did."""
    with pytest.raises(ConfigError, match="less than a day"):
        calibrated(_ended(_rows(500, 100, hours=5.0)), KNOWN, VALUE, BUDGET)
