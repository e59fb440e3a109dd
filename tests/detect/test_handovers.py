"""What follows a refusal: no evidence among strangers, much within a pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from phalanx.detect.handovers import Handovers, find_handovers

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
DRAWS = 10_000
PARTIES = 6
DAYS = 3
PROMPTS = 8

Floats = npt.NDArray[np.float64]
Rows = Sequence[tuple[int, int, float, bool]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def sendings(rows: Rows) -> pa.Table:
    """Return rows of request, party, second and whether it was turned away."""
    request, party, second, refused = (list(column) for column in zip(*rows, strict=True))
    sent = [int(s * SECOND) * 2 + int(r) for s, r in zip(second, refused, strict=True)]
    return pa.table({"request": request, "account": party, "sent": sent})


def found(rows: Rows, parties: int = 9) -> Handovers:
    """Find handovers, in steps of an hour."""
    return find_handovers(sendings(rows), np.arange(parties), HOUR, 0)


def test_the_second_sending_within_a_minute_counts() -> None:
    """Sixty seconds are soon, sixty-one are not, and the same instant has no order."""
    rows = [(1, 0, 0, True), (1, 1, 60, False), (2, 2, 0, True), (2, 3, 61, False)]
    rows += [(3, 4, 0, True), (3, 5, 0, False)]
    handovers = found(rows)
    assert handovers.second.tolist() == [1]
    assert handovers.first_turned_away.tolist() == [True]


def test_a_crowd_has_no_order() -> None:
    """What three send within a minute of each other says nothing of any two."""
    assert found([(1, 0, 0, True), (1, 1, 50, False), (1, 2, 100, False)]).second.size == 0
    assert found([(1, 0, 0, True), (1, 1, 5, False), (1, 2, 100, False)]).second.size == 1


def test_a_burst_of_one_party_counts_once_an_hour() -> None:
    """Ten refusals in a row are one piece of news, whichever side the party is on."""
    burst = [(n, p, 100.0 * n + p, not p) for n in range(10) for p in (0, 1)]
    assert found(burst).second.size == 1
    later = [(50 + n, 1 - p, 3_600 + 100.0 * n + p, not p) for n in range(10) for p in (0, 1)]
    assert found(burst + later).second.tolist() == [1, 0]


def test_a_group_is_judged_by_what_passes_between_its_members() -> None:
    """Handovers from or to others do not count, nor what is not known yet."""
    rows = [(1, 0, 0, True), (1, 1, 5, False), (2, 1, 7_200, True), (2, 0, 7_205, False)]
    rows += [(3, 2, 0, True), (3, 3, 5, False)]
    handovers = found(rows)
    members, others = np.array([0, 1]), np.array([0, 2])
    first = [test.first for test in handovers.test([members, others, members[:0]], step=2)]
    assert first == [2, 0, 0]
    assert handovers.test([members], step=1)[0].first == 1


def test_accounts_of_one_party_are_one() -> None:
    """What another account of the same party sent before counts as sent by the party."""
    rows: Rows = [(1, 0, 0, True), (1, 1, 5, False), (1, 2, 20, False)]
    of_account = np.array([0, 0, 1])
    handovers = find_handovers(sendings(rows), of_account, HOUR, 0)
    assert handovers.starts.tolist() == [0, 1, 1]
    assert handovers.second.tolist() == [1]
    assert handovers.first_turned_away.tolist() == [True]


def test_no_sendings_are_no_evidence() -> None:
    """A log in which nothing is sent twice has e = 1."""
    nothing = pa.table({name: pa.array([], pa.int64()) for name in ("request", "account", "sent")})
    handovers = find_handovers(nothing, np.arange(4), HOUR, 0)
    assert handovers.test([np.arange(4)], step=5)[0].log10_e == pytest.approx(0.0)


def steady(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Spread sendings evenly over an hour."""
    return 3_600 * generator.random(shape)


