"""When honest accounts send: days, sessions, and the gaps within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.grammar.hashing import key_of, pick, unit
from phalanx.detect.simulate.population import class_seed
from phalanx.detect.simulate.profiles import PROFILES, RHYTHMS, WEEKEND_SHARE
from phalanx.detect.simulate.span import Span

_DAY_SECONDS = 86_400.0
_LESSON_SLOTS = (8.0, 9.0, 10.0, 11.0, 13.0, 14.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Exchanges, account by account and session by session."""

    account: NDArray[np.int64]
    """Row of the account."""

    time_us: NDArray[np.int64]
    """Microseconds since 1970."""

    session: NDArray[np.int64]
    """Number of the session."""

    position: NDArray[np.int64]
    """Place within the session, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalShape:
    """Structure taken from a given trace."""

    gaps: NDArray[np.float64] | None = None
    """Gaps between arrivals, divided by their mean; null keeps exponential gaps."""

    hours: NDArray[np.float64] | None = None
    """Weight of each hour of the day; null keeps the built-in rhythms."""


def draw_arrivals(
    accounts: Accounts, span: Span, shape: ArrivalShape, rng: np.random.Generator
) -> Arrivals:
    """Draw the exchanges of honest accounts.

    Parameters:
        accounts: Who sends.
        span: The time that the log covers.
        shape: Structure of a given trace, if any.
        rng: Source of randomness.
    """
    account, day, count = _draw_days(accounts, span, rng)
    row = np.repeat(np.arange(len(account)), count)
    first = np.diff(row, prepend=-1) != 0
    behaviour = accounts.behaviour[account][row]
    profiles = tuple(PROFILES.values())
    length = np.array([profile.session_exchanges for profile in profiles])[behaviour]
    opens = first | (rng.random(len(row)) * length < 1.0)
    session = np.cumsum(opens) - 1
    heads = np.flatnonzero(opens)
    hour = _draw_hours(accounts, account[row[heads]], shape, rng)
    begins = (day[row[heads]] * _DAY_SECONDS) + hour * 3600.0
    mean_gap = np.array([profile.gap_seconds for profile in profiles])[behaviour]
    gaps = np.where(opens, 0.0, mean_gap * _draw_gaps(len(row), shape, rng))
    elapsed = np.cumsum(gaps)
    elapsed -= elapsed[heads][session]
    seconds = begins[session] + elapsed
    kept = (seconds >= 0) & (seconds < span.days * _DAY_SECONDS)
    time_us = span.start_us + (seconds * 1e6).astype(np.int64)
    who = account[row]
    kept &= time_us >= accounts.created_us[who]
    return Arrivals(
        account=who[kept],
        time_us=time_us[kept],
        session=session[kept],
        position=positions(session[kept]),
    )


def positions(run: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each row within its run of equal neighbours.

    Examples:
        >>> positions(np.array([4, 4, 7, 7, 7])).tolist()
        [0, 1, 0, 1, 2]
    """
    if len(run) == 0:
        return np.zeros(0, dtype=np.int64)
    heads = np.flatnonzero(np.diff(run, prepend=run[0] - 1) != 0)
    place = np.repeat(np.arange(len(heads)), np.diff(np.append(heads, len(run))))
    return np.asarray(np.arange(len(run)) - heads[place])


def _draw_days(
    accounts: Accounts, span: Span, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the account, day and volume of each active day."""
    size = len(accounts)
    rhythms = np.array([profile.rhythm for profile in PROFILES.values()])[accounts.behaviour]
    weekday = (span.start_us // 86_400_000_000 + 3 + np.arange(span.days)) % 7
    weekend = weekday >= 5
    quiet = np.array([WEEKEND_SHARE[name] for name in rhythms.tolist()], dtype=float)
    level = np.where(weekend[None, :], quiet[:, None], 1.0)
    active = rng.random((size, span.days)) < accounts.active_day_share[:, None] * np.minimum(
        level, 1.0
    )
    lesson = rhythms == "lesson"
    if lesson.any():
        active[lesson] &= _lesson_days(accounts, lesson, weekday)
    rate = accounts.exchanges_per_active_day[:, None] * np.maximum(level, 0.3)
    count = np.where(active, 1 + rng.poisson(np.maximum(rate - 1.0, 0.05)), 0)
    account, day = np.nonzero(count)
    return account, day, count[account, day].astype(np.int64)


def _lesson_days(
    accounts: Accounts, lesson: NDArray[np.bool_], weekday: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return the days on which each pupil's class has a lesson: two or three a week."""
    group = class_seed(accounts, np.flatnonzero(lesson))
    first, second = pick(group, key_of("lesson", 0), 5), pick(group, key_of("lesson", 1), 5)
    return np.asarray((weekday[None, :] == first[:, None]) | (weekday[None, :] == second[:, None]))


def _draw_hours(
    accounts: Accounts,
    account: NDArray[np.int64],
    shape: ArrivalShape,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw the hour (UTC, may leave the day) at which each session begins."""
    names = list(RHYTHMS)
    rhythm = np.array([names.index(profile.rhythm) for profile in PROFILES.values()])
    which = rhythm[accounts.behaviour[account]]
    draw = rng.random(len(account))
    hour = np.empty(len(account))
    for at, name in enumerate(names):
        rows = which == at
        weights = np.array(RHYTHMS[name]) if shape.hours is None else shape.hours
        hour[rows] = _inverse_hours(weights, draw[rows])
    if shape.hours is not None:
        return hour
    # A nightly job starts at its own fixed minute, whoever owns it.
    nightly = which == names.index("nightly")
    fixed = unit(accounts.seed[account], key_of("job")) * 24.0
    settled = nightly & (unit(accounts.seed[account], key_of("settled")) < 0.6)
    hour = np.where(settled, fixed + rng.exponential(0.05, len(account)), hour)
    lesson = (which == names.index("lesson")) & (rng.random(len(account)) < 0.85)
    hour = np.where(lesson, _lesson_hours(accounts, account, rng), hour)
    local = np.where(settled | lesson, 0.0, accounts.phase_hours[account])
    # Whole local hours are kept within the local day; the day itself is the account's own.
    return (hour + local) % 24.0 - accounts.offset_hours[account]


def _lesson_hours(
    accounts: Accounts, account: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a start within the first minutes of the class's lesson."""
    slots = np.array(_LESSON_SLOTS)
    group = class_seed(accounts, account)
    begins = slots[pick(group, key_of("slot"), len(slots))]
    return np.asarray(begins + rng.random(len(account)) * 0.2, dtype=np.float64)


def _inverse_hours(weights: NDArray[np.float64], draw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn uniform draws into hours of the day by inverting the cumulative weights."""
    edges = np.concatenate([[0.0], np.cumsum(weights) / np.sum(weights)])
    return np.interp(draw, edges, np.linspace(0.0, 24.0, len(edges)))


def _draw_gaps(size: int, shape: ArrivalShape, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw gaps of mean 1."""
    if shape.gaps is None:
        return rng.exponential(1.0, size)
    return rng.choice(shape.gaps, size)