def launched(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Begin at once and fade: a prompt that goes around."""
    return generator.exponential(120.0, shape)


def closing(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Grow and end at once: a deadline."""
    return np.maximum(3_600 - generator.exponential(120.0, shape), 0.0)


def flat(seconds: Floats, _: np.random.Generator) -> Floats:
    """Refuse as often at any time."""
    return np.full(seconds.shape, 0.2)


def storm(seconds: Floats, generator: np.random.Generator) -> Floats:
    """Refuse nearly everybody for some minutes, which begin at any time of the burst."""
    begins = 3_600 * generator.random((*seconds.shape[:-1], 1))
    return np.where((seconds >= begins) & (seconds < begins + 300), 0.8, 0.05)


def personal(seconds: Floats, generator: np.random.Generator) -> Floats:
    """Refuse some parties often and others hardly ever, all the time."""
    rates = generator.beta(0.5, 1.5, (seconds.shape[0], 1, 1, seconds.shape[-1]))
    return np.broadcast_to(rates, seconds.shape)


def strangers(draw: Draw, refusal: Callable[..., Floats], lead_seconds: float) -> Floats:
    """Return the e-values of groups of strangers who send public prompts.

    Parameters:
        draw: Seconds after the prompt came out, in each day an hour a prompt.
        refusal: Probability of a refusal at these seconds.
        lead_seconds: Standard deviation of what parties are always earlier or later.
    """
    generator = np.random.default_rng(17)
    shape = (DRAWS, DAYS, PROMPTS, PARTIES)
    seconds = draw(generator, shape)
    seconds += lead_seconds * generator.standard_normal((DRAWS, 1, 1, PARTIES)) + 4 * lead_seconds
    refused = generator.random(shape) < refusal(seconds, generator)
    takes_part = generator.random(shape) < 0.4
    day, prompt = np.arange(DAYS)[:, None, None], np.arange(PROMPTS)[:, None]
    microseconds = (seconds * SECOND).astype(np.int64) + day * DAY + prompt * 2 * HOUR
    request = np.arange(DRAWS * DAYS * PROMPTS).reshape(*shape[:-1], 1)
    party = np.arange(DRAWS)[:, None, None, None] * PARTIES + np.arange(PARTIES)
    columns = {
        "request": np.broadcast_to(request, shape)[takes_part],
        "account": np.broadcast_to(party, shape)[takes_part],
        "sent": (2 * microseconds + refused)[takes_part],
    }
    handovers = find_handovers(pa.table(columns), np.arange(DRAWS * PARTIES), HOUR, 0)
    groups = list(np.arange(DRAWS * PARTIES).reshape(DRAWS, PARTIES))
    tests = handovers.test(groups, 24 * DAYS)
    assert np.mean([test.first > 0 for test in tests]) > 0.5
    return 10.0 ** np.array([test.log10_e for test in tests])


@pytest.mark.parametrize(
    ("draw", "refusal", "lead_seconds"),
    [
        (steady, flat, 0.0),
        (launched, storm, 0.0),
        (closing, storm, 0.0),
        (launched, personal, 40.0),
        (closing, personal, 40.0),
        (launched, storm, 40.0),
    ],
)
def test_strangers_have_no_evidence(
    draw: Draw, refusal: Callable[..., Floats], lead_seconds: float
) -> None:
    """Bursts, deadlines, storms, and parties that lead or are refused more: mean and tails hold."""
    e = strangers(draw, refusal, lead_seconds)
    assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
    for alpha in (0.1, 0.01):
        assert np.mean(e >= 1.0 / alpha) <= alpha + 3.0 * np.sqrt(alpha / e.size)


def test_a_pool_that_fails_over_is_seen() -> None:
    """Twenty accounts with one failover a day each, over ten days, leave no doubt."""
    generator = np.random.default_rng(2)
    rows = []
    for request in range(20 * 10):
        first, second = generator.choice(20, 2, replace=False).tolist()
        at = 86_400.0 * (request // 20) + 3_600 * (request % 20)
        rows += [(request, first, at, True), (request, second, at + 4, False)]
    test = found(rows, 20).test([np.arange(20)], step=24 * 10)[0]
    assert test.first == test.first_marked == 200
    assert test.log10_e > 10
